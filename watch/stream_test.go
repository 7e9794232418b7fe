package watch

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A stream is written as words, separated by |. Every letter lasts 40 ms:
//
//	I P   a key picture, another picture, each with two frames of sound
//	i p   the same without sound
//	x     a picture that refers to a missing one, with sound
//	a     sound alone
//	.     nothing
//
// and words of their own:
//
//	LETTERS*N        LETTERS again and again, N times in all
//	loss N           a gap of N pictures, lasting as long
//	loss ? N         the same, but the gap does not know how many
//	overflow N       the watcher itself missed N pictures
//	end              the connection ends
//	desc WxH CODEC   a new epoch begins
//	begin accept over refused granted   what the session and the connection tell
//	resume           the session had begun with the stream that every one of these begins with
func play(t *testing.T, cfg Config, stream string) []string {
	var found []string
	synctest.Test(t, func(t *testing.T) {
		clk := clock.NewSystem()
		begin := clk.Now()
		feed := media.NewFeed()
		w := New(cfg, clk, feed, func(f Finding) {
			word := "over"
			if f.Raised {
				word = "raised"
				require.NotEmpty(t, f.Detail)
			}
			at := fmt.Sprintf("%.1f %s %s", f.At.Mono.Sub(begin.Mono).Seconds(), f.Code, word)
			if f.LastGood != (clock.Stamp{}) {
				at += fmt.Sprintf(", last good %.1f", f.LastGood.Mono.Sub(begin.Mono).Seconds())
			}
			found = append(found, at)
		})
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		p := &player{t: t, clk: clk, feed: feed, w: w}
		p.pass(10 * time.Millisecond) // nothing comes at the very instant of a look
		p.describe("1920x1080", media.PCMA)
		for _, word := range strings.Split(stream, "|") {
			p.word(strings.Fields(word))
		}
		p.pass(200 * time.Millisecond)
		stop()
		require.NoError(t, <-done)
	})
	return found
}

type player struct {
	t     *testing.T
	clk   clock.Source
	feed  *media.Feed
	w     *Watcher
	epoch int
	n     int64
}

const frame = 40 * time.Millisecond

func (p *player) pass(d time.Duration) { <-time.After(d) }

func (p *player) describe(size string, sound media.Codec) {
	p.epoch++
	var w, h int
	_, err := fmt.Sscanf(size, "%dx%d", &w, &h)
	require.NoError(p.t, err)
	p.feed.Publish(&media.Description{Epoch: p.epoch, At: p.clk.Now(), Tracks: []*media.Track{
		{Codec: media.H264, ClockRate: 90000, Width: w, Height: h},
		{Codec: sound, ClockRate: 8000, SampleRate: 8000, Channels: 1},
	}})
}

func (p *player) unit(track int, key, damaged bool) {
	p.n++
	p.feed.Publish(&media.Unit{Track: track, Arrival: p.clk.Now(), Key: key, Damaged: damaged, Payload: [][]byte{{0xd5}}})
}

func (p *player) word(words []string) {
	switch words[0] {
	case "loss":
		g := &media.Gap{Track: 0, Cause: media.CauseLoss, From: p.clk.Now()}
		if words[1] == "?" {
			words = words[1:]
		} else {
			g.Units = p.number(words[1])
		}
		n := p.number(words[len(words)-1])
		for range n {
			p.unit(1, false, false)
			p.pass(frame)
		}
		g.To = p.clk.Now()
		p.feed.Publish(g)
	case "overflow":
		g := &media.Gap{Track: media.AllTracks, Cause: media.CauseOverflow, From: p.clk.Now(), Units: p.number(words[1])}
		for i := range g.Units {
			p.pass(frame)
			if i%10 == 9 || i == g.Units-1 {
				p.feed.Publish(&media.Gap{Track: media.AllTracks, Cause: media.CauseOverflow, From: g.From, To: p.clk.Now(), Units: 10})
			}
		}
	case "end":
		p.feed.Publish(&media.End{At: p.clk.Now()})
	case "desc":
		sound := media.PCMA
		if len(words) > 2 && words[2] == "AAC" {
			sound = media.AAC
		}
		p.describe(words[1], sound)
	case "begin":
		p.w.Begin()
	case "resume":
		p.w.Resume([]*media.Track{
			{Codec: media.H264, ClockRate: 90000, Width: 1920, Height: 1080},
			{Codec: media.PCMA, ClockRate: 8000, SampleRate: 8000, Channels: 1},
		})
	case "accept":
		p.w.Accept()
	case "over":
		p.w.End()
	case "refused":
		p.w.Refused(true, "password refused")
	case "granted":
		p.w.Refused(false, "")
	default:
		letters, times, repeated := strings.Cut(words[0], "*")
		n := 1
		if repeated {
			n = p.number(times)
		}
		for range n {
			for _, l := range letters {
				p.letter(l)
			}
		}
	}
}

