// Package selftest tests whether a room could be recorded now: it records its cameras for some seconds
// with the recorder of sessions to every volume, reads back from the disks what was written, lets a
// decoder make pictures and sound of it, and measures these (Z8).
//
// It promises that nothing of what was recorded stays: the files never have a name on the disk
// (O_TMPFILE), so that no picture of a room without a session is kept (C39) and nothing must be deleted
// afterwards. What stays is the [Result], signed. It never touches a session's files, and takes from a
// camera no more than a tap. See docs/decisions/0021-self-test.md.
package selftest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"roomrec/clock"
	"roomrec/evidence"
	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/media"
	"roomrec/watch/stills"
)

// Camera is a camera of the room.
type Camera struct {
	ID    string
	Feed  *media.Feed
	Sound bool // it must have sound
}

// Volume is a volume that would take a session.
type Volume struct{ ID, Dir string }

// Config of one test.
type Config struct {
	Room    string
	Why     Why
	Length  time.Duration // to be recorded
	Cameras []Camera
	Volumes []Volume
	Clock   clock.Source
	Zone    clock.Zone
	Limits  volume.Limits
	Decoder *stills.Decoder // nil: what was recorded cannot be decoded, which is a problem
	Program string
	// Patience is how long cameras may take to give their first key picture; 0: 10 s.
	Patience time.Duration
}

// Of a test.
const (
	// settle is how long cameras may take to begin, and what is recorded to be acknowledged.
	settle = 10 * time.Second
	folder = "self-test"
)

// Run makes the test. What is wrong stands in the result; there is one whatever happens.
func Run(ctx context.Context, cfg Config) Result {
	now := cfg.Clock.Now()
	r := Result{Room: cfg.Room, Why: cfg.Why, Began: now.Wall, Length: cfg.Length, Program: cfg.Program, Problems: []string{}}
	t := &test{cfg: cfg, result: &r, gaps: make(map[string]int)}
	t.run(ctx)
	r.Ended = cfg.Clock.Now().Wall
	r.judge()
	return r
}

type test struct {
	cfg    Config
	result *Result
	disks  []*target

	mu   sync.Mutex
	gaps map[string]int // by camera
	safe map[string]bool
}

// target is one volume under test.
type target struct {
	res  VolumeResult
	disk *unnamed
	vol  *volume.Volume
	stop context.CancelFunc
	ran  chan error
}

func (t *test) problem(format string, args ...any) {
	t.result.Problems = append(t.result.Problems, fmt.Sprintf(format, args...))
}

func (d *target) problem(format string, args ...any) {
	d.res.Problems = append(d.res.Problems, fmt.Sprintf(format, args...))
}

func (t *test) run(ctx context.Context) {
	t.open(ctx)
	defer t.close()
	var volumes []*volume.Volume
	for _, d := range t.disks {
		if d.vol != nil {
			volumes = append(volumes, d.vol)
		}
	}
	if len(volumes) > 0 {
		if err := t.record(ctx, volumes); err != nil {
			t.problem("record: %v", err)
		}
	}
	t.settle()
	t.readBack(ctx)
}

// open opens every volume anew, over files without names.
func (t *test) open(ctx context.Context) {
	for _, v := range t.cfg.Volumes {
		d := &target{res: VolumeResult{Volume: v.ID, Files256: []FileHash{}, Problems: []string{}}}
		t.disks = append(t.disks, d)
		var err error
		if d.disk, err = openUnnamed(v.Dir); err == nil {
			d.vol, err = volume.Open(v.Dir, volume.Options{Clock: t.cfg.Clock, Limits: t.cfg.Limits, Disk: d.disk})
		}
		if err != nil {
			d.problem("%v", err)
			continue
		}
		running, stop := context.WithCancel(context.WithoutCancel(ctx))
		d.stop, d.ran = stop, make(chan error, 1)
		go func() { d.ran <- d.vol.Run(running) }()
	}
}

