package evidence

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
	"roomrec/media"
)

var (
	historiesFlag = flag.Uint64("histories", 10, "play so many histories of disks")
	// What comes of these is not settled: two histories that contradict one another in one session's folder.
	roughFlag   = flag.Bool("rough", false, "histories in which disks come as they had been before, or cannot be read everywhere")
	historyFlag = flag.Uint64("history", 0, "play this history of disks alone and print its story")
)

// Whatever disks do, a session goes on and is sealed; what was acknowledged counts as long as a disk that is there has
// it, what is missing is declared, and neither verifier calls a copy altered, or incomplete that is not.
func TestHistoriesOfDisks(t *testing.T) {
	first, last := uint64(1), *historiesFlag
	if *historyFlag > 0 {
		first, last = *historyFlag, *historyFlag
	}
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			var h *history
			synctest.Test(t, func(t *testing.T) {
				h = newHistory(t, seed)
				defer func() {
					if !h.over {
						h.stop()
					}
					<-time.After(time.Minute) // calls to slow disks return
				}()
				h.play()
			})
			for i, files := range h.sealed {
				python := judgedInPython(t, files)
				require.Equal(t, string(h.verdicts[i].Verdict), python.Verdict, "both verifiers: %v\n%v", h.verdicts[i].Findings, python.Findings)
				require.ElementsMatch(t, incomplete(h.verdicts[i].Findings), incompleteInPython(python))
			}
		})
	}
}

// history is what happens to a session and its disks.
type history struct {
	t      *testing.T
	random *rand.Rand
	r      *rig
	fakes  []*fake
	spool  string
	away   []*volumetest.Disk // that may come back
	olds   []*volumetest.Disk // states of before
	ids    map[*volumetest.Disk]string
	next   int // the next new disk
	// forked says that the session went on once without a disk that held more of it, or a disk came back as it had been.
	forked bool
	acked  map[string][]byte // what was acknowledged of every segment, and was there at the last restart
	ends   map[string][]int64
	taken  int // acknowledgements that are in acked

	spoilt   map[*volumetest.Disk]func() // that cannot be read everywhere
	over     bool
	sealed   []map[string][]byte
	verdicts []verify.Folder
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{
		t: t, random: rand.New(rand.NewPCG(seed, 23)), ids: map[*volumetest.Disk]string{},
		acked: map[string][]byte{}, ends: map[string][]int64{}, spoilt: map[*volumetest.Disk]func(){},
	}
	if h.one(2) {
		h.spool = t.TempDir()
	}
	h.next = 2 + h.random.IntN(2)
	h.r = newRig(t, h.next, h.config)
	for i, d := range h.r.disks {
		h.ids[d] = fmt.Sprintf("vol-%c", 'a'+i)
	}
	for range 1 + h.random.IntN(2) {
		h.fakes = append(h.fakes, newFake(t, h.r.clock, card(h.one(2))...))
	}
	h.record()
	return h
}

func (h *history) config(c *Config) {
	c.Spool = h.spool
	c.Limits.SegmentLength = 4 * time.Second
	c.Limits.Checkpoint = 3 * time.Second
	if h.one(3) {
		c.Limits.FoundBytes = 1
	}
}

// one is true once in so many times.
func (h *history) one(in int) bool { return h.random.IntN(in) == 0 }

func (h *history) say(format string, args ...any) {
	if *historyFlag > 0 {
		h.t.Logf("%s "+format, append([]any{h.r.clock.Now().Wall}, args...)...)
	}
}

func (h *history) record() {
	for i, f := range h.fakes {
		require.NoError(h.t, h.r.e.Record(Camera{Room: fmt.Sprintf("r%d", i), ID: "c", Feed: f.feed, Required: true}))
	}
}

// some lets the cameras go on for a while.
func (h *history) some(most time.Duration) {
	d := time.Duration(h.random.Int64N(int64(most)))
	var all sync.WaitGroup
	for _, f := range h.fakes {
		all.Go(func() { f.play(d) })
	}
	all.Wait()
}

// in reports whether the i-th disk is in the set.
func (h *history) in(i int) bool {
	id := h.ids[h.r.disks[i]]
	return h.r.e != nil && slices.ContainsFunc(h.r.e.set.all(), func(m member) bool { return m.in && m.vol.ID() == id })
}

