package rtsp

import (
	"context"
	"strconv"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// ProbeReport is what a camera really delivered.
type ProbeReport struct {
	Address   string       `json:"address"` // without secrets
	Transport Transport    `json:"transport"`
	Secure    bool         `json:"secure"` // TLS
	Seconds   float64      `json:"seconds"`
	Tracks    []ProbeTrack `json:"tracks"`
}

// ProbeTrack is what one track really delivered. What is not known is zero and left out.
type ProbeTrack struct {
	Kind         string   `json:"kind"` // video, audio
	Codec        string   `json:"codec"`
	Profile      string   `json:"profile,omitempty"`
	Level        string   `json:"level,omitempty"`
	Width        int      `json:"width,omitempty"`
	Height       int      `json:"height,omitempty"`
	SampleRate   int      `json:"sample_rate,omitempty"`
	Channels     int      `json:"channels,omitempty"`
	BitDepth     int      `json:"bit_depth,omitempty"`
	UnitRate     float64  `json:"unit_rate"`                      // pictures or frames of sound per second, as they came
	KeyInterval  float64  `json:"key_interval_seconds,omitempty"` // mean, from the second key picture on
	Reordered    bool     `json:"reordered,omitempty"`            // B-frames
	BitRate      float64  `json:"bit_rate"`                       // bits per second of units
	Units        int      `json:"units"`
	SenderReport bool     `json:"sender_reports"`
	ClockOffset  *float64 `json:"clock_offset_seconds,omitempty"` // the camera's clock minus ours
	Packets      uint64   `json:"packets"`
	Lost         uint64   `json:"lost"`
	Late         uint64   `json:"late"`
	Duplicate    uint64   `json:"duplicate"`
	OutOfOrder   uint64   `json:"out_of_order"`
	Loss         float64  `json:"loss"` // share of the packets that were sent, 0 to 1
	Gaps         uint64   `json:"gaps"`
	Jumps        uint64   `json:"jumps"`
	InBandSets   bool     `json:"in_band_parameter_sets,omitempty"`
}

// probeBegin is how long a probed camera may take from the first packet of the connection to the first
// of the stream: somebody waits for the answer.
const probeBegin = 9 * time.Second

// Probe receives source for d, counted from the first unit, and reports. A camera that ends before
// that is reported as far as it came; one that gives nothing is an error, an [*Error] unless ctx ended.
func Probe(ctx context.Context, source Source, clk clock.Source, d time.Duration) (*ProbeReport, error) {
	asked := clk.Now().Mono
	begin, done := context.WithTimeout(ctx, probeBegin)
	defer done()
	conn, err := connect(begin, source, clk)
	if err != nil && begin.Err() != nil && ctx.Err() == nil {
		return nil, source.fail(ErrNoAnswer, "the camera answers so slowly that no stream began within %v; restart it if this goes on", probeBegin)
	}
	if err != nil {
		return nil, err
	}
	var p prober
	st := newStream(1, conn.announced, clk.Now(), p.take)
	opt := Options{}.withDefaults()
	opt.FirstPacket = max(time.Second, probeBegin-clk.Now().Mono.Sub(asked))
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	p.began = func() { time.AfterFunc(d, cancel) }
	// A stream without a unit to count from is given the time that a first packet may take.
	err = conn.run(limited, clk, st, opt, func() { time.AfterFunc(d+opt.FirstPacket, cancel) })
	st.end(clk.Now(), err)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if !st.heard() {
		return nil, err
	}
	r := &ProbeReport{Address: source.String(), Transport: conn.transport, Secure: conn.d.url.Scheme == "rtsps"}
	for i, t := range st.tracks {
		r.Tracks = append(r.Tracks, p.track(i, t, st.state()[i]))
		r.Seconds = max(r.Seconds, t.lastPacket.Mono.Sub(p.first).Seconds())
	}
	return r, nil
}

// prober gathers what a probe counts; take is called with the stream locked.
type prober struct {
	began  func()
	first  clock.Mono
	tracks map[int]*gathered
}

type gathered struct {
	units, bytes      int
	first, last       *media.Unit
	keyFirst, keyLast int64
	keys              int
	reordered         bool
}

func (p *prober) take(it media.Item) {
	u, ok := it.(*media.Unit)
	if !ok {
		return
	}
	if p.tracks == nil {
		p.tracks = make(map[int]*gathered)
		p.first = u.Arrival.Mono
		p.began()
	}
	g := p.tracks[u.Track]
	if g == nil {
		g = &gathered{first: u, keyFirst: u.DTS}
		p.tracks[u.Track] = g
	}
	if g.last != nil && u.PTS < g.last.PTS {
		g.reordered = true
	}
	g.units++
	g.bytes += u.Size()
	g.last = u
	if u.Key {
		if g.keys++; g.keys == 1 {
			g.keyFirst = u.DTS
		}
		g.keyLast = u.DTS
	}
}

func (p *prober) track(i int, t *track, s TrackState) ProbeTrack {
	m := t.media
	r := ProbeTrack{
		Kind: "audio", Codec: m.Codec.String(), Width: m.Width, Height: m.Height,
		SampleRate: m.SampleRate, Channels: m.Channels, BitDepth: m.BitDepth,
		SenderReport: s.Reported, Packets: s.Packets, Lost: s.Lost, Late: s.Late,
		Duplicate: s.Duplicate, OutOfOrder: s.Reordered, Gaps: s.Gaps, Jumps: s.Jumps,
	}
	if m.Codec.Video() {
		r.Kind, r.Profile, r.Level = "video", t.level.profile, t.level.level
	} else if m.Codec == media.AAC {
		r.Profile = aacProfile(m.Config)
	}
	if s.Reported {
		v := s.Offset.Seconds()
		r.ClockOffset = &v
	}
	if sent := s.Packets - s.Duplicate - s.Late + s.Lost; sent > 0 {
		r.Loss = float64(s.Lost) / float64(sent)
	}
	g := p.tracks[i]
	if g == nil {
		return r
	}
	r.Units, r.Reordered = g.units, g.reordered
	r.InBandSets = t.params != nil && t.params.seen
	seconds := m.Ticks(g.last.DTS - g.first.DTS).Duration().Seconds()
	if seconds > 0 {
		r.UnitRate = float64(g.units-1) / seconds
		r.BitRate = float64(8*(g.bytes-g.last.Size())) / seconds
	}
	if g.keys > 1 {
		r.KeyInterval = m.Ticks(g.keyLast-g.keyFirst).Duration().Seconds() / float64(g.keys-1)
	}
	return r
}

// aacProfile names the object type in an AudioSpecificConfig (ISO/IEC 14496-3, table 1.17).
func aacProfile(config []byte) string {
	if len(config) == 0 {
		return ""
	}
	switch config[0] >> 3 {
	case 2:
		return "LC"
	case 5:
		return "HE"
	case 29:
		return "HE v2"
	}
	return "object type " + strconv.Itoa(int(config[0]>>3))
}
