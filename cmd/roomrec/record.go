package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence"
	"roomrec/evidence/fragment"
	"roomrec/rtsp"
	"roomrec/session"
	"roomrec/session/table"
)

type recordCmd struct {
	Camera map[string]string `help:"A camera and its address, as in front=rtsp://192.0.2.10/main. Repeat for more." placeholder:"NAME=URL" required:"" mapsep:"none"`
	To     []string          `help:"A folder to record to; it is marked as a volume if it is not. Repeat for copies on other disks." placeholder:"DIR" required:"" sep:"none"`
	For    time.Duration     `help:"Stop after this long, counted from the first safe fragment. Without it: at SIGINT." name:"for"`
	Acks   string            `help:"Append one JSON line per acknowledged fragment to this file, on another disk." placeholder:"FILE"`
	State  string            `help:"Where the key is kept." default:"${state}" placeholder:"DIR" name:"state-dir"`
	sourceFlags
}

// recordRoom is the room of a technical recording.
const recordRoom = "record"

var cameraName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// Run makes a session of the kind technical: the same station, table and files as in a room, without
// people and pages.
func (c *recordCmd) Run(e *env) (err error) {
	s, err := c.setup(e)
	if err != nil {
		return err
	}
	acks := io.Discard
	if c.Acks != "" {
		f, err := os.OpenFile(c.Acks, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
		if err != nil {
			return fmt.Errorf("--acks: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		acks = f
	}
	log := newLog(e.stderr, config.Log{Level: "warn", Format: "json"})
	writer := &ackWriter{to: acks}
	st, err := newStation(s, doors{log: log, ack: writer.write, metrics: prometheus.NewRegistry()})
	if err != nil {
		return err
	}
	if _, err := st.sealKey(); err != nil {
		return err
	}
	t := &technical{cmd: c, st: st, out: json.NewEncoder(e.stdout), acks: writer}
	// A signal asks the recording to end; the stages under it go on until it is sealed.
	stages := append(st.stages(), stage{"recording", func(ctx context.Context) error { return t.run(ctx, e.ctx) }})
	if err := errors.Join(runStages(context.WithoutCancel(e.ctx), stages), st.release()); err != nil {
		return failed(err)
	}
	if t.locked || !t.sealed {
		return &exitError{code: exitFailed}
	}
	return nil
}

func (c *recordCmd) setup(e *env) (setup, error) {
	defaults := config.Default()
	s := setup{
		zone: clock.NewZone(defaults.Location()), stateDir: c.State, closing: time.Nanosecond, faults: defaults.Faults,
		untrusted: true, clockSource: defaults.Clock.Source, clockLimit: defaults.Clock.Limit,
	}
	if c.For < 0 {
		return s, fmt.Errorf("--for %v: want more than 0", c.For)
	}
	for _, dir := range c.To {
		path, err := filepath.Abs(dir)
		if err != nil {
			return s, fmt.Errorf("--to: %w", err)
		}
		if slices.ContainsFunc(s.volumes, func(v config.Volume) bool { return v.Path == path }) {
			return s, fmt.Errorf("--to %s: named twice; a copy belongs on another disk", dir)
		}
		if err := makeVolume(path); err != nil {
			return s, fmt.Errorf("--to: %w", err)
		}
		s.volumes = append(s.volumes, config.Volume{Path: path})
	}
	same := session.Text{En: recordRoom, Zh: recordRoom}
	room := roomSetup{RoomConfig: session.RoomConfig{ID: recordRoom, Name: same, Kind: "handling-area"}}
	for _, name := range slices.Sorted(maps.Keys(c.Camera)) {
		if !cameraName.MatchString(name) {
			return s, fmt.Errorf("--camera %s: want a name of 1 to 32 of a-z, 0-9 and -, then = and an address", name)
		}
		source, err := c.source(e, name, c.Camera[name])
		if err != nil {
			return s, fmt.Errorf("--camera %s: %w", name, err)
		}
		room.add(cameraSetup{id: name, name: session.Text{En: name, Zh: name}, source: source, required: true})
	}
	s.rooms = []roomSetup{room}
	return s, nil
}

// technical drives the one session of a technical recording.
type technical struct {
	cmd  *recordCmd
	st   *station
	out  *json.Encoder
	acks *ackWriter

	locked, sealed bool
	said           table.State
	faults         []string
}

// report is the line that is printed at every change of the state, and at the end.
type report struct {
	At        clock.Wall          `json:"at"`
	State     table.State         `json:"state"`
	Session   string              `json:"session"`
	Faults    []string            `json:"faults,omitempty"`
	Safe      map[string]safeLine `json:"safe,omitempty"`
	Folders   []string            `json:"folders,omitempty"` // where the session is, at the end
	Seal      string              `json:"seal,omitempty"`    // SHA-256 of seal.note
	Facts     []string            `json:"facts,omitempty"`   // beside the verdict
	Gaps      *int                `json:"gaps,omitempty"`
	WhyNotYet []string            `json:"waiting_for,omitempty"`
}

type safeLine struct {
	Until   clock.Wall `json:"until"`
	Volumes int        `json:"volumes"`
}

// reportPatience is how long the cameras with sound have to say for the first time how their sound
// stands to their picture. A room's cameras have said it long before a session opens; what a run
// begins with stays.
const reportPatience = 5 * time.Second

// reported reports whether every camera with picture and sound has related them.
func (t *technical) reported() bool {
	for _, c := range t.st.rooms.get(recordRoom).cameras {
		tracks := c.main.State().Tracks
		for _, track := range tracks {
			if len(tracks) > 1 && !track.Reported {
				return false
			}
		}
	}
	return true
}

// openPatience is how long the cameras have to give their first units before the opening.
const openPatience = 12 * time.Second

// actor is who a technical recording is made by.
var technician = session.Actor{ID: "technician", Name: "technician", Role: "officer"}

// run opens the session, waits for its length or for a signal, ends it and waits for the seal.
func (t *technical) run(ctx context.Context, signal context.Context) error {
	changed, stop := t.st.manager.Watch(recordRoom)
	defer stop()
	if err := t.await(ctx, signal, changed, openPatience, t.fit); err != nil {
		return err
	}
	if signal.Err() != nil {
		return errors.New("ended before anything was recorded")
	}
	if err := t.refused(); err != nil {
		return err
	}
	if room, _ := t.st.manager.Room(recordRoom); !room.Fit {
		return fmt.Errorf("cannot begin: %w", t.unfit())
	}
	if err := t.await(ctx, signal, changed, reportPatience, t.reported); err != nil {
		return err
	}
	if signal.Err() != nil {
		return errors.New("ended before anything was recorded")
	}
	view, err := t.st.manager.Open(ctx, technician, recordRoom, session.OpenForm{Kind: session.KindTechnical}, "open")
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	safe := func() bool { return t.now().State == table.Standby || t.now().State == table.Locked }
	if err := t.await(ctx, signal, changed, 0, safe); err != nil {
		return err
	}
	if t.now().State == table.Standby {
		if _, err := t.st.manager.Do(ctx, technician, view.ID, session.Command{Name: session.ActStart}, "start"); err != nil {
			t.st.log.Warn().Err(err).Msg("start")
		}
	}
	if err := t.await(ctx, signal, changed, t.cmd.For, func() bool { return false }); err != nil {
		return err
	}
	ending := table.Finished
	if t.now().State == table.Locked {
		ending = table.BrokenOff
	}
	return t.end(ctx, view.ID, ending, changed)
}

// fit reports whether the session can be opened, or never will be: a camera refuses.
func (t *technical) fit() bool {
	room, _ := t.st.manager.Room(recordRoom)
	return room.Fit || t.refused() != nil
}

// refused returns the error of a camera that answers and will not serve.
func (t *technical) refused() error {
	for _, c := range t.st.rooms.get(recordRoom).cameras {
		if err := c.main.State().Error; rtsp.Refused(err) || errors.Is(err, rtsp.ErrUnsupportedCodec) {
			return fmt.Errorf("camera %s: %w", c.setup.id, err)
		}
	}
	return nil
}

// unfit says why the session cannot be opened.
func (t *technical) unfit() error {
	var errs []error
	for _, c := range t.st.rooms.get(recordRoom).cameras {
		if s := c.main.State(); !s.Connected {
			errs = append(errs, fmt.Errorf("camera %s: %w", c.setup.id, cmp.Or(s.Error, errNotYet)))
		}
	}
	room, _ := t.st.manager.Room(recordRoom)
	for _, why := range room.Unfit {
		errs = append(errs, errors.New(why.En))
	}
	return errors.Join(errs...)
}

var errNotYet = errors.New("no answer yet")

// now returns the session as it is.
func (t *technical) now() session.SessionView {
	r, _ := t.st.manager.Room(recordRoom)
	if r.Session == nil {
		return session.SessionView{}
	}
	return *r.Session
}

// poll bounds how late a change is seen that the manager does not announce.
const poll = 100 * time.Millisecond

// await reports changes until done, or limit is over (0: never), or a signal came.
func (t *technical) await(ctx, signal context.Context, changed <-chan struct{}, limit time.Duration, done func() bool) error {
	var over <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		over = timer.C
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if err := t.tell(false); err != nil {
			return err
		}
		if done() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-signal.Done():
			return nil
		case <-over:
			return nil
		case <-changed:
		case <-tick.C:
		}
	}
}

// end ends the session and waits until it is sealed, or cannot be.
func (t *technical) end(ctx context.Context, id string, ending table.Ending, changed <-chan struct{}) error {
	cmd := session.Command{Name: session.ActEnd, Ending: ending, Reason: "end of the recording", Supervisor: technician.Name}
	if _, err := t.st.manager.Do(ctx, technician, id, cmd, "end"); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	sealed := func() bool { return t.now().State == table.Sealed || t.storageLost() }
	if err := t.await(ctx, context.Background(), changed, 0, sealed); err != nil {
		return err
	}
	t.sealed = t.now().State == table.Sealed
	if err := t.acks.error(); err != nil {
		return err
	}
	return t.tell(true)
}

func (t *technical) storageLost() bool {
	for _, v := range t.st.disks.all() {
		if v.Fault() == nil {
			return false
		}
	}
	return true
}

// tell prints a line if the state or its faults changed, or at the end.
func (t *technical) tell(last bool) error {
	room, _ := t.st.manager.Room(recordRoom)
	if room.Session == nil {
		return nil
	}
	s := room.Session
	var faults []string
	for _, f := range room.Faults {
		if f.Locks {
			faults = append(faults, strings.TrimSuffix(f.Code+" "+f.Subject, " "))
		}
	}
	t.locked = t.locked || s.State == table.Locked
	if !last && s.State == t.said && (s.State != table.Locked || slices.Equal(faults, t.faults)) {
		return nil
	}
	if last && s.State == t.said && s.State != table.Sealed {
		return nil
	}
	r := report{At: room.Now, State: s.State, Session: s.ID, Faults: faults, Safe: make(map[string]safeLine)}
	gaps := 0
	for _, c := range room.Cameras {
		gaps += c.Gaps
		if c.SafeUntil > 0 {
			r.Safe[c.ID] = safeLine{c.SafeUntil, c.SafeOn}
		}
	}
	if s.State == table.Sealed {
		if t.said == table.Sealed {
			return nil
		}
		r.Gaps = &gaps
		r.Folders = t.folders(s.ID)
		if s.Seal != nil {
			r.Seal = s.Seal.Hash
			for _, f := range s.Seal.Facts {
				r.Facts = append(r.Facts, f.En)
			}
		}
	}
	t.said, t.faults = s.State, faults
	return t.out.Encode(r)
}

// folders returns the session's folder on every volume that is left.
func (t *technical) folders(id string) []string {
	at, ok := folderOf(id)
	if !ok {
		return nil
	}
	var out []string
	for _, v := range t.st.disks.all() {
		if v.Fault() == nil {
			out = append(out, filepath.Join(v.Dir(), filepath.FromSlash(at)))
		}
	}
	return out
}

// ackWriter writes the list of acknowledged fragments. A line is handed to the system before the next
// one is made: who tests a power cut compares this list with what the disk holds.
type ackWriter struct {
	mu  sync.Mutex
	to  io.Writer
	err error
}

// ackLine is one line of --acks. The times that end in _ns are for measurements: how long ago the
// fragment's first and last packets arrived when it was acknowledged.
type ackLine struct {
	Volume string     `json:"volume"`
	File   string     `json:"file"`
	End    int64      `json:"end"`
	Leaf   string     `json:"leaf"`
	At     clock.Wall `json:"at"`
	First  int64      `json:"first_ns"`
	Last   int64      `json:"last_ns"`
}

func (w *ackWriter) write(a evidence.Ack) {
	if w.to == io.Discard {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	b := bufio.NewWriterSize(w.to, 1024)
	err := json.NewEncoder(b).Encode(ackLine{
		Volume: a.Volume, File: a.File, End: a.End, Leaf: hexOf(a.Leaf), At: a.At,
		First: int64(a.Acknowledged.Sub(a.First)), Last: int64(a.Acknowledged.Sub(a.Last)),
	})
	w.err = errors.Join(w.err, err, b.Flush())
}

func (w *ackWriter) error() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return fmt.Errorf("--acks: %w", w.err)
	}
	return nil
}

func hexOf(h fragment.Hash) string { return hex.EncodeToString(h[:]) }
