package evidence

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
)

// A camera that claims 25 pictures a second and sends 21 or 30, with sound whose ticks are right: the time that the
// fragments give its pictures is that of their arrival, to a picture's length, however far the two have come apart.
func TestPicturesCountedWronglyBesideSound(t *testing.T) {
	for _, sends := range []float64{21, 30} {
		t.Run(fmt.Sprint(sends), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1, nil)
				f := newFake(t, r.clock, card(true)...)
				f.delay = func(u *media.Unit) time.Duration {
					if u.Track != 0 {
						return 0
					}
					return time.Duration(float64(u.DTS) / 90000 * (25/sends - 1) * 1e9)
				}
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
				f.play(4 * time.Minute)
				arrived := make(map[uint32]clock.Wall)
				for _, u := range f.sent {
					if u.Track == 0 {
						arrived[uint32(u.DTS)] = u.Arrival.Wall
					}
				}
				require.NoError(t, r.e.StopRecording(context.Background()))
				_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
				require.NoError(t, err)
				r.halt()
				files := r.files(r.disks[0])
				var worst time.Duration
				pictures := 0
				for _, name := range segments(files, "r", "c") {
					b := files[name]
					_, err := fragment.Index(bytes.NewReader(b), int64(len(b)), func(_ *fragment.Header, i *fragment.Info) error {
						v := i.Tracks[0]
						at, ok := arrived[v.RawFirst]
						if v.Samples == 0 || i.Sequence < 120 { // the rate is not known from the first second on
							return nil
						}
						require.True(t, ok)
						rate := float64(i.End.Wall-i.Start.Wall) / float64(i.To-i.From)
						shown := i.Start.Wall + clock.Wall(float64(v.Decode-i.From)*rate) // as the time text and copies have it
						worst = max(worst, time.Duration(shown-at).Abs())
						pictures++
						return nil
					})
					require.NoError(t, err)
				}
				require.Greater(t, pictures, 30)
				require.Less(t, worst, 50*time.Millisecond)
			})
		})
	}
}
