package clock

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWall_text(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-22T14:03:07+08:00":           "2026-11-22T06:03:07.000000000Z",
		"2026-11-22T06:03:07Z":                "2026-11-22T06:03:07.000000000Z",
		"2026-11-22T06:03:07.000000001Z":      "2026-11-22T06:03:07.000000001Z",
		"2026-11-22T06:03:07.1234567899Z":     "2026-11-22T06:03:07.123456789Z",
		"1969-12-31T23:59:59.999999999-00:00": "1969-12-31T23:59:59.999999999Z",
		"1677-09-21T00:12:43.145224192Z":      "1677-09-21T00:12:43.145224192Z",
		"2262-04-11T23:47:16.854775807Z":      "2262-04-11T23:47:16.854775807Z",
	} {
		w, err := ParseWall(in)
		require.NoError(t, err, in)
		require.Equal(t, want, w.String())
	}
	for _, in := range []string{
		"", "now", "2026-11-22", "2026-11-22 06:03:07Z", "2026-11-22T06:03:07", "2026-13-22T06:03:07Z",
		"9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2262-04-11T23:47:16.854775808Z",
	} {
		_, err := ParseWall(in)
		require.Error(t, err, in)
	}
	var w Wall
	require.NoError(t, json.Unmarshal([]byte(`"2026-11-22T14:03:07+08:00"`), &w))
	b, err := json.Marshal(Stamp{Wall: w, Mono: 7})
	require.NoError(t, err)
	require.JSONEq(t, `{"wall":"2026-11-22T06:03:07.000000000Z","mono":7}`, string(b))
	require.Error(t, json.Unmarshal([]byte(`"yesterday"`), &w))
}

func FuzzParseWall(f *testing.F) {
	for _, s := range []string{
		"2026-11-22T14:03:07+08:00", "2026-11-22T06:03:07.123456789Z", "9999-12-31T23:59:60Z", "2026-11-22T06:03:07,5Z",
		"-1-01-01T00:00:00Z", "2262-04-11T23:47:16.854775808Z", "2026-02-30T24:00:00+99:99",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := ParseWall(s)
		if err != nil {
			return
		}
		again, err := ParseWall(w.String())
		require.NoError(t, err)
		require.Equal(t, w, again)
	})
}

func TestSystem_advances(t *testing.T) {
	a, b := NewSystem(), NewSystem()
	first, second := a.Now(), b.Now()
	// Each has related the two readings for itself, and is right to within the time that they are apart.
	require.Greater(t, second.Mono, first.Mono.Add(-time.Millisecond), "both count from the boot")
	require.Less(t, second.Mono.Sub(first.Mono), time.Minute)
	require.Greater(t, first.Wall, Wall(1_700_000_000e9))
	require.Greater(t, first.Mono, Mono(0))
}

func TestSinceOfFarApartInstants(t *testing.T) {
	early, late := Instant{Wall: math.MinInt64}, Instant{Wall: 1_700_000_000e9}
	require.Equal(t, time.Duration(math.MaxInt64), late.Since(early))
	require.Equal(t, time.Duration(math.MinInt64), early.Since(late))
	require.Equal(t, time.Second, Instant{Wall: 1_700_000_001e9}.Since(late))
}

func TestTicks(t *testing.T) {
	require.Equal(t, 12*time.Hour, Ticks{12 * 3600 * 90000, 90000}.Duration())
	require.Equal(t, -40*time.Millisecond, Ticks{-3600, 90000}.Duration())
	require.Equal(t, Ticks{48000, 48000}, Ticks{90000, 90000}.In(48000))
	require.Equal(t, Ticks{5, 7}, Ticks{5, 7}.In(7))
	require.Equal(t, Ticks{3600, 90000}, TicksOf(40*time.Millisecond, 90000))

	// What does not fit is as much as fits.
	require.Equal(t, time.Duration(math.MaxInt64), Ticks{math.MaxInt64, 1000}.Duration())
	require.Equal(t, time.Duration(-math.MaxInt64), Ticks{math.MinInt64, 1}.Duration())
	require.Equal(t, int64(math.MaxInt64), Ticks{math.MaxInt64, 1}.In(90000).N)
}

