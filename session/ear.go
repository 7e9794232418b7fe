package session

import (
	"time"

	"roomrec/clock"
	"roomrec/session/table"
)

// ear counts in which seconds someone speaks while an explanation is due (Z30).
type ear struct {
	told  clock.Mono // when a level was told last
	ever  bool
	since clock.Wall // of the Resuming that it listens to
	begun clock.Mono
	last  clock.Mono // the newest second that was counted
	heard int
}

// earStale is for how long a level that was told says that the room's sound is measured.
const earStale = 5 * time.Second

// hear takes in how loud the room is; there may be several microphones, so that a second counts once.
func (e *ear) hear(level float64, t table.Session, now clock.Mono) {
	e.told, e.ever = now, true
	if !e.listens(t, now) {
		return
	}
	if level >= SpeechLevel && (e.heard == 0 || now.Sub(e.last) >= 900*time.Millisecond) {
		e.heard, e.last = e.heard+1, now
	}
}

// listens reports whether an explanation is due, and begins anew with every Resume.
func (e *ear) listens(t table.Session, now clock.Mono) bool {
	if t.State != table.Resuming {
		return false
	}
	if e.since != t.Since {
		*e = ear{told: e.told, ever: e.ever, since: t.Since, begun: now}
	}
	return true
}

// measured reports whether the room's sound level is known.
func (e *ear) measured(now clock.Mono) bool { return e.ever && now.Sub(e.told) < earStale }

// waits reports whether confirming has to wait for speech.
func (e *ear) waits(t table.Session, now clock.Mono) bool {
	return e.listens(t, now) && e.measured(now) && e.heard < SpeechNeeded && now.Sub(e.begun) < SpeechWait
}
