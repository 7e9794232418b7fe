package copies

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
)

func TestMain(m *testing.M) {
	niceness = "0"
	goleak.VerifyTestMain(m)
}

// began is 300 ms before a full second, so that the drawn clock has to change within the first pictures.
const began = clock.Wall(1_795_327_387_700_000_000)

var shanghai = clock.NewZone(time.FixedZone("Asia/Shanghai", 8*3600))

// take is what one segment of a simulated camera holds.
type take struct {
	from    time.Duration // after began, true time
	length  time.Duration
	fps     int     // that it really sends
	claimed int     // that its ticks claim; 0: fps
	ppm     float64 // by which its ticks run fast
	sound   bool
	// still are the whole seconds after from between which no pictures come; mute says that no sound does either.
	still [2]int
	mute  bool
}

// gives reports whether pictures or sound of the given second come.
func (k *take) gives(pictures bool, second int) bool {
	return second < k.still[0] || second >= k.still[1] || !pictures && !k.mute
}

// camera writes segments of a simulated camera, whose pictures carry the true time in a strip, and reads
// them as a copy does. What the fragments say of time is the truth; the axis of ticks is the camera's.
func camera(t testing.TB, o testcard.Options, id string, run bool, takes ...take) Camera {
	t.Helper()
	c := Camera{ID: id}
	for i, k := range takes {
		o := o
		o.FPS, o.Start = k.fps, began.Add(k.from)
		v := testcard.NewVideo(o)
		if k.claimed == 0 {
			k.claimed = k.fps
		}
		tracks := []*media.Track{v.Track()}
		var tone *testcard.Sound
		if k.sound {
			tone = testcard.NewRoomTone(testcard.SoundOptions{Start: o.Start})
			tracks = append(tracks, tone.Track())
		}
		h := fragment.Header{
			Session: "20261122-140307-7f2k", Room: "room3", Camera: id, Run: 1, Segment: i + 1,
			Origin: clock.Instant{Wall: o.Start}, Zone: shanghai, Tracks: tracks,
		}
		if run {
			h.Run, h.Segment = i+1, 1
		}
		w, data, err := fragment.NewWriter(h)
		require.NoError(t, err)
		n := int(k.length.Seconds() * float64(k.fps))
		step := int64(90000 / float64(k.claimed) * (1 + k.ppm/1e6))
		var soundAt int64
		sequence := uint32(1)
		for first := 0; first < n; first += k.fps {
			f := fragment.Fragment{Sequence: sequence, Source: "arrival", Tracks: make([]fragment.Part, len(tracks))}
			f.Tracks[0].Decode = int64(first) * step
			last := min(first+k.fps, n)
			for j := first; j < last; j++ {
				payload, _, _, _ := v.Next()
				if !k.gives(true, j/k.fps) {
					continue
				}
				f.Tracks[0].Units = append(f.Tracks[0].Units, &media.Unit{
					PTS: int64(j) * step, DTS: int64(j) * step, Payload: payload, Key: len(payload) > 1,
				})
				f.Tracks[0].Durations = append(f.Tracks[0].Durations, step)
			}
			for tone != nil && soundAt*int64(k.fps) < int64(last)*tracks[1].ClockRate {
				payload, pts, dts, _ := tone.Next()
				soundAt = dts + int64(len(payload[0]))
				if !k.gives(false, first/k.fps) {
					continue
				}
				part := &f.Tracks[1]
				if len(part.Units) == 0 {
					part.Decode = dts
				}
				part.Units = append(part.Units, &media.Unit{PTS: pts, DTS: dts, Payload: payload, Key: true})
				part.Durations = append(part.Durations, int64(len(payload[0])))
			}
			if !k.gives(true, first/k.fps) && (!k.sound || k.mute) {
				continue
			}
			at := func(j int) clock.Instant {
				return clock.Instant{Wall: o.Start.Add(time.Duration(j) * time.Second / time.Duration(k.fps)), Uncertainty: time.Millisecond}
			}
			f.Start, f.End = at(first), at(last)
			b, _, err := w.Append(f)
			require.NoError(t, err)
			data = append(data, b...)
			sequence++
		}
		name := filepath.Join(t.TempDir(), fmt.Sprintf("%s-%d.mp4", id, i))
		require.NoError(t, os.WriteFile(name, data, 0o600))
		seg, err := ReadSegment(name, math.MaxInt64)
		require.NoError(t, err)
		c.Segments = append(c.Segments, seg)
	}
	return c
}

