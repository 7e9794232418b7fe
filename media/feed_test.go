package media_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// feeder publishes a line of words, each 40 ms after the one before:
//
//	D1 D1' D2  a description of that epoch, of pictures on track 0 and sound on track 1; D1a of sound alone
//	I P        a key picture, another one; I9 one of 9 MiB
//	a          a frame of sound
//	G J R E    a gap of 2 packets and 1 unit, a jump, a report, an end
type feeder struct {
	feed *media.Feed
	at   clock.Stamp
	desc *media.Description
}

func newFeeder() *feeder {
	return &feeder{feed: media.NewFeed(), at: clock.Stamp{Wall: 1e18, Mono: 1e9}}
}

func (f *feeder) publish(line string) {
	for _, word := range strings.Fields(line) {
		f.at = f.at.Add(40 * time.Millisecond)
		f.feed.Publish(f.item(word))
	}
}

func (f *feeder) item(word string) media.Item {
	size := 100
	if len(word) == 2 && word[1] == '9' {
		size = 9 << 20
	}
	payload := [][]byte{make([]byte, size)}
	audio := 1
	if f.desc != nil && len(f.desc.Tracks) == 1 {
		audio = 0
	}
	switch word[0] {
	case 'D':
		picture, sound := &media.Track{Codec: media.H264, ClockRate: 90000}, &media.Track{Codec: media.PCMA, ClockRate: 8000}
		f.desc = &media.Description{Epoch: int(word[1] - '0'), Tracks: []*media.Track{picture, sound}, At: f.at}
		if strings.HasSuffix(word, "'") {
			picture.SPS = []byte{1}
		}
		if strings.HasSuffix(word, "a") {
			f.desc.Tracks = f.desc.Tracks[1:]
		}
		return f.desc
	case 'I':
		return &media.Unit{Arrival: f.at, Key: true, Payload: payload}
	case 'P':
		return &media.Unit{Arrival: f.at, Payload: payload}
	case 'a':
		return &media.Unit{Track: audio, Arrival: f.at, Payload: payload}
	case 'G':
		return &media.Gap{Track: audio, From: f.at.Add(-time.Millisecond), To: f.at, Cause: media.CauseLoss, Packets: 2, Units: 1}
	case 'J':
		return &media.Jump{At: f.at}
	case 'R':
		return &media.Report{Arrival: f.at}
	case 'E':
		return &media.End{At: f.at, Err: errors.New("gone")}
	}
	panic(word)
}

func words(items []media.Item) string {
	var out []string
	for _, it := range items {
		switch it := it.(type) {
		case *media.Description:
			w := fmt.Sprintf("D%d", it.Epoch)
			if it.Tracks[0].SPS != nil {
				w += "'"
			}
			out = append(out, w)
		case *media.Unit:
			w := "P"
			if it.Key {
				w = "I"
			} else if it.Track == 1 || it.Size() == 50 {
				w = "a"
			}
			if it.Damaged {
				w += "d"
			}
			out = append(out, w)
		case *media.Gap:
			out = append(out, fmt.Sprintf("gap(%s %d/%d)", it.Cause, it.Packets, it.Units))
		case *media.Jump:
			out = append(out, "J")
		case *media.Report:
			out = append(out, "R")
		case *media.End:
			out = append(out, "E")
		}
	}
	return strings.Join(out, " ")
}

