package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"roomrec/clock"
	"roomrec/onvif"
)

type discoverCmd struct {
	For  time.Duration `help:"How long to wait for answers." default:"3s" name:"for"`
	To   string        `help:"Where to ask: the multicast group of the local network, or one device." default:"239.255.255.250:3702" placeholder:"ADDRESS"`
	JSON bool          `help:"Answer in JSON." name:"json"`
}

// Run lists the cameras and recorders that answer on the local network.
func (c *discoverCmd) Run(e *env) error {
	if c.For <= 0 || c.For > time.Minute {
		return fmt.Errorf("--for %v: want more than 0 and at most 1m", c.For)
	}
	ctx, cancel := context.WithTimeout(e.ctx, c.For)
	defer cancel()
	found, err := onvif.Discover(ctx, c.To)
	if err != nil {
		return failed(err)
	}
	if c.JSON {
		if found == nil {
			found = []onvif.Found{}
		}
		err = json.NewEncoder(e.stdout).Encode(found)
	} else {
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		for _, f := range found {
			fmt.Fprintf(w, "%s\t%s\t%s\n", f.Host, f.Type, f.Name)
		}
		err = w.Flush()
	}
	if err == nil && len(found) == 0 {
		return &exitError{exitNo, errors.New("no device answered: is ONVIF switched on in the cameras, and is this machine in their network?")}
	}
	return err
}

type cameraCmd struct {
	Info    cameraInfoCmd    `cmd:"" help:"Say who a camera is, which streams it has, what its clock says and what it writes into its picture."`
	SetTime cameraSetTimeCmd `cmd:"" name:"set-time" help:"Set a camera's clock to this machine's."`
	SetNTP  cameraSetNTPCmd  `cmd:"" name:"set-ntp" help:"Have a camera take its time from a time server."`
	SetText cameraSetTextCmd `cmd:"" name:"set-text" help:"Have a camera write date and 24-hour time into its picture."`
}

// deviceFlags are how to reach a device's management.
type deviceFlags struct {
	Host         string `arg:"" help:"Host name or IP address, with the port of its web page if that is not 80."`
	User         string `help:"Name to sign in with at the camera." placeholder:"NAME"`
	PasswordFile string `help:"File with the password as its first line; otherwise it is taken from CAMERA_PASSWORD." type:"existingfile" placeholder:"FILE"`
	JSON         bool   `help:"Answer in JSON." name:"json"`
}

func (f deviceFlags) client(e *env) (*onvif.Client, error) {
	password := e.getenv(passwordVariable("camera"))
	if f.PasswordFile != "" {
		b, err := os.ReadFile(f.PasswordFile)
		if err != nil {
			return nil, err
		}
		first, _, _ := strings.Cut(string(b), "\n")
		password = strings.TrimRight(first, "\r")
	}
	return onvif.New(f.Host, f.User, password, clock.NewSystem())
}

type cameraSetTimeCmd struct{ setFlags }

// Run sets a camera's clock and says how it is then.
func (c *cameraSetTimeCmd) Run(e *env) error {
	device, err := c.client(e)
	if err != nil {
		return err
	}
	before, err := device.Clock(e.ctx)
	if err != nil {
		return failed(err)
	}
	if before.NTP {
		fmt.Fprintln(e.stderr, "roomrec: the camera got its time from a time server and will no more; setting that server right is the better way")
	}
	off := func(o time.Duration) string { return fmt.Sprintf("%+.1f s off", o.Seconds()) }
	after := before
	err = c.on(e, deviceSetting{Set: "time", Before: off(before.Offset)}, func(s *deviceSetting) error {
		if after, err = device.SetClock(e.ctx); err != nil {
			return failed(err)
		}
		s.After = off(after.Offset)
		return nil
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]float64{
			"before_s": before.Offset.Seconds(), "after_s": after.Offset.Seconds(), "uncertainty_s": after.Uncertainty.Seconds(),
		})
	}
	_, err = fmt.Fprintf(e.stdout, "camera clock: was %+.1f s off, is %+.1f s off (± %.1f s)\n", before.Offset.Seconds(), after.Offset.Seconds(), after.Uncertainty.Seconds())
	return err
}

type cameraInfoCmd struct{ deviceFlags }

