package evidence

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
	"roomrec/evidence/volume/volumetest"
	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testSession = "20261122-140507-7f2k"
	testFolder  = "2026/11/22/20261122-140507-7f2k"
)

// rig is a session on disks in memory with simulated cameras. It lives in a synctest bubble.
type rig struct {
	t       testing.TB
	clock   *clock.System
	disks   []*volumetest.Disk
	volumes []*volume.Volume
	e       *Evidence
	cfg     Config

	eventMu sync.Mutex
	events  []Event
	ackMu   sync.Mutex
	acks    []Ack
	done    chan struct{} // the events have ended
	stopVol context.CancelFunc
	stop    context.CancelFunc
	ran     chan error
	volRan  chan error
}

func newRig(t testing.TB, volumes int, change func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, clock: clock.NewSystem(), done: make(chan struct{}), ran: make(chan error, 1)}
	for i := range volumes {
		r.disks = append(r.disks, volumetest.New(t, fmt.Sprintf("vol-%c", 'a'+i)))
	}
	r.mount()
	r.config(change)
	e, err := Create(context.Background(), r.cfg, journal.Entry{Type: "session.opened", Actor: "officer:li", Data: map[string]string{"kind": "technical"}})
	require.NoError(t, err)
	r.begin(e)
	return r
}

func (r *rig) mount() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stopVol, r.volRan = cancel, make(chan error, len(r.disks))
	r.volumes = nil
	for _, d := range r.disks {
		v, err := volume.Open("/mem", volume.Options{Clock: r.clock, Disk: d})
		require.NoError(r.t, err)
		r.volumes = append(r.volumes, v)
		go func() { r.volRan <- v.Run(ctx) }()
	}
}

func (r *rig) config(change func(*Config)) {
	r.cfg = Config{
		Session: testSession, Folder: testFolder, Volumes: r.volumes,
		Clock: r.clock, Timeline: clock.NewTimeline(r.clock.Now(), time.Millisecond),
		Zone: clock.NewZone(time.FixedZone("CST", 8*3600)), Log: zerolog.Nop(),
		Key: func() (seal.Key, error) { return testKey(r.t), nil },
		Ack: func(a Ack) {
			r.ackMu.Lock()
			defer r.ackMu.Unlock()
			r.acks = append(r.acks, a)
		},
	}
	if change != nil {
		change(&r.cfg)
	}
}

func (r *rig) begin(e *Evidence) {
	ctx, cancel := context.WithCancel(context.Background())
	r.e, r.stop = e, cancel
	go func() { r.ran <- e.Run(ctx) }()
	go func() {
		defer close(r.done)
		for ev := range e.Events() {
			r.eventMu.Lock()
			r.events = append(r.events, ev)
			r.eventMu.Unlock()
		}
	}()
}

// end stops everything that still runs.
func (r *rig) end() {
	r.t.Helper()
	require.NoError(r.t, r.e.Close(context.Background()))
	r.halt()
}

func (r *rig) halt() {
	r.t.Helper()
	require.NoError(r.t, <-r.ran)
	r.stop()
	<-r.done
	r.stopVol()
	for range r.volumes {
		_ = <-r.volRan
	}
}

// of returns the events of one type, in order.
func of[T Event](r *rig) (out []T) {
	r.eventMu.Lock()
	defer r.eventMu.Unlock()
	for _, e := range r.events {
		if e, ok := e.(T); ok {
			out = append(out, e)
		}
	}
	return out
}

// files returns the session's files on a disk by their path in its folder.
func (r *rig) files(d *volumetest.Disk) map[string][]byte {
	r.t.Helper()
	out := map[string][]byte{}
	all := d.Files()
	require.NoError(r.t, fs.WalkDir(all, testFolder, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(all, p)
		out[strings.TrimPrefix(p, testFolder+"/")] = b
		return err
	}))
	return out
}