func (h *history) play() {
	for range 1 + h.random.IntN(3) {
		for range 2 + h.random.IntN(8) {
			h.step()
			h.some(5 * time.Second)
		}
		h.restart()
	}
	for range h.random.IntN(4) {
		h.step()
		h.some(5 * time.Second)
	}
	h.end()
}

func (h *history) step() {
	r := h.r
	i := h.random.IntN(len(r.disks))
	switch h.random.IntN(11) {
	case 0, 1, 2:
		h.say("fails: %s", h.ids[r.disks[i]])
		r.fail(i)
	case 3, 4, 5:
		h.back()
	case 6:
		if h.one(3) || len(r.disks) > 4 {
			h.say("all fail")
			for i := range r.disks {
				r.fail(i)
			}
			return
		}
		d := volumetest.New(h.t, fmt.Sprintf("vol-%c", 'a'+h.next))
		what := "new"
		if h.one(2) {
			what = "copy of " + h.ids[r.disks[i]]
			d = r.disks[i].Again()
			d.Mark(h.t, fmt.Sprintf("vol-%c", 'a'+h.next))
		}
		h.ids[d] = fmt.Sprintf("vol-%c", 'a'+h.next)
		h.next++
		h.join(d, what)
	case 7:
		h.say("slow: %s", h.ids[r.disks[i]])
		r.disks[i].Fail(volumetest.Sync, volumetest.Fault{Delay: time.Duration(h.random.IntN(4500)) * time.Millisecond})
	case 8:
		f := h.fakes[h.random.IntN(len(h.fakes))]
		h.say("disconnects")
		f.disconnect(errDisk)
		h.some(2 * time.Second)
		f.connect()
	case 9:
		f := h.fakes[h.random.IntN(len(h.fakes))]
		h.say("loses")
		now := r.clock.Now()
		f.feed.Publish(&media.Gap{Track: 0, From: now.Add(-40 * time.Millisecond), To: now, Cause: media.CauseLoss, Units: 1, Packets: 2})
	case 10:
		h.say("kept as it is: %s", h.ids[r.disks[i]])
		h.keep(r.disks[i])
	}
}

// files reads a disk, where it cannot be read as well.
func (h *history) files(d *volumetest.Disk) map[string][]byte {
	d.Heal()
	files := h.r.files(d)
	if again := h.spoilt[d]; again != nil {
		again()
	}
	return files
}

// spoil lets a place of a disk be unreadable.
func (h *history) spoil(d *volumetest.Disk) {
	files := h.r.files(d)
	names := slices.Sorted(maps.Keys(files))
	if len(names) == 0 {
		return
	}
	name := names[h.random.IntN(len(names))]
	at := h.random.Int64N(int64(len(files[name]) + 1))
	h.say("cannot be read: %s %s %d", h.ids[d], name, at)
	h.spoilt[d] = func() { d.Spoil(testFolder+"/"+name, at, 512) }
	h.spoilt[d]()
}

func (h *history) keep(d *volumetest.Disk) {
	old := d.Again()
	h.ids[old] = h.ids[d]
	h.olds = append(h.olds, old)
}

// back brings a disk back that has left, or one that is away.
func (h *history) back() {
	var out []int
	for i := range h.r.disks {
		if !h.in(i) {
			out = append(out, i)
		}
	}
	if len(out)+len(h.away) == 0 {
		return
	}
	k := h.random.IntN(len(out) + len(h.away))
	if k >= len(out) {
		k -= len(out)
		d := h.away[k]
		h.away = slices.Delete(h.away, k, k+1)
		h.join(d, "comes")
		return
	}
	i := out[k]
	was := h.r.disks[i]
	h.r.disks = slices.Delete(h.r.disks, i, i+1)
	id := h.ids[was]
	d, what := was.Again(), "back"
	old := slices.IndexFunc(h.olds, func(o *volumetest.Disk) bool { return h.ids[o] == id })
	switch {
	case h.one(10):
		d, what = volumetest.New(h.t, id), "back, empty"
		h.forked = true
	case h.one(10) && old >= 0:
		d, what = h.olds[old].Again(), "back, as it was"
		h.forked = true
	case h.one(3):
		d, what = was.Crash(h.random), "back, cut off from power"
	}
	h.ids[d] = id
	h.join(d, what)
}

func (h *history) join(d *volumetest.Disk, what string) {
	h.r.disks = append(h.r.disks, d)
	err := h.r.e.Join(context.Background(), h.r.open(d))
	h.say("%s: %s, %v", what, h.ids[d], err)
	if err != nil && !h.in(len(h.r.disks)-1) {
		h.r.disks = slices.Delete(h.r.disks, len(h.r.disks)-1, len(h.r.disks))
		h.away = append(h.away, d)
	}
}