// record records the cameras and returns when everything is acknowledged or will never be.
func (t *test) record(ctx context.Context, volumes []*volume.Volume) (err error) {
	began := t.cfg.Clock.Now()
	e, err := evidence.Create(ctx, evidence.Config{
		Session: folder, Folder: folder, Volumes: volumes, Clock: t.cfg.Clock, Timeline: clock.NewTimeline(began, 0), Zone: t.cfg.Zone,
		Pool: evidence.NewPool(poolBytes), Log: zerolog.Nop(),
	}, journal.Entry{Type: "selftest.began", Actor: "controller"})
	if err != nil {
		return err
	}
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	ran := make(chan error, 1)
	go func() { ran <- e.Run(running) }()
	told := make(chan struct{})
	first := make(chan struct{}, 1)
	t.safe = make(map[string]bool)
	go func() {
		defer close(told)
		t.listen(e.Events(), first)
	}()
	for _, c := range t.cfg.Cameras {
		if err := e.Record(evidence.Camera{Room: t.cfg.Room, ID: c.ID, Feed: c.Feed, Required: true}); err != nil {
			t.problem("camera %s: %v", c.ID, err)
		}
	}
	t.wait(ctx, first)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(settle, t.cfg.Patience))
	defer cancel()
	err = errors.Join(e.StopRecording(closing), e.Close(closing))
	end()
	err = errors.Join(err, <-ran)
	<-told
	if ctx.Err() != nil {
		err = errors.Join(err, errors.New("broken off: the program ends"))
	}
	return err
}

// poolBytes is the memory that a test may keep until it is acknowledged.
const poolBytes = 256 << 20

// wait waits until every camera has something acknowledged, at most settle, and then for the length.
func (t *test) wait(ctx context.Context, first <-chan struct{}) {
	late := time.NewTimer(cmp.Or(t.cfg.Patience, settle))
	defer late.Stop()
	select {
	case <-ctx.Done():
		return
	case <-late.C:
	case <-first:
	}
	length := time.NewTimer(t.cfg.Length)
	defer length.Stop()
	select {
	case <-ctx.Done():
	case <-length.C:
	}
}

// listen counts gaps, and says when every camera has begun.
func (t *test) listen(events <-chan evidence.Event, first chan<- struct{}) {
	for ev := range events {
		t.mu.Lock()
		switch ev := ev.(type) {
		case evidence.RunBegan:
			t.safe[ev.Camera] = true
			if len(t.safe) == len(t.cfg.Cameras) {
				select {
				case first <- struct{}{}:
				default:
				}
			}
		case evidence.GapDeclared:
			t.gaps[ev.Camera] += max(1, ev.Count)
		}
		t.mu.Unlock()
	}
}

// settle ends the volumes' writers and takes down what they say.
func (t *test) settle() {
	for _, d := range t.disks {
		if d.vol == nil {
			continue
		}
		d.stop()
		if err := <-d.ran; err != nil {
			d.problem("%v", err)
		}
		s := d.vol.Stats()
		d.res.LastSync, d.res.Worst = s.LastSync, s.WorstSync
	}
}

// readBack compares what the disks return with what was written, and looks at one good copy of each
// camera's recording.
func (t *test) readBack(ctx context.Context) {
	copies := make(map[string][]*unnamedFile) // by camera, in the order of its files
	hashes := make(map[string]seal.Hash)
	for _, d := range t.disks {
		if d.vol == nil || errors.Is(d.vol.Fault(), volume.ErrHung) {
			continue // reading would hang as well
		}
		mine := make(map[string][]*unnamedFile)
		for _, name := range d.disk.names {
			f := d.disk.files[name]
			sum, err := f.fresh()
			short := strings.TrimPrefix(name, folder+"/")
			if err != nil {
				d.problem("%s: %v", short, err)
				continue
			}
			d.res.Files++
			d.res.Bytes += f.size
			d.res.Files256 = append(d.res.Files256, FileHash{short, f.size, sum})
			if path.Ext(name) != ".mp4" {
				continue
			}
			if other, ok := hashes[short]; ok && other != sum && d.vol.Fault() == nil {
				d.problem("%s: not the same as on the volume before", short)
			}
			hashes[short] = sum
			camera := strings.Split(short, "/")[1]
			mine[camera] = append(mine[camera], f)
		}
		for camera, files := range mine {
			if d.vol.Fault() == nil && copies[camera] == nil {
				copies[camera] = files
			}
		}
	}
	for _, d := range t.disks {
		t.result.Volumes = append(t.result.Volumes, d.res)
	}
	for _, c := range t.cfg.Cameras {
		t.result.Cameras = append(t.result.Cameras, t.look(ctx, c, copies[c.ID]))
	}
}

