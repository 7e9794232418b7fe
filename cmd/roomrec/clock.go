package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"roomrec/clock"
	"roomrec/clock/timeserver"
	"roomrec/config"
)

type clockCmd struct {
	configFile
	Server []string `help:"Time servers to ask instead of the configuration's, each HOST or HOST:PORT." placeholder:"HOST"`
	JSON   bool     `help:"Answer in JSON." name:"json"`
}

// clockReport is the answer in JSON. Lengths of time are in nanoseconds.
type clockReport struct {
	clock.Trust
	Servers []timeserver.State `json:"servers"`
}

// Run asks the kernel and the time servers once, and exits 1 if sessions could not be opened without a
// supervisor's reason.
func (c *clockCmd) Run(e *env) error {
	settings := config.Default().Clock
	if len(c.Server) > 0 {
		settings.Servers = c.Server
	} else {
		cfg, err := c.load()
		if err != nil {
			return errors.Join(err, errors.New("or name the time servers with --server"))
		}
		settings = cfg.Clock
	}
	servers := timeserver.New(clock.NewSystem(), settings.Servers, settings.Poll)
	servers.Once(e.ctx)
	judge := clock.Judge{Limit: settings.Limit, Local: settings.Source == "local"}
	if len(settings.Servers) > 0 {
		judge.Reference = servers.Reference
	}
	r := clockReport{Trust: judge.Trust(), Servers: servers.States()}
	if err := c.print(e, r); err != nil {
		return err
	}
	if !r.OK() {
		return &exitError{code: exitNo}
	}
	return nil
}

func (c *clockCmd) print(e *env, r clockReport) error {
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	if _, err := fmt.Fprintf(e.stdout, "%s\nat most %v off\n", r.Trust, r.MaxError); err != nil {
		return err
	}
	for _, s := range r.Servers {
		what := s.Err
		if what == "" {
			what = fmt.Sprintf("time server %s: this clock needs %+v, within %v", s.Name, s.Offset, s.Error)
		}
		if _, err := fmt.Fprintln(e.stdout, what); err != nil {
			return err
		}
	}
	return nil
}
