// Command serve shows the panel over a controller on command, for looking at and for screenshots.
//
//	serve [ADDRESS]               prints its address and that of a site with sign-in; POST /fake/scene?room=room3&scene=locked sets a scene
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

	"roomrec/panel"
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
		err = serve(ctx, address, func(url, signed string) error {
			fmt.Println(url)
			fmt.Println(signed)
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

// serve serves a site, and one where people sign in, for as long as do runs.
func serve(ctx context.Context, address string, do func(url, signed string) error) (err error) {
	log := zerolog.New(os.Stderr)
	site, err := paneltest.NewSite(log)
	if err != nil {
		return err
	}
	defer site.Close()
	folder, err := os.MkdirTemp("", "people")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	nobody, err := paneltest.NewSigned(ctx, log, filepath.Join(folder, "nobody.db"), "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, nobody.Close()) }()
	return listen(ctx, site.Panel, address, func(url string) error {
		return listen(ctx, nobody.Panel, "127.0.0.1:0", func(first string) error {
			return staffed(ctx, log, filepath.Join(folder, "people.db"), first+nobody.First[1:], func(signed string) error { return do(url, signed) })
		})
	})
}

// staffed serves a site where people sign in.
func staffed(ctx context.Context, log zerolog.Logger, name, first string, do func(url string) error) (err error) {
	s, err := paneltest.NewSigned(ctx, log, name, first)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Staff(ctx); err != nil {
		return err
	}
	return listen(ctx, s.Panel, "127.0.0.1:0", do)
}

// listen serves a panel for as long as do runs.
func listen(ctx context.Context, p *panel.Server, address string, do func(url string) error) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	srv, err := p.HTTPServer(l.Addr().String(), false)
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
	if len(urls) < 2*looks {
		return serve(ctx, "127.0.0.1:0", func(url, signed string) error {
			return photograph(ctx, append(urls, url, signed), folder, browser)
		})
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
