package watch

import (
	"hash/maphash"
	"image"
	"math"
	"slices"

	"roomrec/clock"
)

// glance is what is kept of a decoded picture: its brightness at a small size, and a number for each
// of its cells that tells whether that changed at all. The picture cannot be made from it again.
type glance struct {
	at         clock.Stamp
	cols, rows int
	cells      []uint64 // row by row
	small      thumb
}

// The size of a cell, in pixels of the picture, of a thumb, and of a part of a thumb.
const (
	cellSize    = 16
	thumbWidth  = 128
	thumbHeight = 72
	partSize    = 8
)

// thumb is a picture's brightness, 0 to 255, at a small size whatever its own is.
type thumb [thumbHeight][thumbWidth]uint8

var cellSeed = maphash.MakeSeed()

func newGlance(at clock.Stamp, luma *image.Gray) *glance {
	r := luma.Bounds()
	g := &glance{at: at, cols: r.Dx() / cellSize, rows: r.Dy() / cellSize, small: thumbOf(luma)}
	g.cells = make([]uint64, 0, g.cols*g.rows)
	var h maphash.Hash
	for row := range g.rows {
		for col := range g.cols {
			h.SetSeed(cellSeed)
			for y := range cellSize {
				at := luma.PixOffset(r.Min.X+col*cellSize, r.Min.Y+row*cellSize+y)
				_, _ = h.Write(luma.Pix[at : at+cellSize]) // it never fails
			}
			g.cells = append(g.cells, h.Sum64())
		}
	}
	return g
}

// thumbOf averages what lies under each of a thumb's pixels.
func thumbOf(luma *image.Gray) thumb {
	var t thumb
	r := luma.Bounds()
	if r.Empty() {
		return t
	}
	for ty := range thumbHeight {
		y0, y1 := span(ty, thumbHeight, r.Dy())
		for tx := range thumbWidth {
			x0, x1 := span(tx, thumbWidth, r.Dx())
			sum := 0
			for y := y0; y < y1; y++ {
				at := luma.PixOffset(r.Min.X, r.Min.Y+y)
				for _, v := range luma.Pix[at+x0 : at+x1] {
					sum += int(v)
				}
			}
			t[ty][tx] = uint8(sum / ((x1 - x0) * (y1 - y0)))
		}
	}
	return t
}

// span returns where the i-th of n equal parts of size begins and ends; it is never empty.
func span(i, n, size int) (from, to int) {
	from = i * size / n
	return from, min(size, max(from+1, (i+1)*size/n))
}

const (
	// textRim is the share of the height, above and below, in which cameras write.
	textRim = 6
	// textShare is how many of a picture's cells on-screen text may change.
	textShare = 0.05
)

// sameBut reports whether two pictures are equal, to the last bit, but for on-screen text: a few
// cells at the upper and lower edge.
func (g *glance) sameBut(o *glance) bool {
	if g.cols != o.cols || g.rows != o.rows || len(g.cells) == 0 {
		return false
	}
	changed := 0
	for i := range g.cells {
		if g.cells[i] == o.cells[i] {
			continue
		}
		changed++
		if row := i / g.cols; row*textRim >= g.rows && (g.rows-1-row)*textRim >= g.rows {
			return false
		}
	}
	return float64(changed) <= textShare*float64(len(g.cells))
}

const (
	// blackBelow is the brightness that nine tenths of a black picture do not reach. Text may.
	blackBelow = 28
	// partStructure is the deviation of brightness from which on a part of the picture shows something.
	partStructure = 4
	// evenShare and evenDark are the shares of such parts below which a picture is even: that of a hand
	// is dark as well.
	evenShare  = 0.03
	evenDark   = 0.08
	darkBelow  = 80
	thumbParts = thumbWidth / partSize * (thumbHeight / partSize)
)

// dark reports whether the picture shows nothing, and why.
func (t *thumb) dark() (string, bool) {
	all := make([]uint8, 0, thumbWidth*thumbHeight)
	for y := range t {
		all = append(all, t[y][:]...)
	}
	slices.Sort(all)
	bright := all[len(all)*9/10]
	structured := 0
	t.parts(func(x, y int) {
		if t.deviation(x, y) >= partStructure {
			structured++
		}
	})
	share := float64(structured) / thumbParts
	switch {
	case bright <= blackBelow:
		return "black", true
	case share < evenShare, share < evenDark && bright <= darkBelow:
		return "covered", true
	}
	return "", false
}

func (t *thumb) parts(f func(x, y int)) {
	for y := 0; y < thumbHeight; y += partSize {
		for x := 0; x < thumbWidth; x += partSize {
			f(x, y)
		}
	}
}

// deviation returns by how much the brightness of one part deviates from its mean.
func (t *thumb) deviation(x, y int) float64 {
	var sum, squares float64
	for _, row := range t[y : y+partSize] {
		for _, v := range row[x : x+partSize] {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
	}
	const n = partSize * partSize
	return math.Sqrt(max(0, squares/n-sum/n*(sum/n)))
}

const (
	// partTexture is the deviation from which on a part can be recognised.
	partTexture = 4
	// partAlike is the correlation from which on a part is recognised. It does not depend on how bright
	// the light is.
	partAlike = 0.6
	// fewestTextured is how many parts of the reference must be recognisable.
	fewestTextured = 12
)

// texture is what is in a part beside its mean and an even slope, which light and shade make.
type texture [partSize * partSize]float64

// texture returns that of one part, and its deviation.
func (t *thumb) texture(x, y int) (tex texture, deviation float64) {
	const middle = (partSize - 1) / 2.0
	var sum, across, down, squares float64
	for i := range tex {
		dx, dy := float64(i%partSize)-middle, float64(i/partSize)-middle
		v := float64(t[y+i/partSize][x+i%partSize])
		tex[i] = v
		sum, across, down = sum+v, across+v*dx, down+v*dy
		squares += dx * dx
	}
	mean := sum / float64(len(tex))
	across, down = across/squares, down/squares
	var rest float64
	for i := range tex {
		dx, dy := float64(i%partSize)-middle, float64(i/partSize)-middle
		tex[i] -= mean + across*dx + down*dy
		rest += tex[i] * tex[i]
	}
	return tex, math.Sqrt(rest / float64(len(tex)))
}

// alike returns the share of the reference's parts that are recognised in t, and whether there are
// enough of them.
func (t *thumb) alike(ref *thumb) (share float64, known bool) {
	textured, recognised := 0, 0
	t.parts(func(x, y int) {
		was, strength := ref.texture(x, y)
		if strength < partTexture {
			return
		}
		textured++
		is, deviation := t.texture(x, y)
		if deviation < 1 {
			return
		}
		sum := 0.0
		for i := range is {
			sum += is[i] * was[i]
		}
		if sum/(float64(len(is))*deviation*strength) >= partAlike {
			recognised++
		}
	})
	if textured < fewestTextured {
		return 0, false
	}
	return float64(recognised) / float64(textured), true
}
