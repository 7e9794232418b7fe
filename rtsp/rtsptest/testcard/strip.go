package testcard

import "image"

// The strip stands at the right edge of the picture: a column of blocks that alternate between black
// and white, by which it is found, and four columns of data, most significant bit first, row by row:
// frame number (32 bits), milliseconds of the UTC day (27), card (5), CRC-16 of these (16). White is
// one. A guard of one block's width in grey surrounds it.
const (
	stripRows = 20
	stripCols = 5 // the first is the locator
	dataBits  = stripRows * (stripCols - 1)
)

// Luma of the strip's blocks.
const (
	stripBlack = 16
	stripWhite = 235
	stripGuard = 110
)

// Reading is what a picture's strip says.
type Reading struct {
	Frame  uint32 // of the camera, counted from 0
	Millis int    // of the UTC day, when the picture was taken
	Card   uint8  // which camera: [Options.Card]
}

// bits returns the reading as the strip shows it.
func (r Reading) bits() [dataBits]bool {
	v := uint64(r.Frame)<<32 | uint64(r.Millis&(1<<27-1))<<5 | uint64(r.Card&31)
	crc := crc16(v)
	var b [dataBits]bool
	for i := range 64 {
		b[i] = v>>(63-i)&1 == 1
	}
	for i := range 16 {
		b[64+i] = crc>>(15-i)&1 == 1
	}
	return b
}

func readingOf(b *[dataBits]bool) (Reading, bool) {
	var v uint64
	var crc uint16
	for i, bit := range b {
		one := uint64(0)
		if bit {
			one = 1
		}
		if i < 64 {
			v = v<<1 | one
		} else {
			crc = crc<<1 | uint16(one)
		}
	}
	r := Reading{Frame: uint32(v >> 32), Millis: int(v >> 5 & (1<<27 - 1)), Card: uint8(v & 31)}
	return r, crc == crc16(v) && r.Millis < 24*60*60*1000
}

// crc16 is CRC-16/CCITT-FALSE over the eight bytes of v.
func crc16(v uint64) uint16 {
	crc := uint16(0xFFFF)
	for i := range 8 {
		crc ^= uint16(v>>(56-8*i)&0xFF) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// Strip is a place of the strip in an image: the top left corner of its locator column and the size
// of a block, in pixels.
type Strip struct{ X, Y, Block float64 }

// StripIn returns the place of the strip in a picture of width x height as it leaves the camera.
func StripIn(width, height int) Strip {
	b := blockSize(height)
	cols := (width + 15) / 16 * 16 / b
	return Strip{X: float64((cols - stripCols) * b), Y: float64(b), Block: float64(b)}
}

// blockSize returns the size of a block in pixels: whole macroblocks where the picture is high enough.
func blockSize(height int) int {
	rows := stripRows + 2 // with the guards
	if b := height / (16 * rows) * 16; b > 0 {
		return b
	}
	return 8
}

// Scale returns the place of the strip when the picture is shown scaled by f with its top left corner
// at x, y.
func (s Strip) Scale(f, x, y float64) Strip {
	return Strip{X: x + f*s.X, Y: y + f*s.Y, Block: f * s.Block}
}

// Read reads the strip at the place s of img. It reports false if there is none, or if its check
// disagrees.
func (s Strip) Read(img *image.Gray) (Reading, bool) {
	// Only the part that holds the strip is summed up.
	origin := img.Bounds().Min
	box := image.Rect(int(s.X)-2, int(s.Y)-2, int(s.X+stripCols*s.Block)+3, int(s.Y+stripRows*s.Block)+3).Add(origin).Intersect(img.Bounds())
	if box.Empty() {
		return Reading{}, false
	}
	shift := box.Min.Sub(origin)
	part := Strip{s.X - float64(shift.X), s.Y - float64(shift.Y), s.Block}
	return part.read(sumsOf(img.SubImage(box).(*image.Gray)))
}

func (s Strip) read(img *sums) (Reading, bool) {
	half := max(0.5, s.Block*0.15)
	at := func(col, row int) float64 {
		return img.mean(s.X+(float64(col)+0.5)*s.Block, s.Y+(float64(row)+0.5)*s.Block, half)
	}
	white, black := 0.0, 0.0
	for row := range stripRows {
		if v := at(0, row); row%2 == 0 {
			white += v / (stripRows / 2)
		} else {
			black += v / (stripRows / 2)
		}
	}
	if white-black < minContrast {
		return Reading{}, false
	}
	mid := (white + black) / 2
	for row := range stripRows {
		if (at(0, row) > mid) != (row%2 == 0) {
			return Reading{}, false
		}
	}
	var b [dataBits]bool
	for i := range b {
		b[i] = at(1+i%(stripCols-1), i/(stripCols-1)) > mid
	}
	return readingOf(&b)
}

// minContrast is the least difference of luma between black and white that is taken for a strip.
const minContrast = 40

// paintStrip draws the strip of r into the picture.
func (p *picture) paintStrip(r Reading) {
	b := blockSize(p.height)
	place := StripIn(p.width, p.height)
	x, y := int(place.X), int(place.Y)
	bits := r.bits()
	for row := range stripRows {
		p.block(x, y+row*b, b, row%2 == 0)
		for col := range stripCols - 1 {
			p.block(x+(col+1)*b, y+row*b, b, bits[row*(stripCols-1)+col])
		}
	}
}

func (p *picture) block(x, y, size int, white bool) {
	v := byte(stripBlack)
	if white {
		v = stripWhite
	}
	p.box(x, y, x+size, y+size, v)
}
