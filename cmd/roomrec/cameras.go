package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/playback"
	"roomrec/rtsp"
	"roomrec/session"
	"roomrec/watch"
)

// room is a room's machinery.
type room struct {
	setup   roomSetup
	cameras []*camera
	voices  voices
}

// camera returns a camera of the room by its id. A nil room has none.
func (r *room) camera(id string) (*camera, bool) {
	if r == nil {
		return nil, false
	}
	for _, c := range r.cameras {
		if c.setup.id == id {
			return c, true
		}
	}
	return nil, false
}

// camera is one camera's machinery: the stream that is recorded and, if it has one, the lighter one
// for live pictures.
type camera struct {
	room  string
	setup cameraSetup
	feed  *media.Feed
	main  *rtsp.Camera
	sub   *media.Feed // nil: live pictures come from feed
	live  *rtsp.Camera

	management *management // nil where the settings name none

	voices  *voices        // of its room
	watcher *watch.Watcher // nil for a camera that is not required
	// unjudged says why pictures cannot be judged now; nil where nobody looks at them.
	unjudged func() error
}

func newCamera(room string, s cameraSetup, clk clock.Source, log zerolog.Logger, m *rtsp.Metrics) (*camera, error) {
	if s.password != nil && s.source.Password == "" {
		p, err := s.password()
		if err != nil {
			return nil, fmt.Errorf("room %s: camera %s: %w", room, s.id, err)
		}
		s.source.Password = p
		if s.live != nil {
			s.live.Password = p
		}
	}
	name := room + "/" + s.id
	c := &camera{room: room, setup: s, feed: media.NewFeed()}
	c.main = rtsp.New(s.source, clk, c.feed, rtsp.Options{Name: name, Log: log, Metrics: m})
	if s.live != nil {
		c.sub = media.NewFeed()
		c.live = rtsp.New(*s.live, clk, c.sub, rtsp.Options{Name: name + "/live", Log: log, Metrics: m})
	}
	return c, nil
}

// gives reports whether something of the camera has come that a recording can begin with: a key picture,
// or sound of a camera without pictures. Some cameras answer at once and give their first key picture
// seconds later; a session that was opened in between would have to lock.
func gives(st rtsp.State) bool {
	sound := false
	for _, t := range st.Tracks {
		if t.Codec.Video() {
			return t.LastUnit != clock.Stamp{}
		}
		sound = sound || t.LastUnit != clock.Stamp{}
	}
	return sound
}

// liveFeed returns the feed for live pictures.
func (c *camera) liveFeed() *media.Feed {
	if c.sub != nil {
		return c.sub
	}
	return c.feed
}

// stages returns what has to run for the camera.
func (c *camera) stages() []stage {
	name := "camera " + c.room + "/" + c.setup.id
	all := []stage{{name, c.main.Run}}
	if c.live != nil {
		all = append(all, stage{name + " live", c.live.Run})
	}
	return all
}

// feeds returns what has to run so that the room's cameras give.
func (r *room) feeds() (all []stage) {
	for _, c := range r.cameras {
		all = append(all, c.stages()...)
	}
	return all
}

// status returns what is known of the camera apart from any session. rate is the number of pictures
// per second, 0 if not measured yet.
func (c *camera) status(rate float64) session.CameraStatus {
	st := c.main.State()
	s := session.CameraStatus{Connected: st.Connected && gives(st)}
	switch {
	case !st.Connected:
		s.Problem = cameraProblem(st.Error)
	case !s.Connected:
		s.Problem = &session.Text{En: "Waiting for the first whole picture.", Zh: "正在等待第一幅完整画面。"}
	}
	d := c.feed.Description()
	if d == nil {
		return s
	}
	for _, t := range d.Tracks {
		switch {
		case t.Codec.Video() && s.Video == "":
			s.Video = fmt.Sprintf("%s %dx%d", t.Codec, t.Width, t.Height)
			if rate > 0 {
				s.Video += fmt.Sprintf(" %.1f fps", rate)
			}
		case t.Codec.Audio() && s.Audio == "":
			s.Audio = fmt.Sprintf("%s %d Hz", t.Codec, t.SampleRate)
		}
	}
	if c.watcher != nil {
		if l := c.watcher.Sound(); l.Known {
			level := l.Meter()
			s.Sound = &level
		}
	}
	if c.unjudged != nil {
		s.Unjudged = unjudgedText(c.unjudged())
	}
	if l := c.liveFeed().Description(); l != nil && playsInBrowsers(l.Tracks) {
		s.Live = playback.MIME(l.Tracks)
	}
	return s
}

// playsInBrowsers reports whether a stock browser has a decoder for the first picture track.
func playsInBrowsers(tracks []*media.Track) bool {
	for _, t := range tracks {
		if t.Codec.Video() {
			return t.Codec == media.H264
		}
	}
	return false
}

// cameraProblem turns a stream's error into a sentence for the room's page. The full one is in the
// log; a page shows no address.
func cameraProblem(err error) *session.Text {
	switch {
	case err == nil:
		return &session.Text{En: "Connecting to the camera.", Zh: "正在连接摄像机。"}
	case rtsp.Refused(err):
		return &session.Text{En: "The camera refuses the user, the password or the path. Call IT.", Zh: "摄像机拒绝用户名、密码或路径。请联系信息技术人员。"}
	}
	return &session.Text{En: "The camera does not answer. Check its power and its network cable.", Zh: "摄像机无应答。请检查其电源和网线。"}
}

// meter counts a camera's pictures between two looks.
type meter struct {
	units uint64
	at    clock.Mono
	rate  float64
}

// measure returns the pictures per second since the last look, 0 at the first one.
func (m *meter) measure(c *camera, now clock.Mono) float64 {
	for _, t := range c.main.State().Tracks {
		if !t.Codec.Video() {
			continue
		}
		if since := now.Sub(m.at); m.at != 0 && since > 0 && t.Units >= m.units {
			fresh := float64(t.Units-m.units) / since.Seconds()
			if m.rate == 0 {
				m.rate = fresh
			}
			m.rate += (fresh - m.rate) / 4 // a look each second: the mean of some seconds
		}
		m.units, m.at = t.Units, now
		break
	}
	return m.rate
}

// statusEvery is how often what is known apart from events is told to the session's layer.
const statusEvery = time.Second

func every(ctx context.Context, d time.Duration, do func()) error {
	do()
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			do()
		}
	}
}