func TestTicks_thereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.SampledFrom([]int64{1, 8000, 16000, 44100, 48000, 90000}).Draw(t, "scale")
		n := rapid.Int64Range(-1<<33, 1<<33).Draw(t, "n")
		d := Ticks{n, scale}.Duration()
		require.InDelta(t, float64(n), float64(TicksOf(d, scale).N), 1)
		require.InDelta(t, float64(n)/float64(scale), d.Seconds(), 1e-3)
	})
}

func TestTimeline(t *testing.T) {
	anchor := Stamp{Wall: 1_795_262_400e9, Mono: 5e12}
	tl := NewTimeline(anchor, 20*time.Millisecond)
	require.Equal(t, anchor, tl.Anchor())
	require.Equal(t, Instant{anchor.Wall, 20 * time.Millisecond}, tl.At(anchor.Mono))
	later := tl.At(anchor.Mono.Add(10_000 * time.Second))
	require.Equal(t, anchor.Wall.Add(10_000*time.Second), later.Wall)
	require.Equal(t, time.Second+20*time.Millisecond, later.Uncertainty, "100 ppm")
	before := tl.At(anchor.Mono.Add(-10 * time.Second))
	require.Equal(t, 21*time.Millisecond, before.Uncertainty)
	require.Equal(t, 10_010*time.Second, later.Since(before))
}

// After a restart a timeline goes on at or after the last acknowledged instant, and says how far it was
// moved for that.
func TestResumeTimeline(t *testing.T) {
	now := Stamp{Wall: 1_795_262_400e9, Mono: 3e9}
	tl := ResumeTimeline(now, time.Millisecond, now.Wall.Add(-time.Minute), 0)
	require.Equal(t, Instant{now.Wall, time.Millisecond}, tl.At(now.Mono))
	last := now.Wall.Add(time.Hour)
	tl = ResumeTimeline(now, time.Millisecond, last, now.Mono.Add(-2*time.Second))
	moved := time.Hour + 2*time.Second
	require.Equal(t, Instant{now.Wall.Add(moved), moved + time.Millisecond}, tl.At(now.Mono))
	require.Equal(t, last, tl.At(now.Mono.Add(-2*time.Second)).Wall, "what came since the start lies after what was acknowledged")

	// The host's clock was set back by little: it is past what was acknowledged by now, and was not at the start.
	last = now.Wall.Add(-time.Second)
	tl = ResumeTimeline(now, time.Millisecond, last, now.Mono.Add(-2*time.Second))
	require.Equal(t, last, tl.At(now.Mono.Add(-2*time.Second)).Wall)
	require.Equal(t, Instant{now.Wall.Add(time.Second), time.Second + time.Millisecond}, tl.At(now.Mono))
	tl = ResumeTimeline(now, time.Millisecond, now.Wall.Add(-2*time.Second), now.Mono.Add(-2*time.Second))
	require.Equal(t, Instant{now.Wall, time.Millisecond}, tl.At(now.Mono), "no earlier than it need be")
}

func TestZ26_DisplayIs24HourDateAndTime(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	w, err := ParseWall("2026-11-22T06:03:07.999Z")
	require.NoError(t, err)
	z := NewZone(shanghai)
	require.Equal(t, "2026-11-22 14:03:07", z.DateTime(w))
	require.Equal(t, "14:03:07", z.Time(w))
	require.Equal(t, "14:03", z.Minute(w))
	require.Equal(t, "+08:00", z.Offset(w))
	require.Equal(t, "Asia/Shanghai", z.Name())
	require.Equal(t, shanghai, z.Location())
	require.Equal(t, "2026-11-22 06:03:07", Zone{}.DateTime(w))
	require.Equal(t, "UTC", NewZone(nil).Name())
	// The hour that comes twice is told apart by its offset.
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	z = NewZone(berlin)
	for at, want := range map[string]string{"2026-10-25T00:30:00Z": "+02:00", "2026-10-25T01:30:00Z": "+01:00"} {
		w, err := ParseWall(at)
		require.NoError(t, err)
		require.Equal(t, "02:30:00", z.Time(w))
		require.Equal(t, want, z.Offset(w))
	}
}
