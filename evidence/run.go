package evidence

import (
	"fmt"
	"math"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// run is an unbroken stretch of one camera while it is being recorded.
type run struct {
	c    *camera
	rec  *runRecord
	lead int // the track that leads: the first with pictures, or the first

	tracks   []*media.Track // as described now
	usual    []int64        // the last length of each track's units
	lost     []fragment.Lost
	seq      uint32 // of the last fragment
	segments int
	leaf     fragment.Hash // of the last fragment
	shown    shown
	seg      *segment
	again    *segment      // of what is being written anew, see catchUp
	rotate   string        // why the next fragment begins a new segment, "" if it does not
	cur      filling       // the fragment that is being filled
	ahead    []*media.Unit // a CRA picture and what followed it, until it is known whether leading pictures do
	aheadAt  clock.Mono    // since when
	before   *media.Unit   // the last one of the leading track
	told     bool          // the source has declared a gap since then
}

// filling is a fragment that is being filled.
type filling struct {
	parts       [][]*media.Unit
	size        int
	began       clock.Mono // when the first unit was taken in
	first, last clock.Stamp
}

func (f *filling) empty() bool { return f.size == 0 }

func newRun(c *camera, number, lead int) *run {
	n := len(c.desc.Tracks)
	r := &run{
		c: c, lead: lead, tracks: c.desc.Tracks,
		usual: make([]int64, n), lost: make([]fragment.Lost, n),
		leaf: fragment.Hash(c.e.first), rotate: SegmentRun,
		rec: newRunRecord(c.of, number, c.desc.Tracks),
	}
	r.cur.parts = make([][]*media.Unit, n)
	r.shown.start = c.e.reach(c.of, math.MinInt64)
	r.shown.end = r.shown.start
	return r
}

// start makes the run known, with the first fragment: the leading track's first unit begins it, and
// sound that ended before that is left out.
func (r *run) start(filled *filling) {
	var began clock.Mono
	if lead := filled.parts[r.lead]; len(lead) > 0 {
		began = r.c.axes[r.lead].at(lead[0].PTS)
	}
	for i, units := range filled.parts {
		if i == r.lead {
			continue
		}
		a := &r.c.axes[i]
		for len(units) > 0 && a.at(units[0].PTS+usualDuration(a.track, units[0])) <= began {
			units = units[1:]
		}
		filled.parts[i] = units
	}
	first := r.c.e.instant(began)
	r.rec.begin(r.c.e, first)
	r.c.e.events.put(RunBegan{r.c.of, r.rec.number, first})
	data := runBeganData{Room: r.c.of.Room, Camera: r.c.of.Camera, Run: r.rec.number, First: first}
	for _, t := range r.tracks {
		data.Tracks = append(data.Tracks, t.Codec.String())
	}
	r.c.e.note(TypeRunBegan, data)
}

// parameters takes in new parameter sets: the next key picture begins a segment that has them.
func (r *run) parameters(tracks []*media.Track) {
	changed := false
	for i, t := range tracks {
		was := r.tracks[i]
		changed = changed || string(t.SPS) != string(was.SPS) || string(t.PPS) != string(was.PPS) ||
			string(t.VPS) != string(was.VPS) || string(t.Config) != string(was.Config)
	}
	if changed && r.rotate == "" {
		r.rotate = SegmentParameters
	}
	if changed && r.seg == nil {
		r.tracks = tracks
	}
}

// lose counts what the source says is missing.
func (r *run) lose(g *media.Gap) {
	for i := range r.lost {
		if g.Track == i || g.Track == media.AllTracks {
			r.lost[i].Gaps++
		}
	}
	i := g.Track
	if i < 0 || i >= len(r.lost) {
		i = r.lead
	}
	r.lost[i].Packets += uint32(g.Packets)
	r.lost[i].Units += uint32(g.Units)
}

// due returns why the key picture u begins a new segment, "" if it does not.
func (r *run) due(u *media.Unit) string {
	switch {
	case r.rotate != "":
		return r.rotate
	case r.seg == nil:
		return ""
	}
	if _, _, generation := r.c.e.set.current(); generation != r.seg.generation {
		return SegmentVolumes
	}
	if r.c.axes[r.lead].length(u.DTS-r.seg.firstDTS) >= r.c.e.limits.SegmentLength {
		return SegmentLength
	}
	return ""
}

// add takes in the next unit in the order of arrival.
func (r *run) add(u *media.Unit) {
	if len(r.ahead) > 0 {
		if u.Track != r.lead {
			r.ahead = append(r.ahead, u)
			return
		}
		r.decide(!u.Leading)
		if r.c.run != r {
			return
		}
	}
	if u.Key && u.Track == r.lead && r.seg != nil && r.due(u) != "" {
		if isCRA(r.tracks[r.lead].Codec, u) {
			// Its leading pictures need what came before it, so that a segment that begins with it
			// would not play by itself. The next picture tells.
			r.ahead, r.aheadAt = append(r.ahead, u), r.c.e.cfg.Clock.Now().Mono
			return
		}
		r.put(u, r.due(u))
		return
	}
	r.put(u, "")
}

// decide takes in what was held back for a CRA picture. Without rotation what is due stays due.
func (r *run) decide(rotate bool) {
	ahead := r.ahead
	r.ahead = nil
	for i, u := range ahead {
		why := ""
		if i == 0 && rotate {
			why = r.due(u)
		}
		r.put(u, why)
		if r.c.run != r {
			return
		}
	}
}

// isCRA reports whether a key picture is a clean random access picture, which leading pictures may
// follow that need earlier ones (H.265, NAL unit type 21).
func isCRA(codec media.Codec, u *media.Unit) bool {
	if codec != media.H265 {
		return false
	}
	for _, n := range u.Payload {
		if len(n) > 0 && n[0]>>1&0x3F == 21 {
			return true
		}
	}
	return false
}

// put puts u into the fragment; why says that it begins a new segment, "" that it does not.
func (r *run) put(u *media.Unit, why string) {
	if r.full(u) || why != "" {
		r.close(u)
		if r.c.run != r {
			return
		}
	}
	if why != "" {
		r.retire()
		r.rotate = why
		r.tracks = r.c.desc.Tracks
	}
	f := &r.cur
	if f.empty() {
		f.began, f.first = r.c.e.cfg.Clock.Now().Mono, u.Arrival
	}
	f.parts[u.Track] = append(f.parts[u.Track], u)
	f.size += u.Size()
	f.last = u.Arrival
	if u.Damaged {
		r.lost[u.Track].Damaged++
	}
}

// full reports whether the fragment must be closed before u.
func (r *run) full(u *media.Unit) bool {
	f := &r.cur
	limits := &r.c.e.limits
	if f.empty() {
		return false
	}
	own := f.parts[u.Track]
	if r.seq == 0 && len(f.parts[r.lead]) == 0 {
		return false // the sound of before the key picture, which is about to come, never stands alone
	}
	if u.Key && u.Track == r.lead && r.tracks[r.lead].Codec.Video() && len(own) > 0 {
		return true
	}
	if f.size+u.Size() > limits.FragmentBytes {
		return true
	}
	longest := limits.FragmentLength
	if u.Track != r.lead {
		longest *= 2 // the leading track decides, unless it is silent
	}
	return len(own) > 0 && r.c.axes[u.Track].length(u.DTS-own[0].DTS) >= longest
}

// deadline returns when something must be closed although no unit comes.
func (r *run) deadline() (clock.Mono, bool) {
	length := r.c.e.limits.FragmentLength
	switch {
	case !r.cur.empty():
		return r.cur.began.Add(length), true
	case len(r.ahead) > 0:
		return r.aheadAt.Add(length), true
	}
	return 0, false
}

// expire closes what has waited for long enough.
func (r *run) expire(now clock.Mono) {
	length := r.c.e.limits.FragmentLength
	if len(r.ahead) > 0 && now.Sub(r.aheadAt) >= length {
		r.decide(false)
	}
	if r.c.run == r && !r.cur.empty() && now.Sub(r.cur.began) >= length {
		r.close(nil)
	}
}

// finish closes the last fragment.
func (r *run) finish() {
	r.decide(false)
	if r.c.run == r {
		r.close(nil)
	}
}

// close turns what was filled into a fragment and hands it to the volumes; next is the unit that
// follows, nil if none is known. If that is impossible the run is over.
func (r *run) close(next *media.Unit) {
	f := &r.cur
	if f.empty() {
		return
	}
	filled := *f
	*f = filling{parts: make([][]*media.Unit, len(filled.parts))}
	s, err := r.build(&filled, next)
	if err != nil {
		r.c.fail(r, err, &filled)
		return
	}
	r.c.idle = idle{}
	r.c.send(s)
	r.c.flushGaps()
}

// build makes the fragment's bytes, and a new segment if one must begin.
func (r *run) build(filled *filling, next *media.Unit) (*sent, error) {
	if r.seg == nil {
		if err := r.open(filled); err != nil {
			return nil, err
		}
	}
	out := fragment.Fragment{Sequence: r.seq + 1, Tracks: make([]fragment.Part, len(filled.parts)), Source: captureSource}
	var late []*media.Gap
	for i, units := range filled.parts {
		p := &out.Tracks[i]
		if len(units) == 0 {
			continue
		}
		placed := r.seg.place(r.c.axes, i, units)
		if g := r.late(i, units[:len(units)-len(placed)]); g != nil {
			late = append(late, g)
		}
		if units = placed; len(units) == 0 {
			continue
		}
		var after *media.Unit
		if next != nil && next.Track == i {
			after = next
		}
		p.Units = units
		p.Decode = units[0].DTS - r.seg.base[i]
		p.Durations, r.usual[i] = durations(r.tracks[i], units, after, r.usual[i])
	}
	reached := r.shown.end
	start, end, ok := r.span(&out)
	if !ok {
		return nil, fmt.Errorf("fragment %d: every unit is older than its segment", out.Sequence)
	}
	for _, g := range late {
		r.lose(g)
		r.c.declare(r.rec, g)
	}
	if out.Sequence > 1 {
		r.c.stepped(r, reached, start)
	}
	for i := range out.Tracks {
		out.Tracks[i].Lost = r.lost[i]
	}
	r.c.e.reach(r.c.of, end)
	out.Start, out.End = r.c.e.instant(start), r.c.e.instant(end)
	data := newBuffer()
	b, leaf, err := r.seg.w.AppendTo(data.b, out)
	if err != nil {
		data.release()
		return nil, err
	}
	data.b = b
	r.seq, r.leaf = out.Sequence, leaf
	r.seg.length += int64(len(b))
	return &sent{
		run: r, seg: r.seg, frag: out, data: data, leaf: leaf, end: r.seg.length, payload: int64(filled.size),
		first: filled.first.Mono, last: filled.last.Mono,
	}, nil
}

// late returns the gap that units of a track leave which came when the segment had begun after them: they have no place
// in it. What ended before the run began is none of it: nil.
func (r *run) late(track int, units []*media.Unit) *media.Gap {
	if len(units) == 0 {
		return nil
	}
	a, last := &r.c.axes[track], units[len(units)-1]
	to := a.at(last.DTS + usualDuration(a.track, last))
	if r.c.e.instant(to).Wall <= r.rec.began(r.c.e).Wall {
		return nil
	}
	return &media.Gap{
		Track: track, Cause: media.CauseLoss, Units: len(units),
		From: clock.Stamp{Mono: a.at(units[0].DTS)}, To: clock.Stamp{Mono: to},
	}
}

// span returns when the fragment begins and when its last picture ends, as it is shown. It begins with
// the sample that comes first on the segment's axis, where players show it: the capture instants of a
// track that was placed before the camera's reports came may say otherwise since.
func (r *run) span(f *fragment.Fragment) (start, end clock.Mono, ok bool) {
	lead := -1
	var first time.Duration // on the segment's axis
	places := make([]time.Duration, len(f.Tracks))
	for i := range f.Tracks {
		if len(f.Tracks[i].Units) == 0 {
			continue
		}
		from, _ := extent(&f.Tracks[i])
		places[i] = r.c.axes[i].length(from - r.seg.base[i])
		if lead < 0 || places[i] < first {
			first = places[i]
		}
		if lead < 0 || i == r.lead {
			lead = i
		}
	}
	if lead < 0 {
		return 0, 0, false
	}
	a := &r.c.axes[lead]
	from, to := extent(&f.Tracks[lead])
	// What lies between the two is as long as the leading track's ticks make it: where they are counted wrongly, its
	// pictures drift away from the sound on the axis.
	begin := a.at(from).Add(time.Duration(float64(first-places[lead]) * a.m.Rate()))
	was := r.shown
	if lead != r.lead {
		// The leading track is silent: another one's ticks say nothing of where it ended.
		start = max(begin, was.start)
		end = max(a.at(to), start, was.end)
		r.shown.set = false
	} else {
		start, end = r.shown.span(a, from, to, begin)
	}
	r.shown.text = was.text
	start, end = r.shown.text.onwards(r.seg, first, places[lead]+a.length(to-from), start, end)
	start = max(start, was.start)
	end = max(end, start)
	r.shown.at, r.shown.start, r.shown.end = end, start, end
	return start, end, true
}
