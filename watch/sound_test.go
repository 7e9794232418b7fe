package watch

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
)

// hall plays sound to a watcher's listener. A stretch is written as its kind and its length in
// seconds, as in "noise 40|silence 15":
//
//	noise      a quiet room, -54 dBFS
//	speech     syllables at -25 dBFS over that, with pauses, as two people who talk in turn
//	murmur     the same at -62 dBFS over noise at -80
//	shout      syllables far over full scale
//	fan        a steady noise at -38 dBFS
//	pips       a pip of 50 ms on every second over a quiet room
//	silence    one sample value
//	gated      speech through a noise gate: every pause is one sample value
//	nothing    no units
//	session    (no length) a session begins; "over" ends it
type hall struct {
	l     *listener
	track *media.Track
	now   clock.Stamp
	begin clock.Mono
	noise uint32
	n     int64
	found []string
}

func newHall(cfg Config, codec media.Codec) *hall {
	at := clock.Stamp{Mono: clock.Mono(time.Hour)}
	h := &hall{
		l: newListener(cfg.withDefaults(), at), now: at, begin: at.Mono,
		track: &media.Track{Codec: codec, ClockRate: 8000, SampleRate: 8000, Channels: 1, BitDepth: 16},
	}
	h.l.item(&media.Description{Epoch: 1, Tracks: []*media.Track{{Codec: media.H264, ClockRate: 90000}, h.track}})
	return h
}

// amplitude returns that of a square wave of so many dBFS.
func amplitude(db float64) float64 { return 32768 * math.Pow(10, db/20) }

func (h *hall) random(db float64) float64 {
	h.noise = h.noise*1664525 + 1013904223
	return (float64(h.noise>>16)/32768 - 1) * 1.732 * amplitude(db)
}

// speaks reports whether it is the time of a syllable: 180 ms of every 300, in phrases of 3 s with
// pauses of 1.2 s.
func speaks(t float64) bool {
	phrase := t - float64(int(t/4.2))*4.2
	return phrase < 3 && phrase-float64(int(phrase/0.3))*0.3 < 0.18
}

func (h *hall) sample(kind string, t float64) float64 {
	switch kind {
	case "noise":
		return h.random(-54)
	case "fan":
		return h.random(-38)
	case "speech":
		if speaks(t) {
			return h.random(-25)
		}
		return h.random(-54)
	case "murmur":
		if speaks(t) {
			return h.random(-62)
		}
		return h.random(-80)
	case "shout":
		if speaks(t) {
			return h.random(6)
		}
		return h.random(-54)
	case "pips":
		if t-float64(int(t)) < 0.05 {
			return h.random(-15)
		}
		return h.random(-54)
	case "gated":
		if speaks(t) {
			return h.random(-25)
		}
	}
	return 0
}

// play returns what is found: seconds from the beginning, code, and what became of it.
func (h *hall) play(script string) []string {
	for _, word := range words(script) {
		switch word.kind {
		case "session":
			h.l.unopened.begin()
			continue
		case "over":
			h.l.unopened.end(h.now)
			continue
		}
		for range word.seconds * 50 {
			h.unit(word.kind)
		}
	}
	return h.found
}

type word struct {
	kind    string
	seconds int
}

func words(script string) []word {
	var out []word
	for _, part := range strings.Split(script, "|") {
		kind, seconds, _ := strings.Cut(part, " ")
		w := word{kind: kind}
		if seconds != "" {
			w.seconds, _ = strconv.Atoi(seconds)
		}
		out = append(out, w)
	}
	return out
}

// unit plays 20 ms.
func (h *hall) unit(kind string) {
	if kind != "nothing" {
		var p []byte
		for i := range 160 {
			v := h.sample(kind, float64(h.n*160+int64(i))/8000)
			s := int16(min(32767, max(-32768, v)))
			if h.track.Codec == media.LPCM {
				p = append(p, byte(uint16(s)>>8), byte(s))
			} else {
				p = append(p, compand(s))
			}
		}
		h.l.item(&media.Unit{Track: 1, Arrival: h.now, PTS: h.n * 160, Payload: [][]byte{p}})
	}
	h.n++
	h.now = h.now.Add(20 * time.Millisecond)
	for _, f := range h.l.tick(h.now) {
		h.found = append(h.found, fmt.Sprintf("%.0f %s", h.now.Mono.Sub(h.begin).Seconds(), label(f)))
	}
}

