package rtsp

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

// TestOrder pushes packets written as their sequence numbers, 10 ms apart: "x" before a number is
// another source, "." is 100 ms without a packet.
func TestOrder(t *testing.T) {
	for name, tc := range map[string]struct {
		in, out string
		counts  orderCounts
	}{
		"in order":           {"1 2 3", "1 2 3", orderCounts{Packets: 3}},
		"wrap":               {"65534 65535 0 1", "65534 65535 0 1", orderCounts{Packets: 4}},
		"out of order":       {"1 3 2 4", "1 2 3 4", orderCounts{Packets: 4, Reordered: 1}},
		"twice":              {"1 2 2 3 1", "1 2 3", orderCounts{Packets: 5, Duplicate: 2}},
		"twice while held":   {"1 3 3 2", "1 2 3", orderCounts{Packets: 4, Duplicate: 1, Reordered: 1}},
		"lost":               {"1 2 5 6 .", "1 2 lost2 5 6", orderCounts{Packets: 4, Lost: 2}},
		"lost across wrap":   {"65534 1 .", "65534 lost2 1", orderCounts{Packets: 2, Lost: 2}},
		"two holes":          {"1 3 5 .", "1 lost1 3 lost1 5", orderCounts{Packets: 3, Lost: 2}},
		"late":               {"1 3 . 2 4", "1 lost1 3 4", orderCounts{Packets: 4, Lost: 1, Late: 1}},
		"time decides":       {"1 3 4 5 6 7 8 9 10 11 12 13 14 2", "1 lost1 3 4 5 6 7 8 9 10 11 12 13 14", orderCounts{Packets: 14, Lost: 1, Late: 1}},
		"one stray":          {"1 2 30000 3 4", "1 2 3 4", orderCounts{Packets: 5}},
		"restart":            {"1 2 30000 30001 30002", "1 2 restart 30000 30001 30002", orderCounts{Packets: 5}},
		"restart after loss": {"1 3 30000 30001", "1 lost1 3 restart 30000 30001", orderCounts{Packets: 4, Lost: 1}},
		"another source":     {"1 2 x7 x8", "1 2 restart 7 8", orderCounts{Packets: 4}},
		"other after a hole": {"1 3 x7 x8", "1 lost1 3 restart 7 8", orderCounts{Packets: 4, Lost: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			var out []string
			o := order{
				deliver: func(p packet) {
					require.Equal(t, fmt.Sprint(p.seq), string(p.payload))
					out = append(out, fmt.Sprint(p.seq))
				},
				lose:    func(n int) { out = append(out, fmt.Sprint("lost", n)) },
				restart: func() { out = append(out, "restart") },
			}
			at := clock.Stamp{Mono: 1}
			for _, word := range strings.Fields(tc.in) {
				if word == "." {
					at = at.Add(holdTime)
					o.Expire(at.Mono)
					continue
				}
				at = at.Add(10 * time.Millisecond)
				text, other := strings.CutPrefix(word, "x")
				n, err := strconv.Atoi(text)
				require.NoError(t, err)
				p := packet{seq: uint16(n), arrival: at, payload: []byte(text)}
				if other {
					p.ssrc = 1
				}
				o.push(p)
				clear(p.payload) // it is valid only during the call
			}
			require.Equal(t, tc.out, strings.Join(out, " "))
			require.Equal(t, tc.counts, o.counts)
		})
	}
}

// TestOrderBounded holds back no more than its bound, whatever the clock does.
func TestOrderBounded(t *testing.T) {
	lost, delivered := 0, 0
	o := order{deliver: func(packet) { delivered++ }, lose: func(n int) { lost += n }, restart: func() {}}
	o.push(packet{seq: 0})
	for i := range 2000 {
		o.push(packet{seq: uint16(i + 2)})
		require.LessOrEqual(t, len(o.held), holdPackets+1)
	}
	require.Equal(t, 1, lost)
	require.Equal(t, 2001, delivered)
}

