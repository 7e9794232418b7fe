package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"roomrec/selftest"
)

// serviceFlags say how a command on this host reaches the controller that runs.
type serviceFlags struct {
	To string `help:"The controller's address; by itself that of the configuration, or http://127.0.0.1:8080." placeholder:"URL"`
	// State names where the controller keeps what commands on its own host sign in with.
	State string `help:"The controller's state_dir, to sign in with; by itself that of the configuration. The demo needs none." name:"state-dir" placeholder:"DIR"`
}

type selfTestCmd struct {
	Room string        `arg:"" help:"The room's id."`
	For  time.Duration `help:"How long to record. A minute counts as the daily test." default:"5s" name:"for"`
	serviceFlags
	JSON bool `help:"Answer in JSON." name:"json"`
}

// testWithin is how long a test may take on a busy machine, decoding included.
const testWithin = 20 * time.Minute

// Run asks the controller that runs to test a room now.
func (c *selfTestCmd) Run(e *env) error {
	var r selftest.Result
	if err := c.ask(e, http.MethodPost, "/api/v1/self-tests", testWithin, testWanted{c.Room, c.For}, &r); err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return err
		}
	} else if err := writeTest(e, r); err != nil {
		return err
	}
	if !r.Passed {
		return &exitError{exitNo, errors.New(r.Summary())}
	}
	return nil
}

func writeTest(e *env, r selftest.Result) error {
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	for _, c := range r.Cameras {
		row("camera "+c.Camera, "%s, %d pictures recorded, %d decoded, brightness %.0f of 255", c.Codec, c.Recorded, c.Decoded, c.Brightness)
		if c.Level != nil {
			row("", "%s, %.1f dBFS, peak %.1f dBFS", c.Sound, *c.Level, *c.Peak)
		}
		for _, p := range c.Problems {
			row("", "PROBLEM: %s", p)
		}
	}
	for _, v := range r.Volumes {
		row("volume "+v.Volume, "%d bytes in %d files written, synced, read back the same; slowest sync %.3f s", v.Bytes, v.Files, v.Worst.Seconds())
		for _, p := range v.Problems {
			row("", "PROBLEM: %s", p)
		}
	}
	for _, p := range r.Problems {
		row("room", "PROBLEM: %s", p)
	}
	if r.Passed {
		row("result", "passed")
	} else {
		row("result", "FAILED")
	}
	return w.Flush()
}
