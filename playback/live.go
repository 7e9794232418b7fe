package playback

import (
	"math"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// Piece is what a live stream consists of.
type Piece struct {
	// Init says that Data is an init segment (ftyp, moov) of the media type MIME. It comes first and
	// again when the stream's parameters change or the camera returns; decode times go on.
	Init bool
	MIME string
	Data []byte     // otherwise one fragment (moof, mdat) of one picture; never changed afterwards
	Key  bool       // decoding can start here
	At   clock.Wall // when the picture arrived
}

// Live makes pieces for one viewer's Media Source Extensions from the items of one tap. Each
// fragment holds one picture, which is the first track of the init segment, and the sound that came
// before it. It shows nothing that cannot be decoded: after a loss it waits for the next key picture.
// It is used by one goroutine.
type Live struct {
	sound bool

	desc     *media.Description
	video    int // tracks of desc, -1 if there is none
	audio    int
	waiting  bool // for a key picture
	began    bool // an init segment of desc has been given
	sequence uint32

	start   clock.Mono // instant of decode time 0
	started bool
	end     time.Duration // of what has been given, on that axis
	origin  [2]int64      // of video and audio: what is taken from DTS to give the decode time, in ticks
	placed  bool          // the audio's origin is known

	pictures, sounds *clock.Mapper // of desc; sounds is nil without sound
	pair             *clock.Pair

	last     int64 // DTS of the last picture given
	duration int64
	pending  []*media.Unit // sound that waits for its picture
}

// livePending bounds how many frames of sound wait for a picture: more than a second of the shortest
// usual ones. Beyond it the oldest go; the live view is no record.
const livePending = 128

// NewLive returns a stream without sound or with that of the camera's first sound track.
func NewLive(sound bool) *Live { return &Live{sound: sound, video: -1, audio: -1} }

// Add takes the next item of the tap and returns the pieces that it gives, usually none or one. An
// error concerns the item alone; the next key picture begins anew.
func (l *Live) Add(it media.Item) ([]Piece, error) {
	switch it := it.(type) {
	case *media.Description:
		l.describe(it)
	case *media.End:
		l.desc, l.pending = nil, nil
	case *media.Gap:
		if it.Track == media.AllTracks || it.Track == l.video {
			l.waiting = true
		}
	case *media.Unit:
		pieces, err := l.unit(it)
		if err != nil {
			l.waiting = true
		}
		return pieces, err
	case *media.Report:
		l.report(it)
	case *media.Jump:
		l.jump(it)
	}
	return nil, nil
}

func (l *Live) describe(d *media.Description) {
	l.desc, l.video, l.audio = d, -1, -1
	for i, t := range d.Tracks {
		switch {
		case t.Codec.Video() && l.video < 0:
			l.video = i
		case t.Codec.Audio() && l.audio < 0 && l.sound:
			l.audio = i
		}
	}
	l.waiting, l.began, l.placed, l.pending = true, false, false, nil
	l.pictures, l.sounds, l.pair = nil, nil, nil
	if l.video >= 0 {
		l.pictures = clock.NewMapper(d.Tracks[l.video].ClockRate)
	}
	if l.video >= 0 && l.audio >= 0 {
		l.sounds = clock.NewMapper(d.Tracks[l.audio].ClockRate)
		l.pair = clock.NewPair(l.pictures, l.sounds)
	}
}

func (l *Live) report(r *media.Report) {
	switch {
	case l.pair == nil:
	case r.Track == l.video:
		l.pair.Report(clock.Picture, r.PTS, r.NTP)
	case r.Track == l.audio:
		l.pair.Report(clock.Sound, r.PTS, r.NTP)
	}
}

func (l *Live) jump(j *media.Jump) {
	if l.pair == nil {
		return
	}
	switch j.Track {
	case l.video:
		l.pictures.Reset()
		l.pair.Reset()
	case l.audio:
		l.sounds.Reset()
		l.pair.Reset()
	}
}

func (l *Live) unit(u *media.Unit) ([]Piece, error) {
	switch {
	case l.desc == nil || u.Track >= len(l.desc.Tracks):
		return nil, nil
	case u.Track == l.audio:
		if l.sounds == nil {
			return nil, nil // there is no picture to show it with
		}
		l.sounds.Observe(u.PTS, u.Arrival.Mono)
		if len(l.pending) == livePending {
			l.pending = append(l.pending[:0], l.pending[1:]...)
		}
		l.pending = append(l.pending, u)
		return nil, nil
	case u.Track != l.video:
		return nil, nil
	}
	l.pictures.Observe(u.PTS, u.Arrival.Mono)
	if u.Damaged {
		l.waiting = true
	}
	if l.waiting && (!u.Key || u.Damaged) {
		return nil, nil
	}
	l.waiting = false
	var pieces []Piece
	if !l.began {
		p, err := l.begin(u)
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, p)
	}
	p, err := l.picture(u)
	if err != nil {
		return pieces, err
	}
	return append(pieces, p), nil
}

