// Command serve shows the panel over a controller on command, for looking at and for the browser's
// tests. It prints its address; POST /fake/scene?room=room3&scene=locked sets a scene.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/rs/zerolog"

	"roomrec/panel/paneltest"
)

func main() {
	address := "127.0.0.1:0"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := run(address); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(address string) error {
	site, err := paneltest.NewSite(zerolog.New(os.Stderr))
	if err != nil {
		return err
	}
	defer site.Close()
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	srv, err := site.Panel.HTTPServer(l.Addr().String(), false)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/\n", l.Addr())
	if err := srv.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}