// took takes in what was acknowledged so far.
func (h *history) took() {
	h.r.ackMu.Lock()
	defer h.r.ackMu.Unlock()
	files := map[string]map[string][]byte{}
	for _, d := range slices.Concat(h.r.disks, h.away) {
		files[h.ids[d]] = h.files(d)
	}
	for _, a := range h.r.acks[h.taken:] {
		p := a.File[len(testFolder)+1:]
		b := files[a.Volume][p]
		if int64(len(b)) < a.End || int64(len(h.acked[p])) >= a.End {
			continue // it came back without it, or another has it
		}
		require.True(h.t, bytes.HasPrefix(b, h.acked[p]), p)
		h.acked[p] = b[:a.End]
		h.ends[p] = append(h.ends[p], a.End)
	}
	h.taken = len(h.r.acks)
}

// restart ends the program, however, and starts it with some of the disks.
func (h *history) restart() {
	for {
		random := h.random
		if h.r.e != nil && h.one(4) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			err := h.r.e.Close(ctx)
			cancel()
			h.say("closes, %v", err)
		}
		h.took()
		power := h.one(2)
		var all []*volumetest.Disk
		in := map[*volumetest.Disk]bool{}
		for i, d := range h.r.disks {
			n := d.Again()
			if power {
				n = d.Crash(random)
			}
			h.ids[n] = h.ids[d]
			in[n] = h.in(i)
			all = append(all, n)
		}
		h.stop()
		<-time.After(time.Second)
		back := slices.Clone(h.away)
		h.away = nil
		for _, d := range back {
			if h.one(2) || slices.ContainsFunc(all, func(o *volumetest.Disk) bool { return h.ids[o] == h.ids[d] }) {
				h.away = append(h.away, d)
				continue
			}
			all = append(all, d)
		}
		var there []*volumetest.Disk
		for _, d := range all {
			switch h.random.IntN(6) {
			case 0:
				h.say("dies: %s", h.ids[d])
			case 1:
				h.say("stays away: %s", h.ids[d])
				h.away = append(h.away, d)
			default:
				old := slices.IndexFunc(h.olds, func(o *volumetest.Disk) bool { return h.ids[o] == h.ids[d] })
				switch {
				case *roughFlag && h.one(12) && old >= 0:
					h.say("comes as it was: %s", h.ids[d])
					d = h.olds[old].Again()
					h.ids[d] = h.ids[h.olds[old]]
					h.forked = true
				case *roughFlag && h.one(8):
					h.spoil(d)
				case h.one(12):
					h.say("read only: %s", h.ids[d])
					d.Fail(volumetest.Write, volumetest.Fault{Err: errDisk})
				}
				there = append(there, d)
			}
		}
		first := func(d *volumetest.Disk) bool { return len(h.files(d)["journal-0001.jsonl"]) > 0 }
		if !slices.ContainsFunc(there, first) {
			i := slices.IndexFunc(all, first)
			if i < 0 {
				h.over = true
				h.t.Skip("nobody knows what session it was")
			}
			h.say("is there all the same: %s", h.ids[all[i]])
			h.away = slices.DeleteFunc(h.away, func(d *volumetest.Disk) bool { return d == all[i] })
			there = append(there, all[i])
		}
		if h.start(there, all) {
			return
		}
	}
}

// stop ends the program as a crash does.
func (h *history) stop() {
	for _, d := range h.r.disks {
		d.Mend()
	}
	if h.r.e != nil {
		h.r.kill()
		return
	}
	h.r.stopVol()
	for range h.r.volumes {
		_ = <-h.r.volRan
	}
}

