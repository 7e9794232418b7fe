package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"roomrec/evidence"
	"roomrec/evidence/volume"
	"roomrec/session"
	"roomrec/session/table"
)

// joinWithin is how long one look waits for a volume to join one session.
const joinWithin = 20 * time.Second

// unreadAgain is after what time a disk is asked again on which what it holds of a session could not be read.
const unreadAgain = time.Minute

// storage brings disks that can be used again, and new ones, into the sessions that run, and clears
// the faults that this mends.
func (st *station) storage(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		st.disks.look()
		st.recorder.reconcile(ctx, st.disks.healthy())
		st.disks.settled(st.recorder.everywhere)
		if len(st.disks.healthy()) > 0 {
			st.recorder.restored()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-st.disks.added:
		}
	}
}

// reconcile lets every recording that runs have every volume.
func (r *recorder) reconcile(ctx context.Context, healthy []*volume.Volume) {
	for _, one := range r.open() {
		for _, v := range healthy {
			if one.has(v) || one.refused[v] || r.clock.Now().Mono < one.unread[v] {
				continue
			}
			within, cancel := context.WithTimeout(ctx, joinWithin)
			err := one.e.Join(within, v)
			cancel()
			log := r.log.With().Str("session", one.o.Session).Str("volume", v.ID()).Logger()
			switch {
			case err == nil:
				log.Warn().Msg("volume joined")
			case errors.Is(err, evidence.ErrClosed), errors.Is(err, evidence.ErrSealing), ctx.Err() != nil:
			case v.Fault() != nil, errors.Is(err, context.DeadlineExceeded):
				log.Error().Err(err).Msg("volume did not join")
			case errors.Is(err, evidence.ErrUnread):
				// Its alarm stays, and it is asked again: what cannot be read now may be read later.
				one.unread[v] = r.clock.Now().Mono.Add(unreadAgain)
				log.Error().Err(err).Msg("volume cannot be read and did not join")
			default:
				// What it holds is not of this session, or there is no place for it: a person must look.
				one.refused[v] = true
				log.Error().Err(err).Msg("volume cannot be used in this session")
			}
		}
	}
}

// open returns the recordings that run.
func (r *recorder) open() []*recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*recording, 0, len(r.recordings))
	for one := range r.recordings {
		out = append(out, one)
	}
	return out
}

// records reports whether the session is being recorded.
func (r *recorder) records(session string) bool {
	return slices.ContainsFunc(r.open(), func(one *recording) bool { return one.o.Session == session })
}

// everywhere reports whether every recording has the volume, those aside that cannot.
func (r *recorder) everywhere(v *volume.Volume) bool {
	for _, one := range r.open() {
		if !one.has(v) {
			return false
		}
	}
	return true
}

// restored clears the fault that the last volume left. Of a recording that has none now, because none can be joined,
// the fault stays in its own rooms; the others go on.
func (r *recorder) restored() {
	r.mu.Lock()
	was, mismatched := r.lost, r.mismatched
	r.lost, r.mismatched = false, nil
	r.mu.Unlock()
	// Looked at only now: a last volume that leaves after this sets lost anew.
	open := r.open()
	for _, one := range open {
		if was && len(one.members()) == 0 && !slices.Contains(r.bare, one) {
			r.bare = append(r.bare, one)
			r.log.Error().Str("session", one.o.Session).Strs("rooms", one.rooms()).Msg("no volume has joined this session; it stays locked, others go on")
			r.bares(one, true)
		}
	}
	for _, f := range mismatched {
		// Its disk stays what it is; that there is another makes an alarm of it.
		f.Raised, f.At = false, r.clock.Now()
		r.manager.Report("", f)
		f.Raised, f.Alarm = true, true
		r.manager.Report("", f)
	}
	if was {
		r.manager.Report("", session.FaultEvent{Code: table.StorageLost, At: r.clock.Now()})
	}
	r.bare = slices.DeleteFunc(r.bare, func(one *recording) bool {
		over := !slices.Contains(open, one) || len(one.members()) > 0
		r.bares(one, !over) // also in a room that it has moved to
		return over
	})
}

// bares reports that a recording has no volume, or has one again, in its own rooms.
func (r *recorder) bares(one *recording, raised bool) {
	for _, room := range one.rooms() {
		f := session.FaultEvent{Code: table.StorageLost, Raised: raised, At: r.clock.Now()}
		if raised {
			f.Detail = "no volume has joined this session"
		}
		r.manager.Report(room, f)
	}
}

// members returns the ids of the volumes that the recording is on.
func (e *recording) members() []string {
	var out []string
	for _, v := range e.e.Status().Volumes {
		if v.InSet {
			out = append(out, v.ID)
		}
	}
	return out
}

func (e *recording) has(v *volume.Volume) bool { return e.e.Holds(v) }