// compand returns the A-law code word that is nearest to a sample.
func compand(s int16) byte { return codeWords[uint16(s)] }

var codeWords = func() []byte {
	all := make([]int, 256)
	for b := range all {
		all[b] = b
	}
	slices.SortFunc(all, func(a, b int) int { return int(alaw(byte(a))) - int(alaw(byte(b))) })
	t := make([]byte, 1<<16)
	at := 0
	for v := -32768; v <= 32767; v++ {
		for at+1 < 256 && v-int(alaw(byte(all[at]))) > int(alaw(byte(all[at+1])))-v {
			at++
		}
		t[uint16(int16(v))] = byte(all[at])
	}
	return t
}()

func TestZ26_AudioDead(t *testing.T) {
	for _, c := range []struct {
		name, script string
		want         []string
	}{
		{"a quiet room", "noise 300", nil},
		{"a room that talks", "speech 300", nil},
		{"a cable is cut", "noise 40|silence 130", []string{"50 audio.dead alarm", "160 audio.dead raised"}},
		{"and repaired", "speech 40|silence 130|noise 5", []string{"50 audio.dead alarm", "160 audio.dead raised", "170 audio.dead over"}},
		{"a plug that is pushed in again", "noise 40|silence 20|noise 40", []string{"50 audio.dead alarm", "60 audio.dead over"}},
		{"a noise gate, and nobody speaks for ten minutes", "gated 300|silence 600|gated 60", nil},
		{"a noise gate from the beginning", "silence 200|gated 20|silence 300", nil},
		{"never anything else", "silence 300", nil},
		{"a cut cable after a reconnect", "noise 40|silence 60|nothing 1|silence 65", []string{"50 audio.dead alarm", "160 audio.dead raised"}},
		{"too short to know the microphone", "noise 20|silence 200", nil},
		{"no sound at all is another fault", "noise 40|silence 5|nothing 200", nil},
	} {
		for _, codec := range []media.Codec{media.PCMA, media.LPCM} {
			t.Run(c.name+", "+codec.String(), func(t *testing.T) {
				require.Equal(t, c.want, only(AudioDead, newHall(Config{Sound: true}, codec).play(c.script)))
			})
		}
	}
	t.Run("sound that is not required is an alarm at most", func(t *testing.T) {
		require.Equal(t, []string{"50 audio.dead alarm"}, only(AudioDead, newHall(Config{}, media.PCMA).play("noise 40|silence 200")))
	})
}

// only returns the findings of one code.
func only(code string, found []string) []string {
	var out []string
	for _, f := range found {
		if strings.Contains(" "+f+" ", " "+code+" ") {
			out = append(out, f)
		}
	}
	return out
}

// Coded sound shows no samples; what recurs is its payload. The testcard's own microphones.
func TestAudioDead_testcard(t *testing.T) {
	for name, sound := range map[string]*testcard.Sound{
		"AAC": testcard.NewSpeech(testcard.SoundOptions{}), "G.711": testcard.NewRoomTone(testcard.SoundOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(Config{Sound: true}, sound.Track().Codec)
			track := sound.Track()
			h.l.item(&media.Description{Epoch: 1, Tracks: []*media.Track{{Codec: media.H264, ClockRate: 90000}, track}})
			play := func(f testcard.SoundFault, seconds int64) []string {
				sound.Set(f)
				h.found = nil
				for end := h.now.Add(time.Duration(seconds) * time.Second); h.now.Mono < end.Mono; {
					p, pts, dts, _ := sound.Next()
					next := h.begin.Add(track.Ticks(pts).Duration())
					h.now = h.now.Add(next.Sub(h.now.Mono))
					h.l.item(&media.Unit{Track: 1, Arrival: h.now, PTS: pts, DTS: dts, Payload: p})
					for _, f := range h.l.tick(h.now) {
						h.found = append(h.found, label(f))
					}
				}
				return only(AudioDead, h.found)
			}
			require.Empty(t, play(testcard.Audible, 100))
			require.Empty(t, play(testcard.Quiet, 300))
			require.Equal(t, []string{"audio.dead alarm", "audio.dead raised"}, play(testcard.Dead, 130))
			require.Equal(t, []string{"audio.dead over"}, play(testcard.Quiet, 100))
		})
	}
}

