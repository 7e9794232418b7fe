package watch

import (
	"fmt"
	"image"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// view judges decoded pictures: black or covered ones, and ones that show another place than the
// reference does.
type view struct {
	dark, moved           state
	darkAfter, movedAfter time.Duration

	last      clock.Stamp // of the newest picture that was looked at
	shows     shown       // something
	there     shown       // the view of the reference
	why       string      // it is dark
	share     float64     // of the reference that was recognised
	reference *thumb
}

// shown is since when pictures do not show what they should.
type shown struct {
	last clock.Stamp // the last picture that did, or the first of all
	any  bool        // last is one that did
	not  int         // pictures since then
}

func (s *shown) look(at clock.Stamp, does bool) {
	switch {
	case does:
		s.last, s.any, s.not = at, true, 0
	case s.last == (clock.Stamp{}):
		s.last, s.not = at, 1
	default:
		s.not++
	}
}

// fails reports whether pictures have not shown it for so long, as far as two of them say.
func (s *shown) fails(now clock.Stamp, after time.Duration) bool {
	return s.not >= 2 && now.Mono.Sub(s.last.Mono) >= after
}

const (
	// lookStale is for how long a picture that was looked at says how things are.
	lookStale = time.Minute
	// movedBelow is the share of the reference under which the view is another one, and backAbove the
	// one from which on it is back. People cover much of a frontal view.
	movedBelow = 0.45
	backAbove  = 0.55
)

func newView(cfg Config) *view {
	return &view{darkAfter: cfg.CameraDark, movedAfter: cfg.CameraMoved}
}

func (v *view) item(media.Item) {}

// see takes in a decoded picture.
func (v *view) see(g *glance) {
	v.last = g.at
	why, dark := g.small.dark()
	v.shows.look(g.at, !dark)
	if dark {
		v.why = why
		return // it shows no other place either
	}
	if v.reference == nil {
		v.reference = &g.small
	}
	share, known := g.small.alike(v.reference)
	if !known {
		return
	}
	v.share = share
	v.there.look(g.at, share >= movedBelow && (!v.moved.open || share >= backAbove))
}

func (v *view) tick(now clock.Stamp) []Finding {
	stale := now.Mono.Sub(v.last.Mono) > lookStale
	isDark, isMoved := !stale && v.shows.fails(v.last, v.darkAfter), !stale && v.there.fails(v.last, v.movedAfter)
	if !v.dark.turns(isDark) && !v.moved.turns(isMoved) {
		return nil
	}
	dark := Finding{Code: CameraDark, At: now, Detail: v.why}
	if v.shows.any {
		dark.LastGood = v.shows.last
	}
	moved := Finding{Code: CameraMoved, Alarm: true, At: now, Detail: fmt.Sprintf("%.0f %% of the reference recognised", 100*v.share)}
	return append(
		v.dark.turn(isDark, dark),
		v.moved.turn(isMoved, moved)...,
	)
}

// See takes in the luma of a key picture that arrived at the instant at, as a decoder shows it (0 is
// black, 255 white). Pictures come in their order. Only a small grey image and checksums are kept.
func (w *Watcher) See(at clock.Stamp, luma *image.Gray) {
	g := newGlance(at, luma)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen.see(g)
	w.view.see(g)
}

// uneasy reports whether the last picture that was looked at was not as it should be.
func (w *Watcher) uneasy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.view.shows.not > 0 || w.frozen.decoded.same
}

// Reference returns what the room's view is compared with, at a small size, nil if there is nothing
// yet: the first picture that shows something is taken.
func (w *Watcher) Reference() *image.Gray {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.view.reference == nil {
		return nil
	}
	img := image.NewGray(image.Rect(0, 0, thumbWidth, thumbHeight))
	for y := range w.view.reference {
		copy(img.Pix[y*img.Stride:], w.view.reference[y][:])
	}
	return img
}

// Refer makes an image what the room's view is compared with: one that [Watcher.Reference] returned,
// or any still of the camera in its proportions. Nil takes the next picture that shows something.
func (w *Watcher) Refer(still *image.Gray) {
	var ref *thumb
	if still != nil {
		t := thumbOf(still)
		ref = &t
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.view.reference, w.view.there = ref, shown{}
}