func TestAttach(t *testing.T) {
	long := strings.Repeat("P ", 260) // more than 10 s
	for name, tc := range map[string]struct{ before, past, now string }{
		"nothing yet":                        {"", "", ""},
		"since the last key picture":         {"D1 I P a I a P", "D1 a I a P", "D1"},
		"sound just before it, not pictures": {"D1 a I " + strings.Repeat("P ", 23) + "a G P a I P", "D1 a gap(loss 2/1) a I P", "D1"},
		"no sound from before a jump":        {"D1 a J a I P", "D1 a I P", "D1"},
		"the reports before it":              {"D1 R I R P I P", "D1 R I P", "D1"},
		"no report from before a jump":       {"D1 R J I P I P", "D1 I P", "D1"},
		"no report of another epoch":         {"D1 R I E D2 I P", "D2 I P", "D2"},
		"before the first key picture":       {"D1 a P", "D1 a P", "D1"},
		"everything in between":              {"D1 I G J R P", "D1 I gap(loss 2/1) J R P", "D1"},
		"sets changed before the key":        {"D1 I P D1' I P", "D1' I P", "D1'"},
		"sets changed after the key":         {"D1 I P D1' P", "D1 I P D1' P", "D1'"},
		"ended":                              {"D1 I P E", "", ""},
		"came back":                          {"D1 I P E D2 I P", "D2 I P", "D2"},
		"came back without an end":           {"D1 I P D2 P", "D2 P", "D2"},
		"longer than the past may be":        {"D1 I " + long, "D1", "D1"},
		"more bytes than the past may hold":  {"D1 I9 P9", "D1", "D1"},
		"after that, from the next key on":   {"D1 I9 P9 P I P", "D1 I P", "D1"},
		"units without a description vanish": {"I P", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFeeder()
			f.publish(tc.before)
			past, now := f.feed.Attach(1, true), f.feed.Attach(1, false)
			if name == "longer than the past may be" {
				require.NotContains(t, words(past.Take(nil)), "I")
			} else {
				require.Equal(t, tc.past, words(past.Take(nil)))
			}
			require.Equal(t, tc.now, words(now.Take(nil)))
			require.Equal(t, tc.now != "", f.feed.Description() != nil)
		})
	}
}

// TestSoundPast trims the past of a stream without pictures from the front.
func TestSoundPast(t *testing.T) {
	f := newFeeder()
	f.publish("D1a " + strings.Repeat("a ", 1000))
	items := f.feed.Attach(1, true).Take(nil)
	first, last := items[1].(*media.Unit), items[len(items)-1].(*media.Unit)
	require.InDelta(t, media.PastMax.Seconds(), last.Arrival.Mono.Sub(first.Arrival.Mono).Seconds(), 0.05)
}

func TestTap(t *testing.T) {
	for name, tc := range map[string]struct {
		capacity    int
		start, then string // published before the first and the second Take
		want, after string
	}{
		"all fits":                       {10, "D1 I P a", "P a", "D1 I P a", "P a"},
		"overflow":                       {3, "D1 I P P a P", "P a P I P", "D1 I P gap(overflow 0/3)", "Pd a Pd gap(overflow 0/2)"},
		"key picture ends the damage":    {3, "D1 I P P", "P I P", "D1 I P gap(overflow 0/1)", "Pd I P"},
		"a lost gap is counted":          {2, "D1 I G P", "I", "D1 I gap(overflow 2/2)", "I"},
		"reports are not missed":         {2, "D1 I R R", "P", "D1 I", "P"},
		"a jump is covered":              {2, "D1 I J", "P", "D1 I gap(overflow 0/0)", "Pd"},
		"sets changed meanwhile":         {2, "D1 I P D1' I P", "P", "D1 I gap(overflow 0/3) D1'", "Pd"},
		"ended meanwhile":                {2, "D1 I P E", "", "D1 I gap(overflow 0/1) E", ""},
		"came back meanwhile":            {2, "D1 I P E D2 I P", "P I", "D1 I gap(overflow 0/3) E D2", "Pd I"},
		"came and went meanwhile":        {2, "D1 I P E D2 I E D3 I E", "D4 I", "D1 I gap(overflow 0/3) E", "D4 I"},
		"came and went without a reader": {2, "D1 E D2 I E D3 I E D4 I", "P", "D1 E gap(overflow 0/3) D4", "Pd"},
		"nothing of an epoch was queued": {1, "D1 I I", "I", "D1 gap(overflow 0/2)", "I"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFeeder()
			tap := f.feed.Attach(tc.capacity, false)
			f.publish(tc.start)
			items := tap.Take(nil)
			require.Equal(t, tc.want, words(items))
			checkGaps(t, items)
			f.publish(tc.then)
			items = tap.Take(items)
			require.Equal(t, tc.after, words(items))
			checkGaps(t, items)
		})
	}
}

