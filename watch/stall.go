package watch

import (
	"fmt"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// stall finds tracks that give nothing, whatever the connection does: a camera can stop one track and
// go on with the other for hours.
type stall struct {
	picture, sound silence
	desc           *media.Description
	required       bool // the sound
}

// silence is how long a kind of track has given nothing.
type silence struct {
	state
	code  string
	limit time.Duration
	last  clock.Stamp // last unit, or since when one was to be expected
	any   bool        // last is of a unit
	vigil clock.Vigil
	quiet time.Duration // at the last look
}

// together is how far the last units of picture and sound may be apart when both stop at once: sound
// comes in frames of up to 128 ms.
const together = 500 * time.Millisecond

func newStall(cfg Config, now clock.Stamp) *stall {
	vigil := clock.Vigil{Step: cfg.late()}
	return &stall{
		picture:  silence{code: CameraLost, limit: cfg.CameraLost, last: now, vigil: vigil},
		sound:    silence{code: AudioLost, limit: cfg.AudioLost, last: now, vigil: vigil},
		required: cfg.Sound,
	}
}

func (s *stall) item(it media.Item) {
	switch it := it.(type) {
	case *media.Description:
		s.desc = it
	case *media.Unit:
		s.unit(it.Track, it.Arrival)
	case *media.Gap:
		// What this watcher itself was too slow for was there.
		if it.Cause == media.CauseOverflow && it.Units > 0 {
			s.unit(media.AllTracks, it.To)
		}
	}
}

func (s *stall) unit(track int, at clock.Stamp) {
	if s.desc == nil {
		return
	}
	for i, t := range s.desc.Tracks {
		if track != media.AllTracks && track != i {
			continue
		}
		if t.Codec.Audio() {
			s.sound.heard(at)
		}
		// A camera without pictures is a microphone: its sound is what is lost.
		if t.Codec.Video() || !s.pictures() {
			s.picture.heard(at)
		}
	}
}

func (s *stall) pictures() bool {
	for _, t := range s.desc.Tracks {
		if t.Codec.Video() {
			return true
		}
	}
	return false
}

func (s *silence) heard(at clock.Stamp) { s.last, s.any = at, true }

func (s *stall) tick(now clock.Stamp) []Finding {
	s.picture.look(now)
	s.sound.look(now)
	out := s.picture.tick(now)
	// While nothing comes at all, the camera is what is lost, not its sound.
	alone := !s.picture.open && s.picture.last.Mono.Sub(s.sound.last.Mono) > together
	if s.required && (s.sound.open || alone) {
		out = append(out, s.sound.tick(now)...)
	}
	return out
}

func (s *silence) look(now clock.Stamp) { s.quiet = s.vigil.Look(now.Mono, s.last.Mono) }

func (s *silence) tick(now clock.Stamp) []Finding {
	if !s.turns(s.quiet >= s.limit) {
		return nil
	}
	f := Finding{Code: s.code, At: now, Detail: fmt.Sprintf("nothing for %.1f s", s.quiet.Seconds())}
	if s.any {
		f.LastGood = s.last
	}
	return s.turn(s.quiet >= s.limit, f)
}
