package paneltest

import (
	"context"
	"math"

	"roomrec/panel"
)

// Loudness implements panel.Loudness: as if someone spoke, and listened.
func (b *Backend) Loudness(ctx context.Context, sess string) (panel.LoudnessView, error) {
	rec, err := b.Session(ctx, sess)
	v := panel.LoudnessView{From: rec.Opened, Step: 1000, Whole: true}
	for i := range 20 {
		v.Levels = append(v.Levels, 0.35+0.3*math.Sin(float64(i)))
	}
	return v, err
}