// deviceInfo is what is known of a device.
type deviceInfo struct {
	onvif.Identity
	ClockOffset float64      `json:"clock_offset_s"`
	Zone        string       `json:"zone"`
	Servers     []string     `json:"time_servers"`
	Streams     []streamInfo `json:"streams"`
	Texts       []onvif.Text `json:"texts"`
	ShowsTime   *bool        `json:"shows_time"` // null: the camera does not tell
	Advice      []string     `json:"advice"`
}

type streamInfo struct {
	onvif.Profile
	URL string `json:"url"`
}

// Run says all that a camera tells of itself, and what to change in it.
func (c *cameraInfoCmd) Run(e *env) error {
	device, err := c.client(e)
	if err != nil {
		return err
	}
	info, err := look(e.ctx, device, true)
	if err != nil {
		return failed(err)
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(info)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "device\t%s %s, firmware %s\nserial\t%s\n", info.Manufacturer, info.Model, info.Firmware, info.Serial)
	if info.MAC != "" {
		fmt.Fprintf(w, "MAC\t%s\n", info.MAC)
	}
	fmt.Fprintf(w, "clock\t%+.1f s from this machine's, zone %s\ntime servers\t%s\n", info.ClockOffset, info.Zone, strings.Join(info.Servers, ", "))
	for _, s := range info.Streams {
		sound := "no sound"
		if s.Sound != "" {
			sound = s.Sound
		}
		fmt.Fprintf(w, "stream %s\t%s %dx%d, %s\n\t%s\n", s.Name, s.Encoding, s.Width, s.Height, sound, s.URL)
	}
	for _, t := range info.Texts {
		fmt.Fprintf(w, "in the picture\t%s %s%s\n", t.Kind, strings.TrimSpace(t.Date+" "+t.Time), t.Plain)
	}
	for _, a := range info.Advice {
		fmt.Fprintf(w, "change\t%s\n", a)
	}
	return w.Flush()
}

// look asks a device everything, or all but its streams. What an older one does not tell is left out.
func look(ctx context.Context, device *onvif.Client, streams bool) (deviceInfo, error) {
	var info deviceInfo
	at, err := device.Clock(ctx)
	if err != nil {
		return info, err
	}
	info.ClockOffset, info.Zone = at.Offset.Seconds(), at.Zone
	if info.Identity, err = device.Identity(ctx); err != nil {
		return info, err
	}
	if info.Servers, err = device.NTP(ctx); err != nil && !errors.Is(err, onvif.ErrUnsupported) {
		return info, err
	}
	if streams {
		profiles, err := device.Profiles(ctx)
		if err != nil {
			return info, err
		}
		for _, p := range profiles {
			u, err := device.Stream(ctx, p.Token)
			if err != nil {
				return info, err
			}
			info.Streams = append(info.Streams, streamInfo{p, u})
		}
	}
	info.Texts, err = device.Texts(ctx)
	switch {
	case err == nil:
		shows := onvif.TimeShown(info.Texts)
		info.ShowsTime = &shows
	case !errors.Is(err, onvif.ErrUnsupported):
		return info, err
	}
	info.Advice = advice(info, at)
	return info, nil
}

// What a camera's clock may be off before it is to be set, as for the fault camera.clock.
const clockOff = 2 * time.Second

// advice says what to change in a camera, and why.
func advice(info deviceInfo, at onvif.Clock) []string {
	out := []string{}
	if at.Offset.Abs() > clockOff+at.Uncertainty {
		out = append(out, "set its clock (roomrec camera set-time, or better the site's time server): its on-screen time would contradict the recording's")
	}
	if len(info.Servers) == 0 {
		out = append(out, "give it the site's time server: clocks of cameras run off by seconds a day")
	}
	if info.ShowsTime != nil && !*info.ShowsTime {
		out = append(out, "switch on its on-screen date and 24-hour time: the picture must show it throughout (Z26)")
	}
	if len(info.Streams) > 0 {
		main := info.Streams[0]
		if main.Sound == "" {
			out = append(out, "switch sound on for "+main.Name+": a recording without sound proves nothing that was said")
		}
		if main.Interval > 2*usualFrameRate {
			out = append(out, fmt.Sprintf("set the key-frame interval of %s to 1 to 2 s (it is %d pictures): only there a recording can begin or go on", main.Name, main.Interval))
		}
		if len(info.Streams) == 1 {
			out = append(out, "switch on a second, smaller H.264 stream for live pictures")
		}
	}
	return out
}

// usualFrameRate is taken where a device tells the key-frame interval in pictures alone.
const usualFrameRate = 25
