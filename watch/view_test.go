package watch

import (
	"image"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/rtsp/rtsptest/testcard"
)

// looks is a decoder's look at a picture every five seconds.
type looks struct {
	t     *testing.T
	w     *Watcher
	now   clock.Stamp
	found []string
}

func newLooks(t *testing.T) *looks {
	system := clock.NewSystem()
	l := &looks{t: t, now: system.Now()}
	// That nothing but stills come is no fault here.
	l.w = New(Config{CameraLost: 24 * time.Hour}, system, nil, func(f Finding) { l.found = append(l.found, label(f)) })
	return l
}

// label writes a finding without its times.
func label(f Finding) string {
	switch {
	case !f.Raised:
		return f.Code + " over"
	case f.Alarm:
		return f.Code + " alarm"
	}
	return f.Code + " raised"
}

// see shows pictures five seconds apart.
func (l *looks) see(pictures ...*image.Gray) {
	for _, p := range pictures {
		l.now = l.now.Add(5 * time.Second)
		l.w.See(l.now, p)
		l.w.look(nil, l.now.Add(200*time.Millisecond))
	}
}

// full returns luma as a decoder shows it: 16 to 235 become 0 to 255.
func full(img *image.Gray) *image.Gray {
	return each(img, func(_, _ int, v float64) float64 { return (v - 16) * 255 / 219 })
}

func each(img *image.Gray, f func(x, y int, v float64) float64) *image.Gray {
	out := image.NewGray(img.Rect)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			out.Pix[y*out.Stride+x] = uint8(min(255, max(0, f(x, y, float64(img.Pix[y*img.Stride+x])))))
		}
	}
	return out
}

// noisy adds what a sensor does, another one each time.
func noisy(img *image.Gray, seed uint32) *image.Gray {
	n := seed*2654435761 + 12345
	return each(img, func(_, _ int, v float64) float64 {
		n = n*1664525 + 1013904223
		return v + float64(n>>30) - 1.5
	})
}

// scene returns n pictures of a testcard, five seconds apart.
func scene(s testcard.Scene, f testcard.Fault, n int) []*image.Gray {
	v := testcard.NewVideo(testcard.Options{Scene: s, FPS: 1})
	var out []*image.Gray
	for i := range n * 5 {
		v.Next()
		v.Set(f)
		if i%5 == 4 {
			out = append(out, full(v.Picture()))
		}
	}
	return out
}

func TestZ26_Dark(t *testing.T) {
	for _, s := range []testcard.Scene{testcard.Front, testcard.Room} {
		healthy := scene(s, testcard.Healthy, 6)
		t.Run("a healthy picture", func(t *testing.T) {
			l := newLooks(t)
			l.see(healthy...)
			require.Empty(t, l.found)
		})
		t.Run("black for ten seconds", func(t *testing.T) {
			l := newLooks(t)
			l.see(healthy...)
			l.see(scene(s, testcard.Black, 4)[1:]...)
			require.Contains(t, l.found, "camera.dark raised")
			l.see(healthy...)
			require.Contains(t, l.found, "camera.dark over")
		})
		t.Run("covered for ten seconds", func(t *testing.T) {
			l := newLooks(t)
			l.see(healthy[0])
			l.see(scene(s, testcard.Covered, 3)[1:]...)
			require.Equal(t, []string{"camera.dark raised"}, l.found)
			l.see(healthy[1])
			require.Equal(t, []string{"camera.dark raised", "camera.dark over"}, l.found)
		})
		t.Run("a hand before it for a moment", func(t *testing.T) {
			l := newLooks(t)
			l.see(healthy[0])
			l.see(scene(s, testcard.Covered, 2)[1])
			l.see(healthy[1:]...)
			require.Empty(t, l.found)
		})
		t.Run("covered with white paper", func(t *testing.T) {
			l := newLooks(t)
			l.see(healthy[0])
			for i := range uint32(3) {
				l.see(noisy(each(healthy[0], func(_, _ int, _ float64) float64 { return 220 }), i))
			}
			require.Equal(t, []string{"camera.dark raised"}, l.found)
		})
		t.Run("black but for the camera's own text", func(t *testing.T) {
			l := newLooks(t)
			l.see(healthy[0])
			for i := range uint32(3) {
				l.see(noisy(each(healthy[0], func(x, y int, _ float64) float64 {
					if y > 10 && y < 30 && x > 20 && x < 300 && (x/6)%2 == 0 {
						return 235
					}
					return 4
				}), i))
			}
			require.Equal(t, []string{"camera.dark raised"}, l.found)
		})
		t.Run("a lamp switched", func(t *testing.T) {
			l := newLooks(t)
			l.see(healthy[:2]...)
			for i, p := range healthy {
				if i%2 == 0 {
					p = each(p, func(x, _ int, v float64) float64 { return 8 + v*(0.25+0.15*float64(x)/float64(p.Rect.Dx())) })
				}
				l.see(p)
			}
			require.Empty(t, l.found)
			for range 3 { // and it stays off
				for _, p := range healthy {
					l.see(each(p, func(_, _ int, v float64) float64 { return 8 + v*0.3 }))
				}
			}
			require.Empty(t, l.found)
		})
	}
}

