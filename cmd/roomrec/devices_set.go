package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"roomrec/onvif"
)

type cameraSetNTPCmd struct {
	setFlags
	Server string `help:"The site's time server, a name or an address." required:"" placeholder:"HOST"`
}

// Run has a camera ask a time server and says which it asks then.
func (c *cameraSetNTPCmd) Run(e *env) error {
	device, err := c.client(e)
	if err != nil {
		return err
	}
	var servers []string
	err = c.on(e, deviceSetting{Set: "ntp", Wanted: c.Server}, func(s *deviceSetting) error {
		if servers, err = device.SetNTP(e.ctx, c.Server); err != nil {
			return failed(err)
		}
		s.After = strings.Join(servers, ", ")
		return nil
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string][]string{"time_servers": servers})
	}
	_, err = fmt.Fprintf(e.stdout, "the camera asks: %s\n", strings.Join(servers, ", "))
	return err
}

type cameraSetTextCmd struct{ setFlags }

// Run has a camera write date and 24-hour time into its picture (Z26) and says what it writes then.
func (c *cameraSetTextCmd) Run(e *env) error {
	device, err := c.client(e)
	if err != nil {
		return err
	}
	var texts []onvif.Text
	var lines []string
	err = c.on(e, deviceSetting{Set: "text"}, func(s *deviceSetting) error {
		texts, err = device.ShowTime(e.ctx)
		if errors.Is(err, onvif.ErrUnsupported) {
			return failed(fmt.Errorf("%w: switch on its on-screen date and 24-hour time on the camera's own page", err))
		}
		if err != nil {
			return failed(err)
		}
		for _, t := range texts {
			lines = append(lines, fmt.Sprintf("%s %s%s %s", t.Kind, strings.TrimSpace(t.Date+" "+t.Time), t.Plain, t.Place))
		}
		s.After = strings.Join(lines, "; ")
		return nil
	})
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(e.stdout).Encode(texts)
	} else {
		for _, line := range lines {
			if _, err = fmt.Fprintf(e.stdout, "in the picture: %s\n", line); err != nil {
				break
			}
		}
	}
	if missing, _ := overlayOf(texts); err == nil && missing {
		return &exitError{exitNo, errors.New("the camera took it and shows no date and 24-hour time")}
	}
	return err
}
