package copies

import (
	"image"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/rtsp/rtsptest/testcard"
)

// What is made beside a recording is used when the session is sealed: the parts are not made twice, and
// what was still growing is not among them. The pictures carry the hash of the opening, the file that of
// the seal, and what the room's sensor said.
func TestAheadOfTheSeal(t *testing.T) {
	o := testcard.Options{Width: 256, Height: 192, Zone: shanghai}
	main := camera(t, o, "suspect", false, take{from: 0, length: 2 * time.Second, fps: 5}, take{from: 2 * time.Second, length: 2 * time.Second, fps: 5})
	second := camera(t, o, "overview", false, take{from: 0, length: 6 * time.Second, fps: 5})
	main.Growing, second.Growing = true, true
	main.Segments[1].Growing, second.Segments[0].Growing = true, true
	req := request(t, main, &second)
	req.Session.Seal, req.Session.Opening, req.Session.Breaks = "", "0a0b", nil
	req.Session.Readings = []Reading{{began.Add(-time.Minute), "23.4 °C"}, {began.Add(time.Second), ""}, {began.Add(3 * time.Second), "24.0 °C  45 % RH"}}

	short := second
	part := *second.Segments[0]
	part.Fragments = part.Fragments[:3]
	short.Segments = []*Segment{&part}
	early := req
	early.Inset = &short
	n, err := Ahead(t.Context(), early, clock.NewSystem())
	require.NoError(t, err)
	require.Zero(t, n, "the inset has not come as far")

	n, err = Ahead(t.Context(), req, clock.NewSystem())
	require.NoError(t, err)
	require.Equal(t, 1, n, "the second segment still grows")
	require.NoFileExists(t, filepath.Join(req.Dir, req.Name()))
	done, err := filepath.Glob(filepath.Join(req.work(), "*.done"))
	require.NoError(t, err)
	require.Len(t, done, 1)
	info, err := os.Stat(done[0])
	require.NoError(t, err)
	text, err := os.ReadFile(done[0][:len(done[0])-len(".done")] + ".ass")
	require.NoError(t, err)
	require.Contains(t, string(text), "opening SHA-256 0a0b")
	require.Contains(t, string(text), "0:00:00.00,0:00:01.00,Room,,0,0,0,,23.4 °C\n", "until there is no reading any more")
	require.NotContains(t, string(text), "24.0")

	main.Growing, second.Growing = false, false
	main.Segments[1].Growing, second.Segments[0].Growing = false, false
	req.Main, req.Session.Seal = main, "5e5e"
	again := false
	c, err := Make(t.Context(), req, clock.NewSystem(), func(Progress) {
		if now, err := os.Stat(done[0]); err == nil {
			again = again || now.ModTime() != info.ModTime()
		}
	})
	require.NoError(t, err)
	require.False(t, again)
	file := filepath.Join(req.Dir, c.File)
	require.Equal(t, 20, frames(t, file, 256, 192, func(int, *image.Gray) {}))
	require.Equal(t, "5e5e", c.Seal)
	require.Contains(t, tags(t, file), "5e5e")
	said, err := Made(req)
	require.NoError(t, err)
	require.Equal(t, c, said)
}

// Two do not make the same copy at once.
func TestCopyIsMadeOnce(t *testing.T) {
	main := camera(t, testcard.Options{Width: 256, Height: 192, Zone: shanghai}, "suspect", false, take{length: time.Second, fps: 5})
	req := request(t, main, nil)
	require.NoError(t, req.Reserve())
	_, release, err := begin(t.Context(), req, clock.NewSystem())
	require.NoError(t, err)
	_, err = Make(t.Context(), req, clock.NewSystem(), nil)
	require.ErrorIs(t, err, ErrBusy)
	require.NoError(t, release())
	_, err = Make(t.Context(), req, clock.NewSystem(), nil)
	require.NoError(t, err)
	require.ErrorIs(t, req.Reserve(), ErrThere)
}