// tracks returns the tracks of the init segment: the picture, then the sound if there is one.
func (l *Live) tracks() []*media.Track {
	ts := []*media.Track{l.desc.Tracks[l.video]}
	if l.audio >= 0 {
		ts = append(ts, l.desc.Tracks[l.audio])
	}
	return ts
}

// begin places the picture u, the first of its description, on the axis: by its arrival, but not
// before what has been given.
func (l *Live) begin(u *media.Unit) (Piece, error) {
	ts := l.tracks()
	data, err := browserInit(ts, nil, u.Arrival.Wall)
	if err != nil {
		return Piece{}, err
	}
	if !l.started {
		l.start, l.started = u.Arrival.Mono, true
	}
	at := max(u.Arrival.Mono.Sub(l.start), l.end)
	l.origin[0] = u.DTS - clock.TicksOf(at, ts[0].ClockRate).N
	l.duration = ts[0].ClockRate / 25
	l.last = math.MinInt64
	l.began = true
	return Piece{Init: true, MIME: MIME(ts), Data: data, At: u.Arrival.Wall}, nil
}

// liveApart is how far sound may lie from where arrivals and sender reports place it before it is
// placed anew: these settle in the first seconds, and every correction is heard.
const liveApart = 150 * time.Millisecond

// place gives the sound that waits its origin: what was captured with the picture u, whose decode
// time is at, is heard when that is shown.
func (l *Live) place(u *media.Unit, at time.Duration) {
	if len(l.pending) == 0 {
		return
	}
	video, audio := l.desc.Tracks[l.video], l.desc.Tracks[l.audio]
	first := l.pending[0]
	heard := at + video.Ticks(u.PTS-u.DTS).Duration() + l.pair.SoundAt(first.PTS).Sub(l.pictures.At(u.PTS))
	if l.placed {
		off := heard - audio.Ticks(first.DTS-l.origin[1]).Duration()
		if off.Abs() < liveApart {
			return
		}
	}
	l.origin[1] = first.DTS - clock.TicksOf(heard, audio.ClockRate).N
	l.placed = true
}

// picture returns the fragment of the picture u and the sound that waits.
func (l *Live) picture(u *media.Unit) (Piece, error) {
	ts := l.tracks()
	if l.last != math.MinInt64 && u.DTS > l.last && u.DTS-l.last < ts[0].ClockRate {
		l.duration = u.DTS - l.last
	}
	l.last = u.DTS
	decode := u.DTS - l.origin[0]
	if len(ts) > 1 {
		l.place(u, ts[0].Ticks(decode).Duration())
	}
	offset := u.PTS - u.DTS
	if offset != int64(int32(offset)) {
		offset = 0
	}
	picture := fragment.UnitData(u, true)
	shares := []browserShare{{
		track: ts[0], decode: decode,
		samples: []fragment.Sample{{Duration: uint32(l.duration), Size: uint32(len(picture)), Offset: int32(offset), Key: u.Key}},
		data:    [][]byte{picture},
	}}
	if len(ts) > 1 {
		shares = append(shares, l.soundShare(ts[1]))
	}
	l.sequence++
	data, err := appendBrowserFragment(nil, l.sequence, shares)
	if err != nil {
		return Piece{}, err
	}
	l.end = max(l.end, ts[0].Ticks(decode+l.duration).Duration())
	return Piece{Data: data, Key: u.Key, At: u.Arrival.Wall}, nil
}

// soundShare takes the sound that waits. What would begin before the axis does is left out.
func (l *Live) soundShare(t *media.Track) browserShare {
	s := browserShare{track: t}
	for i, u := range l.pending {
		decode := u.DTS - l.origin[1]
		if decode < 0 {
			continue
		}
		if len(s.samples) == 0 {
			s.decode = decode
		}
		d := soundDuration(t, u)
		if i+1 < len(l.pending) {
			if next := l.pending[i+1].DTS - u.DTS; next > 0 && next < t.ClockRate {
				d = next
			}
		}
		data := fragment.UnitData(u, false)
		s.samples = append(s.samples, fragment.Sample{Duration: uint32(d), Size: uint32(len(data)), Key: true})
		s.data = append(s.data, data)
	}
	l.pending = l.pending[:0]
	return s
}

// soundDuration returns the length of a frame in ticks.
func soundDuration(t *media.Track, u *media.Unit) int64 {
	switch t.Codec {
	case media.PCMA, media.PCMU:
		return int64(u.Size() / max(t.Channels, 1))
	case media.LPCM:
		return int64(u.Size() / max(t.Channels*t.BitDepth/8, 1))
	case media.Opus:
		return t.ClockRate / 50 // nearly all are of 20 ms; the next unit's time is the truth
	default:
		return 1024 * t.ClockRate / int64(max(t.SampleRate, 1))
	}
}
