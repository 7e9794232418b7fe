package rtsp_test

import (
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/rtsp"
	"roomrec/rtsp/rtsptest"
)

// TestUDP loses, doubles and exchanges packets on their way over real UDP.
func TestUDP(t *testing.T) {
	for name, tc := range map[string]struct{ script, want string }{
		"plain": {"IPPPIPP|bye", "description(1 640x480) 0K 1 2 3 4K 5 6 end"},
		"faults": {
			"IPP|reorder 2|PP|dup 3|PPIPP|loss 2|PPIP|bye",
			"description(1 640x480) 0K 1 2 3 4 5 6 7K 8 9 gap(loss 2/1) 11d 12K 13 end",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{script(t, tc.script, 4000)}}, rtsptest.WithUDP(""))
			s.Transport = rtsp.UDP
			r := watch(t, s, rtsp.Options{BackoffMin: time.Hour})
			items := r.until(t, "the end", func(items []media.Item) bool { return len(of[*media.End](items)) > 0 })
			require.Equal(t, tc.want, tell(items))
			if name == "faults" {
				c := r.camera.State().Tracks[0]
				require.EqualValues(t, 2, c.Lost)
				require.EqualValues(t, 3, c.Duplicate)
				require.EqualValues(t, 2, c.Reordered)
				require.Zero(t, c.Late)
			}
		})
	}
}

func TestMulticast(t *testing.T) {
	t.Parallel()
	ip := multicastHost(t)
	server, err := rtsptest.Serve(t.Context(), ip+":0", map[string]*rtsptest.Stream{
		"cam": {Sources: []rtsptest.Source{script(t, strings.Repeat("IPPP", 50), 3000)}, Live: true},
	}, rtsptest.WithUDP("239.77.1.0/24"))
	require.NoError(t, err)
	defer server.Close()
	r := watch(t, rtsp.Source{URL: server.URL("cam"), Transport: rtsp.Multicast}, rtsp.Options{BackoffMin: time.Hour})
	items := r.until(t, "pictures", func(items []media.Item) bool { return len(units(items, 0)) >= 10 })
	require.Empty(t, of[*media.End](items))
}

// multicastHost returns an address of this host whose interface carries multicast.
func multicastHost(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	require.NoError(t, err)
	for _, i := range all {
		addrs, err := i.Addrs()
		if err != nil || i.Flags&net.FlagMulticast == 0 || i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
				return n.IP.String()
			}
		}
	}
	return "127.0.0.1" // the loopback of a host without network carries no multicast; the test then says so
}

// TestSounds compares every frame of every sound codec with what was sent.
func TestSounds(t *testing.T) {
	for _, codec := range []media.Codec{media.AAC, media.PCMA, media.PCMU, media.Opus, media.LPCM} {
		t.Run(codec.String(), func(t *testing.T) {
			t.Parallel()
			const n = 60
			stream := &rtsptest.Stream{
				Sources:   []rtsptest.Source{script(t, strings.Repeat("IPPP", 8), 200), rtsptest.NewTone(codec, n)},
				TickStart: 1<<32 - 20000,
			}
			_, s := serve(t, stream)
			r := watch(t, s, rtsp.Options{BackoffMin: time.Hour})
			items := r.until(t, "all frames", func(items []media.Item) bool {
				return len(units(items, 1)) == n && len(units(items, 0)) >= 31
			})
			sent := rtsptest.NewTone(codec, n)
			got := units(items, 1)
			var first int64
			for i := range got {
				payload, pts, _, _ := sent.Next()
				require.Equal(t, payload, got[i].Payload)
				if i == 0 {
					first = got[i].PTS
				}
				require.Equal(t, pts, got[i].PTS-first)
			}
			want, have := sent.Track(), of[*media.Description](items)[0].Tracks[1]
			require.Equal(t, want, have)
			require.Empty(t, of[*media.Gap](items))
			require.Empty(t, of[*media.Jump](items))
			checkTimes(t, items)
		})
	}
}

