package rtsp_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/rtsp"
	"roomrec/rtsp/rtsptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recording gathers what a camera publishes.
type recording struct {
	camera *rtsp.Camera
	cancel context.CancelFunc
	done   chan error

	mu    sync.Mutex
	items []media.Item
	grown chan struct{}
}

// watch runs a camera on an address until the test ends.
func watch(t *testing.T, s rtsp.Source, opt rtsp.Options) *recording {
	t.Helper()
	return watchWith(t, s, clock.NewSystem(), opt)
}

func watchWith(t *testing.T, s rtsp.Source, clk clock.Source, opt rtsp.Options) *recording {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	feed := media.NewFeed()
	tap := feed.Attach(1<<16, false)
	r := &recording{
		camera: rtsp.New(s, clk, feed, opt), cancel: cancel,
		done: make(chan error, 1), grown: make(chan struct{}, 1),
	}
	go func() { r.done <- r.camera.Run(ctx) }()
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		var buf []media.Item
		for {
			select {
			case <-tap.Ready():
			case <-ctx.Done():
				return
			}
			buf = tap.Take(buf)
			r.mu.Lock()
			r.items = append(r.items, buf...)
			r.mu.Unlock()
			select {
			case r.grown <- struct{}{}:
			default:
			}
		}
	}()
	t.Cleanup(func() { cancel(); _ = <-r.done; <-taken; tap.Detach() })
	return r
}

func (r *recording) all() []media.Item {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]media.Item(nil), r.items...)
}

// until waits until what was published satisfies ok.
func (r *recording) until(t *testing.T, what string, ok func([]media.Item) bool) []media.Item {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	for {
		items := r.all()
		if ok(items) {
			return items
		}
		select {
		case <-r.grown:
		case <-deadline.C:
			require.Failf(t, "waited in vain", "%s; got %s; state %+v", what, tell(items), r.camera.State())
		}
	}
}

func units(items []media.Item, track int) (out []*media.Unit) {
	for _, it := range items {
		if u, ok := it.(*media.Unit); ok && u.Track == track {
			out = append(out, u)
		}
	}
	return out
}