func (p *player) number(s string) int {
	n, err := strconv.Atoi(s)
	require.NoError(p.t, err)
	return n
}

func (p *player) letter(l rune) {
	switch l {
	case 'I', 'P', 'x':
		p.unit(0, l == 'I', l == 'x')
		p.unit(1, false, false)
		p.pass(frame / 2)
		p.unit(1, false, false)
		p.pass(frame / 2)
	case 'i', 'p':
		p.unit(0, l == 'i', false)
		p.pass(frame)
	case 'a':
		p.unit(1, false, false)
		p.pass(frame)
	case '.':
		p.pass(frame)
	default:
		p.t.Fatalf("no such letter: %c", l)
	}
}

func TestStall(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		want         []string
	}{
		{"a stream that goes on", "IPPPPPPPPPPP*20", nil},
		{"Z29-1 nothing for two seconds", "IPPPP*5|.*75|IPPPP", []string{
			"3.0 camera.lost raised, last good 1.0", "4.1 camera.lost over",
		}},
		{"a reconnect of 300 ms", "IPPPP*5|end|.*8|desc 1920x1080|IPPPP*5", nil},
		{"a key frame interval of ten seconds, 5 frames a second", "I....|P....*49|I....", nil},
		{"pictures stop, sound goes on", "IPPPP*5|a*75|IPPPP", []string{
			"3.0 camera.lost raised, last good 1.0", "4.1 camera.lost over",
		}},
		{"sound stops, pictures go on", "IPPPP*5|p*75|IPPPP", []string{
			"3.0 audio.lost raised, last good 1.0", "4.1 audio.lost over",
		}},
		{"just short of two seconds", "IPPPP*5|.*46|IPPPP", nil},
		{"never a picture", ".*75", []string{"2.0 camera.lost raised"}},
		{"the watcher itself was too slow", "IPPPP*5|overflow 100|IPPPP*5", nil},
		{"the connection ends and stays so", "IPPPP*5|end|.*75", []string{
			"3.0 camera.lost raised, last good 1.0",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, play(t, Config{Sound: true}, c.stream))
		})
	}
	t.Run("sound that is not required", func(t *testing.T) {
		require.Empty(t, play(t, Config{}, "IPPPP*5|p*75|IPPPP"))
	})
}