func TestTicks(t *testing.T) {
	type unit struct {
		raw     uint32
		ms      int // arrival
		ordered bool
		want    int64 // after the first
		jumped  bool
	}
	for name, units := range map[string][]unit{
		"steady":                    {{5, 0, true, 0, false}, {3605, 40, true, 3600, false}, {7205, 80, true, 7200, false}},
		"wrap":                      {{1<<32 - 1000, 0, true, 0, false}, {2600, 40, true, 3600, false}},
		"reordered":                 {{10800, 0, true, 0, false}, {3600, 40, false, -7200, false}, {7200, 80, false, -3600, false}},
		"back":                      {{900000, 0, true, 0, false}, {0, 40, true, 3600, true}, {3600, 80, true, 7200, false}},
		"far back while reordering": {{900000, 0, true, 0, false}, {0, 40, false, 3600, true}},
		"far ahead":                 {{0, 0, true, 0, false}, {900000, 40, true, 3600, true}},
		"a pause of the camera":     {{0, 0, true, 0, false}, {900000, 10000, true, 900000, false}},
		"a network that stalls":     {{0, 0, true, 0, false}, {3600, 5000, true, 3600, false}, {7200, 5000, true, 7200, false}, {450000, 5001, true, 450000, false}},
		"a burst at the beginning":  {{0, 0, true, 0, false}, {45000, 1, true, 45000, false}, {90000, 2, true, 90000, false}, {93600, 40, true, 93600, false}},
		"same time twice":           {{100, 0, true, 0, false}, {100, 1, true, 0, false}},
		"half the circle":           {{0, 0, true, 0, false}, {1 << 31, 40, true, 3600, true}},
	} {
		t.Run(name, func(t *testing.T) {
			tk := ticks{rate: 90000}
			var first int64
			for i, u := range units {
				pts, jumped := tk.place(u.raw, clock.Mono(u.ms)*clock.Mono(time.Millisecond), u.ordered)
				if i == 0 {
					first = pts
				}
				require.Equal(t, u.want, pts-first, "unit %d", i)
				require.Equal(t, u.jumped, jumped, "unit %d", i)
			}
		})
	}
}

// TestTicksLong follows a drifting camera for twelve hours through wraps without a jump.
func TestTicksLong(t *testing.T) {
	tk := ticks{rate: 90000}
	var last int64
	for i := range 12 * 3600 * 5 {
		at := clock.Mono(i) * clock.Mono(200*time.Millisecond)
		at += at / 5000 // 200 ppm
		pts, jumped := tk.place(uint32(i*18000)+1<<31, at, true)
		require.False(t, jumped)
		if i > 0 {
			require.EqualValues(t, 18000, pts-last)
		}
		last = pts
	}
}

func TestDecodeOrder(t *testing.T) {
	for name, tc := range map[string]struct {
		depth     int
		pts, want []int64
	}{
		"in order":                  {0, []int64{100, 110, 120}, []int64{100, 110, 120}},
		"one":                       {1, []int64{100, 130, 110, 120, 160, 140, 150}, []int64{90, 100, 110, 120, 130, 140, 150}},
		"pyramid":                   {2, []int64{100, 140, 120, 110, 130, 180, 160, 150, 170}, []int64{80, 90, 100, 110, 120, 130, 140, 150, 160}},
		"a picture lost":            {1, []int64{100, 130, 120, 160, 140, 150}, []int64{90, 100, 120, 130, 140, 150}},
		"more than was told":        {0, []int64{100, 130, 110, 120, 160, 140, 150}, []int64{100, 130, 130, 130, 130, 140, 150}},
		"nothing told, and no more": {0, []int64{100, 90, 110, 120}, []int64{100, 100, 100, 110}},
	} {
		t.Run(name, func(t *testing.T) {
			d := decodeOrder{depth: tc.depth}
			var got []int64
			for _, pts := range tc.pts {
				got = append(got, d.next(pts, 10))
			}
			require.Equal(t, tc.want, got)
		})
	}
}

func TestNTP(t *testing.T) {
	wall := func(s string) clock.Wall {
		w, err := clock.ParseWall(s)
		require.NoError(t, err)
		return w
	}
	now := wall("2026-11-22T06:03:07Z")
	for _, tc := range []struct {
		ntp  uint64
		near clock.Wall
		want string
	}{
		{2208988800 << 32, 0, "1970-01-01T00:00:00Z"},
		{3960000000<<32 | 1<<31, now, "2025-06-27T08:00:00.5Z"},
		// gortsplib 4.16.2 reads the largest fraction as 4.29 s.
		{3960000000<<32 | 0xffffffff, now, "2025-06-27T08:00:00.999999999Z"},
		{3960000000<<32 | 0x40000000, now, "2025-06-27T08:00:00.25Z"},
		{0xffffffff<<32 | 1<<31, wall("2036-02-07T06:28:10Z"), "2036-02-07T06:28:15.5Z"},
		{1 << 32, wall("2036-02-07T06:28:10Z"), "2036-02-07T06:28:17Z"}, // the next era
	} {
		require.Equal(t, wall(tc.want), ntpWall(tc.ntp, tc.near))
	}
}
