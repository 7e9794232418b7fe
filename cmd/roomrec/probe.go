package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"roomrec/clock"
	"roomrec/rtsp"
)

// sourceFlags are the settings of a camera that is named on the command line.
type sourceFlags struct {
	Transport    string `help:"How packets travel: tcp, udp or multicast." enum:"tcp,udp,multicast" default:"tcp"`
	PasswordFile string `help:"File with the cameras' password, for addresses without one." type:"existingfile" placeholder:"FILE"`
	CAFile       string `help:"PEM file of the authority to believe for rtsps, instead of the host's own." type:"existingfile" placeholder:"FILE"`
	Fingerprint  string `help:"SHA-256 of the only certificate to believe for rtsps, in hex." placeholder:"HEX"`
}

// source reads a camera's address. Its password comes from the address, from the environment
// variable NAME_PASSWORD, or from --password-file, in this order.
func (f sourceFlags) source(e *env, name, address string) (rtsp.Source, error) {
	s, err := rtsp.ParseSource(address)
	if err != nil {
		return s, err
	}
	s.Transport = rtsp.Transport(f.Transport)
	s.TLS = rtsp.TLS{CAFile: f.CAFile, Fingerprint: f.Fingerprint}
	if s.Password == "" && name != "" {
		s.Password = e.getenv(passwordVariable(name))
	}
	if s.Password == "" && f.PasswordFile != "" {
		b, err := os.ReadFile(f.PasswordFile)
		if err != nil {
			return s, err
		}
		s.Password = strings.TrimRight(string(b), "\r\n")
	}
	return s, nil
}

// passwordVariable returns the environment variable that holds a camera's password: its name in
// capitals, dashes as underscores, and _PASSWORD.
func passwordVariable(camera string) string {
	return strings.ToUpper(strings.ReplaceAll(camera, "-", "_")) + "_PASSWORD"
}

type probeCmd struct {
	URL string        `arg:"" name:"url" help:"rtsp:// or rtsps:// address. The password may be in it, in CAMERA_PASSWORD, or in --password-file."`
	For time.Duration `help:"How long to look, from the first picture." default:"5s" name:"for"`
	sourceFlags
	JSON bool `help:"Answer in JSON." name:"json"`
}

func (c *probeCmd) Run(e *env) error {
	if c.For <= 0 || c.For > time.Hour {
		return fmt.Errorf("--for %v: want more than 0 and at most 1h", c.For)
	}
	source, err := c.source(e, "camera", c.URL)
	if err != nil {
		return err
	}
	r, err := rtsp.Probe(e.ctx, source, clock.NewSystem(), c.For)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("camera", "%s", r.Address)
	transport := string(r.Transport)
	if r.Secure {
		transport += ", encrypted"
	}
	row("transport", "%s", transport)
	row("watched", "%.1f s", r.Seconds)
	for _, t := range r.Tracks {
		probeTrack(row, t)
	}
	return w.Flush()
}

// probeTrack writes what one track delivered, and what to set in the camera where that is not what a
// recording wants.
func probeTrack(row func(name, format string, args ...any), t rtsp.ProbeTrack) {
	row("", "")
	if t.Kind == "video" {
		row("picture", "%s %s %s", t.Codec, t.Profile, t.Level)
		row("  resolution", "%d x %d", t.Width, t.Height)
		row("  frame rate", "%.2f per second", t.UnitRate)
		if t.KeyInterval > 0 {
			row("  key pictures", "every %.2f s", t.KeyInterval)
		} else {
			row("  key pictures", "fewer than two seen: set an interval of 1 to 2 s in the camera")
		}
		if t.Reordered {
			row("  B-frames", "yes")
		}
	} else {
		row("sound", "%s %s", t.Codec, t.Profile)
		row("  format", "%d Hz, %d channels", t.SampleRate, t.Channels)
	}
	row("  bit rate", "%.0f kbit/s", t.BitRate/1000)
	row("  packets", "%d received, %d lost (%.2f %%), %d late, %d duplicate, %d out of order", t.Packets, t.Lost, 100*t.Loss, t.Late, t.Duplicate, t.OutOfOrder)
	switch {
	case t.ClockOffset != nil:
		row("  camera clock", "%+.3f s from this machine's, by its sender reports", *t.ClockOffset)
	case t.SenderReport:
		row("  camera clock", "sender reports came, without a usable time")
	default:
		row("  camera clock", "no sender report came")
	}
}
