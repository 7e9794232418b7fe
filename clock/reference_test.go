package clock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// said returns the record of a server that was asked at the given instants, whose clock is off from the
// host's by so much.
func said(name string, at Stamp, offset, off time.Duration) *ServerRecord {
	r := &ServerRecord{Name: name}
	r.Answer(Measurement{At: at, Offset: offset, Error: off, Delay: off / 2})
	return r
}

var refNow = Stamp{Wall: 1_795_262_400e9, Mono: 5e12}

func TestRefer(t *testing.T) {
	silent := func(r *ServerRecord) *ServerRecord {
		for range ServerPatience {
			r.Fail()
		}
		return r
	}
	for _, c := range []struct {
		name    string
		servers []*ServerRecord
		known   bool
		offset  time.Duration
		dissent []string
		silent  []string
	}{
		{name: "none asked yet", servers: []*ServerRecord{{Name: "a"}}},
		{name: "one", servers: []*ServerRecord{said("a", refNow, 3*time.Second, time.Millisecond)}, known: true, offset: 3 * time.Second},
		{
			name: "one of three lies",
			servers: []*ServerRecord{
				said("a", refNow, 0, 4*time.Millisecond), said("liar", refNow, 3*time.Second, time.Millisecond),
				said("c", refNow, 2*time.Millisecond, 4*time.Millisecond),
			},
			known: true, offset: time.Millisecond, dissent: []string{"liar"},
		},
		{
			name:    "two contradict each other",
			servers: []*ServerRecord{said("a", refNow, 0, time.Millisecond), said("b", refNow, 3*time.Second, time.Millisecond)},
			dissent: []string{"a", "b"},
		},
		{
			name:    "the liar is gone",
			servers: []*ServerRecord{said("a", refNow, 0, time.Millisecond), silent(said("b", refNow, 3*time.Second, time.Millisecond))},
			known:   true, silent: []string{"b"},
		},
		{
			name: "all are gone, the last answer holds", servers: []*ServerRecord{silent(said("a", refNow, time.Second, time.Millisecond))},
			known: true, offset: time.Second, silent: []string{"a"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			ref := Refer(c.servers, refNow)
			require.Equal(t, c.known, ref.Known)
			require.Equal(t, c.offset, ref.Offset)
			require.Equal(t, c.dissent, ref.Dissent)
			require.Equal(t, c.silent, ref.Silent)
		})
	}
}

// What was measured before the host's clock was set shows by how much it was set; and the error of an
// old answer grows as a host's clock may go wrong.
func TestRefer_holds(t *testing.T) {
	r := said("a", refNow, 0, time.Millisecond)
	later := refNow.Add(time.Hour)
	later.Wall = later.Wall.Add(-time.Hour)
	ref := Refer([]*ServerRecord{r}, later)
	require.Equal(t, time.Hour, ref.Offset)
	require.Equal(t, time.Millisecond+360*time.Millisecond, ref.Error)
	require.Equal(t, time.Hour+361*time.Millisecond, ref.Bound())
}

// Whatever minority lies, and by whatever, an honest majority's stretch holds the truth.
func TestRefer_minorityLies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := time.Duration(rapid.Int64Range(-1e10, 1e10).Draw(t, "truth"))
		n := rapid.IntRange(1, 9).Draw(t, "servers")
		liars := rapid.IntRange(0, (n-1)/2).Draw(t, "liars")
		var all []*ServerRecord
		for i := range n {
			off := time.Duration(rapid.Int64Range(1, 1e9).Draw(t, "error"))
			at := truth + time.Duration(rapid.Int64Range(-int64(off), int64(off)).Draw(t, "within"))
			if i < liars {
				at = truth + time.Duration(rapid.Int64Range(-1e11, 1e11).Draw(t, "lie"))
			}
			all = append(all, said("", refNow, at, off))
		}
		ref := Refer(all, refNow)
		require.True(t, ref.Known)
		if liars == 0 {
			require.Empty(t, ref.Dissent)
			require.LessOrEqual(t, max(truth-ref.Offset, ref.Offset-truth), ref.Error+1)
		}
		require.LessOrEqual(t, len(ref.Dissent), n/2)
	})
}

