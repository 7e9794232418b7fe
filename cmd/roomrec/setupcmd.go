package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/volume"
	"roomrec/onvif"
	"roomrec/rtsp"
)

type setupCmd struct {
	Config       string            `help:"The file to write; it must not exist." short:"c" default:"/etc/roomrec/roomrec.yaml" placeholder:"FILE"`
	Volume       []string          `help:"A folder for evidence, on a disk of its own; it is marked if it is not. Repeat." placeholder:"DIR" sep:"none"`
	Camera       map[string]string `help:"A camera by its stream, as in room-3/front=rtsp://192.0.2.31/main, or by its maker and a recorder's channel, as in room-3/front=hikvision://192.0.2.40/3. Repeat." placeholder:"ROOM/NAME=URL" mapsep:"none"`
	Device       map[string]string `help:"A camera by its management (ONVIF), as in room-3/front=192.0.2.31. Repeat." placeholder:"ROOM/NAME=HOST" mapsep:"none"`
	Discover     bool              `help:"Look for cameras on the local network, too." negatable:""`
	To           string            `help:"Where to look for cameras." default:"239.255.255.250:3702" placeholder:"ADDRESS"`
	User         string            `help:"Name to sign in with at the cameras." placeholder:"NAME"`
	PasswordFile string            `help:"File with the cameras' password as its first line, that the service can read." placeholder:"FILE"`
	TimeServer   []string          `help:"A time server of the site. Repeat; none: the site says that it has none." placeholder:"HOST" sep:"none"`
	Zone         string            `help:"Time zone, as in Asia/Shanghai." default:"${zone}" placeholder:"ZONE"`
	Listen       string            `help:"The only address that answers." default:"127.0.0.1:8080" placeholder:"ADDRESS"`
	StateDir     string            `help:"Folder for index and keys, on the system disk." default:"/var/lib/roomrec" name:"state-dir" placeholder:"DIR"`
	Ask          bool              `help:"Ask on the terminal for what no flag says."`
}

// Of looking at cameras.
const (
	discoverTime = 3 * time.Second
	// lookPatience is how long one camera may take in all; looksAtOnce how many are looked at at a time.
	lookPatience = 10 * time.Second
	looksAtOnce  = 64
	probeTime    = 2 * time.Second
)

// candidate is a camera that setup was told of, or found, and what it says.
type candidate struct {
	room, name string
	host       string // of its management; empty: it was named by its stream
	url        string // of its stream; empty: its management says it
	live       string
	vendor     string // whose template says the addresses; empty: they are written out
	at         string // host and port that go with vendor
	channel    int    // of a recorder that goes with vendor; 0: a camera by itself
	management string // where its management answered
	found      onvif.Found
	info       *deviceInfo
	report     *rtsp.ProbeReport
	problem    error
	advice     []string
}

var wantsRoomAndName = regexp.MustCompile(`^([a-z0-9-]{1,32})/([a-z0-9-]{1,32})$`)

// Run writes a commented configuration of what it was told and finds, and says what to change in each
// camera and why. It exits 1 if a camera did not answer as it should; the file is written all the same,
// with that camera commented out.
func (c *setupCmd) Run(e *env) error {
	if exists(c.Config) {
		return fmt.Errorf("%s is there already; nothing is overwritten: give another name with --config", c.Config)
	}
	if c.Ask {
		if err := c.ask(e); err != nil {
			return err
		}
	}
	all, err := c.candidates(e)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("no camera was named and none was found: name them with --camera or --device, or switch ONVIF on in them and use --discover")
	}
	if len(c.Volume) == 0 {
		return errors.New("name at least one folder for evidence with --volume, better two on different disks")
	}
	password, err := c.password()
	if err != nil {
		return err
	}
	c.lookAt(e.ctx, all, password)
	volumes, err := c.mark()
	if err != nil {
		return err
	}
	text := c.text(all, volumes)
	f, err := os.OpenFile(c.Config, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return failed(err)
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, c.give(f))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return failed(err)
	}
	return c.report(e, all)
}