func of[T media.Item](items []media.Item) (out []T) {
	for _, it := range items {
		if v, ok := it.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// tell writes items as a line: the numbers of scripted pictures, their marks, and what lay between.
func tell(items []media.Item) string {
	s := ""
	add := func(format string, args ...any) {
		if s != "" {
			s += " "
		}
		s += fmt.Sprintf(format, args...)
	}
	for _, it := range items {
		switch it := it.(type) {
		case *media.Description:
			add("description(%d %dx%d)", it.Epoch, it.Tracks[0].Width, it.Tracks[0].Height)
		case *media.Unit:
			n, _ := rtsptest.ScriptNumber(it.Payload)
			mark := ""
			if it.Key {
				mark += "K"
			}
			if it.Leading {
				mark += "L"
			}
			if it.Damaged {
				mark += "d"
			}
			add("%d%s", n, mark)
		case *media.Gap:
			add("gap(%s %d/%d)", it.Cause, it.Packets, it.Units)
		case *media.Jump:
			add("jump")
		case *media.End:
			add("end")
		}
	}
	return s
}

// serve serves one stream at /cam until the test ends.
func serve(t *testing.T, s *rtsptest.Stream, opts ...rtsptest.Option) (*rtsptest.Server, rtsp.Source) {
	t.Helper()
	server, err := rtsptest.Serve(context.Background(), "127.0.0.1:0", map[string]*rtsptest.Stream{"cam": s}, opts...)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return server, rtsp.Source{URL: server.URL("cam"), User: s.User, Password: s.Password}
}

func script(t *testing.T, text string, size int) *rtsptest.Script {
	t.Helper()
	s, err := rtsptest.NewScript(text, size)
	require.NoError(t, err)
	return s
}

func TestScripts(t *testing.T) {
	for name, tc := range map[string]struct {
		stream *rtsptest.Stream
		script string
		size   int
		want   string
	}{
		"plain":              {script: "IPPPIPP|bye", want: "description(1 640x480) 0K 1 2 3 4K 5 6 end"},
		"many packets":       {script: "IPPPIPP|bye", size: 5000, want: "description(1 640x480) 0K 1 2 3 4K 5 6 end"},
		"starts without key": {script: "PPIPP|bye", want: "description(1 640x480) gap(start 0/2) 2K 3 4 end"},
		"whole picture lost": {script: "IPPP|loss 1|PPIPP|bye", want: "description(1 640x480) 0K 1 2 3 gap(loss 1/1) 5d 6K 7 8 end"},
		"half picture lost":  {script: "IPP|loss 2|PPIP|bye", size: 5000, want: "description(1 640x480) 0K 1 2 gap(loss 2/1) 4d 5K 6 end"},
		"three pictures lost": {
			script: "IPP|loss 3|PPPPIP|bye", want: "description(1 640x480) 0K 1 2 gap(loss 3/3) 6d 7K 8 end",
		},
		"key lost":            {script: "IPP|loss 1|IPPIP|bye", size: 300, want: "description(1 640x480) 0K 1 2 gap(loss 1/1) 4d 5d 6K 7 end"},
		"duplicates":          {script: "IP|dup 4|PPPIP|bye", size: 3000, want: "description(1 640x480) 0K 1 2 3 4 5K 6 end"},
		"out of order":        {script: "IP|reorder 3|PPPIP|bye", size: 5000, want: "description(1 640x480) 0K 1 2 3 4 5K 6 end"},
		"wrap":                {stream: &rtsptest.Stream{TickStart: 1<<32 - 5000}, script: "IPPPIPP|bye", want: "description(1 640x480) 0K 1 2 3 4K 5 6 end"},
		"jump ahead":          {script: "IPP|jump 900000|PPIP|bye", want: "description(1 640x480) 0K 1 2 jump 3 4 5K 6 end"},
		"jump back":           {script: "IPP|jump -90000|PPIP|bye", want: "description(1 640x480) 0K 1 2 jump 3 4 5K 6 end"},
		"sequence restarts":   {script: "IPP|sequence 20000|PPIP|bye", want: "description(1 640x480) 0K 1 2 jump gap(loss 0/0) 3d 4d 5K 6 end"},
		"reordered pictures":  {script: "IPBBPBBIPBB|bye", want: "description(1 640x480) 0K 1 2 3 4 5 6 7K 8 9 10 end"},
		"size changes":        {script: "IPP|size|IPP|bye", want: "description(1 640x480) 0K 1 2 description(1 1280x720) 3K 4 5 end"},
		"sets announced only": {stream: &rtsptest.Stream{Sets: rtsptest.SetsSDP}, script: "IPPIP|bye", want: "description(1 640x480) 0K 1 2 3K 4 end"},
		"sets in band only":   {stream: &rtsptest.Stream{Sets: rtsptest.SetsInBand}, script: "IPPIP|bye", want: "description(1 640x480) 0K 1 2 3K 4 end"},
		"sets late": {
			stream: &rtsptest.Stream{Sets: rtsptest.SetsInBand}, script: "PPPIP|bye",
			want: "description(1 640x480) gap(start 0/3) 3K 4 end",
		},
		"no sender reports": {stream: &rtsptest.Stream{NoReports: true}, script: "IPPIP|bye", want: "description(1 640x480) 0K 1 2 3K 4 end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := tc.stream
			if stream == nil {
				stream = &rtsptest.Stream{}
			}
			stream.Sources = []rtsptest.Source{script(t, tc.script, max(tc.size, 100))}
			_, source := serve(t, stream)
			r := watch(t, source, rtsp.Options{BackoffMin: time.Hour})
			items := r.until(t, "the end", func(items []media.Item) bool { return len(of[*media.End](items)) > 0 })
			require.Equal(t, tc.want, tell(items))
			checkTimes(t, items)
		})
	}
}

// checkTimes holds every track's units to the promises of media.Unit.
func checkTimes(t *testing.T, items []media.Item) {
	t.Helper()
	for track := range of[*media.Description](items)[0].Tracks {
		us := units(items, track)
		for i, u := range us {
			require.NotZero(t, u.Arrival.Mono)
			require.LessOrEqual(t, u.DTS, u.PTS, "unit %d", i)
			require.Positive(t, u.DTS)
			if i > 0 {
				require.GreaterOrEqual(t, u.DTS, us[i-1].DTS, "unit %d", i)
				require.GreaterOrEqual(t, u.Arrival.Mono, us[i-1].Arrival.Mono)
			}
		}
	}
}
