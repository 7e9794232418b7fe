// Command serve shows the panel over a controller on command, for looking at and for screenshots.
//
//	serve [ADDRESS]               prints its address; POST /fake/scene?room=room3&scene=locked sets a scene
//	serve -screenshots FOLDER     every page and state, by testdata/browser/screenshots.mjs
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"roomrec/panel/paneltest"
)

func main() {
	shots := flag.String("screenshots", "", "write pictures of every page and state into this `FOLDER` and end")
	browser := flag.String("browser", "testdata/browser", "folder of the browser's scripts")
	flag.Parse()
	address := "127.0.0.1:0"
	if flag.NArg() > 0 {
		address = flag.Arg(0)
	}
	if err := run(address, *shots, *browser); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(address, shots, browser string) (err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
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
		return errors.Join(err, l.Close())
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	url := "http://" + l.Addr().String() + "/"
	if shots == "" {
		fmt.Println(url)
		<-ctx.Done()
	} else {
		err = photograph(ctx, url, shots, browser)
	}
	stop, cancelStop := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancelStop()
	err = errors.Join(err, srv.Shutdown(stop))
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

func photograph(ctx context.Context, url, folder, browser string) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(browser, "node_modules")); err != nil {
		return fmt.Errorf("the browser's packages are missing (npm ci --prefix %s): %w", browser, err)
	}
	cmd := exec.CommandContext(ctx, "node", "screenshots.mjs", url, folder)
	cmd.Dir = browser
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