// ask asks for what no flag said.
func (c *setupCmd) ask(e *env) error {
	in := bufio.NewScanner(e.stdin)
	question := func(what, standard string) string {
		if standard != "" {
			what += " [" + standard + "]"
		}
		fmt.Fprint(e.stdout, what+": ")
		if !in.Scan() {
			return standard
		}
		return cmp.Or(strings.TrimSpace(in.Text()), standard)
	}
	if len(c.Volume) == 0 {
		c.Volume = strings.Fields(question("Folders for evidence, each on a disk of its own, separated by spaces", "/srv/evidence-a /srv/evidence-b"))
	}
	c.User = cmp.Or(c.User, question("Name to sign in with at the cameras", "recorder"))
	c.PasswordFile = cmp.Or(c.PasswordFile, question("File with the cameras' password", "/etc/roomrec/cameras.password"))
	if len(c.TimeServer) == 0 {
		c.TimeServer = strings.Fields(question("Time servers of the site, separated by spaces; empty: it has none", ""))
	}
	c.Zone = question("Time zone", c.Zone)
	if len(c.Camera)+len(c.Device) == 0 {
		c.Discover = strings.HasPrefix(strings.ToLower(question("Look for cameras on the local network (yes, no)", "yes")), "y")
	}
	for {
		line := question("A camera that is not found by itself, as in room-3/front=rtsp://192.0.2.31/main or room-3/front=192.0.2.31; empty: no more", "")
		if line == "" {
			break
		}
		key, value, _ := strings.Cut(line, "=")
		to := &c.Device
		if strings.Contains(value, "://") {
			to = &c.Camera
		}
		if *to == nil {
			*to = make(map[string]string)
		}
		(*to)[key] = value
	}
	return in.Err()
}

func (c *setupCmd) password() (string, error) {
	if c.PasswordFile == "" {
		return "", nil
	}
	b, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimRight(first, "\r"), nil
}

// candidates returns the cameras that were named, then those that were found beside them. For each of
// these a room of its own is proposed.
func (c *setupCmd) candidates(e *env) ([]*candidate, error) {
	var all []*candidate
	for _, from := range []map[string]string{c.Camera, c.Device} {
		for _, key := range slices.Sorted(maps.Keys(from)) {
			m := wantsRoomAndName.FindStringSubmatch(key)
			if m == nil {
				return nil, fmt.Errorf("%q: want a room's and a camera's id as in room-3/front, each of a-z, 0-9 and -", key)
			}
			one := &candidate{room: m[1], name: m[2]}
			if slices.ContainsFunc(all, func(o *candidate) bool { return o.room == one.room && o.name == one.name }) {
				return nil, fmt.Errorf("%s is named twice", key)
			}
			if strings.Contains(from[key], "://") {
				if err := one.stream(from[key]); err != nil {
					return nil, fmt.Errorf("%s: %w", key, err)
				}
			} else {
				one.host = from[key]
			}
			all = append(all, one)
		}
	}
	if !c.Discover {
		return all, nil
	}
	ctx, cancel := context.WithTimeout(e.ctx, discoverTime)
	defer cancel()
	found, err := onvif.Discover(ctx, c.To)
	if err != nil {
		return nil, failed(err)
	}
	known := make(map[string]bool)
	for _, o := range all {
		known[o.host] = true
	}
	room := 0
	for _, f := range found {
		if known[f.Host] {
			continue
		}
		for {
			room++
			id := fmt.Sprintf("room-%d", room)
			if !slices.ContainsFunc(all, func(o *candidate) bool { return o.room == id }) {
				all = append(all, &candidate{room: id, name: "front", host: f.Host, found: f})
				break
			}
		}
	}
	return all, nil
}

// lookAt asks every camera who it is and what it delivers.
func (c *setupCmd) lookAt(ctx context.Context, all []*candidate, password string) {
	places := make(chan struct{}, looksAtOnce)
	var running sync.WaitGroup
	for _, o := range all {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			limited, cancel := context.WithTimeout(ctx, lookPatience)
			defer cancel()
			if err := o.look(limited, c.User, password); err != nil {
				if limited.Err() != nil && ctx.Err() == nil {
					err = fmt.Errorf("%s did not answer all questions within %v; restart it if this goes on", cmp.Or(o.host, "the camera"), lookPatience)
				}
				o.problem = err
			}
		})
	}
	running.Wait()
}