// place returns pictures without the testcard's strip, which is at the same place in all of them.
func place(s testcard.Scene, n int) []*image.Gray {
	var out []*image.Gray
	for _, p := range scene(s, testcard.Healthy, n) {
		strip := testcard.StripIn(p.Rect.Dx(), p.Rect.Dy())
		out = append(out, p.SubImage(image.Rect(0, 0, int(strip.X-strip.Block), p.Rect.Dy())).(*image.Gray))
	}
	return out
}

func TestMoved(t *testing.T) {
	healthy := place(testcard.Front, 12)
	t.Run("a person who moves", func(t *testing.T) {
		l := newLooks(t)
		l.see(healthy...)
		// They lean over the table and cover a third of the view.
		for i, p := range healthy {
			l.see(noisy(each(p, func(x, y int, v float64) float64 {
				w, h := p.Rect.Dx(), p.Rect.Dy()
				if x > w/3 && x < w*2/3 && y > h/8 {
					return float64(60 + (x*7+y*3+i*11)%90)
				}
				return v
			}), uint32(i)))
		}
		require.Empty(t, l.found)
	})
	t.Run("the camera was turned", func(t *testing.T) {
		l := newLooks(t)
		l.see(healthy[0])
		l.see(place(testcard.Room, 8)...)
		require.Equal(t, []string{"camera.moved alarm"}, l.found)
		l.see(healthy[1])
		require.Equal(t, []string{"camera.moved alarm", "camera.moved over"}, l.found)
	})
	t.Run("it was pushed aside by a fifth of its view", func(t *testing.T) {
		l := newLooks(t)
		l.see(healthy[0])
		for _, p := range healthy[1:] {
			l.see(each(p, func(x, y int, _ float64) float64 {
				return float64(p.GrayAt((x+p.Rect.Dx()/5)%p.Rect.Dx(), y).Y)
			}))
		}
		require.Equal(t, []string{"camera.moved alarm"}, l.found)
	})
	t.Run("turned, and that is the reference now", func(t *testing.T) {
		l := newLooks(t)
		l.see(healthy[0])
		require.NotNil(t, l.w.Reference())
		l.w.Refer(place(testcard.Room, 1)[0])
		l.see(place(testcard.Room, 8)...)
		require.Empty(t, l.found)
	})
	t.Run("a reference that was kept", func(t *testing.T) {
		l := newLooks(t)
		l.see(healthy[0])
		kept := l.w.Reference()
		l = newLooks(t)
		l.w.Refer(kept)
		l.see(healthy...)
		require.Empty(t, l.found)
		l.see(place(testcard.Room, 8)...)
		require.Equal(t, []string{"camera.moved alarm"}, l.found)
	})
}

// The second opinion on a picture that stands still: a camera may write the time over it.
func TestFrozenStills(t *testing.T) {
	healthy := scene(testcard.Front, testcard.Healthy, 12)
	written := func(p *image.Gray, n int) *image.Gray {
		return each(p, func(x, y int, v float64) float64 {
			if y >= 16 && y < 32 && x >= 32+16*(n%10) && x < 48+16*(n%10) {
				return 235
			}
			return v
		})
	}
	t.Run("a person sitting still in a room without noise", func(t *testing.T) {
		l := newLooks(t)
		l.see(healthy...)
		require.Empty(t, l.found)
	})
	t.Run("an empty room", func(t *testing.T) {
		l := newLooks(t)
		for i := range uint32(12) {
			l.see(noisy(healthy[0], i))
		}
		require.Empty(t, l.found)
	})
	t.Run("the same picture with another time on it", func(t *testing.T) {
		l := newLooks(t)
		l.see(healthy[:2]...)
		for i := range 8 {
			l.see(written(healthy[2], i))
		}
		require.Equal(t, []string{"camera.frozen alarm", "camera.frozen raised"}, l.found)
		l.see(written(healthy[3], 9))
		require.Equal(t, "camera.frozen over", l.found[2])
	})
	t.Run("nobody looked for a minute", func(t *testing.T) {
		l := newLooks(t)
		for i := range 8 {
			l.see(written(healthy[2], i))
		}
		require.Len(t, l.found, 2)
		l.w.look(nil, l.now.Add(61*time.Second))
		require.Equal(t, "camera.frozen over", l.found[2])
	})
}
