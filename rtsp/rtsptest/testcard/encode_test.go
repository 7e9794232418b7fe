package testcard

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Pictures of every kind of macroblock that the encoder tells apart, beside one another in every order:
// even, of even 4x4 blocks with small and large differences (which makes any number of levels of any
// size) or few levels, continued from above or from the left, and noise.
func TestEncoder_anyPictureIsExact(t *testing.T) {
	const cols, rows, pictures = 12, 9, 60
	rng := rand.New(rand.NewPCG(1, 2))
	paint := func(p *picture, x, y int) {
		v, spread := 16+rng.IntN(220), 1+rng.IntN(1<<rng.IntN(8))
		switch kind := rng.IntN(8); kind {
		case 0:
			p.box(x, y, x+16, y+16, byte(v))
		case 1, 2:
			for i := range 16 {
				w := min(235, max(16, v+rng.IntN(2*spread)-spread))
				if kind == 2 && rng.IntN(3) > 0 {
					w = v
				}
				p.box(x+i%4*4, y+i/4*4, x+i%4*4+4, y+i/4*4+4, byte(w))
			}
		case 3, 4:
			for i := range 256 {
				px, py := x+i%16, y+i/16
				from := py*p.stride + px
				switch {
				case kind == 3 && y > 0:
					from = (y-1)*p.stride + px
				case kind == 4 && x > 0:
					from = py*p.stride + x - 1
				}
				p.pix[py*p.stride+px] = p.pix[from]
			}
		case 5:
			for i := range 256 {
				p.pix[(y+i/16)*p.stride+x+i%16] = byte(16 + rng.IntN(220))
			}
		case 6, 7:
			var c [16]int
			for range rng.IntN(17) {
				c[rng.IntN(16)] = rng.IntN(2*kind-9) - kind + 5 // 6: -1 to 1; 7: -2 to 2
			}
			c[0] = rng.IntN(60)
			hadamard(&c)
			for i, d := range c {
				p.box(x+i%4*4, y+i/4*4, x+i%4*4+4, y+i/4*4+4, byte(min(235, max(16, 100+d))))
			}
		}
	}
	for _, slices := range []int{1, 4} {
		p := newPicture(16*cols, 16*rows)
		e := newEncoder(cols, rows, slices)
		var stream []byte
		var drawn [][]byte
		put := func(n []byte) { stream = append(append(stream, 0, 0, 0, 1), n...) }
		put(sps(16*cols, 16*rows, 25))
		put(pps())
		for i := range pictures {
			for mb := range cols * rows {
				if i == 0 || rng.IntN(2) == 0 {
					paint(p, mb%cols*16, mb/cols*16)
				}
			}
			for _, n := range e.encode(p.pix, i%9 == 0) {
				put(n)
			}
			drawn = append(drawn, bytes.Clone(p.pix))
		}
		frames := decode(t, stream, 16*cols, 16*rows)
		require.Len(t, frames, pictures)
		for i := range frames {
			require.True(t, bytes.Equal(drawn[i], frames[i].Pix), "picture %d in %d slices differs", i, slices)
		}
	}
}

// Any number of levels with any zeros between them: each macroblock is a slice of its own and so
// predicted as 128, and the levels are the transform's own.
func TestEncoder_anyLevelsAreExact(t *testing.T) {
	const rows, pictures = 64, 40
	rng := rand.New(rand.NewPCG(3, 4))
	p := newPicture(16, 16*rows)
	e := newEncoder(1, rows, rows)
	stream := append(append([]byte{0, 0, 0, 1}, sps(16, 16*rows, 25)...), append([]byte{0, 0, 0, 1}, pps()...)...)
	var drawn [][]byte
	for range pictures {
		for y := 0; y < 16*rows; y += 16 {
			var c [16]int
			reach := 1 + rng.IntN(16)
			for _, i := range rng.Perm(reach)[:rng.IntN(reach+1)] {
				c[zigzag[i]] = 1 + rng.IntN(1+rng.IntN(6))
				if rng.IntN(2) == 0 {
					c[zigzag[i]] = -c[zigzag[i]]
				}
			}
			hadamard(&c)
			for i, d := range c {
				p.box(i%4*4, y+i/4*4, i%4*4+4, y+i/4*4+4, byte(min(235, max(16, 128+d))))
			}
		}
		for _, n := range e.encode(p.pix, true) {
			stream = append(append(stream, 0, 0, 0, 1), n...)
		}
		drawn = append(drawn, bytes.Clone(p.pix))
	}
	frames := decode(t, stream, 16, 16*rows)
	require.Len(t, frames, pictures)
	for i := range frames {
		require.True(t, bytes.Equal(drawn[i], frames[i].Pix), "picture %d differs", i)
	}
}

func TestEncoder_smallPictures(t *testing.T) {
	v := NewVideo(Options{Start: start(t)})
	largest := 0
	for i := range 250 {
		payload, _, _, _ := v.Next()
		if i%50 == 0 {
			continue
		}
		largest = max(largest, len(payload[0]))
	}
	require.Less(t, largest, 40_000, "what moves is little")
}