func (o *candidate) look(ctx context.Context, user, password string) error {
	clk := clock.NewSystem()
	if o.host != "" {
		device, err := onvif.New(o.host, user, password, clk)
		if err != nil {
			return err
		}
		info, err := look(ctx, device, true)
		if err != nil {
			return err
		}
		o.info, o.management = &info, o.host
		if len(info.Streams) == 0 {
			return fmt.Errorf("%s names no stream; make a media profile in the camera", o.host)
		}
		o.url = info.Streams[0].URL
		for _, s := range info.Streams[1:] {
			if s.Encoding == "H264" && s.Width < info.Streams[0].Width {
				o.live = s.URL
				break
			}
		}
		o.advice = append(append(o.advice, info.Advice...), recorderAdvice(o.host, info)...)
	}
	s, err := rtsp.ParseSource(o.url)
	if err != nil {
		return err
	}
	s.User, s.Password = user, password
	if o.report, err = rtsp.Probe(ctx, s, clk, probeTime); err != nil {
		return err
	}
	for _, a := range probeAdvice(o.report, false) {
		if o.info == nil || !strings.Contains(strings.Join(o.advice, "\n"), strings.SplitN(a, " ", 4)[1]) {
			o.advice = append(o.advice, a)
		}
	}
	if o.info == nil {
		o.pin(ctx, user, password)
	}
	return nil
}

// mark marks the folders for evidence and returns their ids.
func (c *setupCmd) mark() (map[string]string, error) {
	ids := make(map[string]string)
	for i, dir := range c.Volume {
		path, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		c.Volume[i] = path
		if ids[path], err = volume.Init(path, clock.NewSystem()); err != nil {
			return nil, fmt.Errorf("--volume %s: %w", dir, err)
		}
	}
	return ids, nil
}

// give lets the service read the settings and write to the folders, where root sets up the package's user.
func (c *setupCmd) give(settings *os.File) error {
	o, ok := serviceOwner()
	if os.Geteuid() != 0 || !ok {
		return nil
	}
	errs := []error{settings.Chown(0, o.gid)}
	for _, v := range c.Volume {
		errs = append(errs, giveVolume(v, volume.MarkerName))
	}
	return errors.Join(errs...)
}

// report says what was found and what to change, and whether the file is good.
func (c *setupCmd) report(e *env, all []*candidate) error {
	bad := 0
	for _, o := range all {
		where := cmp.Or(o.host, o.url)
		if o.problem != nil {
			bad++
			fmt.Fprintf(e.stdout, "%s/%s (%s): NOT USED: %v\n", o.room, o.name, where, o.problem)
			continue
		}
		fmt.Fprintf(e.stdout, "%s/%s (%s): %s\n", o.room, o.name, where, o.says())
		for _, a := range o.advice {
			fmt.Fprintf(e.stdout, "  change: %s\n", a)
		}
	}
	fmt.Fprintf(e.stdout, "%s is written. Read it, then: roomrec config check --config %s; roomrec doctor --config %s\n", c.Config, c.Config, c.Config)
	if bad == len(all) {
		return &exitError{exitNo, errors.New("no camera can be used yet")}
	}
	if _, err := config.Load(c.Config); err != nil {
		return &exitError{exitNo, err}
	}
	if bad > 0 {
		return &exitError{exitNo, fmt.Errorf("%d of %d cameras cannot be used yet; they are commented out", bad, len(all))}
	}
	return nil
}

// says is what a camera delivers, in a line.
func (o *candidate) says() string {
	var parts []string
	if o.info != nil {
		parts = append(parts, strings.TrimSpace(o.info.Manufacturer+" "+o.info.Model))
	}
	for _, t := range o.report.Tracks {
		if t.Kind == "video" {
			parts = append(parts, fmt.Sprintf("%s %dx%d %.0f/s", t.Codec, t.Width, t.Height, t.UnitRate))
		} else {
			parts = append(parts, fmt.Sprintf("%s %d Hz", t.Codec, t.SampleRate))
		}
	}
	return strings.Join(parts, ", ")
}