// TestSoundLost counts the frames of sound that were lost.
func TestSoundLost(t *testing.T) {
	for _, codec := range []media.Codec{media.AAC, media.PCMA} {
		t.Run(codec.String(), func(t *testing.T) {
			t.Parallel()
			stream := &rtsptest.Stream{Sources: []rtsptest.Source{script(t, strings.Repeat("IPPP", 30), 200), rtsptest.NewTone(codec, 200)}}
			_, s := serve(t, stream)
			r := watch(t, s, rtsp.Options{BackoffMin: time.Hour})
			r.until(t, "sound", func(items []media.Item) bool { return len(units(items, 1)) > 5 })
			stream.Lose(1, 3)
			items := r.until(t, "a gap and sound after it", func(items []media.Item) bool {
				_, ok := items[len(items)-1].(*media.Unit)
				return ok && len(of[*media.Gap](items)) > 0 && len(units(items, 1)) > 20
			})
			gaps := of[*media.Gap](items)
			require.Len(t, gaps, 1)
			require.Equal(t, media.Gap{Track: 1, From: gaps[0].From, To: gaps[0].To, Cause: media.CauseLoss, Packets: 3, Units: 3}, *gaps[0])
			require.Positive(t, gaps[0].To.Mono.Sub(gaps[0].From.Mono))
			var before, after uint32
			for _, u := range units(items, 1) {
				if n := binary.BigEndian.Uint32(u.Payload[0]); u.Arrival.Mono <= gaps[0].From.Mono {
					before = n
				} else if after == 0 {
					after = n
				}
			}
			require.Equal(t, before+4, after)
		})
	}
}

// TestSenderReports measures the camera's clock and places its reports on the units' ticks.
func TestSenderReports(t *testing.T) {
	t.Parallel()
	const off = 90 * time.Second
	stream := &rtsptest.Stream{
		Sources:   []rtsptest.Source{script(t, strings.Repeat("IPPPP", 20), 200)},
		TickStart: 1<<32 - 90000, ReportEvery: 100 * time.Millisecond, ReportOffset: off,
	}
	_, s := serve(t, stream)
	r := watch(t, s, rtsp.Options{BackoffMin: time.Hour})
	r.until(t, "reports", func(items []media.Item) bool { return len(of[*media.Report](items)) > 4 })
	stream.Jump(0, 1234567890)
	items := r.until(t, "reports after the jump", func(items []media.Item) bool {
		jumped := 0
		for _, it := range items {
			switch it.(type) {
			case *media.Jump:
				jumped = 1
			case *media.Report:
				if jumped > 0 {
					jumped++
				}
			}
		}
		return jumped > 6
	})
	state := r.camera.State().Tracks[0]
	require.True(t, state.Reported)
	require.InDelta(t, off.Seconds(), state.Offset.Seconds(), 0.2)
	us := units(items, 0)
	for _, rep := range of[*media.Report](items) {
		// The picture that is nearest to the report in ticks arrived when the report says, less the
		// camera's clock error.
		u := us[0]
		for _, o := range us {
			if abs(o.PTS-rep.PTS) < abs(u.PTS-rep.PTS) {
				u = o
			}
		}
		require.Less(t, abs(u.PTS-rep.PTS), int64(9000))
		require.InDelta(t, 0, time.Duration(rep.NTP-u.Arrival.Wall.Add(off)).Seconds(), 0.3)
	}
}

func abs(v int64) int64 { return max(v, -v) }

// TestSilence gives up a connection on which nothing comes, by monotonic time.
func TestSilence(t *testing.T) {
	t.Parallel()
	stream := &rtsptest.Stream{Sources: []rtsptest.Source{script(t, strings.Repeat("IPPP", 500), 100), rtsptest.NewTone(media.PCMA, 0)}}
	_, s := serve(t, stream)
	r := watch(t, s, rtsp.Options{BackoffMin: time.Millisecond, Silence: time.Second})
	r.until(t, "pictures", func(items []media.Item) bool { return len(units(items, 0)) > 2 })
	stream.Silence(true)
	items := r.until(t, "the end", func(items []media.Item) bool { return len(of[*media.End](items)) > 0 })
	end := of[*media.End](items)[0]
	require.ErrorIs(t, end.Err, rtsp.ErrSilent)
	last := units(items, 0)
	require.InDelta(t, 1.2, end.At.Mono.Sub(last[len(last)-1].Arrival.Mono).Seconds(), 0.5)
	stream.Silence(false)
	r.until(t, "its return", func(items []media.Item) bool {
		ds := of[*media.Description](items)
		_, unit := items[len(items)-1].(*media.Unit)
		return len(ds) == 2 && ds[1].Epoch == 2 && unit
	})
}

// TestPictureSilence reconnects when only the picture has stopped for long.
func TestPictureSilence(t *testing.T) {
	t.Parallel()
	stream := &rtsptest.Stream{Sources: []rtsptest.Source{script(t, strings.Repeat("IPPP", 500), 100), rtsptest.NewTone(media.PCMA, 0)}}
	_, s := serve(t, stream)
	r := watch(t, s, rtsp.Options{BackoffMin: time.Millisecond, Silence: 2 * time.Second, PictureSilence: 2500 * time.Millisecond})
	r.until(t, "pictures", func(items []media.Item) bool { return len(units(items, 0)) > 2 })
	stream.Freeze(0, true)
	items := r.until(t, "the end", func(items []media.Item) bool { return len(of[*media.End](items)) > 0 })
	require.ErrorContains(t, of[*media.End](items)[0].Err, "sound goes on but no picture")
	stream.Freeze(0, false)
	r.until(t, "its return", func(items []media.Item) bool { return len(of[*media.Description](items)) == 2 })
}

