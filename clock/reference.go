package clock

import (
	"slices"
	"time"
)

// Measurement is one comparison of the host's clock with a time server's.
type Measurement struct {
	At     Stamp         // when it was made, by the host's clock
	Offset time.Duration // what has to be added to the host's wall clock to get the server's
	// Error is how far the server's time at At may be from the truth: half the way there and back, and
	// what the server says of its own error (root distance, RFC 5905, appendix A.5.5.2).
	Error time.Duration
	// Delay is the part of Error that is the way there and back.
	Delay time.Duration
}

// server returns the server's time at the stamp now: elapsed time is monotonic, so that a step of the
// host's clock since the measurement shows as an offset.
func (m Measurement) server(now Stamp) Wall {
	return m.At.Wall.Add(m.Offset + now.Mono.Sub(m.At.Mono))
}

// errorAt returns how far server(now) may be off.
func (m Measurement) errorAt(now Stamp) time.Duration {
	return m.Error + time.Duration(mulDiv(int64(max(now.Mono.Sub(m.At.Mono), 0)), HostDrift, 1_000_000_000))
}

const (
	// ServerPatience is the number of questions in a row that a server may leave unanswered before it
	// counts as silent.
	ServerPatience = 3
	// DriftLimit is the least difference between the rates of the host's clock and a server's that is
	// reported, in parts per million: twice what is assumed of a host ([HostDrift]).
	DriftLimit = 200
	// driftSpan is over how much time a rate is measured, and driftShort the least of it.
	driftSpan  = time.Hour
	driftShort = 2 * time.Minute
)

// ServerRecord is what is known of one time server: its measurements, and how often it did not answer.
// It belongs to one goroutine.
type ServerRecord struct {
	Name   string // as the settings name it
	Failed int    // questions without an answer since the last one
	Asked  bool
	series []Measurement // of the last driftSpan, oldest first
}

// Answer takes in a measurement.
func (r *ServerRecord) Answer(m Measurement) {
	r.Asked, r.Failed = true, 0
	old := 0
	for old < len(r.series)-1 && m.At.Mono.Sub(r.series[old].At.Mono) > driftSpan {
		old++
	}
	r.series = append(slices.Delete(r.series, 0, old), m)
}

// Fail notes that the server did not answer.
func (r *ServerRecord) Fail() { r.Asked, r.Failed = true, r.Failed+1 }

// Last returns the newest measurement, and whether there is one.
func (r *ServerRecord) Last() (Measurement, bool) {
	if len(r.series) == 0 {
		return Measurement{}, false
	}
	return r.series[len(r.series)-1], true
}

// Silent reports whether the server is counted as not answering.
func (r *ServerRecord) Silent() bool { return r.Failed >= ServerPatience }

// drift returns by how many parts per million the host's monotonic clock, which timelines advance with,
// runs fast beside the server, and whether the measurements can tell to within half of [DriftLimit]. A
// step of the host's wall clock does not count.
func (r *ServerRecord) drift() (ppm float64, known bool) {
	last, ok := r.Last()
	if !ok {
		return 0, false
	}
	// Of the measurements from long enough ago, the one that tells best: one slow answer blinds nobody.
	var span, doubt float64
	for _, m := range r.series {
		apart := last.At.Mono.Sub(m.At.Mono)
		if apart < driftShort {
			break
		}
		if d := float64(m.Delay+last.Delay) / float64(apart); !known || d < doubt {
			passed := last.At.Wall.Add(last.Offset) - m.At.Wall.Add(m.Offset)
			span, doubt, known = float64(apart), d, true
			ppm = (span - float64(passed)) / span * 1e6
		}
	}
	if !known || doubt > DriftLimit/2/1e6 {
		return 0, false
	}
	return ppm, true
}

// Reference is what the site's time servers together say of the host's clock.
type Reference struct {
	// Known says that there is an offset: one server answered, or most of those that did agree.
	Known  bool
	Offset time.Duration // what has to be added to the host's wall clock
	Error  time.Duration // how far that offset may be off; grows with its age
	// Worst is how far the host's clock may be off if the server that says the worst of it is right.
	Worst time.Duration
	// Silent are servers that do not answer, Dissent those that contradict the others. Where no most
	// agree, all that answer dissent.
	Silent, Dissent []string
	Answering       int
	// Drift is by how many parts per million the host's clock runs fast, if DriftKnown.
	Drift      float64
	DriftKnown bool
}

// Refer sums up what the servers say at the instant now. The offset is the middle of the stretch in
// which most of them agree (the intersection that NTP's clock selection looks for, RFC 5905, 11.2.1).
// With no server answering, the last answers hold, with an error that grows.
func Refer(servers []*ServerRecord, now Stamp) Reference {
	var ref Reference
	type claim struct {
		name     string
		from, to time.Duration
	}
	var claims, old []claim
	for _, s := range servers {
		if s.Silent() {
			ref.Silent = append(ref.Silent, s.Name)
		}
		m, ok := s.Last()
		if !ok {
			continue
		}
		offset, off := time.Duration(m.server(now)-now.Wall), m.errorAt(now)
		c := claim{s.Name, offset - off, offset + off}
		if s.Silent() {
			old = append(old, c)
			continue
		}
		claims = append(claims, c)
		if ppm, known := s.drift(); known && (!ref.DriftKnown || abs(ppm) < abs(ref.Drift)) {
			ref.Drift, ref.DriftKnown = ppm, true // a server that runs wrong itself is not the least
		}
	}
	ref.Answering = len(claims)
	if len(claims) == 0 {
		claims = old
	}
	for _, c := range claims {
		ref.Worst = max(ref.Worst, c.to, -c.from)
	}
	most, from, to := 0, time.Duration(0), time.Duration(0)
	for _, c := range claims { // the stretch with the most claims begins where one of them begins
		n, end := 0, c.to
		for _, o := range claims {
			if o.from <= c.from && c.from <= o.to {
				n, end = n+1, min(end, o.to)
			}
		}
		if n > most {
			most, from, to = n, c.from, end
		}
	}
	ref.Known = 2*most > len(claims)
	if ref.Known {
		ref.Offset, ref.Error = from+(to-from)/2, (to-from)/2
	}
	for _, c := range claims {
		if !ref.Known || c.to < from || c.from > to {
			ref.Dissent = append(ref.Dissent, c.name)
		}
	}
	return ref
}

// Bound is how far the host's clock may be off by what the servers say.
func (r Reference) Bound() time.Duration { return max(r.Offset, -r.Offset) + r.Error }

func abs(f float64) float64 { return max(f, -f) }
