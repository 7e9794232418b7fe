package testcard

import "roomrec/clock"

// Where the clock hangs in the room view, in units; x from the scene's middle.
const (
	roomClockX = -92
	roomClockY = 148
	roomClockR = 27
)

func (s *stage) roomBack() {
	p, mid := s.back, s.right/2
	at := func(c ...float64) shape {
		for i := 0; i < len(c); i += 2 {
			c[i] += mid
		}
		return polygon(c...)
	}
	const w, top, low = 172, 88, 224 // of the far wall
	p.fill(rect(-20, -20, s.right+20, 400, 0), 96)
	p.shade(at(-330, -20, 330, -20, w, top, -w, top), slope(0, top, 138, 122))   // ceiling
	p.shade(at(-330, -36, -w, top, -w, low, -330, 380), slope(40, 330, 106, 92)) // left wall
	p.shade(at(w, top, 330, -36, 330, 380, w, low), slope(40, 330, 100, 86))     // right wall
	p.shade(at(-w, low, w, low, 330, 374, -330, 374), slope(low, 360, 74, 90))   // floor
	p.shade(at(-w, top, w, top, w, low, -w, low), slope(top, low, 124, 114))     // far wall
	p.fill(at(-60, 30, 60, 30, 40, 58, -40, 58), 214)                            // lamp
	p.fill(at(-w, low-7, w, low-7, w, low, -w, low), 88)                         // skirting
	p.fill(at(88, 122, 148, 122, 148, low, 88, low), 78)                         // door
	p.fill(at(92, 126, 144, 126, 144, low, 92, low), 86)
	p.fill(disc(mid+100, 178, 3), 190)
	p.clockFace(mid+roomClockX, roomClockY, roomClockR)
	// Thermometer.
	tx := mid + roomClockX + 46
	p.fill(rect(tx-5, 126, tx+5, 172, 3), 208)
	p.fill(rect(tx-1.2, 144, tx+1.2, 162, 1), 50)
	p.fill(disc(tx, 164, 3), 50)
}

func (s *stage) roomPeople(w clock.Wall) {
	p, mid := s.shown, s.right/2
	p.wallClock(mid+roomClockX, roomClockY, roomClockR, w.In(s.zone.Location()))
	const far, near = 250, 306 // edges of the table
	// The person behind the table.
	dx, dy := s.pose.body[0].at()
	x := mid + dx
	p.fill(rect(mid-40, 196, mid+40, far+4, 10), 58)
	p.fill(oval(x, 262-dy, 48, 52).within(rect(0, 0, s.right, far, 0)), 40)
	hair := oval(x, 194-dy, 20, 23)
	p.fill(hair, 34)
	p.fill(oval(x, 200-dy, 16.5, 19), 128)
	p.fill(oval(x-3, 179-dy, 21, 10).within(hair), 34)
	// The table and what lies on it.
	p.shade(polygon(mid-104, far, mid+104, far, mid+140, near, mid-140, near), slope(far, near, 164, 146))
	p.fill(polygon(mid-140, near, mid+140, near, mid+140, near+11, mid-140, near+11), 116)
	p.fill(polygon(mid-64, 270, mid-28, 270, mid-32, 292, mid-76, 292), 210)
	p.fill(polygon(mid+34, 262, mid+76, 262, mid+84, 286, mid+36, 286), 60)
	// Two people before it, seen from behind.
	for i, side := range []float64{-66, 66} {
		dx, dy := s.pose.body[1+i].at()
		x := mid + side + dx
		p.fill(oval(x, 364-dy, 52, 60), 36)
		p.fill(rect(x-9, 294-dy, x+9, 320-dy, 6), 104)
		p.fill(oval(x, 282-dy*0.7, 22, 26), 30)
	}
	p.box(0, runnerTop(p.rows), int(s.right*p.unit), p.rows, runnerShade)
}
