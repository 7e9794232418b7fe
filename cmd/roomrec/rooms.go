package main

import (
	"context"
	"errors"
	"slices"
	"sync"

	"roomrec/session"
)

// rooms are the station's rooms in the order of the settings. The list is replaced when settings change; a
// room itself never is: a changed one is another room.
type rooms struct {
	mu   sync.RWMutex
	list []*room // replaced whole
}

// all returns the rooms in their order.
func (r *rooms) all() []*room {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.list
}

// get returns a room by its id, nil if there is none.
func (r *rooms) get(id string) *room {
	for _, one := range r.all() {
		if one.setup.ID == id {
			return one
		}
	}
	return nil
}

// configs are the rooms as the session's layer knows them.
func (r *rooms) configs() (out []session.RoomConfig) {
	for _, one := range r.all() {
		out = append(out, one.setup.RoomConfig)
	}
	return out
}

// cameras returns a room's cameras, none of a room that is not there.
func (r *rooms) cameras(id string) []*camera {
	if one := r.get(id); one != nil {
		return one.cameras
	}
	return nil
}

func (r *rooms) set(list []*room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.Clone(list)
}

// crew runs what belongs to single rooms, so that rooms can come and go while all else runs. If something
// of a room ends by itself the crew ends, as the program does when one of its stages ends.
type crew struct {
	mu      sync.Mutex
	ctx     context.Context // nil until Run
	waiting []posted        // before Run
	shifts  map[*room]*shift
	broken  chan error // capacity 1: the first is enough
}

// posted is what is to run for a room.
type posted struct {
	of     *room
	stages []stage
}

// shift is what runs for a room.
type shift struct {
	stop context.CancelFunc
	done chan struct{}
}

func newCrew() *crew { return &crew{shifts: make(map[*room]*shift), broken: make(chan error, 1)} }

// add starts a room's stages, after those that it was given before; before Run they wait for it.
func (c *crew) add(of *room, stages []stage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx == nil {
		if i := slices.IndexFunc(c.waiting, func(p posted) bool { return p.of == of }); i >= 0 {
			c.waiting[i].stages = append(c.waiting[i].stages, stages...)
			return
		}
		c.waiting = append(c.waiting, posted{of, slices.Clone(stages)})
		return
	}
	if c.ctx.Err() == nil {
		c.start(posted{of, stages})
	}
}

// start starts a room's stages. The caller holds the mutex.
func (c *crew) start(p posted) {
	if len(p.stages) == 0 {
		return
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(c.ctx))
	s := &shift{stop, make(chan struct{})}
	c.shifts[p.of] = s
	go func() {
		defer close(s.done)
		err := runStages(ctx, p.stages)
		if ctx.Err() == nil {
			select {
			case c.broken <- errors.Join(err, errEnded):
			default:
			}
		}
	}()
}

var errEnded = errors.New("something of a room ended by itself")

// remove ends a room's stages and waits until they have.
func (c *crew) remove(of *room) {
	c.mu.Lock()
	s := c.shifts[of]
	delete(c.shifts, of)
	c.mu.Unlock()
	if s != nil {
		s.stop()
		<-s.done
	}
}

// Run runs until ctx ends; then all rooms' stages end.
func (c *crew) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c.mu.Lock()
	c.ctx = ctx
	for _, p := range c.waiting {
		c.start(p)
	}
	c.waiting = nil
	c.mu.Unlock()
	var err error
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case err = <-c.broken:
	}
	stop() // nothing is added from here on
	c.mu.Lock()
	shifts := c.shifts
	c.shifts = make(map[*room]*shift)
	c.mu.Unlock()
	for _, s := range shifts {
		s.stop()
	}
	for _, s := range shifts {
		<-s.done
	}
	return err
}