// steppingClock is a host clock whose wall time can be stepped.
type steppingClock struct {
	sys  *clock.System
	mu   sync.Mutex
	step time.Duration
}

func (c *steppingClock) Now() clock.Stamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sys.Now()
	s.Wall = s.Wall.Add(c.step)
	return s
}

// TestWallStep steps the host's clock by hours both ways: the connection stays.
func TestWallStep(t *testing.T) {
	t.Parallel()
	stream := &rtsptest.Stream{Sources: []rtsptest.Source{script(t, strings.Repeat("IPPP", 500), 100)}}
	_, s := serve(t, stream)
	clk := &steppingClock{sys: clock.NewSystem()}
	r := watchWith(t, s, clk, rtsp.Options{BackoffMin: time.Millisecond, Silence: 2 * time.Second})
	for i, step := range []time.Duration{6 * time.Hour, -48 * time.Hour, 0} {
		clk.mu.Lock()
		clk.step = step
		clk.mu.Unlock()
		r.until(t, "pictures", func(items []media.Item) bool { return len(units(items, 0)) > 20*(i+1) })
	}
	items := r.all()
	require.Empty(t, of[*media.End](items))
	require.Empty(t, of[*media.Jump](items))
	require.Empty(t, of[*media.Gap](items))
	checkTimes(t, items)
}

// TestMarkedSlices joins the slices of a camera that marks each of them.
func TestMarkedSlices(t *testing.T) {
	t.Parallel()
	_, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{&sliced{Script: script(t, "IPPPIPP|bye", 2500)}}, MarkSlices: true})
	r := watch(t, s, rtsp.Options{BackoffMin: time.Hour})
	items := r.until(t, "the end", func(items []media.Item) bool { return len(of[*media.End](items)) > 0 })
	us := units(items, 0)
	require.Len(t, us, 7)
	for i, u := range us {
		slices := 0
		for _, nal := range u.Payload {
			if nal[0]&0x1f == 1 || nal[0]&0x1f == 5 {
				slices++
			}
		}
		require.Equal(t, 3, slices, "unit %d", i)
	}
	require.Empty(t, of[*media.Gap](items))
}

// sliced gives every picture of a script two more slices.
type sliced struct{ *rtsptest.Script }

func (s *sliced) Next() ([][]byte, int64, int64, bool) {
	unit, pts, dts, ok := s.Script.Next()
	if ok {
		last := unit[len(unit)-1]
		for range 2 {
			more := append([]byte(nil), last...)
			more[1] = 0x40 | more[1]>>2 // first_mb_in_slice is no longer 0
			unit = append(unit, more)
		}
	}
	return unit, pts, dts, ok
}

func TestProbe(t *testing.T) {
	t.Parallel()
	stream := &rtsptest.Stream{
		Sources:     []rtsptest.Source{script(t, strings.Repeat("IPPPPPPPPP", 30), 2000), rtsptest.NewTone(media.AAC, 0)},
		ReportEvery: 200 * time.Millisecond, ReportOffset: -3 * time.Second,
	}
	_, s := serve(t, stream)
	s.User, s.Password = "admin", secret
	r, err := rtsp.Probe(t.Context(), s, clock.NewSystem(), 2*time.Second)
	require.NoError(t, err)
	require.Len(t, r.Tracks, 2)
	v, a := r.Tracks[0], r.Tracks[1]
	require.Equal(t, []any{"video", "H264", "High", "3", 640, 480}, []any{v.Kind, v.Codec, v.Profile, v.Level, v.Width, v.Height})
	require.InDelta(t, 25, v.UnitRate, 0.1)
	require.InDelta(t, 0.4, v.KeyInterval, 0.001)
	require.InDelta(t, 25*8*(2000*1.2), v.BitRate, 20000)
	require.NotNil(t, v.ClockOffset)
	require.InDelta(t, -3, *v.ClockOffset, 0.2)
	require.Zero(t, v.Lost)
	require.Equal(t, []any{"audio", "AAC", "LC", 48000, 2}, []any{a.Kind, a.Codec, a.Profile, a.SampleRate, a.Channels})
	require.InDelta(t, 46.875, a.UnitRate, 0.1)
	require.Equal(t, rtsp.TCP, r.Transport)
	require.InDelta(t, 2, r.Seconds, 0.3)
}