// checkGaps requires that a gap begins with the last unit before it and is closed.
func checkGaps(t *testing.T, items []media.Item) {
	t.Helper()
	var last clock.Stamp
	for _, it := range items {
		switch it := it.(type) {
		case *media.Unit:
			last = it.Arrival
		case *media.Gap:
			if last != (clock.Stamp{}) && it.Cause == media.CauseOverflow {
				require.Equal(t, last, it.From)
			}
			require.NotZero(t, it.From.Mono)
			require.GreaterOrEqual(t, it.To.Mono, it.From.Mono)
		}
	}
}

// TestTapBounded has a reader stall through ten thousand reconnections.
func TestTapBounded(t *testing.T) {
	f := newFeeder()
	tap := f.feed.Attach(4, false)
	f.publish("D1 I P P P P")
	for range 10000 {
		f.publish("E D2 I P D2' I P E D3 I R J G")
	}
	require.Equal(t, "D1 I P P gap(overflow 20000/60002) E D3", words(tap.Take(nil)))
}

// TestPastDoesNotCount attaches with more past than capacity: what follows is not lost to it.
func TestPastDoesNotCount(t *testing.T) {
	f := newFeeder()
	f.publish("D1 I P P P P")
	tap := f.feed.Attach(2, true)
	f.publish("P P")
	require.Equal(t, "D1 I P P P P P P", words(tap.Take(nil)))
	f.publish("P P P")
	require.Equal(t, "P P gap(overflow 0/1)", words(tap.Take(nil)))
}

// TestMarkIsTheReadersOwn marks pictures for the reader that missed one and for nobody else.
func TestMarkIsTheReadersOwn(t *testing.T) {
	f := newFeeder()
	slow, fast := f.feed.Attach(2, false), f.feed.Attach(100, false)
	f.publish("D1 I P")
	slow.Take(nil)
	f.publish("P")
	require.Equal(t, "Pd", words(slow.Take(nil)))
	require.Equal(t, "D1 I P P", words(fast.Take(nil)))
}

func TestDetach(t *testing.T) {
	f := newFeeder()
	tap := f.feed.Attach(10, false)
	f.publish("D1 I")
	tap.Detach()
	f.publish("P P")
	<-tap.Ready()
	require.Equal(t, "D1 I", words(tap.Take(nil)))
	require.Empty(t, tap.Take(nil))
}

// TestReady wakes a waiting reader for all that is published; it may be woken once more.
func TestReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeeder()
		tap := f.feed.Attach(10, false)
		var got []string
		go func() {
			var buf []media.Item
			for range tap.Ready() {
				buf = tap.Take(buf)
				if len(buf) == 0 {
					continue
				}
				got = append(got, words(buf))
				if strings.Contains(got[len(got)-1], "E") {
					return
				}
			}
		}()
		synctest.Wait()
		require.Empty(t, got)
		f.publish("D1 I")
		synctest.Wait()
		f.publish("P")
		synctest.Wait()
		f.publish("P E")
		synctest.Wait()
		require.Equal(t, []string{"D1 I", "P", "P E"}, got)
	})
}

// TestPublishNeverWaits publishes beside readers that come, take, stall and go; under the race
// detector. Every unit reaches the patient reader or is counted in its gaps.
func TestPublishNeverWaits(t *testing.T) {
	f := newFeeder()
	f.publish("D1 I")
	patient := f.feed.Attach(8, false)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				tap := f.feed.Attach(4, true)
				<-tap.Ready()
				tap.Take(nil)
				tap.Detach()
			}
		})
	}
	stop := make(chan struct{})
	var units, missed int
	count := func(items []media.Item) {
		for _, it := range items {
			switch it := it.(type) {
			case *media.Unit:
				units++
			case *media.Gap:
				missed += it.Units
			}
		}
	}
	wg.Go(func() {
		var buf []media.Item
		for {
			select {
			case <-patient.Ready():
				buf = patient.Take(buf)
				count(buf)
			case <-stop:
				return
			}
		}
	})
	for range 3000 {
		f.publish("P")
	}
	close(stop)
	wg.Wait()
	count(patient.Take(nil))
	require.Equal(t, 3000, units+missed)
}
