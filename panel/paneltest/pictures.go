package paneltest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
	"roomrec/panel"
	"roomrec/playback"
	"roomrec/rtsp/rtsptest/testcard"
)

func replaceSubject(s, name string) string { return strings.ReplaceAll(s, "{subject}", name) }

// camera returns a simulated camera's picture.
func (b *Backend) camera(id string, o testcard.Options) (*testcard.Video, bool) {
	switch id {
	case "front":
		o.Scene, o.Card = testcard.Front, 1
	case "room":
		o.Scene, o.Card = testcard.Room, 2
	default:
		return nil, false
	}
	o.Zone = clock.NewZone(b.Zone)
	return testcard.NewVideo(o), true
}

// picture is how long one lasts.
const picture = 40 * time.Millisecond

// Live returns the live pictures of the site's cameras.
func (b *Backend) Live() panel.Live { return liveSource{b} }

type liveSource struct{ b *Backend }

// Open implements panel.Live with a camera for each viewer.
func (l liveSource) Open(_ context.Context, roomID, camera string) (panel.LiveStream, error) {
	l.b.mu.Lock()
	r, ok := l.b.rooms[roomID]
	dead := ok && r.dead[camera]
	l.b.mu.Unlock()
	v, known := l.b.camera(camera, testcard.Options{Clock: l.b.clock, KeyEvery: 50})
	if !ok || dead || !known {
		return nil, panel.ErrNotFound
	}
	s := &liveStream{b: l.b, room: roomID, camera: camera, video: v, live: playback.NewLive(false), tick: time.NewTicker(picture)}
	_, err := s.live.Add(&media.Description{Epoch: 1, Tracks: []*media.Track{v.Track()}, At: l.b.clock.Now()})
	return s, err
}

type liveStream struct {
	b            *Backend
	room, camera string
	video        *testcard.Video
	live         *playback.Live
	tick         *time.Ticker
	n            int
	ready        []playback.Piece
}

// Next implements panel.LiveStream.
func (s *liveStream) Next(ctx context.Context) (panel.Piece, error) {
	for len(s.ready) == 0 {
		select {
		case <-ctx.Done():
			return panel.Piece{}, ctx.Err()
		case <-s.tick.C:
		}
		s.b.mu.Lock()
		r := s.b.rooms[s.room]
		dead := r == nil || r.dead[s.camera]
		s.b.mu.Unlock()
		if dead {
			return panel.Piece{}, io.EOF
		}
		payload, pts, dts, _ := s.video.Next()
		u := &media.Unit{Arrival: s.b.clock.Now(), PTS: pts, DTS: dts, Payload: payload, Key: s.n%50 == 0}
		s.n++
		var err error
		if s.ready, err = s.live.Add(u); err != nil {
			return panel.Piece{}, err
		}
	}
	p := s.ready[0]
	s.ready = s.ready[1:]
	return panel.Piece(p), nil
}

// Close implements panel.LiveStream.
func (s *liveStream) Close() error {
	s.tick.Stop()
	return nil
}

// tape is a recorded segment in memory.
type tape struct {
	data  []byte
	index *playback.Index
}

// tapeLength is how long the backend's recordings are.
const tapeLength = 20 * time.Second

// Recordings returns what the site has recorded: for every session and camera the same clip.
func (b *Backend) Recordings() panel.Recordings { return shelf{b} }

type shelf struct{ b *Backend }

func (s shelf) tape(ctx context.Context, sess, camera string) (*tape, error) {
	rec, err := s.b.Session(ctx, sess)
	if err != nil {
		return nil, err
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	key := sess + "/" + camera
	if t := s.b.tapes[key]; t != nil {
		return t, nil
	}
	v, ok := s.b.camera(camera, testcard.Options{Start: rec.Opened, KeyEvery: 50})
	if !ok {
		return nil, panel.ErrNotFound
	}
	t, err := record(v, rec.Opened)
	if err == nil {
		s.b.tapes[key] = t
	}
	return t, err
}

// record writes a clip as the recorder does, a fragment each second.
func record(v *testcard.Video, start clock.Wall) (*tape, error) {
	w, data, err := fragment.NewWriter(fragment.Header{
		Session: "s", Room: "room3", Camera: "c", Run: 1, Segment: 1, Origin: clock.Instant{Wall: start}, Tracks: []*media.Track{v.Track()},
	})
	if err != nil {
		return nil, err
	}
	const perFragment = 25
	for n := range int(tapeLength / picture / perFragment) {
		var part fragment.Part
		for i := range perFragment {
			payload, pts, dts, _ := v.Next()
			if i == 0 {
				part.Decode = dts
			}
			part.Units = append(part.Units, &media.Unit{PTS: pts, DTS: dts, Payload: payload, Key: (n*perFragment+i)%50 == 0})
			part.Durations = append(part.Durations, 3600)
		}
		at := start.Add(time.Duration(n) * perFragment * picture)
		bytes, _, err := w.Append(fragment.Fragment{
			Sequence: uint32(n + 1), Tracks: []fragment.Part{part},
			Start: clock.Instant{Wall: at}, End: clock.Instant{Wall: at.Add(perFragment * picture)}, Source: "arrival",
		})
		if err != nil {
			return nil, err
		}
		data = append(data, bytes...)
	}
	x, err := playback.NewIndex(bytes.NewReader(data), int64(len(data)))
	return &tape{data: data, index: x}, err
}

// Playlist implements panel.Recordings.
func (s shelf) Playlist(ctx context.Context, sess, roomID, camera, files string) ([]byte, error) {
	t, err := s.tape(ctx, sess, camera)
	if err != nil {
		return nil, err
	}
	return playback.Playlist([]playback.Source{{Path: fmt.Sprintf("%s/%s/run-0001/0001.mp4", roomID, camera), Index: t.index}}, files, true), nil
}

// File implements panel.Recordings.
func (s shelf) File(ctx context.Context, sess, path string) (panel.File, error) {
	parts := strings.Split(path, "/")
	if len(parts) != 4 || parts[3] != "0001.mp4" {
		return nil, panel.ErrNotFound
	}
	t, err := s.tape(ctx, sess, parts[1])
	if err != nil {
		return nil, err
	}
	return memory{bytes.NewReader(t.data)}, nil
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }
