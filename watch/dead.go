package watch

import (
	"bytes"
	"fmt"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// dead finds a microphone that is cut off: the same payload again and again, or one constant sample
// value.
//
// A quiet room is not dead: a microphone that is on always hears some noise. But some cameras have a
// noise gate, which makes perfect silence of every pause. So a fault is only found where a noise floor
// was heard: sound that went on for deadFloor without one constant unit, pauses included. Where a
// constant stretch came to its own end before it locked, a gate was at work, or might have been; then
// it takes gatedFloor.
type dead struct {
	steps
	required    bool
	alarm, lock time.Duration

	last     []byte
	newest   clock.Stamp // the last unit
	lastGood clock.Stamp // the last one that lived
	living   clock.Stamp // since when no constant one came
	since    clock.Stamp // of the first constant one; zero while it lives
	gated    bool
	floor    bool // was heard
}

const (
	deadFloor  = 30 * time.Second
	gatedFloor = 10 * time.Minute
	// deadBreak is how far units may be apart for what they say to be one stretch.
	deadBreak = time.Second
)

func newDead(cfg Config) *dead {
	return &dead{required: cfg.Sound, alarm: cfg.AudioDeadAlarm, lock: cfg.AudioDead}
}

// unit takes in the next unit; constant says that all its samples are equal.
func (d *dead) unit(u *media.Unit, constant bool) {
	p := u.Payload[0]
	same := constant || d.last != nil && bytes.Equal(p, d.last)
	apart := u.Arrival.Mono.Sub(d.newest.Mono) > deadBreak
	d.last, d.newest = p, u.Arrival
	if same {
		if d.since == (clock.Stamp{}) {
			d.since = u.Arrival
		}
		return
	}
	if d.since != (clock.Stamp{}) {
		d.gated = d.level != locks
		d.floor = false
		d.since, d.living = clock.Stamp{}, u.Arrival
	}
	if apart || d.living == (clock.Stamp{}) {
		d.living = u.Arrival
	}
	need := deadFloor
	if d.gated {
		need = gatedFloor
	}
	if u.Arrival.Mono.Sub(d.living.Mono) >= need {
		d.floor, d.gated = true, false
	}
	d.lastGood = u.Arrival
}

func (d *dead) tick(now clock.Stamp) []Finding {
	level := good
	var length time.Duration
	if d.floor && d.since != (clock.Stamp{}) {
		length = d.newest.Mono.Sub(d.since.Mono)
		level = levelOf(length >= d.alarm, length >= d.lock && d.required)
	}
	if !d.turns(level) {
		return nil
	}
	return d.turn(level, Finding{
		Code: AudioDead, At: now, LastGood: d.lastGood,
		Detail: fmt.Sprintf("the same sound for %.0f s", length.Seconds()),
	})
}
