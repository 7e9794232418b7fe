package playback_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/media"
	"roomrec/playback"
)

// textAt is the instant that the clock text shows at a tick of the segment's time axis, by docs/format.md: the text of
// a fragment goes on from the text of the one before, and the wall advances evenly over a fragment.
func textAt(all []fragment.Info, tick int64) clock.Wall {
	i := all[len(all)-1]
	for _, f := range all {
		if tick < f.To {
			i = f
			break
		}
	}
	wall, axis := int64(i.End.Wall-i.Start.Wall), i.To-i.From
	if wall <= 0 || axis <= 0 {
		wall, axis = 1_000_000_000, 90_000
	}
	return i.Start.Wall + clock.Wall(float64(tick-i.From)*float64(wall)/float64(axis))
}

// The times of a playlist never run back and are those of the clock text, whatever a camera's own clock says: one
// that draws slowly counts a second for what takes two, one that was held up sends seconds at once.
func TestTimesOfAPlaylistAreThoseOfTheText(t *testing.T) {
	const most = 100 * time.Millisecond // within an entry
	src := fragmenttest.New(t, media.H264, media.CodecNone, 24, false)
	for name, wallOf := range map[string]func(s float64) float64{ // seconds of the camera → seconds of the wall
		"even":          func(s float64) float64 { return s },
		"slow":          func(s float64) float64 { return 2 * s },
		"quick":         func(s float64) float64 { return s / 2 },
		"held up":       func(s float64) float64 { return max(s, 9+s/16) },
		"held up later": func(s float64) float64 { return max(min(s, 8+(s-8)/16), s-7) },
	} {
		t.Run(name, func(t *testing.T) {
			w, data, err := fragment.NewWriter(fragmenttest.Header(src.Tracks, false))
			require.NoError(t, err)
			at := func(pts int64) clock.Instant {
				s := float64(pts) / 90_000
				return clock.Instant{Wall: fragmenttest.Begin.Wall.Add(time.Duration(wallOf(s) * float64(time.Second)))}
			}
			for _, f := range src.Cut() {
				first, last := f.Tracks[0].Units[0].PTS, int64(0)
				for i, u := range f.Tracks[0].Units {
					first, last = min(first, u.PTS), max(last, u.PTS+f.Tracks[0].Durations[i])
				}
				f.Start, f.End = at(first), at(last)
				b, _, err := w.Append(f)
				require.NoError(t, err)
				data = append(data, b...)
			}
			var all []fragment.Info
			_, err = fragment.Index(bytes.NewReader(data), int64(len(data)), func(_ *fragment.Header, i *fragment.Info) error { all = append(all, *i); return nil })
			require.NoError(t, err)
			x, err := playback.NewIndex(bytes.NewReader(data), int64(len(data)))
			require.NoError(t, err)
			list := string(playback.Playlist([]playback.Source{{Path: "1.mp4", Index: x}}, "/", false))
			var times []clock.Wall
			for _, line := range strings.Split(list, "\n") {
				if said, ok := strings.CutPrefix(line, "#EXT-X-PROGRAM-DATE-TIME:"); ok {
					at, err := time.Parse(time.RFC3339Nano, said)
					require.NoError(t, err)
					times = append(times, clock.WallOf(at))
				}
			}
			require.Len(t, times, len(x.Entries))
			k := -1
			var begins int64
			for i := range all {
				decode := all[i].Tracks[0].Decode
				if k+1 < len(x.Entries) && x.Entries[k+1].From == all[i].Offset {
					k++
					begins = decode
					require.InDelta(t, 0, times[k].Time().Sub(textAt(all, decode).Time()), float64(2*time.Millisecond), "entry %d\n%s", k, list)
					if k > 0 {
						require.GreaterOrEqual(t, times[k], times[k-1], "%s", list)
					}
				}
				if !all[i].Decodable() {
					continue
				}
				shown := times[k].Add(clock.Ticks{N: decode - begins, Scale: 90_000}.Duration())
				require.InDelta(t, 0, shown.Time().Sub(textAt(all, decode).Time()), float64(most), "entry %d, fragment %d: %s", k, i, fmt.Sprint(all[i].Start))
			}
			require.Equal(t, len(x.Entries)-1, k)
		})
	}
}
