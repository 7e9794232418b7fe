package watch

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
)

// keys plays key pictures, two seconds apart, to the detector. A letter is what a picture shows: the
// same letter has the same slice data, as a frozen camera's, and "*" is new each time, as that of a
// sensor. Headers and SEI differ from picture to picture. "-" is two seconds without a key picture,
// "." two seconds without anything.
func keys(codec media.Codec, shape func(n int, data []byte) [][]byte, script string) []string {
	f := newFrozen(Config{}.withDefaults())
	f.item(&media.Description{Epoch: 1, Tracks: []*media.Track{{Codec: codec, ClockRate: 90000}}})
	chance := rand.New(rand.NewPCG(1, 2))
	now := clock.Stamp{Mono: clock.Mono(time.Hour)}
	var found []string
	for n, letter := range script {
		data := make([]byte, 3000)
		from := chance
		if letter != '*' {
			from = rand.New(rand.NewPCG(uint64(letter), 3))
		}
		for i := range data {
			data[i] = byte(from.Uint32())
		}
		for i := range 20 {
			u := &media.Unit{Arrival: now, Payload: [][]byte{{0x41, 0x9a}}}
			if i == 0 && letter != '-' {
				u = &media.Unit{Arrival: now, Key: true, Payload: shape(n, data)}
			}
			if letter != '.' {
				f.item(u)
			}
			now = now.Add(100 * time.Millisecond)
			for _, x := range f.tick(now) {
				text := fmt.Sprintf("%.1f %s", (now.Mono - clock.Mono(time.Hour)).Sub(0).Seconds(), label(x))
				if x.LastGood != (clock.Stamp{}) {
					text += fmt.Sprintf(", last good %.0f", (x.LastGood.Mono - clock.Mono(time.Hour)).Sub(0).Seconds())
				}
				found = append(found, text)
			}
		}
	}
	return found
}

// H.264: SEI with a counter, then two slices whose headers count key pictures, the longer the higher.
func h264Shape(n int, data []byte) [][]byte {
	head := append([]byte{0x65, 0x88}, make([]byte, n%3)...)
	return [][]byte{
		{0x06, 0x05, byte(n)},
		append(append([]byte{}, head...), data[:len(data)/2]...),
		append(append([]byte{}, head...), data[len(data)/2:]...),
	}
}

// H.265: AUD, prefix SEI, one CRA slice.
func h265Shape(n int, data []byte) [][]byte {
	return [][]byte{{35 << 1, 1, 0x50}, {39 << 1, 1, byte(n)}, append([]byte{21 << 1, 1, byte(n), 0x80}, data...)}
}

func TestZ26_Frozen(t *testing.T) {
	for name, of := range map[string]struct {
		codec media.Codec
		shape func(int, []byte) [][]byte
	}{
		"H.264": {media.H264, h264Shape}, "H.265": {media.H265, h265Shape},
	} {
		for _, c := range []struct {
			name, script string
			want         []string
		}{
			{"a sensor that lives", strings.Repeat("*", 60), nil},
			{"a picture that stands still", "*****" + strings.Repeat("a", 16), []string{
				"18.1 camera.frozen alarm, last good 8", "38.1 camera.frozen raised, last good 8",
			}},
			{"and moves again", "*****" + strings.Repeat("a", 16) + "***", []string{
				"18.1 camera.frozen alarm, last good 8", "38.1 camera.frozen raised, last good 8", "42.1 camera.frozen over",
			}},
			{"for some seconds only", "*****aaaa*****", nil},
			{"a key picture every ten seconds", "*----*----a----a----a----a----a", []string{
				"30.1 camera.frozen alarm, last good 10", "40.1 camera.frozen raised, last good 10",
			}},
			{"two pictures in turn", "*****" + strings.Repeat("ab", 12), []string{
				"20.1 camera.frozen alarm, last good 10", "40.1 camera.frozen raised, last good 10",
			}},
			{"frozen from the beginning", strings.Repeat("a", 17), []string{"10.1 camera.frozen alarm", "30.1 camera.frozen raised"}},
			{"a camera that gives nothing is lost, not frozen", "*****aaa" + strings.Repeat(".", 30), nil},
			{"one key picture and no more", "***a" + strings.Repeat("-", 60), nil},
		} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				require.Equal(t, c.want, keys(of.codec, of.shape, c.script))
			})
		}
	}
	t.Run("an even picture is coded in a few bytes", func(t *testing.T) {
		small := func(n int, data []byte) [][]byte { return h264Shape(n, data[:200]) }
		require.Empty(t, keys(media.H264, small, "***"+strings.Repeat("a", 30)))
	})
}

// The testcard's cameras, as the demo has them.
func TestFrozen_testcard(t *testing.T) {
	v := testcard.NewVideo(testcard.Options{FPS: 5, Slices: 3})
	f := newFrozen(Config{}.withDefaults())
	f.item(&media.Description{Epoch: 1, Tracks: []*media.Track{v.Track()}})
	now := clock.Stamp{Mono: clock.Mono(time.Hour)}
	play := func(fault testcard.Fault, seconds int) []string {
		v.Set(fault)
		var found []string
		for range seconds * 5 {
			p, _, _, _ := v.Next()
			f.item(&media.Unit{Arrival: now, Key: len(p) > 3, Payload: p})
			now = now.Add(200 * time.Millisecond)
			for _, x := range f.tick(now) {
				found = append(found, label(x))
			}
		}
		return found
	}
	require.Empty(t, play(testcard.Healthy, 60))
	require.Equal(t, []string{"camera.frozen alarm", "camera.frozen raised"}, play(testcard.Frozen, 40))
	require.Equal(t, []string{"camera.frozen over"}, play(testcard.Healthy, 20))
}
