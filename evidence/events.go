package evidence

import (
	"context"
	"sync"

	"roomrec/clock"
	"roomrec/media"
)

// Event is something that happened to a session's recording.
type Event interface{ event() }

// Of names the camera that an event is about.
type Of struct{ Room, Camera string }

// Why a run ended. A disconnect, a new epoch and a full memory end it without anyone's wish; only
// EndClosing is a person's End.
const (
	EndClosing    = "closing"
	EndShutdown   = "shutdown"
	EndDisconnect = "disconnect" // the stream ended
	EndEpoch      = "reconnect"  // the camera returned before its end was seen
	EndStorage    = "storage"    // no room in memory for what no volume took
	EndRestart    = "restart"    // the program or the host went down
	EndInvalid    = "invalid"    // the stream contradicts its own description
)

// Why a segment began.
const (
	SegmentRun        = "run"        // the run began
	SegmentLength     = "length"     // the one before was long enough
	SegmentParameters = "parameters" // a parameter set changed
	SegmentVolumes    = "volumes"    // the volume set changed
)

type (
	// RunBegan: a camera's run begins with a key picture that was captured at At.
	RunBegan struct {
		Of
		Run int
		At  clock.Instant
	}
	// RunEnded: a run's last fragment was closed; it may not be acknowledged yet. Err is the
	// stream's own word, nil if it has none.
	RunEnded struct {
		Of
		Run   int
		Cause string
		Last  clock.Instant
		Err   error
	}
	// SegmentBegan: a file is being created. File is its path under the session's folder.
	SegmentBegan struct {
		Of
		Run, Segment int
		File, Why    string
	}
	// FirstSafe: the first sample of a track is acknowledged.
	FirstSafe struct {
		Of
		Run, Track int
		Codec      media.Codec
	}
	// Safe: everything of the run up to Until is acknowledged; From is where the newest fragment
	// begins. Volumes is how many hold it. Of one camera only the newest waits for a slow reader.
	Safe struct {
		Of
		Run         int
		From, Until clock.Instant
		Volumes     int
		Gaps        int // declared for this camera so far
		// Behind: the run had ended because memory was full, so that what came after it is missing.
		Behind bool
	}
	// GapDeclared: something is missing between From and To.
	GapDeclared struct {
		Of
		Run            int
		Track          int // or media.AllTracks
		Cause          media.Cause
		From, To       clock.Instant
		Packets, Units int
		Count          int // of gaps that were merged into this one
	}
	// NotRecorded: pictures come, and since Since none could be recorded: they cannot be written, or no run can
	// begin with them. Told again every [Limits.NotRecorded] as long as that lasts. Err is the last one of
	// writing, nil if there was none.
	NotRecorded struct {
		Of
		Since clock.Stamp
		Err   error
	}
	// VolumeSlow: a call to the disk has been outstanding for two seconds.
	VolumeSlow struct {
		Volume string
		Err    error
		At     clock.Stamp
	}
	// VolumeDamaged: something of the session that lies on the volume cannot be read. The volume stays in the
	// set: what it takes now is one copy more.
	VolumeDamaged struct {
		Volume  string
		Err     error // names the file
		At      clock.Stamp
		Members int // of the set
	}
	// VolumeNormal: that call has returned.
	VolumeNormal struct {
		Volume string
		At     clock.Stamp
	}
	// VolumeLeft: a volume left the set for good; Remaining are still in it.
	VolumeLeft struct {
		Volume    string
		Err       error
		At        clock.Stamp
		Remaining int
	}
	// VolumeJoined: a volume returned or a new one was put in; Members are in the set now.
	VolumeJoined struct {
		Volume  string
		At      clock.Stamp
		Members int
	}
	// StorageLost: the last volume left the set.
	StorageLost struct {
		Err error
		At  clock.Stamp
	}
)

func (RunBegan) event()      {}
func (RunEnded) event()      {}
func (SegmentBegan) event()  {}
func (FirstSafe) event()     {}
func (Safe) event()          {}
func (GapDeclared) event()   {}
func (NotRecorded) event()   {}
func (VolumeSlow) event()    {}
func (VolumeNormal) event()  {}
func (VolumeDamaged) event() {}
func (VolumeLeft) event()    {}
func (VolumeJoined) event()  {}
func (StorageLost) event()   {}

// eventsBeforeMerge is how many events may wait before gaps are merged.
const eventsBeforeMerge = 1024

// eventQueue holds what the reader has not taken yet. Nobody waits to put something in.
type eventQueue struct {
	out chan Event

	mu    sync.Mutex
	queue []Event
	over  bool
	wake  chan struct{} // capacity 1: one pending wake-up is enough
}

func newEventQueue() *eventQueue {
	return &eventQueue{out: make(chan Event), wake: make(chan struct{}, 1)}
}

func (q *eventQueue) put(e Event) {
	q.mu.Lock()
	if !q.merge(e) {
		q.queue = append(q.queue, e)
	}
	q.mu.Unlock()
	q.rouse()
}

// merge puts e into an event that waits, if the rules of [Evidence.Events] allow it.
func (q *eventQueue) merge(e Event) bool {
	switch e := e.(type) {
	case Safe:
		for i, w := range q.queue {
			if w, ok := w.(Safe); ok && w.Of == e.Of && w.Run == e.Run {
				q.queue[i] = e
				return true
			}
		}
	case GapDeclared:
		if len(q.queue) < eventsBeforeMerge {
			return false
		}
		for i := len(q.queue) - 1; i >= 0; i-- {
			w, ok := q.queue[i].(GapDeclared)
			if !ok || w.Of != e.Of || w.Run != e.Run || w.Track != e.Track || w.Cause != e.Cause {
				continue
			}
			w.To, w.Packets, w.Units, w.Count = e.To, w.Packets+e.Packets, w.Units+e.Units, w.Count+e.Count
			q.queue[i] = w
			return true
		}
	}
	return false
}

func (q *eventQueue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run delivers until finish was called and everything is delivered, or ctx ends.
func (q *eventQueue) run(ctx context.Context) {
	defer close(q.out)
	for {
		q.mu.Lock()
		var next Event
		if len(q.queue) > 0 {
			next = q.queue[0]
			q.queue[0] = nil
			q.queue = q.queue[1:]
		}
		over := q.over
		q.mu.Unlock()
		switch {
		case next != nil:
			select {
			case q.out <- next:
			case <-ctx.Done():
				return
			}
		case over:
			return
		default:
			select {
			case <-q.wake:
			case <-ctx.Done():
				return
			}
		}
	}
}

// finish lets run return once everything is delivered.
func (q *eventQueue) finish() {
	q.mu.Lock()
	q.over = true
	q.mu.Unlock()
	q.rouse()
}