// start starts the program on disks; false: it failed again.
func (h *history) start(disks, all []*volumetest.Disk) bool {
	n := &rig{t: h.t, clock: h.r.clock, disks: disks, done: make(chan struct{}), ran: make(chan error, 1)}
	n.mount()
	h.r, h.taken = n, 0
	found, err := Survey(context.Background(), testFolder, n.volumes)
	for errors.Is(err, ErrForked) && len(n.disks) > 1 {
		// A person looks, and takes one away.
		require.True(h.t, h.forked, "nobody went on alone: %v", err)
		h.say("forked: %v", err)
		h.away = append(h.away, n.disks[0])
		n.disks, n.volumes = n.disks[1:], n.volumes[1:]
		found, err = Survey(context.Background(), testFolder, n.volumes)
	}
	if errors.Is(err, ErrUnread) {
		h.say("cannot be read: %v", err)
		for _, d := range n.disks {
			d.Heal()
			delete(h.spoilt, d)
		}
		found, err = Survey(context.Background(), testFolder, n.volumes)
	}
	if err != nil && h.forked {
		h.over = true
		h.stop()
		h.t.Skip("nobody knows what session it was: ", err)
	}
	require.NoError(h.t, err)
	names := []string{}
	for _, d := range n.disks {
		names = append(names, h.ids[d])
	}
	h.say("starts with %v, holes %v, forked %v", names, found.Holes, h.forked)
	if *historyFlag > 0 {
		for _, g := range found.segments {
			text := fmt.Sprintf("%s counts %d:", g.path, g.count)
			for id, on := range g.on {
				text += fmt.Sprintf(" %s %d of %d bytes, %x", id, on.whole, on.size, on.head.Prev[:3])
				for _, in := range on.infos {
					text += fmt.Sprintf(" %d(%x)", in.Sequence, in.Prev[:2])
				}
			}
			h.say("%s lost %v", text, g.lost)
		}
		for _, l := range found.Lines {
			h.say("%s", l.Data)
		}
	}
	last := func(d *volumetest.Disk) string {
		var p string
		for q := range h.files(d) {
			if _, ok := journal.FileNumber(q); ok {
				p = max(p, q)
			}
		}
		return p + fmt.Sprintf(" %09d", len(h.files(d)[p]))
	}
	most := ""
	for _, d := range n.disks {
		most = max(most, last(d))
	}
	without := slices.ContainsFunc(append(slices.Clone(all), h.away...), func(d *volumetest.Disk) bool { return last(d) > most })
	h.forked = h.forked || without
	h.counts(found, n.disks, without)
	n.config(h.config)
	n.cfg.Timeline = clock.ResumeTimeline(n.clock.Now(), time.Millisecond, found.Last.Wall, n.clock.Now().Mono)
	if h.one(4) {
		h.say("disks fail while it starts")
		for _, d := range n.disks {
			d.Fail(volumetest.Write, volumetest.Fault{Err: errDisk, After: h.random.Int64N(4000)})
		}
	}
	e, err := Open(context.Background(), n.cfg, found)
	if err != nil {
		h.say("cannot go on: %v", err)
		return false
	}
	n.begin(e)
	for _, f := range h.fakes {
		f.connect()
	}
	h.record()
	h.some(3 * time.Second)
	return true
}

// counts requires that what was acknowledged and is on a disk that is there counts. Without a disk that has more of the
// journal nobody knows who had left.
func (h *history) counts(found *Found, disks []*volumetest.Disk, without bool) {
	files := []map[string][]byte{}
	for _, d := range disks {
		if h.spoilt[d] == nil {
			files = append(files, h.files(d))
		}
	}
	for p, b := range h.acked {
		most := int64(0)
		for _, f := range files {
			most = max(most, int64(common(f[p], b)))
		}
		kept := int64(0)
		for _, end := range h.ends[p] {
			if end <= most {
				kept = max(kept, end)
			}
		}
		if kept == 0 {
			delete(h.acked, p)
			continue
		}
		i := slices.IndexFunc(found.segments, func(g *foundSegment) bool { return g.path == p })
		require.GreaterOrEqual(h.t, i, 0, p)
		if without {
			kept = min(kept, found.segments[i].size)
		}
		h.acked[p] = b[:kept]
		require.GreaterOrEqual(h.t, found.segments[i].size, kept, "%s was acknowledged", p)
	}
}