// frames decodes every picture of a file with the band below it, as luma, without repeating or leaving out any.
func frames(t *testing.T, file string, width, height int, each func(i int, img *image.Gray)) int {
	t.Helper()
	cmd := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-i", file, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start(), "make deps")
	n := 0
	for {
		img := image.NewGray(image.Rect(0, 0, width, height+bandFor(width, height)))
		if _, err := io.ReadFull(out, img.Pix); err != nil {
			break
		}
		each(n, img)
		n++
	}
	require.NoError(t, cmd.Wait())
	return n
}

// reader reads the drawn clock by comparing each figure with pictures of all ten.
type reader struct {
	figures [10]*image.Gray
	cell    float64
	box     image.Rectangle
}

// pattern is the clock's text; 0 stands for a figure.
const pattern = "0000-00-00 00:00:00"

func newReader(t *testing.T, width, height int) *reader {
	t.Helper()
	tool, err := newTool()
	require.NoError(t, err)
	r := &reader{}
	dir := t.TempDir()
	text := newText(width, height)
	height += bandFor(width, height)
	for d := range 10 { // a second for each
		from := time.Duration(d) * time.Second
		text.add(from, from+time.Second, styleClock, strings.ReplaceAll(pattern, "0", strconv.Itoa(d))+" +08:00")
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.ass"), []byte(text.b.String()), 0o600))
	require.NoError(t, tool.run(t.Context(), dir, nil, "-f", "lavfi", "-i", fmt.Sprintf("color=c=gray:s=%dx%d:r=1", width, height),
		"-vf", "ass=a.ass", "-frames:v", "10", "-f", "rawvideo", "-pix_fmt", "gray", "a.gray"))
	pix, err := os.ReadFile(filepath.Join(dir, "a.gray"))
	require.NoError(t, err)
	for d := range r.figures {
		r.figures[d] = &image.Gray{Pix: pix[d*width*height:][:width*height], Stride: width, Rect: image.Rect(0, 0, width, height)}
		for y := range height { // where the text stands: white on its box
			for x := range width {
				if r.figures[d].GrayAt(x, y).Y > 180 {
					r.box = r.box.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
	}
	r.cell = float64(r.box.Dx()) / float64(len(pattern+" +08:00"))
	return r
}

// read returns the second that a picture shows.
func (r *reader) read(t *testing.T, img *image.Gray) time.Time {
	t.Helper()
	shown := []byte(pattern)
	for i, c := range pattern {
		if c != '0' {
			continue
		}
		x0, x1 := r.box.Min.X+int(float64(i)*r.cell), r.box.Min.X+int(float64(i+1)*r.cell)
		best, least := 0, 1<<40
		for d, figure := range r.figures {
			sum := 0
			for y := r.box.Min.Y; y < r.box.Max.Y; y++ {
				for x := x0; x < x1; x++ {
					diff := int(img.GrayAt(x, y).Y) - int(figure.GrayAt(x, y).Y)
					sum += diff * diff
				}
			}
			if sum < least {
				best, least = d, sum
			}
		}
		shown[i] = byte('0' + best)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", string(shown), shanghai.Location())
	require.NoError(t, err, "drawn: %s", shown)
	return at
}

func request(t testing.TB, main Camera, inset *Camera) Request {
	t.Helper()
	dir := t.TempDir()
	return Request{
		Session: Session{ID: "20261122-140307-7f2k", Room: "Room 3 三号讯问室", Seal: strings.Repeat("5a", 32), Breaks: []Break{
			{From: began.Add(5 * time.Second), To: began.Add(60 * time.Second), Cause: Words{"Front camera: no picture", "正面摄像机：无画面"}},
		}},
		Main: main, Inset: inset, Original: filepath.Join(dir, "2026/11/22/s"), Dir: filepath.Join(dir, "copies", "s"),
		By: "supervisor:0101", Reason: "for the prosecution",
	}
}

// requireTrue compares the drawn clock of every picture of a copy with the true time that its strip
// carries, and returns how many pictures had one. It may be off by a picture's length.
func requireTrue(t *testing.T, file string, width, height int, frame time.Duration) (pictures, cards int) {
	t.Helper()
	r := newReader(t, width, height)
	strip := testcard.StripIn(width, height)
	var last time.Time
	frames(t, file, width, height, func(i int, img *image.Gray) {
		truth, ok := strip.Read(img)
		if !ok {
			cards++
			return
		}
		pictures++
		drawn := r.read(t, img)
		day := drawn.UTC().Truncate(24 * time.Hour)
		at := day.Add(time.Duration(truth.Millis) * time.Millisecond)
		require.False(t, at.Before(drawn.Add(-frame)), "picture %d, taken %v, shows %v", i, at, drawn)
		require.False(t, at.After(drawn.Add(time.Second+frame)), "picture %d, taken %v, shows %v", i, at, drawn)
		require.False(t, drawn.Before(last), "picture %d: %v after %v", i, drawn, last)
		last = drawn
	})
	return pictures, cards
}

// Nothing that is drawn stands over the picture, whatever its size and the length of what is said: neither the
// hands that sign nor the camera's own time may lie under it.
func TestTextStandsBelowThePicture(t *testing.T) {
	tool, err := newTool()
	require.NoError(t, err)
	for _, size := range [][2]int{{1920, 1080}, {2560, 1440}, {1280, 720}, {720, 576}, {640, 360}, {352, 288}} {
		width, height := size[0], size[1]
		dir := t.TempDir()
		text := newText(width, height)
		text.add(0, time.Second, styleClock, pattern+" +08:00")
		text.add(0, time.Second, styleRoom, "-23.4 °C  100 % RH")
		text.label(Session{ID: "20261122-140307-7f2k", Room: "Interrogation room 3 第三讯问室", Opening: strings.Repeat("5a", 32)})
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.ass"), []byte(text.b.String()), 0o600))
		all := height + bandFor(width, height)
		require.NoError(t, tool.run(t.Context(), dir, nil, "-f", "lavfi", "-i", fmt.Sprintf("color=c=gray:s=%dx%d:r=1", width, all),
			"-vf", "ass=a.ass", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "a.gray"))
		pix, err := os.ReadFile(filepath.Join(dir, "a.gray"))
		require.NoError(t, err)
		gray := pix[0]
		for i, p := range pix[:width*height] {
			if p != gray {
				require.Fail(t, "something is drawn over the picture", "%v at %d,%d", size, i%width, i/width)
			}
		}
		for y := all - 1; y >= height; y-- { // and nothing is cut off at the sides
			require.Equal(t, []byte{gray, gray}, []byte{pix[y*width], pix[(y+1)*width-1]}, "%v, line %d", size, y)
		}
		require.Less(t, float64(all-height), 0.2*float64(height), "%v", size)
	}
}

// A camera that stood still and went on without another run leaves no picture standing as if time did: a card is there as
// long as that lasts, with the sound and the other camera's pictures, and the time goes on as it was.
func TestACameraThatStoodStillGetsACard(t *testing.T) {
	for name, k := range map[string]take{
		"pictures alone":      {length: 8 * time.Second, fps: 25, sound: true, still: [2]int{2, 6}},
		"all":                 {length: 8 * time.Second, fps: 25, sound: true, still: [2]int{2, 6}, mute: true},
		"pictures to the end": {length: 6 * time.Second, fps: 25, sound: true, still: [2]int{2, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			main := camera(t, testcard.Options{Zone: shanghai}, "suspect", true, k)
			other := camera(t, testcard.Options{Zone: shanghai}, "room", true, take{length: 8 * time.Second, fps: 10})
			r := request(t, main, &other)
			r.Session.Breaks = []Break{{From: began.Add(2 * time.Second), To: began.Add(6 * time.Second), Cause: Words{"Front: no picture", "正面：无画面"}}}
			parts := plan(r.Session, main, nil)
			require.Len(t, parts, 1)
			require.Len(t, parts[0].holes, 1)
			h := parts[0].holes[0]
			require.InDelta(t, 2.2, h.from.Seconds(), 0.001)
			require.InDelta(t, 6, h.to.Seconds(), 0.05)
			require.InDelta(t, 0, h.card.from.Time().Sub(began.Add(2*time.Second).Time()).Seconds(), 0.001)
			require.InDelta(t, 0, h.card.to.Time().Sub(began.Add(6*time.Second).Time()).Seconds(), 0.05)
			require.Equal(t, "Front: no picture", h.card.cause.En)
			c, err := Make(t.Context(), r, clock.NewSystem(), nil)
			require.NoError(t, err)
			track := main.Segments[0].track(true)
			pictures, cards := requireTrue(t, filepath.Join(r.Dir, c.File), track.Width, track.Height, 40*time.Millisecond)
			require.Equal(t, int(k.length.Seconds())*25-100, pictures, "every picture of the original")
			require.InDelta(t, 95, cards, 2, "and a card for nearly four seconds")
		})
	}
}

// A camera of one picture a second lacks nothing between two of them.
func TestASlowCameraGetsNoCard(t *testing.T) {
	main := camera(t, testcard.Options{Zone: shanghai}, "suspect", true, take{length: 4 * time.Second, fps: 1, sound: true})
	require.Empty(t, plan(Session{}, main, nil)[0].holes)
}

// Whatever a camera is called, a card's lines fit into the picture, and both languages are there.
func TestCardFits(t *testing.T) {
	tool, err := newTool()
	require.NoError(t, err)
	const width, height = 640, 360
	const all = height + 64 // more than the band: nothing is cut off below it
	dir := t.TempDir()
	text := newText(width, height)
	causes := []Words{
		{"Front: no picture", "正面：无画面"},
		{"Camera above the door of interrogation room 3: too much of the picture is lost", "第三讯问室门口上方全景摄像机：画面丢失过多"},
		{strings.Repeat("W", 60) + ": not as it was at the start", strings.Repeat("摄", 60) + "：与开始时不同"},
		{},
	}
	for i, cause := range causes { // a second for each
		at := time.Duration(i) * time.Second
		text.card(&card{from: began, to: began.Add(time.Minute), offset: 8 * time.Hour, cause: cause}, at, at+time.Second)
	}
	plainly := regexp.MustCompile(`\{\\fs\d+\}`).ReplaceAllString(text.b.String(), "")
	require.Contains(t, plainly, "2026-11-22\\NInterrupted 14:03:07 to 14:04:07\\NFront: no picture\\N中断 14:03:07 至 14:04:07\\N正面：无画面\n")
	require.Contains(t, plainly, "2026-11-22\\NInterrupted 14:03:07 to 14:04:07\\N中断 14:03:07 至 14:04:07\n", "a cause that is not known is left out")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.ass"), []byte(text.b.String()), 0o600))
	require.NoError(t, tool.run(t.Context(), dir, nil, "-f", "lavfi", "-i", fmt.Sprintf("color=c=gray:s=%dx%d:r=1", width, all),
		"-vf", "ass=a.ass", "-frames:v", strconv.Itoa(len(causes)), "-f", "rawvideo", "-pix_fmt", "gray", "a.gray"))
	pix, err := os.ReadFile(filepath.Join(dir, "a.gray"))
	require.NoError(t, err)
	for i, cause := range causes {
		img := image.Gray{Pix: pix[i*width*all:][:width*all], Stride: width, Rect: image.Rect(0, 0, width, all)}
		var drawn image.Rectangle
		for y := range all {
			for x := range width {
				if img.GrayAt(x, y).Y > 160 { // white; what is around it is grey, its box dark
					drawn = drawn.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		require.Greater(t, drawn.Dx(), width/3, "card %d", i)
		require.True(t, drawn.In(image.Rect(1, 1, width-1, all-1)), "card %d, %s: %v", i, cause.En, drawn)
	}
}

// Every picture of the original is in the copy, with the time that it was taken drawn into it: over a
// change of segment, an interruption and a camera that claims 25 pictures a second, sends 21 and whose
// ticks drift.
func TestZ26_CopyShowsTheTrueTime(t *testing.T) {
	main := camera(t, testcard.Options{Zone: shanghai}, "suspect", true,
		take{from: 0, length: 3 * time.Second, fps: 25, sound: true},
		take{from: 3 * time.Second, length: 2 * time.Second, fps: 25, ppm: 100, sound: true},
		take{from: 61 * time.Second, length: 4 * time.Second, fps: 21, claimed: 25},
	)
	before := make(map[string][]byte)
	for _, s := range main.Segments {
		b, err := os.ReadFile(s.Path)
		require.NoError(t, err)
		before[s.Path] = b
	}
	req := request(t, main, nil)
	var told []float64
	c, err := Make(t.Context(), req, clock.NewSystem(), func(p Progress) { told = append(told, p.Done) })
	require.NoError(t, err)
	file := filepath.Join(req.Dir, c.File)
	pictures, cards := requireTrue(t, file, 640, 360, 48*time.Millisecond)
	require.Equal(t, 75+50+84, pictures, "every picture, once")
	require.Equal(t, 50, cards, "two seconds")
	require.InDelta(t, 1, told[len(told)-1], 0)
	require.IsNonDecreasing(t, told)

	for path, b := range before {
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, b, after, "the original is only read")
	}
	sum, err := hashOf(file)
	require.NoError(t, err)
	require.Equal(t, sum, c.SHA256)
	b, err := os.ReadFile(strings.TrimSuffix(file, ".mp4") + ".json")
	require.NoError(t, err)
	var said Copy
	require.NoError(t, json.Unmarshal(b, &said))
	require.Equal(t, *c, said)
	require.Equal(t, "for the prosecution", said.Reason)
	left, err := filepath.Glob(filepath.Join(req.Dir, "*"))
	require.NoError(t, err)
	require.Len(t, left, 2, "the parts are gone")

	probe := tags(t, file)
	require.Contains(t, probe, "copy, not an original")
	require.Contains(t, probe, req.Session.Seal)
	require.Contains(t, probe, "COPY 复制件")

	_, err = Make(t.Context(), req, clock.NewSystem(), nil)
	require.ErrorIs(t, err, ErrThere)
}

func tags(t *testing.T, file string) string {
	out, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "format_tags:format=duration", "-of", "default", file).Output()
	require.NoError(t, err)
	return string(out)
}

// The second camera's pictures stand in the main one's at the same time, however the two are cut into
// segments and whatever their rates.
func TestCopyWithInset(t *testing.T) {
	const width, height = 1280, 720
	main := camera(t, testcard.Options{Width: width, Height: height, Zone: shanghai, Card: 1}, "suspect", false,
		take{from: 0, length: 6 * time.Second, fps: 5, sound: true})
	second := camera(t, testcard.Options{Scene: testcard.Room, Width: width, Height: height, Zone: shanghai, Card: 2}, "overview", false,
		take{from: -1 * time.Second, length: 3 * time.Second, fps: 5, sound: true},
		take{from: 2 * time.Second, length: 3 * time.Second, fps: 5, claimed: 4, sound: true})
	req := request(t, main, &second)
	c, err := Make(t.Context(), req, clock.NewSystem(), nil)
	require.NoError(t, err)
	file := filepath.Join(req.Dir, c.File)
	pictures, _ := requireTrue(t, file, width, height, 200*time.Millisecond)
	require.Equal(t, 30, pictures)
	w, h := width*3/10&^1, height*3/10&^1
	margin := height / 40
	big := testcard.StripIn(width, height)
	small := big.Scale(float64(w)/width, float64(margin), float64(height-h-margin))
	both := 0
	frames(t, file, width, height, func(i int, img *image.Gray) {
		a, ok := big.Read(img)
		require.True(t, ok)
		b, ok := small.Read(img)
		if !ok {
			return
		}
		both++
		require.Equal(t, uint8(2), b.Card)
		apart := time.Duration(a.Millis-b.Millis) * time.Millisecond
		require.LessOrEqual(t, apart.Abs(), 210*time.Millisecond, "picture %d", i)
	})
	require.GreaterOrEqual(t, both, 22, "5 of 6 seconds have both")
	streams, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", file).Output()
	require.NoError(t, err)
	require.Equal(t, "video\naudio\n", string(streams))
}

// A copy that was cancelled is begun again where it was, and is whole in the end.
func TestCopyGoesOnAfterACancel(t *testing.T) {
	main := camera(t, testcard.Options{Width: 256, Height: 192, Zone: shanghai}, "suspect", true,
		take{from: 0, length: 2 * time.Second, fps: 10}, take{from: 10 * time.Second, length: 2 * time.Second, fps: 10})
	req := request(t, main, nil)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Make(ctx, req, clock.NewSystem(), func(p Progress) {
		if p.Done > 0.34 {
			cancel() // the first part, a third of it all, is done
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NoFileExists(t, filepath.Join(req.Dir, req.Name()), "it has its name only when it is whole")
	done, err := filepath.Glob(filepath.Join(req.Dir, "unfinished-*", "*.done"))
	require.NoError(t, err)
	require.NotEmpty(t, done)
	info, err := os.Stat(done[0])
	require.NoError(t, err)

	again := false
	c, err := Make(t.Context(), req, clock.NewSystem(), func(Progress) {
		if now, err := os.Stat(done[0]); err == nil {
			again = again || now.ModTime() != info.ModTime()
		}
	})
	require.NoError(t, err)
	require.False(t, again, "what was done is not done twice")
	require.Equal(t, 20+50+20, frames(t, filepath.Join(req.Dir, c.File), 256, 192, func(int, *image.Gray) {}))
}

func TestCopyIsRefused(t *testing.T) {
	main := camera(t, testcard.Options{Zone: shanghai}, "suspect", true, take{length: time.Second, fps: 10})
	for name, c := range map[string]struct {
		change func(*Request)
		want   error
	}{
		"into the original's folder":  {func(r *Request) { r.Dir = r.Original }, ErrPlace},
		"below the original's folder": {func(r *Request) { r.Dir = filepath.Join(r.Original, "after", "copies") }, ErrPlace},
		"nobody":                      {func(r *Request) { r.By = " " }, ErrReason},
		"no reason":                   {func(r *Request) { r.Reason = "" }, ErrReason},
		"nothing recorded":            {func(r *Request) { r.Main.Segments = nil }, ErrNothing},
	} {
		t.Run(name, func(t *testing.T) {
			req := request(t, main, nil)
			c.change(&req)
			_, err := Make(t.Context(), req, clock.NewSystem(), nil)
			require.ErrorIs(t, err, c.want)
			require.NoDirExists(t, req.Original)
		})
	}
	t.Setenv("PATH", t.TempDir())
	_, err := Make(t.Context(), request(t, main, nil), clock.NewSystem(), nil)
	require.ErrorIs(t, err, ErrNoFFmpeg)
	require.ErrorContains(t, err, "install the Debian packages ffmpeg")
}

// Names and causes come from people: none of them can draw something else.
func TestTextIsPlain(t *testing.T) {
	text := newText(640, 360)
	text.card(&card{from: began, to: began.Add(time.Minute), offset: 8 * time.Hour, cause: Words{En: "a{\\fs0}b\nDialogue: x"}}, 0, forever)
	require.Equal(t, 4, strings.Count(text.b.String(), "{"), "our own, one for each line")
	require.NotContains(t, text.b.String(), "\nDialogue: x")
	require.Contains(t, text.b.String(), "}Interrupted 14:03:07 to 14:04:07")
	require.Equal(t, "a··fs0·b Dialogue: x", plain("a{\\fs0}b\nDialogue: x"))
}