func TestZ26_AudioRange(t *testing.T) {
	for _, c := range []struct {
		name, script string
		want         []string
	}{
		{"people who talk", "session|speech 300", nil},
		{"a quiet room", "session|noise 300", nil},
		{"a quiet room with a noise gate", "session|gated 100|silence 300", nil},
		{"a fan that goes on and off", "session|noise 100|fan 100|noise 100", nil},
		{"a person who says little", "session|noise 100|speech 10|noise 100|speech 10|noise 100", nil},
		{"too low to understand", "session|murmur 100", []string{"61 audio.low alarm"}},
		{"and better when the microphone is moved", "session|murmur 100|speech 60", []string{"61 audio.low alarm", "105 audio.low over"}},
		{"too loud", "session|shout 80|speech 100", []string{"61 audio.clipped alarm", "136 audio.clipped over"}},
		{"a cut cable is dead, not low", "session|noise 60|silence 100|noise 100", []string{"70 audio.dead alarm", "160 audio.dead over"}},
		{"a plug that was out", "session|silence 100|noise 100", nil},
		{"one outburst", "session|speech 60|shout 8|speech 100", nil},
	} {
		for _, codec := range []media.Codec{media.PCMA, media.LPCM} {
			t.Run(c.name+", "+codec.String(), func(t *testing.T) {
				found := newHall(Config{}, codec).play(c.script)
				require.Equal(t, len(c.want), len(found), "%v", found)
				for i, want := range c.want {
					requireAbout(t, want, found[i], 6)
				}
			})
		}
	}
}

// requireAbout compares two findings whose seconds may differ by so many.
func requireAbout(t *testing.T, want, got string, seconds float64) {
	t.Helper()
	w, wantRest, _ := strings.Cut(want, " ")
	g, gotRest, _ := strings.Cut(got, " ")
	require.Equal(t, wantRest, gotRest)
	a, err := strconv.ParseFloat(w, 64)
	require.NoError(t, err)
	b, err := strconv.ParseFloat(g, 64)
	require.NoError(t, err)
	require.InDelta(t, a, b, seconds, "%s, not %s", got, want)
}

func TestZ24_UnopenedRoom(t *testing.T) {
	for _, c := range []struct {
		name, script string
		want         []string
	}{
		{"a minute of speech", "noise 30|speech 90", []string{"82 room.unopened alarm"}},
		{"and they leave", "speech 90|noise 90", []string{"61 room.unopened alarm", "130 room.unopened over"}},
		{"and open a session", "speech 90|session|speech 60", []string{"61 room.unopened alarm", "91 room.unopened over"}},
		{"half a minute", "noise 60|speech 30|noise 100", nil},
		{"a session", "session|speech 300", nil},
		{"they leave when it is over", "session|speech 120|over|speech 40|noise 100", nil},
		{"they stay and go on", "session|speech 120|over|speech 70", []string{"181 room.unopened alarm"}},
		{"a fan", "noise 60|fan 200", nil},
		{"pips", "pips 200", nil},
		{"voices next door", "murmur 200", nil},
		{"a person comes in every now and then", "noise 20|speech 5|noise 60|speech 5|noise 40|speech 5|noise 100", nil},
		{"through a noise gate", "silence 30|gated 90", []string{"82 room.unopened alarm"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := only(RoomUnopened, newHall(Config{}, media.PCMA).play(c.script))
			require.Equal(t, len(c.want), len(found), "%v", found)
			for i, want := range c.want {
				requireAbout(t, want, found[i], 9)
			}
		})
	}
}
