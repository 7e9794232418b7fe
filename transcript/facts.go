package transcript

import (
	"time"

	"roomrec/clock"
)

// Facts are what the session's sealed timeline says. A fact that is not given is not checked, and
// listed so: a nil slice is not given, an empty one says that there was none.
type Facts struct {
	// Session is the session's number.
	Session string
	// Zone is the zone of the room; nil means UTC.
	Zone *time.Location
	// Start and End are the instants of questioning, as the session names them, not of the first and
	// last frame. Both are always given.
	Start, End clock.Instant

	// Interruptions are the stretches in which questioning was suspended: from Locked to resumed.
	Interruptions []Interruption
	// Recorded are the stretches for which every required track has pictures or sound.
	Recorded []Span
	// Unrecorded are the stretches in which questioning went on without a recording (Z29-2).
	Unrecorded []Span

	Kind    Kind     // empty: not given
	Ordinal int      // 0: not given
	Places  []string // renderings of the room's place, any of which will do

	Roster *Roster
	// Markers are the session's timed events.
	Markers []Marker
	// Earlier are the case's earlier transcripts.
	Earlier []Earlier
}

// Span is a stretch of the timeline.
type Span struct {
	From, To clock.Instant
}

// Interruption is a stretch in which questioning was suspended.
type Interruption struct {
	// Span is from Locked to resumed: what the transcript is compared with.
	Span
	// Missing is from the last good to the first good picture, which the session lists for itself; it
	// begins before the lock. It is zero where nothing is missing.
	Missing Span
	Cause   string
	// Answer is the sentence of the person's answer to whether anybody questioned them meanwhile, in Chinese; empty
	// where it was not asked. Nothing is written of it that is not on the journal.
	Answer string
	// Unresumed says that questioning did not go on again.
	Unresumed bool
}

// Roster is who took part in the session.
type Roster struct {
	Person       string
	Officers     []string // who asked, and who wrote
	Interpreters []string
	Guardians    []string
	// Numbers says that some are known by a number instead of a name: then no name is looked for.
	Numbers bool
	// GuardianNeeded and InterpreterNeeded say that the circumstances demand one; CannotRead that
	// the transcript has to be read to the person.
	GuardianNeeded, InterpreterNeeded, CannotRead bool
}

// Marker is a timed event of a session.
type Marker struct {
	Code string // as in the session's journal
	At   clock.Instant
}

// The markers that transcripts are compared with.
const (
	MarkerEvidence  = "evidence"
	MarkerReadAloud = "read_aloud"
)

// Earlier is a transcript of the same case that is older.
type Earlier struct {
	Name    string
	Entries []Entry
}

func (f *Facts) zone() *time.Location {
	if f.Zone == nil {
		return time.UTC
	}
	return f.Zone
}