func common(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// end seals the session.
func (h *history) end() {
	ctx := context.Background()
	var sealed *Sealed
	for tries := 0; sealed == nil; tries++ {
		require.Less(h.t, tries, 20, "it cannot be sealed")
		if h.r.e.set.mask() == 0 {
			h.back()
		}
		if h.r.e.set.mask() == 0 && tries > 5 {
			h.restart()
		}
		if tries < 3 && h.one(3) {
			i := h.random.IntN(len(h.r.disks))
			h.say("fails while it is sealed: %s", h.ids[h.r.disks[i]])
			h.r.disks[i].Fail(volumetest.Write, volumetest.Fault{Err: errDisk, After: h.random.Int64N(3000)})
		}
		if err := h.r.e.StopRecording(ctx); err != nil {
			h.say("cannot stop: %v", err)
			continue
		}
		var err error
		if sealed, err = h.r.e.Seal(ctx, testKey(h.t), Facts{}); err != nil {
			h.say("cannot be sealed: %v", err)
		}
	}
	h.took()
	h.r.halt()
	h.over = true
	for _, d := range h.r.disks {
		d.Heal()
	}
	h.spoilt = nil
	h.check(sealed)
}

func (h *history) check(sealed *Sealed) {
	t, st := h.t, &sealed.Statement
	var have []int
	for i, d := range h.r.disks {
		if slices.Contains(sealed.Volumes, h.ids[d]) {
			have = append(have, i)
			h.sealed = append(h.sealed, h.files(d))
		}
	}
	require.NotEmpty(t, have)
	rep := h.r.folders(have...)
	h.verdicts = rep.Folders
	good := []verify.Verdict{verify.Intact, verify.Gaps}
	for i, f := range rep.Folders {
		id := h.ids[h.r.disks[have[i]]]
		h.say("%s: %s %v, lacking %v", id, f.Verdict, f.Findings, sealed.Lacking)
		complete := slices.ContainsFunc(st.Volumes, func(v seal.Volume) bool { return v.ID == id && v.Complete })
		if complete {
			require.Contains(t, good, f.Verdict, "%v", f.Findings)
		}
		require.Contains(t, append(slices.Clone(good), verify.Incomplete), f.Verdict, "%v", f.Findings)
	}
	for _, both := range rep.Together {
		if without := slices.ContainsFunc(st.Volumes, func(v seal.Volume) bool { return v.Left == nil && !slices.Contains(sealed.Volumes, v.ID) }); without {
			continue // it failed when all was said
		}
		if len(sealed.Lacking) > 0 {
			require.Equal(t, verify.Incomplete, both.Verdict, "%v", both.Findings)
		} else {
			require.Contains(t, good, both.Verdict, "%v", both.Findings)
		}
	}
	for p, b := range h.acked {
		i := slices.IndexFunc(st.Files, func(f seal.File) bool { return f.Path == p })
		require.GreaterOrEqual(t, i, 0, p)
		require.GreaterOrEqual(t, st.Files[i].Size, int64(len(b)), "%s was acknowledged", p)
	}
	counted := map[string][]byte{}
	for _, f := range st.Files {
		for _, files := range h.sealed {
			if b := files[f.Path]; f.Kind == seal.KindSegment && f.Size > 0 && int64(len(b)) >= f.Size && seal.SHA256(b[:f.Size]) == f.SHA256 {
				counted[f.Path] = b[:f.Size]
			}
		}
	}
	for i, f := range h.fakes {
		h.declared(st, counted, fmt.Sprintf("r%d", i), f)
	}
}

// declared requires that every picture is recorded or in a time that is declared as missing.
func (h *history) declared(st *seal.Statement, counted map[string][]byte, room string, f *fake) {
	const off = 100 * time.Millisecond
	type span struct{ from, to clock.Wall }
	var missing []span
	last := clock.Wall(0)
	for _, r := range st.Runs {
		if r.Room != room {
			continue
		}
		missing = append(missing, span{last, r.First.Wall})
		for _, g := range r.Gaps {
			missing = append(missing, span{g.From.Wall, g.To.Wall})
		}
		if slices.ContainsFunc(r.Segments, func(p string) bool { return counted[p] == nil }) {
			missing = append(missing, span{r.First.Wall, r.Last.Wall}) // a verifier says what
		}
		last = r.Last.Wall
	}
	missing = append(missing, span{last, 1 << 62})
	got := map[string]bool{}
	for _, b := range recorded(h.t, counted, room, "c", 0) {
		require.False(h.t, got[string(b)], "a picture is there twice")
		got[string(b)] = true
	}
	n := 0
	for _, u := range f.sent {
		if u.Track != 0 {
			continue
		}
		at := u.Arrival.Wall
		if !got[string(sentOf(&fake{sent: []*media.Unit{u}, tracks: f.tracks}, 0)[0])] {
			require.True(h.t, slices.ContainsFunc(missing, func(s span) bool {
				return at >= s.from.Add(-off) && at <= s.to.Add(off)
			}), "the picture of %s is missing and nothing says so: %v", at, missing)
			continue
		}
		n++
	}
	require.Len(h.t, got, n)
}
