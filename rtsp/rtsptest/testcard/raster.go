package testcard

import "math"

// picture is a luma plane of whole macroblocks. Shapes are drawn in units of 1/360 of its height,
// with smooth edges.
type picture struct {
	width, height int // as shown; the plane is larger by up to 15
	stride, rows  int
	unit          float64 // pixels per unit
	pix           []byte
	masks         map[maskKey]*mask // of glyphs that were drawn
}

func newPicture(width, height int) *picture {
	p := &picture{width: width, height: height, stride: (width + 15) &^ 15, rows: (height + 15) &^ 15}
	p.unit = float64(height) / 360
	p.pix = make([]byte, p.stride*p.rows)
	return p
}

// box fills whole pixels from x0, y0 up to x1, y1.
func (p *picture) box(x0, y0, x1, y1 int, v byte) {
	x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, p.stride), min(y1, p.rows)
	if x0 >= x1 {
		return
	}
	for y := y0; y < y1; y++ {
		row := p.pix[y*p.stride+x0 : y*p.stride+x1]
		for i := range row {
			row[i] = v
		}
	}
}

// shape is a signed distance in units from its edge, negative inside, and the box that holds it.
type shape struct {
	dist           func(x, y float64) float64
	x0, y0, x1, y1 float64
}

// fill draws s in the shade v.
func (p *picture) fill(s shape, v byte) {
	p.shade(s, func(float64, float64) float64 { return float64(v) })
}

// shade draws s in the shade that v gives for each place.
func (p *picture) shade(s shape, v func(x, y float64) float64) {
	u := p.unit
	px0, px1 := max(0, int(s.x0*u)-1), min(p.stride, int(s.x1*u)+2)
	py0, py1 := max(0, int(s.y0*u)-1), min(p.rows, int(s.y1*u)+2)
	for py := py0; py < py1; py++ {
		y := (float64(py) + 0.5) / u
		for px := px0; px < px1; px++ {
			x := (float64(px) + 0.5) / u
			cover := 0.5 - s.dist(x, y)*u
			if cover <= 0 {
				continue
			}
			at := &p.pix[py*p.stride+px]
			if cover >= 1 {
				*at = byte(v(x, y) + 0.5)
				continue
			}
			*at = byte(float64(*at)*(1-cover) + v(x, y)*cover + 0.5)
		}
	}
}

// length is math.Hypot without its care for numbers that do not occur here.
func length(x, y float64) float64 { return math.Sqrt(x*x + y*y) }

func disc(cx, cy, r float64) shape {
	return shape{func(x, y float64) float64 { return length(x-cx, y-cy) - r }, cx - r, cy - r, cx + r, cy + r}
}

// oval is an ellipse; its distance is a good estimate near the edge.
func oval(cx, cy, rx, ry float64) shape {
	return shape{func(x, y float64) float64 {
		dx, dy := (x-cx)/rx, (y-cy)/ry
		k := length(dx, dy)
		g := length(dx/rx, dy/ry)
		if g == 0 {
			return -min(rx, ry)
		}
		return k * (k - 1) / g
	}, cx - rx, cy - ry, cx + rx, cy + ry}
}

// rect is a rectangle with corners of radius r.
func rect(x0, y0, x1, y1, r float64) shape {
	cx, cy, hx, hy := (x0+x1)/2, (y0+y1)/2, (x1-x0)/2-r, (y1-y0)/2-r
	return shape{func(x, y float64) float64 {
		dx, dy := math.Abs(x-cx)-hx, math.Abs(y-cy)-hy
		return length(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - r
	}, x0, y0, x1, y1}
}

// stroke is a line of the given width with round ends.
func stroke(ax, ay, bx, by, width float64) shape {
	r := width / 2
	return shape{
		func(x, y float64) float64 { return segment(x, y, ax, ay, bx, by) - r },
		min(ax, bx) - r, min(ay, by) - r, max(ax, bx) + r, max(ay, by) + r,
	}
}

func segment(x, y, ax, ay, bx, by float64) float64 {
	dx, dy := bx-ax, by-ay
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = min(1, max(0, ((x-ax)*dx+(y-ay)*dy)/l))
	}
	dx, dy = x-ax-t*dx, y-ay-t*dy
	return length(dx, dy)
}

// polygon is convex, its corners x, y clockwise as seen.
func polygon(c ...float64) shape {
	s := shape{x0: c[0], x1: c[0], y0: c[1], y1: c[1]}
	for i := 0; i < len(c); i += 2 {
		s.x0, s.x1 = min(s.x0, c[i]), max(s.x1, c[i])
		s.y0, s.y1 = min(s.y0, c[i+1]), max(s.y1, c[i+1])
	}
	s.dist = func(x, y float64) float64 {
		d := math.Inf(-1)
		for i := 0; i < len(c); i += 2 {
			j := (i + 2) % len(c)
			ex, ey := c[j]-c[i], c[j+1]-c[i+1]
			d = max(d, ((x-c[i])*ey-(y-c[i+1])*ex)/length(ex, ey))
		}
		return d
	}
	return s
}

// within is the part of s that is also in o.
func (s shape) within(o shape) shape {
	return shape{
		func(x, y float64) float64 { return max(s.dist(x, y), o.dist(x, y)) },
		max(s.x0, o.x0), max(s.y0, o.y0), min(s.x1, o.x1), min(s.y1, o.y1),
	}
}
