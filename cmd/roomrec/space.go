package main

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"roomrec/session"
	"roomrec/session/table"
)

// errNoSpace: the disks do not hold the planned length of this session beside those that run.
var errNoSpace = errors.New("not enough room on the disks for the planned length")

// Of the ledger's promises.
const (
	// spaceFactor is by how much a session may outgrow what is measured.
	spaceFactor = 1.2
	// longer is what is kept for a session that has outlasted its plan: nobody ends it for that.
	longer = 30 * time.Minute
	// usualRate is taken for a camera of which nothing was measured yet, in bytes per second: 4 Mbit/s.
	usualRate = 500_000
	// enough is how much more than what is promised clears the alarm, so that it does not come and go.
	enough = 1.05
)

// promise is what the disks owe a session that runs, or one that would be opened.
type promise struct {
	rest time.Duration // of its planned length
	rate float64       // of its rooms' cameras together, in bytes per second
}

// rest returns how much of a session's planned length is to come.
func rest(planned, since time.Duration) time.Duration { return max(planned-since, longer) }

// owed returns the bytes that the promises need on each volume.
func owed(all []promise) int64 {
	sum := 0.0
	for _, p := range all {
		sum += p.rest.Seconds() * p.rate * spaceFactor
	}
	return int64(sum)
}

// roomiest returns how much is free on the disk that has the most; false if none could be asked. Every
// volume holds all sessions, and one copy must hold them to the end.
func (st *station) roomiest() (free int64, ok bool) {
	for _, v := range st.disks.healthy() {
		if v.Stats().Calling > 0 {
			continue // asking a disk that does not answer would hang this goroutine too
		}
		if s, err := v.Space(); err == nil && (!ok || s.Free > free) {
			free, ok = s.Free, true
		}
	}
	return free, ok
}

// promised returns what is owed to the sessions that run, and to those that are being opened.
func (r *recorder) promised() []promise {
	now := r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []promise
	for one := range r.recordings {
		since := time.Duration(one.o.Timeline.At(now.Mono).Wall - one.o.Opened.Wall)
		rate := 0.0
		for _, room := range one.begun { // after a move the cameras of both go on
			rate += r.rates[room]
		}
		out = append(out, promise{rest(one.o.Planned, since), rate})
	}
	for o := range r.opening {
		out = append(out, promise{o.Planned, r.rates[o.Room]})
	}
	return out
}

// reserve asks for the room of a session that is to be opened; release gives it back when the session
// counts by itself, or is not opened.
func (r *recorder) reserve(o session.Opening) (release func(), err error) {
	if r.free == nil {
		return func() {}, nil
	}
	o2 := &o
	r.mu.Lock()
	if r.opening == nil {
		r.opening = make(map[*session.Opening]struct{})
	}
	r.opening[o2] = struct{}{}
	r.mu.Unlock()
	release = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.opening, o2)
	}
	if free, ok := r.free(); ok && owed(r.promised()) > free {
		need := owed(r.promised())
		release()
		return nil, fmt.Errorf("%w: %d bytes are free, %d are needed", errNoSpace, free, need)
	}
	return release, nil
}

// space raises and clears storage.low, for each room by itself: a room that has no session is asked
// whether one of its planned length could still be opened.
func (st *station) space(rates map[string]float64) {
	r := st.recorder
	r.mu.Lock()
	r.rates = rates
	r.mu.Unlock()
	if r.free == nil {
		return
	}
	free, ok := r.free()
	if !ok {
		return // no disk answers, which is a fault of its own
	}
	promised := r.promised()
	busy := make(map[string]bool)
	for _, one := range r.open() {
		for _, room := range one.rooms() {
			busy[room] = true
		}
	}
	// A room that is gone took its alarm along; one that gets its name again has none.
	maps.DeleteFunc(st.short, func(room string, _ bool) bool { return st.rooms.get(room) == nil })
	for _, room := range st.rooms.all() {
		need := promised
		if id := room.setup.ID; !busy[id] {
			need = append(need[:len(need):len(need)], promise{room.setup.Planned, rates[id]})
		}
		st.low(room.setup.ID, owed(need), free)
	}
}

// low tells the session's layer of a room that the disks have too little for, or enough again.
func (st *station) low(room string, need, free int64) {
	f := session.FaultEvent{Code: table.StorageLow, At: st.clock.Now(), Detail: fmt.Sprintf("%d bytes are free, %d are needed", free, need)}
	switch was := st.short[room]; {
	case !was && need > free:
		f.Raised, f.Alarm = true, true
	case was && int64(float64(need)*enough) <= free:
	default:
		return
	}
	st.short[room] = f.Raised
	st.manager.Report(room, f)
}

// allGive reports whether every camera of the room is connected.
func (r *room) allGive() bool {
	for _, c := range r.cameras {
		if !c.main.State().Connected {
			return false
		}
	}
	return true
}
