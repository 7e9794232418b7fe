package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/evidence/after"
	"roomrec/evidence/seal"
	"roomrec/panel"
	"roomrec/watch/stills"
)

// typeStill is the type of the line that keeps a still after the seal; its data is a [stillLine].
const typeStill = "still.kept"

// showsWallClock says of a still that it is the first picture after the officer compared the clock in the
// room with the page's.
const showsWallClock = "wall-clock"

// stillLine is a picture out of the sealed recording, with what it was taken from.
type stillLine struct {
	Shows       string        `json:"shows"`
	Room        string        `json:"room"`
	Camera      string        `json:"camera"`
	Segment     string        `json:"segment"` // its path in the session's folder
	At          clock.Wall    `json:"at"`      // when the picture was captured, on the session's timeline
	Uncertainty time.Duration `json:"uncertainty_ns"`
	SHA256      string        `json:"jpeg_sha256"`
	JPEG        []byte        `json:"jpeg"` // in base64
}

// stillKeeper keeps, after the seal of every session, the first picture of each camera of the room in
// which it was opened: what a court sees of the clock in the room, beside what the officer said of it
// (Z23). The picture stands in the signed line itself, so that there is no moment in which one is there
// without the other. Nothing waits for it, and without ffmpeg there is none: the recording's first pictures
// are there all the same.
type stillKeeper struct {
	station *station
	index   *index
	papers  *transcripts
	files   recordings
	wake    chan struct{} // capacity 1; full: the keeper looks anyway

	mu     sync.Mutex
	sealed []string
}

func newStillKeeper(st *station, x *index, papers *transcripts, files recordings) *stillKeeper {
	k := &stillKeeper{station: st, index: x, papers: papers, files: files, wake: make(chan struct{}, 1)}
	before := x.sealed
	x.sealed = func(id string) {
		if before != nil {
			before(id)
		}
		k.add(id)
	}
	return k
}

func (k *stillKeeper) add(ids ...string) {
	k.mu.Lock()
	k.sealed = append(k.sealed, ids...)
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Run keeps stills until ctx ends.
func (k *stillKeeper) Run(ctx context.Context) error {
	decoder, err := stills.New()
	if err != nil {
		k.station.log.Warn().Err(err).Msg("no still of the clock in the room is kept after the seal")
		<-ctx.Done()
		return ctx.Err()
	}
	// Those that the program did not get to before it ended.
	list, err := k.index.recentSeals(ctx, k.station.clock.Now().Wall.Add(-recent))
	if err != nil {
		k.station.log.Error().Err(err).Msg("look for sessions without a still")
	}
	k.add(list...)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-k.wake:
		}
		k.mu.Lock()
		ids := k.sealed
		k.sealed = nil
		k.mu.Unlock()
		for _, id := range ids {
			if err := k.keep(ctx, decoder, id); err != nil && ctx.Err() == nil {
				k.station.log.Error().Err(err).Str("session", id).Msg("keep a still of the clock in the room")
			}
		}
	}
}

// keep keeps what is not kept yet of a session.
func (k *stillKeeper) keep(ctx context.Context, decoder *stills.Decoder, id string) error {
	give, err := k.papers.take(ctx)
	if err != nil {
		return err
	}
	o, err := k.papers.open(id)
	give()
	if err != nil {
		return err
	}
	if o.record.Form.WallClock.Says == "" || o.readOnly != nil || len(o.record.Table.Rooms) == 0 {
		return nil //nolint:nilerr // nothing can be added to this one, which its page says
	}
	segments, err := o.segments()
	there := stillsIn(o.copies[o.longest].Lines)
	for _, of := range sortedCameras(segments) {
		if of.room != o.record.Table.Rooms[0] || slices.ContainsFunc(there, func(l stillLine) bool { return l.Room == of.room && l.Camera == of.camera }) {
			continue
		}
		line, e := k.first(ctx, decoder, &o.folder, of, segments[of])
		if e == nil && line != nil {
			e = k.papers.Note(ctx, id, typeStill, controllerActor, line)
		}
		err = errors.Join(err, e)
	}
	return err
}

// first returns the first picture of a camera, nil if it gave none.
func (k *stillKeeper) first(ctx context.Context, decoder *stills.Decoder, f *folder, of cameraOf, segments []string) (*stillLine, error) {
	for _, name := range segments {
		x, err := k.files.index(f.files, f.path, name)
		if err != nil || len(x.Entries) == 0 {
			continue // nothing whole in it: the verifier says
		}
		entry := x.Entries[0]
		data, err := parts(f.files, path.Join(f.path, name), [2]int64{0, x.HeaderSize}, [2]int64{entry.From, entry.To})
		if err != nil {
			return nil, err
		}
		b, err := decoder.JPEG(ctx, bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return &stillLine{
			Shows: showsWallClock, Room: of.room, Camera: of.camera, Segment: name,
			At: entry.Start.Wall, Uncertainty: entry.Start.Uncertainty, SHA256: seal.SHA256(b).String(), JPEG: b,
		}, nil
	}
	return nil, nil //nolint:nilnil // a camera that gave no picture has no still
}

// parts returns stretches of a file, each from its first byte to before its last, one after the other.
func parts(files fs.FS, name string, stretches ...[2]int64) ([]byte, error) {
	f, err := openSegment(files, name)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, s := range stretches {
		b := make([]byte, s[1]-s[0])
		if _, err := f.ReadAt(b, s[0]); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		out = append(out, b...)
	}
	return out, f.Close()
}

// stillsIn returns the stills that lines after a seal keep.
func stillsIn(lines []after.Line) []stillLine {
	var out []stillLine
	for _, l := range lines {
		var s stillLine
		if l.Type == typeStill && json.Unmarshal(l.Data, &s) == nil && len(s.JPEG) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// of returns the stills that are kept after a session's seal, from the disk that has most of them. It
// waits for nobody who writes there.
func (k *stillKeeper) of(f *folder) []stillLine {
	if f.sealed == nil {
		return nil
	}
	keys, _ := k.station.keysAfter(f.sealed.Key)
	var best []stillLine
	for _, v := range k.station.disks.healthy() {
		c, err := after.Load(filepath.Join(v.Dir(), filepath.FromSlash(f.path)), seal.SHA256(f.note), keys...)
		if err != nil {
			k.station.log.Error().Err(err).Str("session", f.id).Str("volume", v.ID()).Msg("read what came after the seal")
			continue
		}
		if s := stillsIn(c.Lines); len(s) > len(best) {
			best = s
		}
	}
	return best
}

// views are the stills of a session as its page shows them.
func (k *stillKeeper) views(f *folder) []panel.StillView {
	var out []panel.StillView
	for _, l := range k.of(f) {
		out = append(out, panel.StillView{
			Room: l.Room, Camera: l.Camera, Name: k.station.cameraName(cameraOf{l.Room, l.Camera}), Segment: l.Segment, At: l.At,
			Uncertainty: l.Uncertainty, SHA256: l.SHA256,
		})
	}
	return out
}

// Still returns the bytes of a still that is kept after a session's seal, by their SHA-256.
func (k *stillKeeper) Still(_ context.Context, id, sum string) ([]byte, error) {
	t, err := k.files.find(id)
	if err != nil {
		return nil, err
	}
	f, err := t.read()
	if err != nil && f.sealed == nil {
		return nil, err
	}
	for _, l := range k.of(&f) {
		if l.SHA256 == sum && seal.SHA256(l.JPEG).String() == sum {
			return l.JPEG, nil
		}
	}
	return nil, panel.ErrNotFound
}
