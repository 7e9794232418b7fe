package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"roomrec/session/table"
)

type idleCmd struct{ configFile }

// idlePatience is how long the service may take to say whether a session runs.
const idlePatience = 10 * time.Second

// Run exits 0 if the service could be stopped or restarted now without touching a session, 1 if a
// session runs: the rooms are named. A service that does not run is idle.
func (c *idleCmd) Run(e *env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	f := serviceOf(cfg)
	client, err := f.client(idlePatience)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(e.ctx, http.MethodGet, f.To+"/idlez", nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		_, err = fmt.Fprintf(e.stdout, "nothing answers at %s: the service does not run\n", cfg.Listen)
		return err
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return failed(err)
	}
	said := strings.TrimSpace(string(text))
	switch res.StatusCode {
	case http.StatusOK:
		_, err = fmt.Fprintln(e.stdout, said)
		return err
	case http.StatusConflict:
		return &exitError{exitNo, fmt.Errorf("%s; a restart would lock it", said)}
	}
	return failed(fmt.Errorf("%s: %s: not this program?", f.To, res.Status))
}

// idle answers whether a session runs in any room.
func (st *station) idle(w http.ResponseWriter, _ *http.Request) {
	if busy := st.busyRooms(); len(busy) > 0 {
		say(w, http.StatusConflict, "a session runs in "+strings.Join(busy, ", "))
		return
	}
	say(w, http.StatusOK, "no session runs")
}

func (st *station) busyRooms() (busy []string) {
	for _, r := range st.manager.Rooms() {
		if r.Session != nil && r.Session.State != table.Sealed {
			busy = append(busy, r.ID)
		}
	}
	return busy
}
