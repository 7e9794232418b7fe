package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// yamlText returns a text as a double-quoted scalar: what JSON writes is one.
func yamlText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // a string always marshals
	}
	return string(b)
}

// comment returns a text fit for one line of a comment.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// text is the configuration.
func (c *setupCmd) text(all []*candidate, volumes map[string]string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Settings of roomrec, proposed by `roomrec setup`. Every key, its default and its unit:")
	line("# docs/operator/config.md. Check a change: roomrec config check --config %s", c.Config)
	line("")
	line("zone: %s # times are shown in it; what is stored is UTC", yamlText(c.Zone))
	line("")
	line("# The only address that answers. Another than 127.0.0.1 is served over TLS.")
	line("listen: %s", yamlText(c.Listen))
	line("state_dir: %s # index, keys, results of self-tests; roomrec backup copies it", yamlText(c.StateDir))
	line("")
	line("# The host's own clock is set by an NTP client on the host; here it is only compared.")
	if len(c.TimeServer) == 0 {
		line("clock: {source: local} # this site says that it has no time server")
	} else {
		line("clock:")
		line("  source: ntp")
		quoted := make([]string, 0, len(c.TimeServer))
		for _, s := range c.TimeServer {
			quoted = append(quoted, yamlText(s))
		}
		line("  servers: [%s]", strings.Join(quoted, ", "))
	}
	line("")
	line("# Everything is written to all of these. The ids keep a wrong disk from being taken.")
	line("volumes:")
	for _, v := range c.Volume {
		line("  - {path: %s, id: %s}", yamlText(v), yamlText(volumes[v]))
	}
	line("")
	line("# Every room is a proposal: name it as people call it, and move cameras to the room they look at.")
	line("rooms:")
	for _, room := range roomsOf(all) {
		sign := ""
		if !room.works {
			sign = "# "
		}
		line("%s  - id: %s", sign, room.id)
		line("%s    name: {en: %s, zh-CN: %s}", sign, yamlText(room.id), yamlText(room.id))
		line("%s    kind: handling-area # or mobile", sign)
		line("%s    cameras:", sign)
		for _, o := range room.cameras {
			c.camera(line, o)
		}
	}
	return b.String()
}

type proposedRoom struct {
	id      string
	cameras []*candidate
	works   bool // one of its cameras can be used
}

func roomsOf(all []*candidate) []*proposedRoom {
	var out []*proposedRoom
	byID := make(map[string]*proposedRoom)
	for _, o := range all {
		r := byID[o.room]
		if r == nil {
			r = &proposedRoom{id: o.room}
			byID[o.room] = r
			out = append(out, r)
		}
		r.cameras = append(r.cameras, o)
		r.works = r.works || o.problem == nil
	}
	return out
}

// camera writes a camera, as a comment if it cannot be used.
func (c *setupCmd) camera(line func(string, ...any), o *candidate) {
	sign := ""
	if o.problem != nil {
		sign = "# "
		line("      # NOT USED: %s", comment(o.problem.Error()))
	} else {
		line("      # %s", comment(o.says()))
	}
	for _, a := range o.advice {
		line("      # change: %s", comment(a))
	}
	key := func(name, value string) {
		if value != "" {
			line("%s        %s: %s", sign, name, yamlText(value))
		}
	}
	line("%s      - id: %s", sign, o.name)
	if o.vendor != "" {
		key("vendor", o.vendor)
		key("host", o.at)
		if o.channel > 0 {
			line("%s        channel: %d # of the recorder, counted from 1 as it labels them", sign, o.channel)
		}
	} else {
		key("url", cmp.Or(o.url, "rtsp://"+o.host+"/"))
		if o.live != "" {
			line("%s        live: {url: %s}", sign, yamlText(o.live))
		}
	}
	if at := cmp.Or(o.management, o.host); at != "" {
		line("%s        # its management: clock, on-screen time, and whether it is still the same device", sign)
		key("onvif", at)
	}
	if o.info != nil {
		key("serial", comment(o.info.Serial))
		key("mac", o.info.MAC)
	}
	key("user", c.User)
	if c.User != "" {
		key("password_file", c.PasswordFile)
	}
	sound := "offered"
	if o.report != nil {
		for _, t := range o.report.Tracks {
			if t.Kind == "audio" {
				sound = "required"
			}
		}
	}
	line("%s        sound: %s # required: no session starts without", sign, sound)
}
