package main

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"roomrec/config"
)

// maxAnswer bounds what is read of a controller's answer, in bytes.
const maxAnswer = 4 << 20

// ask sends a request with a JSON body to the controller that runs and reads its answer into out. What
// the controller refuses is an error with the exit code 1.
func (f serviceFlags) ask(e *env, method, path string, within time.Duration, body, out any) error {
	f, err := f.found()
	if err != nil {
		return err
	}
	to, err := url.Parse(f.To)
	if err != nil || to.Host == "" {
		return fmt.Errorf("--to %s: want an address as in http://127.0.0.1:8080", f.To)
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(e.ctx, method, to.JoinPath(path).String(), bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	client, err := f.client(within)
	if err != nil {
		return err
	}
	if f.State != "" {
		token, _, err := asHost(f.State)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		return failed(err)
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return failed(fmt.Errorf("%s: %w", f.To, err))
	}
	if res.StatusCode/100 != 2 {
		var no struct {
			Error  string `json:"error"`
			Detail string `json:"detail"`
		}
		if json.Unmarshal(answer, &no) != nil || no.Error+no.Detail == "" {
			no.Error = res.Status
		}
		return &exitError{exitNo, errors.New(no.Error + no.Detail)}
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return failed(fmt.Errorf("%s: not an answer of this program: %w", f.To, err))
	}
	return nil
}

// demoAddress is where the demo answers.
const demoAddress = "http://127.0.0.1:8080"

// found fills in what was not said from this host's configuration, if it has one.
func (f serviceFlags) found() (serviceFlags, error) {
	if f.To != "" {
		return f, nil
	}
	cfg, err := config.Load(defaultConfig)
	if errors.Is(err, fs.ErrNotExist) {
		f.To = demoAddress
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("%w\nRun this as root, or name the controller with --to", err)
	}
	known := serviceOf(cfg)
	return serviceFlags{To: known.To, State: cmp.Or(f.State, known.State)}, nil
}

// client returns a client that believes the controller's own certificate.
func (f serviceFlags) client(within time.Duration) (*http.Client, error) {
	client := &http.Client{Timeout: within}
	if f.State != "" {
		_, roots, err := asHost(f.State)
		if err != nil {
			return nil, err
		}
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	}
	return client, nil
}

// serviceOf says how to reach the service of a configuration from its own host.
func serviceOf(cfg *config.Config) serviceFlags {
	f := serviceFlags{To: "http://" + cfg.Listen}
	ap, err := netip.ParseAddrPort(cfg.Listen)
	if err == nil && ap.Addr().IsUnspecified() {
		f.To = "http://" + netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), ap.Port()).String()
	}
	if cfg.TLS != nil || err == nil && !ap.Addr().Unmap().IsLoopback() {
		f.To = "https" + strings.TrimPrefix(f.To, "http")
	}
	if exists(hostFile(cfg.StateDir)) {
		f.State = cfg.StateDir
	}
	return f
}
