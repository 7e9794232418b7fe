package testcard

import "roomrec/clock"

// Where things are in the front view, in units; x from the scene's middle.
const (
	frontTable  = 290 // its far edge
	frontFloor  = 262
	frontClockX = 158
	frontClockY = 112
	frontClockR = 30
)

func (s *stage) frontBack() {
	p, mid := s.back, s.right/2
	all := rect(-20, -20, s.right+20, 400, 0)
	p.shade(all, slope(0, frontFloor, 96, 116))
	// Wall panels with their joints.
	for _, x := range []float64{mid - 400, mid + 112} {
		p.shade(rect(x, -20, x+288, frontFloor, 0), slope(0, frontFloor, 108, 128))
	}
	for _, x := range []float64{mid - 112, mid + 112} {
		p.fill(rect(x-1.5, -20, x+1.5, frontFloor, 0), 82)
	}
	p.fill(rect(-20, frontFloor-10, s.right+20, frontFloor, 0), 86)
	p.shade(rect(-20, frontFloor, s.right+20, 400, 0), slope(frontFloor, 330, 70, 82))
	p.clockFace(mid+frontClockX, frontClockY, frontClockR)
	// Thermometer.
	tx := mid + frontClockX + 52
	p.fill(rect(tx-6, 84, tx+6, 140, 3), 212)
	p.fill(rect(tx-1.5, 106, tx+1.5, 128, 1.5), 50)
	p.fill(disc(tx, 131, 4), 50)
	// Chair.
	p.fill(rect(mid-90, 150, mid+90, frontTable+20, 20), 54)
	p.fill(rect(mid-80, 160, mid+80, frontTable+20, 14), 60)
	// Table, a sheet of paper and a microphone on it.
	p.shade(polygon(mid-236, frontTable, mid+236, frontTable, mid+296, 380, mid-296, 380), slope(frontTable, 360, 138, 120))
	p.fill(polygon(mid-236, frontTable, mid+236, frontTable, mid+246, frontTable+14, mid-246, frontTable+14), 164)
	p.fill(polygon(mid-60, 312, mid+20, 312, mid+26, 340, mid-70, 340), 206)
	for y := 318.0; y < 336; y += 6 {
		p.fill(stroke(mid-54-(y-312)*0.3, y, mid+8+(y-312)*0.2, y, 1.2), 150)
	}
	p.fill(oval(mid+112, 318, 22, 7), 66)
	p.fill(stroke(mid+112, 316, mid+96, 272, 3), 48)
	p.fill(stroke(mid+96, 272, mid+94, 264, 9), 36)
}

func (s *stage) frontPerson(w clock.Wall) {
	p, mid := s.shown, s.right/2
	p.wallClock(mid+frontClockX, frontClockY, frontClockR, w.In(s.zone.Location()))
	dx, dy := s.pose.body[0].at()
	x := mid + dx
	above := rect(-20, -20, s.right+20, frontTable, 0)
	p.fill(oval(x, 302-dy, 106, 110).within(above), 40)         // shoulders
	p.fill(rect(x-17, 160-dy, x+17, 212-dy, 12), 112)           // neck
	p.fill(polygon(x-24, 196-dy, x+24, 196-dy, x, 230-dy), 166) // collar
	hx, hy := x+dx/2, 138-dy*0.7
	hair := oval(hx, hy-6, 38, 44)
	p.fill(hair, 34)
	p.fill(oval(hx, hy+8, 32, 39), 128)
	p.fill(oval(hx-6, hy-34, 40, 20).within(hair), 34)
}