// A clock that is slewed by 500 ppm is found, whether its wall clock was set in between or not; one that
// runs as a host may is not; and a server that runs wrong itself is no reason to suspect the host.
func TestServerRecord_drift(t *testing.T) {
	for _, c := range []struct {
		name string
		ppm  []float64 // of the host, by each server
		want float64
		seen bool
	}{
		{"slewed", []float64{500}, 500, true},
		{"slow", []float64{-500}, -500, true},
		{"ordinary", []float64{40}, 40, false},
		{"one server runs wrong", []float64{20, 900}, 20, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var servers []*ServerRecord
			now := refNow
			for _, ppm := range c.ppm {
				r := &ServerRecord{Name: "a"}
				host, server := refNow, refNow.Wall
				for i := range 30 {
					r.Answer(Measurement{At: host, Offset: time.Duration(server - host.Wall), Error: 2 * time.Millisecond, Delay: time.Millisecond})
					host = host.Add(64 * time.Second)
					server = server.Add(time.Duration(64e9 * (1 - ppm/1e6)))
					if i == 10 {
						host.Wall = host.Wall.Add(time.Hour)
					}
				}
				servers, now = append(servers, r), host
			}
			ref := Refer(servers, now)
			require.True(t, ref.DriftKnown)
			require.InDelta(t, c.want, ref.Drift, 2)
			trust := Judge{
				Read:      func() (Discipline, error) { return Discipline{Synchronised: true}, nil },
				Reference: func() Reference { return Reference{Known: true, Drift: ref.Drift, DriftKnown: true, Answering: 1} },
			}.Trust()
			require.Equal(t, Trusted, trust.State, "it is an alarm")
			require.Equal(t, c.seen, len(trust.Reasons) == 1 && trust.Reasons[0].Code == ReasonDrift)
		})
	}
}

func TestJudge_servers(t *testing.T) {
	good := Discipline{Synchronised: true, MaxError: 20 * time.Millisecond}
	for _, c := range []struct {
		name   string
		kernel Discipline
		ref    Reference
		state  TrustState
		codes  []ReasonCode
		bound  time.Duration
	}{
		{"agree", good, Reference{Known: true, Offset: time.Millisecond, Error: 2 * time.Millisecond, Answering: 1}, Trusted, nil, 20 * time.Millisecond},
		{"not asked yet", good, Reference{}, Trusted, nil, 20 * time.Millisecond},
		{"lying by 3 s", good, Reference{Known: true, Offset: 3 * time.Second, Error: time.Millisecond, Answering: 1}, Untrusted, []ReasonCode{ReasonOffset}, 3001 * time.Millisecond},
		{"gone", good, Reference{Known: true, Error: time.Millisecond, Silent: []string{"a"}}, Trusted, []ReasonCode{ReasonSilent}, 20 * time.Millisecond},
		{"gone for long", good, Reference{Known: true, Error: 2 * time.Second, Silent: []string{"a"}}, Untrusted, []ReasonCode{ReasonOffset, ReasonSilent}, 2 * time.Second},
		{"one gone", good, Reference{Known: true, Silent: []string{"a"}, Answering: 1}, Trusted, []ReasonCode{ReasonOneSilent}, 20 * time.Millisecond},
		{"one of three lies", good, Reference{Known: true, Dissent: []string{"a"}, Answering: 3}, Trusted, []ReasonCode{ReasonDissent}, 20 * time.Millisecond},
		{"contradiction", good, Reference{Dissent: []string{"a", "b"}, Answering: 2}, Untrusted, []ReasonCode{ReasonDisagree}, 20 * time.Millisecond},
		{
			"nothing sets the clock, but it is measured",
			Discipline{MaxError: 16 * time.Second},
			Reference{Known: true, Offset: 40 * time.Millisecond, Error: 5 * time.Millisecond, Answering: 1},
			Untrusted,
			[]ReasonCode{ReasonUnsynchronised},
			45 * time.Millisecond,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			trust := Judge{
				Read: func() (Discipline, error) { return c.kernel, nil }, Reference: func() Reference { return c.ref },
			}.Trust()
			var codes []ReasonCode
			for _, r := range trust.Reasons {
				codes = append(codes, r.Code)
				require.NotEmpty(t, r.String())
			}
			require.Equal(t, c.state, trust.State)
			require.Equal(t, c.codes, codes)
			require.Equal(t, c.bound, trust.MaxError)
		})
	}
}

// One answer that took long, the first of all, blinds nobody for an hour.
func TestServerRecord_driftAfterASlowAnswer(t *testing.T) {
	r := &ServerRecord{Name: "a"}
	host, server := refNow, refNow.Wall
	for i := range 200 {
		delay := time.Millisecond
		if i == 0 {
			delay = time.Second
		}
		r.Answer(Measurement{At: host, Offset: time.Duration(server - host.Wall), Error: delay, Delay: delay})
		_, known := r.drift()
		require.Equal(t, time.Duration(i-1)*time.Second >= driftShort, known, "after %d s", i)
		host, server = host.Add(time.Second), server.Add(time.Second-500*time.Microsecond)
	}
	ppm, _ := r.drift()
	require.InDelta(t, 500, ppm, 1)
}