// scan reads a segment and requires that it is whole.
func scan(t testing.TB, b []byte) *fragment.Segment {
	t.Helper()
	s, err := fragment.Scan(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	require.Nil(t, s.Torn, "%v", s.Torn)
	require.Empty(t, s.Breaks)
	return s
}

// segments returns the paths of a camera's segments in order.
func segments(files map[string][]byte, room, camera string) []string {
	var out []string
	for p := range files {
		if strings.HasPrefix(p, path.Join(room, camera)+"/") {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// lines reads the journal of a disk.
func (r *rig) lines(files map[string][]byte) (out []journal.Line) {
	r.t.Helper()
	head := journal.Head{}
	for n := 1; files[journal.FileName(n)] != nil; n++ {
		c, err := journal.Read(bytes.NewReader(files[journal.FileName(n)]), head, func(l *journal.Line, _ []byte) error {
			l.Data = slices.Clone(l.Data)
			out = append(out, *l)
			return nil
		})
		require.NoError(r.t, err)
		require.NoError(r.t, c.Fault)
		head = c.Head
	}
	return out
}

func types(lines []journal.Line) (out []string) {
	for _, l := range lines {
		out = append(out, l.Type)
	}
	return out
}

// fake is a simulated camera that is published by hand.
type fake struct {
	t      testing.TB
	feed   *media.Feed
	clock  clock.Source
	epoch  int
	tracks []*media.Track
	next   []func() (payload [][]byte, pts, dts int64, ok bool)
	began  clock.Stamp // when tick 0 would have been due
	played time.Duration
	due    []*media.Unit // the next unit of each track
	sent   []*media.Unit // in order
	delay  func(u *media.Unit) time.Duration
	mute   map[int]bool
}

type source interface {
	Track() *media.Track
	Next() (payload [][]byte, pts, dts int64, ok bool)
}

// card returns the sources of a simulated camera with 25 pictures a second and a key picture every
// second.
func card(sound bool) []source {
	out := []source{&noise{track: testcard.NewVideo(testcard.Options{Width: 320, Height: 176}).Track()}}
	if sound {
		out = append(out, testcard.NewSpeech(testcard.SoundOptions{}))
	}
	return out
}

// noise is a source of H.264 pictures that nothing needs to decode.
type noise struct {
	track  *media.Track
	n      int64
	every  int64 // pictures from one key picture to the next; 0: 25
	random rand.PCG
}

func (s *noise) Track() *media.Track { return s.track }

func (s *noise) Next() (payload [][]byte, pts, dts int64, ok bool) {
	slice := make([]byte, 400+s.n%7*50)
	for i := range slice {
		slice[i] = byte(s.random.Uint64())
	}
	slice[0] = 0x41
	if s.n%cmp.Or(s.every, 25) == 0 {
		slice[0] = 0x65
		payload = append(payload, s.track.SPS, s.track.PPS)
	}
	dts = s.n * 3600
	s.n++
	return append(payload, slice), dts, dts, true
}

func newFake(t testing.TB, c clock.Source, sources ...source) *fake {
	f := &fake{t: t, feed: media.NewFeed(), clock: c, mute: map[int]bool{}}
	for _, s := range sources {
		f.tracks = append(f.tracks, s.Track())
		f.next = append(f.next, s.Next)
	}
	f.connect()
	return f
}

// connect begins a new epoch.
func (f *fake) connect() {
	f.epoch++
	now := f.clock.Now()
	f.began = now.Add(-f.played)
	f.due = make([]*media.Unit, len(f.tracks))
	f.feed.Publish(&media.Description{Epoch: f.epoch, Tracks: f.tracks, At: now})
}

func (f *fake) disconnect(err error) { f.feed.Publish(&media.End{At: f.clock.Now(), Err: err}) }

// play publishes everything that is due in the next d, when it is due.
func (f *fake) play(d time.Duration) {
	until := f.clock.Now().Mono.Add(d)
	f.played += d
	for {
		best, at := -1, until
		for i := range f.tracks {
			if f.due[i] == nil {
				payload, pts, dts, ok := f.next[i]()
				if !ok {
					continue
				}
				f.due[i] = &media.Unit{Track: i, PTS: pts, DTS: dts, RTP: uint32(pts), Payload: payload, Key: key(f.tracks[i], payload), Leading: leading(f.tracks[i], payload)}
			}
			if due := f.instant(f.due[i]); due < at {
				best, at = i, due
			}
		}
		if wait := at.Sub(f.clock.Now().Mono); wait > 0 {
			<-time.After(wait)
		}
		if best < 0 {
			return
		}
		u := f.due[best]
		f.due[best] = nil
		if f.mute[best] {
			continue
		}
		u.Arrival = f.clock.Now()
		f.sent = append(f.sent, u)
		f.feed.Publish(u)
	}
}

func (f *fake) instant(u *media.Unit) clock.Mono {
	at := f.began.Mono.Add(f.tracks[u.Track].Ticks(u.DTS).Duration())
	if f.delay != nil {
		at = at.Add(f.delay(u))
	}
	return at
}

func key(t *media.Track, payload [][]byte) bool {
	if !t.Codec.Video() {
		return false
	}
	if t.Codec == media.H265 {
		kind := payload[0][0] >> 1
		return kind == 19 || kind == 21
	}
	return slices.ContainsFunc(payload, func(n []byte) bool { return n[0]&0x1F == 5 })
}

func leading(t *media.Track, payload [][]byte) bool {
	return t.Codec == media.H265 && payload[0][0]>>1 == 8
}

// recorded returns the payloads of a track over all of a camera's segments, in order.
func recorded(t testing.TB, files map[string][]byte, room, camera string, track int) (out [][]byte) {
	t.Helper()
	for _, p := range segments(files, room, camera) {
		s := scan(t, files[p])
		for i := range s.Fragments {
			c, err := s.Samples(bytes.NewReader(files[p]), i)
			require.NoError(t, err)
			out = append(out, c.Tracks[track].Data...)
		}
	}
	return out
}

// hevc is a source of H.265 pictures that nothing needs to decode: an IDR picture, then a CRA picture
// every second, followed by leading pictures or not.
type hevc struct {
	leading bool
	n       int64
}

func (h *hevc) Track() *media.Track {
	return &media.Track{
		Codec: media.H265, ClockRate: 90000, Width: 320, Height: 240,
		VPS: hevcVPS, SPS: hevcSPS, PPS: hevcPPS,
	}
}

func (h *hevc) Next() (payload [][]byte, pts, dts int64, ok bool) {
	kind := byte(1) // trailing
	switch {
	case h.n == 0:
		kind = 19
	case h.n%25 == 0:
		kind = 21
	case h.n%25 <= 2 && h.leading && h.n > 25:
		kind = 8 // skipped leading
	}
	dts = h.n * 3600
	h.n++
	return [][]byte{{kind << 1, 1, byte(h.n), byte(h.n >> 8), 0x80}}, dts, dts, true
}

// Parameter sets of 320x240 pictures, made by x265.
var (
	hevcVPS = []byte{0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x3c, 0x95, 0x94, 0x09}
	hevcSPS = []byte{0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x3c, 0xa0, 0x0a, 0x08, 0x0f, 0x16, 0x59, 0x59, 0x52, 0x93, 0x0b, 0xc0, 0x5a, 0x02, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x32, 0x10}
	hevcPPS = []byte{0x44, 0x01, 0xc0, 0x73, 0xc1, 0x89}
)
