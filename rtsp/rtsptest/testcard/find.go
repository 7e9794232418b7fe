package testcard

import (
	"image"
	"image/color"
	"math"
)

// The sizes of a block, in pixels of the image, among which [Find] searches: a camera's 16 pixels at
// a scale of 0.25 to 3.
const (
	findMin = 4.0
	findMax = 50.0
)

// Find searches img, a screenshot or a part of one, for a strip at any place and scale, and reads it.
// The picture's proportions must be unchanged.
func Find(img *image.Gray) (Reading, Strip, bool) {
	s := sumsOf(img)
	for block := findMin; block <= findMax; block *= 1.012 {
		step := max(1, block/4)
		half := max(0.5, block*0.15)
		right := float64(s.width) - block*(stripCols-0.5)
		bottom := float64(s.height) - block*(stripRows-0.5)
		for y := -block / 4; y < bottom; y += step {
			for x := -block / 4; x < right; x += step {
				if !s.contrast(x+block/2, y+block/2, block) || !s.locator(x+block/2, y+block/2, block, half) {
					continue
				}
				place := Strip{x, y, block}
				if r, ok := place.read(s); ok {
					return r, place.refine(s), true
				}
			}
		}
	}
	return Reading{}, Strip{}, false
}

// contrast reports whether the pixel at x, y is clearly lighter than the one a block below.
func (s *sums) contrast(x, y, block float64) bool {
	px, py, qy := int(x), int(y), int(y+block)
	if px < 0 || py < 0 || px >= s.width || qy >= s.height {
		return false
	}
	return int(s.pix[py*s.width+px])-int(s.pix[qy*s.width+px]) >= minContrast/2
}

// locator reports whether blocks below one another, the first one's centre at x, y, alternate
// between white and black.
func (s *sums) locator(x, y, block, half float64) bool {
	white, black := s.mean(x, y, half), s.mean(x, y+block, half)
	if white-black < minContrast {
		return false
	}
	mid := (white + black) / 2
	for row := 2; row < stripRows; row++ {
		if (s.mean(x, y+float64(row)*block, half) > mid) != (row%2 == 0) {
			return false
		}
	}
	return true
}

// refine moves and scales the place by small steps to where whole blocks differ most.
func (s Strip) refine(img *sums) Strip {
	best := s.clarity(img)
	for _, step := range []float64{0.2, 0.1, 0.05, 0.02} {
		for moved := true; moved; {
			moved = false
			d, g := s.Block*step, s.Block*step/stripRows
			for _, c := range []Strip{
				{s.X + d, s.Y, s.Block},
				{s.X - d, s.Y, s.Block},
				{s.X, s.Y + d, s.Block},
				{s.X, s.Y - d, s.Block},
				{s.X - g*stripCols/2, s.Y - g*stripRows/2, s.Block + g},
				{s.X + g*stripCols/2, s.Y + g*stripRows/2, s.Block - g},
			} {
				if v := c.clarity(img); v > best+1e-6 {
					s, best, moved = c, v, true
				}
			}
		}
	}
	return s
}

// clarity is how far whole blocks are from grey, squared: most where the place is right.
func (s Strip) clarity(img *sums) float64 {
	total := 0.0
	for row := range stripRows {
		for col := range stripCols {
			v := img.mean(s.X+(float64(col)+0.5)*s.Block, s.Y+(float64(row)+0.5)*s.Block, s.Block*0.45) - 128
			total += v * v
		}
	}
	return total
}

// sums holds for every pixel the sum of all above and left of it, so that the mean of any box costs
// four look-ups.
type sums struct {
	width, height int
	pix           []byte   // width x height
	at            []uint32 // (width+1) x (height+1)
}

func sumsOf(img *image.Gray) *sums {
	r := img.Bounds()
	s := &sums{width: r.Dx(), height: r.Dy()}
	stride := s.width + 1
	s.at = make([]uint32, stride*(s.height+1))
	s.pix = make([]byte, 0, s.width*s.height)
	for y := range s.height {
		row := img.Pix[img.PixOffset(r.Min.X, r.Min.Y+y):]
		s.pix = append(s.pix, row[:s.width]...)
		sum := uint32(0)
		for x := range s.width {
			sum += uint32(row[x])
			s.at[(y+1)*stride+x+1] = s.at[y*stride+x+1] + sum
		}
	}
	return s
}

// mean returns the mean of the pixels within half of x, y in both directions, at least one; 0 where
// that is outside of the image.
func (s *sums) mean(x, y, half float64) float64 {
	x0, x1 := span(x, half, s.width)
	y0, y1 := span(y, half, s.height)
	if x0 >= x1 || y0 >= y1 {
		return 0
	}
	stride := s.width + 1
	total := s.at[y1*stride+x1] - s.at[y0*stride+x1] - s.at[y1*stride+x0] + s.at[y0*stride+x0]
	return float64(total) / float64((x1-x0)*(y1-y0))
}

func span(c, half float64, limit int) (int, int) {
	from, to := int(math.Round(c-half)), int(math.Round(c+half))
	if to <= from {
		from = int(math.Floor(c))
		to = from + 1
	}
	return max(from, 0), min(to, limit)
}

// Luma returns the brightness of img; a *image.Gray is returned as it is, and a *image.YCbCr shares
// its luma samples with the result.
func Luma(img image.Image) *image.Gray {
	switch img := img.(type) {
	case *image.Gray:
		return img
	case *image.YCbCr:
		return &image.Gray{Pix: img.Y, Stride: img.YStride, Rect: img.Rect}
	}
	r := img.Bounds()
	out := image.NewGray(r)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			out.Set(x, y, color.GrayModel.Convert(img.At(x, y)))
		}
	}
	return out
}
