package testcard

import (
	"math"
	"time"

	"roomrec/clock"
)

// Scene is what a camera looks at.
type Scene int

// The scenes.
const (
	Front Scene = iota // a person behind a table, seen from the front
	Room               // the room with three people, seen from above
)

// pose is everything in a scene that moves, in steps: pictures of equal pose are equal but for strip
// and runner.
type pose struct {
	second int64 // of the wall
	body   [3]step
}

// step is how far a person has moved, in half units.
type step struct{ x, y int }

// poseAt returns the pose at the wall time w. People breathe in and out in about five seconds and sway
// slowly.
func poseAt(w clock.Wall) pose {
	t := float64(w/1e6%3.6e6) / 1000 // repeats after an hour
	p := pose{second: int64(w) / int64(time.Second)}
	for i := range p.body {
		phase := 2.1 * float64(i)
		breath := 1.5 * math.Sin(2*math.Pi*t/(4.8+0.7*float64(i))+phase)
		sway := 2.5 * math.Sin(2*math.Pi*t/(14+3*float64(i))+phase)
		p.body[i] = step{int(math.Round(2 * sway)), int(math.Round(2 * breath))}
	}
	return p
}

func (s step) at() (x, y float64) { return float64(s.x) / 2, float64(s.y) / 2 }

// stage draws one scene.
type stage struct {
	scene Scene
	name  string
	zone  clock.Zone
	back  *picture // what never moves
	shown *picture // with people, clock and text, as in pose
	pose  pose
	drawn bool
	right float64 // where the scene ends and the strip's guard begins, in units
}

func newStage(o Options, width, height int) *stage {
	s := &stage{scene: o.Scene, name: o.Name, zone: o.Zone, back: newPicture(width, height), shown: newPicture(width, height)}
	strip := StripIn(width, height)
	s.right = (strip.X - strip.Block) / s.back.unit
	if s.scene == Room {
		s.roomBack()
	} else {
		s.frontBack()
	}
	p := s.back
	p.text("simulated camera", s.right-12, 14, 2)
	p.text(s.name, s.right-12, 38, 2)
	p.box(int(strip.X-strip.Block), 0, p.stride, p.rows, stripGuard)
	p.box(0, runnerTop(p.rows), int(strip.X-strip.Block), p.rows, runnerShade)
	return s
}

// draw paints the scene as it is at w into p, which has the stage's size.
func (s *stage) draw(p *picture, w clock.Wall) {
	if pose := poseAt(w); !s.drawn || pose != s.pose {
		s.pose, s.drawn = pose, true
		copy(s.shown.pix, s.back.pix)
		if s.scene == Room {
			s.roomPeople(w)
		} else {
			s.frontPerson(w)
		}
		s.shown.text(s.zone.DateTime(w), s.right-12, 328, 2)
	}
	copy(p.pix, s.shown.pix)
}

// The runner is a light block that crosses the lowest row of macroblocks, four pixels further in
// every picture, so that no two pictures in a row are equal whatever the strip says.
const (
	runnerShade = 30
	runnerLight = 120
)

func runnerTop(rows int) int { return rows - 16 }

func (p *picture) runner(frame uint32) {
	strip := StripIn(p.width, p.height)
	track := max(1, (int(strip.X-strip.Block)-16)/4)
	x := int(frame%uint32(track)) * 4
	top := runnerTop(p.rows)
	p.box(x, top, x+16, p.rows, runnerLight)
}

// slope returns a shade that goes evenly from a at y0 to b at y1.
func slope(y0, y1, a, b float64) func(x, y float64) float64 {
	return func(_, y float64) float64 { return math.Round(a + (b-a)*min(1, max(0, (y-y0)/(y1-y0)))) }
}

// wallClock draws a clock of radius r that shows the time w.
func (p *picture) wallClock(cx, cy, r float64, t time.Time) {
	hand := func(turn, from, to, width float64, v byte) {
		s, c := math.Sincos(2 * math.Pi * turn)
		p.fill(stroke(cx-from*r*s, cy+from*r*c, cx+to*r*s, cy-to*r*c, width*r), v)
	}
	for i := range 12 {
		hand(float64(i)/12, -0.78, 0.88, 0.06, 60)
	}
	h, m, sec := float64(t.Hour()%12), float64(t.Minute()), float64(t.Second())
	hand((h+m/60)/12, 0.1, 0.5, 0.13, 40)
	hand((m+sec/60)/60, 0.12, 0.74, 0.09, 40)
	hand(sec/60, 0.2, 0.82, 0.04, 90)
	p.fill(disc(cx, cy, 0.09*r), 40)
}

// clockFace draws what of a clock stands still.
func (p *picture) clockFace(cx, cy, r float64) {
	p.fill(disc(cx+1, cy+2, r+3), 84)
	p.fill(disc(cx, cy, r+2.5), 62)
	p.fill(disc(cx, cy, r), 218)
}