func TestLoss(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		want         []string
	}{
		{"nothing lost", "IPPPP*60", nil},
		{"a burst of ten pictures is a gap", "IPPPP*50|loss 10|IPPPP*50", nil},
		{"5 % lost", "IPPPPPPPPP|PPPPPPPPPx*30", nil},
		{"one lost packet, to which a group of eight seconds refers", "IPPPP*50|loss 1|xxxxx*40|IPPPP*80", nil},
		{"no key picture comes through", "IPPPP*50|loss 1|xxxxx*60|IPPPP*20", []string{
			"20.1 camera.loss raised, last good 10.0", "22.1 camera.loss over",
		}},
		{"key pictures twelve seconds apart, one lost packet", "IPPPP|PPPPP*59|IPPPP|PPPPP*59|IPPPP|loss 1|xxxxx*59|IPPPP*20", nil},
		{"key pictures twelve seconds apart, two of them lost", "IPPPP|PPPPP*59|IPPPP|PPPPP*59|IPPPP|loss 1|xxxxx*150", []string{
			"48.3 camera.loss raised, last good 24.2",
		}},
		{
			"30 % lost", "IPPPP*50|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3" +
				"|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3" +
				"|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3|PPPPPPP|loss 3",
			[]string{"16.9 camera.loss raised, last good 16.9"},
		},
		{"a gap that does not know how many", "IPPPP*50|loss ? 40|IPPPP|loss ? 40|IPPPP*5", []string{"13.5 camera.loss raised, last good 13.5"}},
		{"a disconnect is not a loss", "IPPPP*50|end|.*40|desc 1920x1080|IPPPP*50", nil},
		{"too few to say", "x*15", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, play(t, Config{}, c.stream))
		})
	}
}

func TestChanged(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		want         []string
	}{
		{"the same again after a reconnect", "IP*5|begin|IP*5|end|desc 1920x1080|IP*5", nil},
		{"another resolution", "IP*5|begin|IP*5|end|desc 1280x720|IP*5", []string{"0.9 camera.changed raised, last good 0.8"}},
		{"another codec of the sound", "IP*5|begin|IP*5|end|desc 1920x1080 AAC|IP*5", []string{"0.9 camera.changed raised, last good 0.8"}},
		{"back again does not clear it", "IP*5|begin|desc 1280x720|IP*5|desc 1920x1080|IP*5", []string{"0.5 camera.changed raised, last good 0.4"}},
		{"accepted by a named officer", "IP*5|begin|desc 1280x720|IP*5|accept|IP*5", []string{"0.5 camera.changed raised, last good 0.4", "0.8 camera.changed over"}},
		{"the same after a restart", "resume|IP*5|end|desc 1920x1080|IP*5", nil},
		{"changed while the program was down", "desc 1280x720|IP*5|resume|IP*5", []string{"0.5 camera.changed raised"}},
		{"the same while it was down, then changed", "IP*5|resume|IP*5|desc 1280x720|IP*5", []string{"0.9 camera.changed raised, last good 0.8"}},
		{"changed, and away after the restart", "end|resume|desc 1280x720|IP*5", []string{"0.1 camera.changed raised"}},
		{"changed while it was down, accepted", "desc 1280x720|IP*5|resume|IP*5|accept|IP*5", []string{"0.5 camera.changed raised", "0.8 camera.changed over"}},
		{"between sessions", "IP*5|begin|IP*5|over|desc 1280x720|IP*5", nil},
		{"the session is over", "IP*5|begin|desc 1280x720|IP*5|over", []string{"0.5 camera.changed raised, last good 0.4", "0.8 camera.changed over"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, play(t, Config{}, c.stream))
		})
	}
}

func TestRefused(t *testing.T) {
	require.Equal(t, []string{"0.4 camera.refused raised, last good 0.4", "0.8 camera.refused over"},
		play(t, Config{}, "IP*5|refused|.*10|granted"))
	require.Equal(t, []string{"0.4 camera.refused raised, last good 0.4", "0.9 camera.refused over"},
		play(t, Config{}, "IP*5|refused|.*10|IP*2"))
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	m, err := NewMetrics(reg)
	require.NoError(t, err)
	_, err = NewMetrics(reg)
	require.Error(t, err, "registered twice")
	cfg := Config{Metrics: m, Room: "room3", Camera: "front"}
	play(t, cfg, "IPPPP*5|.*75|IPPPP|.*75")
	labels := []string{"room3", "front", CameraLost}
	require.Equal(t, 2.0, testutil.ToFloat64(m.findings.WithLabelValues(labels...)))
	require.Equal(t, 1.0, testutil.ToFloat64(m.open.WithLabelValues(labels...)))
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}