// look verifies and decodes a camera's files.
func (t *test) look(ctx context.Context, c Camera, files []*unnamedFile) CameraResult {
	r := CameraResult{Camera: c.ID, Gaps: t.gaps[c.ID], Problems: []string{}}
	say := func(format string, args ...any) { r.Problems = append(r.Problems, fmt.Sprintf(format, args...)) }
	if len(files) == 0 {
		say("nothing of it was recorded")
		return r
	}
	if r.Gaps > 0 {
		say("%d gaps", r.Gaps)
	}
	var lumas []stills.Luma
	var hears []stills.Loudness
	for _, f := range files {
		seg, err := fragment.Scan(f.whole(), f.size)
		switch {
		case err != nil:
			say("verify: %v", err)
			continue
		case seg.Torn != nil:
			say("verify: %v", seg.Torn)
		case len(seg.Breaks) > 0:
			say("verify: %v", &seg.Breaks[0])
		}
		picture := slices.IndexFunc(seg.Header.Tracks, func(tr *media.Track) bool { return tr.Codec.Video() })
		sound := slices.IndexFunc(seg.Header.Tracks, func(tr *media.Track) bool { return tr.Codec.Audio() })
		if picture >= 0 {
			r.Codec = seg.Header.Tracks[picture].Codec.String()
			for i := range seg.Fragments {
				r.Recorded += seg.Fragments[i].Tracks[picture].Samples
			}
		}
		if sound >= 0 {
			r.Sound = seg.Header.Tracks[sound].Codec.String()
		}
		if t.cfg.Decoder == nil {
			say("not decoded: %v", stills.ErrAbsent)
			continue
		}
		if picture >= 0 {
			l, err := t.cfg.Decoder.Lumas(ctx, f.whole(), t.cfg.Length)
			if err != nil {
				say("decode pictures: %v", err)
			}
			lumas = append(lumas, l)
		}
		if sound >= 0 {
			l, err := t.cfg.Decoder.Loudness(ctx, f.whole(), t.cfg.Length)
			if err != nil {
				say("decode sound: %v", err)
			}
			hears = append(hears, l)
		}
	}
	t.measure(&r, c, lumas, hears, say)
	return r
}

// What no room explains, empty and dark or not.
const (
	// flat is the contrast below which a picture shows nothing at all, in steps of 255.
	flat = 1.0
	// black is the brightness below which a room with people in it cannot be seen.
	black = 16.0
	// silence is the level below which a microphone gives not even its own noise, in dB of full scale.
	silence = -90.0
)

func (t *test) measure(r *CameraResult, c Camera, lumas []stills.Luma, hears []stills.Loudness, say func(string, ...any)) {
	for _, l := range lumas {
		r.Decoded += l.Pictures
	}
	for _, l := range lumas {
		if r.Decoded > 0 {
			share := float64(l.Pictures) / float64(r.Decoded)
			r.Brightness += share * l.Mean
			r.Contrast += share * l.Contrast
		}
	}
	var level, peak *float64
	for _, l := range hears {
		if l.Samples == 0 {
			continue
		}
		if level == nil || l.Level > *level {
			level = &l.Level
		}
		if peak == nil || l.Peak > *peak {
			peak = &l.Peak
		}
	}
	r.Level, r.Peak = level, peak
	switch {
	case r.Recorded == 0 && r.Codec != "":
		say("no picture was recorded")
	case t.cfg.Decoder != nil && r.Decoded < r.Recorded:
		say("%d of %d pictures can be decoded", r.Decoded, r.Recorded)
	case r.Decoded > 0 && r.Contrast < flat && (t.cfg.Why != Daily || r.Brightness >= black):
		// A room at night may be black; a picture without anything in it is not.
		say("the picture shows nothing: brightness %.0f of 255, contrast %.1f", r.Brightness, r.Contrast)
	}
	switch {
	case r.Sound == "" && c.Sound:
		say("no sound was recorded")
	case level != nil && *level < silence:
		say("the sound is silence without noise (%.0f dBFS): is the microphone plugged in?", *level)
	case r.Sound != "" && t.cfg.Decoder != nil && level == nil:
		say("the sound cannot be decoded")
	}
}

// close gives back what the test took of the disks.
func (t *test) close() {
	for _, d := range t.disks {
		if d.disk == nil || (d.vol != nil && errors.Is(d.vol.Fault(), volume.ErrHung)) {
			continue // closing would hang as well; the kernel gives it back with the process
		}
		if err := d.disk.release(); err != nil {
			t.problem("volume %s: %v", d.res.Volume, err)
		}
	}
}
