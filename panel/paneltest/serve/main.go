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
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	var err error
	if *shots == "" {
		err = serve(ctx, address, func(url string) error {
			fmt.Println(url)
			<-ctx.Done()
			return nil
		})
	} else {
		err = photograph(ctx, nil, *shots, *browser)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// serve serves a site for as long as do runs.
func serve(ctx context.Context, address string, do func(url string) error) (err error) {
	site, err := paneltest.NewSite(zerolog.New(os.Stderr))
	if err != nil {
		return err
	}
	defer site.Close()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	srv, err := site.Panel.HTTPServer(l.Addr().String(), false)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	err = do("http://" + l.Addr().String() + "/")
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = errors.Join(err, srv.Shutdown(stop))
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// looks is how many looks are taken at once, each from a site of its own.
const looks = 3

// photograph starts the sites that are still missing and takes the pictures.
func photograph(ctx context.Context, urls []string, folder, browser string) error {
	if len(urls) < looks {
		return serve(ctx, "127.0.0.1:0", func(url string) error { return photograph(ctx, append(urls, url), folder, browser) })
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(browser, "node_modules")); err != nil {
		return fmt.Errorf("the browser's packages are missing (npm ci --prefix %s): %w", browser, err)
	}
	cmd := exec.CommandContext(ctx, "node", append([]string{"screenshots.mjs", folder}, urls...)...)
	cmd.Dir = browser
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
