package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"roomrec/clock"
	"roomrec/clock/timeserver"
	"roomrec/config"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/rtsp"
	"roomrec/selftest"
)

type doctorCmd struct {
	configFile
	For  time.Duration `help:"How long to look at each camera." default:"3s" name:"for"`
	Size int64         `help:"How much to write to each volume for the test, in MiB." default:"16"`
	JSON bool          `help:"Answer in JSON." name:"json"`
}

// The levels of a finding.
const (
	levelGood = "ok"
	levelWarn = "warning"
	levelBad  = "PROBLEM"
)

// diagnosis is one thing that was looked at.
type diagnosis struct {
	Level string `json:"level"`
	What  string `json:"what"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what to do about it, and why
}

// doctor looks at everything that a controller needs of its host.
type doctor struct {
	cfg   *config.Config
	clock clock.Source
	mu    sync.Mutex
	found []diagnosis
}

func (d *doctor) say(level, what, do, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.found = append(d.found, diagnosis{level, what, fmt.Sprintf(format, args...), do})
}

// Run exits 1 if something must be mended before the site can record.
func (c *doctorCmd) Run(e *env) error {
	if c.For <= 0 || c.For > time.Minute || c.Size < 1 || c.Size > 4096 {
		return errors.New("want --for of at most 1m and --size of 1 to 4096 (MiB)")
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	d := &doctor{cfg: cfg, clock: clock.NewSystem()}
	d.say(levelGood, "settings", "", "%s is good: %d rooms, %d volumes", c.Config, len(cfg.Rooms), len(cfg.Volumes))
	d.permissions(c.Config)
	d.service(e.ctx, c.Config)
	d.key()
	d.authority(e.ctx)
	d.port(e.ctx)
	d.hostClock(e.ctx)
	d.programs()
	d.volumes(e.ctx, c.Size<<20)
	d.cameras(e.ctx, c.For)
	d.network()
	if err := d.print(e, c.JSON); err != nil {
		return err
	}
	for _, f := range d.found {
		if f.Level == levelBad {
			return &exitError{code: exitNo}
		}
	}
	return nil
}

func (d *doctor) print(e *env, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(d.found)
	}
	for _, f := range d.found {
		if _, err := fmt.Fprintf(e.stdout, "%-8s %s: %s\n", f.Level, f.What, f.Found); err != nil {
			return err
		}
		if f.Do != "" {
			if _, err := fmt.Fprintf(e.stdout, "%-8s   %s\n", "", f.Do); err != nil {
				return err
			}
		}
	}
	return nil
}

// permissions looks at who can read and change what decides about recordings.
func (d *doctor) permissions(file string) {
	for _, p := range []struct {
		path string
		no   fs.FileMode // bits that may not be set
		do   string
	}{
		{file, 0o022, "chmod go-w: whoever changes the settings decides what is recorded"},
		{d.cfg.StateDir, 0o077, "chmod 0700: it holds the key that seals recordings"},
	} {
		info, err := os.Stat(p.path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && p.path == d.cfg.StateDir:
			d.say(levelGood, "state_dir", "", "%s is made at the first start", p.path)
		case err != nil:
			d.say(levelBad, "permissions", "run this as root, or as the user that runs the service", "%v", err)
		case info.Mode().Perm()&p.no != 0:
			d.say(levelBad, "permissions", p.do, "%s has the mode %#o", p.path, info.Mode().Perm())
		default:
			d.say(levelGood, "permissions", "", "%s has the mode %#o", p.path, info.Mode().Perm())
		}
	}
}

func (d *doctor) key() {
	file := filepath.Join(d.cfg.StateDir, "seal.key")
	key, err := seal.ReadKey(file, passphraseOf(d.cfg.Seal))
	switch {
	case err != nil && !exists(file) && !exists(file+seal.PublicSuffix):
		d.say(levelWarn, "key", "after the first start, give the public half (seal.key.pub) to whoever is to believe seals", "there is none yet; the first start makes it")
	case errors.Is(err, seal.ErrExposed):
		d.say(levelBad, "key", "chmod 0600, and consider the key as known to others: make a new one", "%v", err)
	case errors.Is(err, seal.ErrPassphrase) || errors.Is(err, seal.ErrLocked):
		d.say(levelBad, "key", "put the passphrase that it was made with into the file of seal.passphrase_file", "%v", err)
	case err != nil:
		d.say(levelBad, "key", "recordings cannot be sealed without it; bring it back from its backup", "%v", err)
	default:
		d.say(levelGood, "key", "", "%s signs with %s", file, key.Name())
	}
}

// authority asks the time-stamping authority for a time-stamp of a number that nobody else has.
func (d *doctor) authority(ctx context.Context) {
	t := d.cfg.Seal.Timestamp
	if t == nil {
		return
	}
	const what = "time-stamping authority"
	var sum [32]byte
	if _, err := rand.Read(sum[:]); err != nil {
		d.say(levelBad, what, "", "%v", err)
		return
	}
	_, token, err := askTimestamp(ctx, t, sum)
	if err != nil {
		d.say(levelBad, what, "seals wait for their time-stamp until it answers; recordings do not", "%v", err)
		return
	}
	apart := token.At.Sub(d.clock.Now().Wall.Time()).Abs().Round(time.Second)
	if apart > d.cfg.Clock.Limit+token.Accuracy+2*time.Second {
		d.say(levelWarn, what, "see which of the two clocks is wrong: what is recorded and its time-stamp would contradict each other", "its clock and this host's are %v apart", apart)
		return
	}
	d.say(levelGood, what, "", "%s stamps times", token.Authority)
}

// port asks whether the service answers, or could listen.
func (d *doctor) port(ctx context.Context) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", d.cfg.Listen)
	switch {
	case err == nil:
		if err := l.Close(); err != nil {
			d.say(levelBad, "port", "", "%v", err)
			return
		}
		d.say(levelGood, "port", "", "%s is free: the service does not run", d.cfg.Listen)
	case errors.Is(err, syscall.EADDRINUSE):
		if err := d.answers(ctx); err != nil {
			d.say(levelBad, "port", "see with `ss -ltnp` who has the port; give one of the two another", "%s is taken, and what answers there is no controller: %v", d.cfg.Listen, err)
			return
		}
		d.say(levelGood, "port", "", "the service answers at %s", d.cfg.Listen)
	default:
		d.say(levelBad, "port", "listen must be an address of this host", "%v", err)
	}
}

// answers asks the service for its life.
func (d *doctor) answers(ctx context.Context) error {
	f := serviceOf(d.cfg)
	client, err := f.client(5 * time.Second)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.To+"/livez", nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

func (d *doctor) hostClock(ctx context.Context) {
	c := d.cfg.Clock
	servers := timeserver.New(d.clock, c.Servers, c.Poll)
	servers.Once(ctx)
	judge := clock.Judge{Limit: c.Limit, Local: c.Source == "local"}
	if len(c.Servers) > 0 {
		judge.Reference = servers.Reference
	}
	t := judge.Trust()
	if !t.OK() {
		d.say(levelBad, "clock", "opening a session needs a supervisor's reason (Z23): set up chrony with the site's time server", "%s, at most %v off", t, t.MaxError)
		return
	}
	d.say(levelGood, "clock", "", "%s, at most %v off", t, t.MaxError)
}

func (d *doctor) programs() {
	if file, err := exec.LookPath("ffmpeg"); err != nil {
		d.say(levelWarn, "ffmpeg", "install the package ffmpeg: without it black, covered or moved pictures are not found, and viewing copies cannot be made", "not installed")
	} else {
		d.say(levelGood, "ffmpeg", "", "%s", file)
	}
}

// diskPatience is how long a disk may take for the test.
const diskPatience = 60 * time.Second

// remoteFS are the file systems that lie on another host, by what statfs says of them.
var remoteFS = map[int64]string{0x6969: "NFS", 0xff534d42: "CIFS", 0xfe534d42: "SMB2", 0x00c36400: "Ceph"}

func (d *doctor) volumes(ctx context.Context, size int64) {
	devices := make(map[uint64]string)
	away := false
	rooms, rate := len(d.cfg.Rooms), 0
	for _, r := range d.cfg.Rooms {
		rate += len(r.Cameras) * usualRate
	}
	for _, v := range d.cfg.Volumes {
		what := "volume " + v.Path
		opened, err := volume.Open(v.Path, volume.Options{Clock: d.clock})
		if err != nil {
			d.say(levelBad, what, "mount the disk; a new one is marked once with `roomrec volume init "+v.Path+"`", "%v", err)
			continue
		}
		var st unix.Stat_t
		var sf unix.Statfs_t
		if err := errors.Join(unix.Stat(v.Path, &st), unix.Statfs(v.Path, &sf)); err != nil {
			d.say(levelBad, what, "", "%v", err)
			continue
		}
		if name, remote := remoteFS[int64(sf.Type)]; remote {
			away = true
			d.say(levelWarn, what, "a volume should be a disk of this host: a network that stops would lock sessions", "lies on %s", name)
		}
		if other, twice := devices[st.Dev]; twice {
			d.say(levelWarn, what, "two copies on one disk are lost together: mount another disk", "lies on the same disk as %s", other)
		}
		devices[st.Dev] = v.Path
		d.disk(ctx, what, v.Path, size)
		if space, err := opened.Space(); err != nil {
			d.say(levelBad, what, "", "%v", err)
		} else {
			d.space(what, space, rate, rooms)
		}
	}
	if len(d.cfg.Volumes) == 1 {
		d.say(levelWarn, "volumes", "mount a second disk and name it in volumes: a disk that fails locks every session", "there is only one")
	}
	if len(d.cfg.Volumes) > 0 && !away {
		d.say(levelWarn, "copies elsewhere", "fire, theft or a burst pipe takes all copies together: copy sealed sessions and backups to another place, and have the log witnessed there", "every volume is in this host, so that nothing leaves it")
	}
}

func (d *doctor) disk(ctx context.Context, what, dir string, size int64) {
	type answer struct {
		r   selftest.DiskResult
		err error
	}
	done := make(chan answer, 1)
	ctx, cancel := context.WithTimeout(ctx, diskPatience)
	defer cancel()
	go func() {
		r, err := selftest.Disk(ctx, dir, size, d.clock)
		done <- answer{r, err}
	}()
	select {
	case <-ctx.Done():
		d.say(levelBad, what, "replace the disk or its cable: `journalctl -k`, `smartctl -a`", "the disk has not answered for %v", diskPatience)
	case a := <-done:
		if a.err != nil {
			d.say(levelBad, what, "`journalctl -k` and `smartctl -a` say more", "%v", a.err)
			return
		}
		speed := float64(a.r.Bytes) / max(1e-9, (a.r.Write+a.r.Sync).Seconds()) / 1e6
		d.say(levelGood, what, "", "%d MiB written in %v, synced in %v, read back the same in %v (%.0f MB/s)",
			a.r.Bytes>>20, a.r.Write.Round(time.Millisecond), a.r.Sync.Round(time.Millisecond), a.r.Read.Round(time.Millisecond), speed)
	}
}

// space compares what is free with a session of the planned length in every room at once.
func (d *doctor) space(what string, s volume.Space, rate, rooms int) {
	hours := float64(s.Free) / float64(max(rate, 1)) / 3600
	need := d.cfg.Session.Planned.Hours() * spaceFactor
	if hours < need {
		d.say(levelBad, what, "add a disk; nothing is ever deleted to make room", "%.1f GB are free: %.1f hours of all %d rooms, planned are %.1f", float64(s.Free)/1e9, hours, rooms, need)
		return
	}
	d.say(levelGood, what, "", "%.1f GB are free: %.0f hours of all %d rooms at 4 Mbit/s for each camera", float64(s.Free)/1e9, hours, rooms)
}

// camerasAtOnce bounds how many cameras are asked at a time.
const camerasAtOnce = 8

func (d *doctor) cameras(ctx context.Context, length time.Duration) {
	places := make(chan struct{}, camerasAtOnce)
	var all sync.WaitGroup
	for _, r := range d.cfg.Rooms {
		for _, c := range r.Cameras {
			places <- struct{}{}
			all.Go(func() {
				defer func() { <-places }()
				d.camera(ctx, "camera "+r.ID+"/"+c.ID, c, length)
			})
		}
	}
	all.Wait()
}

func (d *doctor) camera(ctx context.Context, what string, c config.Camera, length time.Duration) {
	s, err := source(c, c.URL)
	if err == nil {
		s.Password, err = c.ReadPassword()
	}
	if err != nil {
		d.say(levelBad, what, "", "%v", err)
		return
	}
	d.device(ctx, what, c, s.Password)
	r, err := rtsp.Probe(ctx, s, d.clock, length)
	if err != nil {
		d.say(levelBad, what, "`roomrec probe` looks again", "%v", err)
		return
	}
	advice := probeAdvice(r, c.Required && c.Sound == "required")
	var names []string
	for _, t := range r.Tracks {
		name := t.Codec
		if t.Width > 0 {
			name += fmt.Sprintf(" %dx%d %.0f/s", t.Width, t.Height, t.UnitRate)
		}
		names = append(names, name)
	}
	level := levelGood
	if len(advice) > 0 {
		level = levelWarn
	}
	d.say(level, what, strings.Join(advice, "\n           "), "%s", strings.Join(names, ", "))
}

// probeAdvice says what to change in a camera, and why, by what it delivered.
func probeAdvice(r *rtsp.ProbeReport, sound bool) []string {
	var out []string
	heard := false
	for _, t := range r.Tracks {
		if t.Kind == "audio" {
			heard = true
			continue
		}
		if t.KeyInterval > 2.5 {
			out = append(out, fmt.Sprintf("set the key-frame interval to 1 to 2 s (it is %.1f s): only there a recording can begin or go on", t.KeyInterval))
		}
		if t.Loss > 0.001 {
			out = append(out, fmt.Sprintf("%.1f %% of the packets are lost: use transport tcp, look at switch port and cable", 100*t.Loss))
		}
		if t.ClockOffset != nil && (*t.ClockOffset > 2 || *t.ClockOffset < -2) {
			out = append(out, fmt.Sprintf("give it the site's time server: its clock is %+.1f s off, and its on-screen time would contradict the recording's", *t.ClockOffset))
		}
	}
	if !heard {
		why := "switch sound on for this stream: a recording without sound proves nothing that was said"
		if sound {
			why += "; the settings demand it, so no session can start"
		}
		out = append(out, why)
	}
	return out
}

// network warns of ways out of the site (Z36).
func (d *doctor) network() {
	routes, err := defaultRoutes("/proc/net/route", "/proc/net/ipv6_route")
	switch {
	case err != nil:
		d.say(levelWarn, "network", "", "routes cannot be read: %v", err)
	case len(routes) > 0:
		d.say(levelWarn, "network", "recordings must never reach the internet (Z36): remove the route unless a firewall closes it, and write down why it is there", "there is a default route over %s", strings.Join(routes, ", "))
	default:
		d.say(levelGood, "network", "", "there is no default route")
	}
}

// defaultRoutes returns the interfaces over which there is a default route, by the kernel's tables of
// IPv4 and IPv6.
func defaultRoutes(v4, v6 string) ([]string, error) {
	var out []string
	b, err := os.ReadFile(v4)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for line := range strings.Lines(string(b)) {
		// Interface, destination, gateway, flags, …, metric, mask: in hex; RTF_UP is 1, RTF_REJECT 0x200.
		f := strings.Fields(line)
		if len(f) > 7 && f[1] == "00000000" && f[7] == "00000000" && usable(f[3]) {
			out = append(out, f[0])
		}
	}
	if b, err = os.ReadFile(v6); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) == 10 && f[0] == strings.Repeat("0", 32) && f[1] == "00" && f[9] != "lo" && usable(f[8]) {
			out = append(out, f[9]+" (IPv6)")
		}
	}
	return out, nil
}

func usable(flags string) bool {
	var n uint64
	if _, err := fmt.Sscanf(flags, "%x", &n); err != nil {
		return false
	}
	return n&1 != 0 && n&0x200 == 0
}
