package session

import (
	"context"
	"encoding/json"
	"time"

	"roomrec/clock"
	"roomrec/session/table"
)

// Recorder makes the evidence of sessions. cmd/roomrec supplies it.
type Recorder interface {
	// Create makes the session's folder on every volume of the set and its journal, with o.First as the
	// first line, and returns when that is synced. Nothing is recorded yet. An error means that there is
	// no such session.
	Create(ctx context.Context, o Opening) (Evidence, error)
	// Resume goes on with a session that was found unsealed after a restart: a new journal file, new
	// runs, on the timeline that o carries.
	Resume(ctx context.Context, o Opening) (Evidence, error)
}

// Opening is what a recorder needs to know of a session.
type Opening struct {
	Session string // as in "20261122-140507-7f2k"
	Folder  string // slash-separated path under every volume, as in "2026/11/22/20261122-140507-7f2k"
	Room    string
	Kind    Kind
	Zone    clock.Zone
	// Timeline places every instant of the session.
	Timeline clock.Timeline
	// Opened is the session's opening on its timeline; after a restart still the first one.
	Opened clock.Instant
	// Planned is for how long space is asked.
	Planned time.Duration
	// First is the journal's first line: the opening. Resume gets none.
	First Line
	// ClockTrusted and ClockReason go into the seal.
	ClockTrusted bool
	ClockReason  string
}

// Evidence is one session's recording. Its methods are called by one goroutine, one at a time.
type Evidence interface {
	// Append writes a line to the journal and returns when it is on every volume of the set, or, with
	// no healthy volume, in the spool. After an error the line does not count and is appended again.
	Append(ctx context.Context, l Line) error
	// Record begins a camera's run, or does nothing if the camera records already. Its later runs
	// begin by themselves whenever the camera returns.
	Record(room, camera string) error
	// StopRecording ends every run and returns when all that can be written is acknowledged.
	StopRecording(ctx context.Context) error
	// Seal writes the signed closing record; facts becomes a JSON object in it. After an error it may
	// be called again; after success the files are closed.
	Seal(ctx context.Context, facts any) (SealResult, error)
	// Close flushes and closes the files of a session that goes on after the controller's restart.
	// After Seal it does nothing.
	Close(ctx context.Context) error
}

// Line is what the session's layer writes to the journal; [Types] lists the types.
type Line struct {
	Type  string
	Actor string // as in "officer:0417", or "controller"
	At    clock.Instant
	Mono  clock.Mono
	Data  any // a JSON object
}

// JournalLine is a line as it was read back.
type JournalLine struct {
	Type  string
	Actor string
	At    clock.Instant
	Data  json.RawMessage
	// Missing is how many lines of the journal before this one are on no disk that is there.
	Missing uint64
}

// Found is a session that was not sealed when the controller came up.
type Found struct {
	Folder string // path under the volumes
	Lines  []JournalLine
	// LastSafe is the end of the last acknowledged fragment of any camera; 0 if there is none.
	LastSafe clock.Wall
}

// SealResult says what was sealed.
type SealResult struct {
	Hash  string // SHA-256 of seal.note, lower-case hex
	At    clock.Instant
	Key   string // the key's name and id
	Facts []Text // beside the verdict
	// Uncertainty is how far the host's clock may have been off, at most, as the seal states it.
	Uncertainty time.Duration
}

// FaultEvent is a detector's word that something is wrong, or no longer is.
type FaultEvent struct {
	Code    table.Code
	Subject string // the camera or volume; empty for the room or the controller
	Raised  bool
	// Alarm says that this time it does not lock although its code may: the first threshold of
	// several, or a good copy is left. Raising the fault again without Alarm locks.
	Alarm bool
	At    clock.Stamp
	// LastGood is the last good picture or sound before it; zero if At is.
	LastGood clock.Stamp
	// Detail goes into the journal. It names no person and carries no secret.
	Detail string
}

// Progress says how far a camera's recording is acknowledged.
type Progress struct {
	Room, Camera string
	// From and To are begin and end of the newest acknowledged fragment, on the session's timeline.
	From, To clock.Instant
	Volumes  int // that hold it
	Gaps     int // declared by this camera in this session so far
	// Behind says that memory was full after it: it is safe, and what comes next of the camera is missing.
	Behind bool
}

// CameraStatus is what is known of a camera apart from any session.
type CameraStatus struct {
	Connected bool
	Problem   *Text  // why it is not
	Video     string // as in "H264 1920x1080 25.0 fps"
	Audio     string // as in "AAC 48000 Hz"
	Live      string // codec string of the live view
	// Sound is how loud it is, from 0 to 1, as a meter shows it; nil where nothing is known.
	Sound *float64
	// Unjudged says what of its picture and sound cannot be judged here, and why; nil if all can.
	Unjudged *Text
}

// Index is told of every session that was opened and of each of its changes, so that lists can be
// shown without reading folders. It may lag; the folders are the truth.
type Index interface {
	Put(ctx context.Context, e Entry) error
}

// Entry is what an index keeps of a session.
type Entry struct {
	Session       string
	Room          string
	Case, Person  string
	Kind          Kind
	State         table.State
	Mandatory     bool
	Ending        table.Ending
	Ordinal       int // of the interrogation, as entered at the opening; 0: not said
	Opened        clock.Wall
	Started       clock.Wall // 0: not begun
	Ended         clock.Wall // 0: not ended
	Sealed        clock.Wall // 0: not sealed
	Folder        string
	SealHash      string
	Interruptions int
	Opener        string   // id of who opened it
	Members       []Member // everybody who took part at any time
}
