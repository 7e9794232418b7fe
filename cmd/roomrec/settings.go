package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"roomrec/config"
)

// settings swaps what the program runs by when it is told to (SIGHUP). The whole file is read and checked
// first; if anything is wrong with it nothing changes and the log says what. Then each room whose settings
// are others is swapped, at once where no session runs, else when it has ended: until then the room keeps
// what it began with. What concerns more than single rooms is taken by building the whole controller anew
// in the same process, as soon as no session runs anywhere. Its fields are of its stage alone.
type settings struct {
	load    func() (*config.Config, error)
	signals <-chan os.Signal
	listen  func(ctx context.Context, address string) (net.Listener, error)
	now     *config.Config // in force, but for rooms
	st      *station
	rooms   map[string]config.Room // in force
	next    *change                // nil: nothing waits
	begun   bool                   // the stages have been started
	refused bool                   // the controller did not start with those that were read last

	good, waiting prometheus.Gauge
}

// change is what was read and is not in force yet.
type change struct {
	cfg      *config.Config
	rooms    map[string]*room // those that are new or not as they were, made and not started
	listener net.Listener     // where the address is another
	said     map[string]bool  // rooms of which the log says already that they wait
}

// rebuild ends the stages so that the controller is built anew with other settings.
type rebuild struct {
	cfg      *config.Config
	listener net.Listener // nil: the address is as it was
}

func (*rebuild) Error() string { return "the controller is built anew with other settings" }

// settingsEvery is how often what waits is tried.
const settingsEvery = time.Second

// attach gives the settings the station that they are of.
func (s *settings) attach(st *station) error {
	s.st, s.rooms = st, make(map[string]config.Room)
	for _, r := range s.now.Rooms {
		s.rooms[r.ID] = r
	}
	s.good = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "roomrec_settings_good", Help: "1 if the settings that were read last are good, 0 if they were refused and the old ones stay in force.",
	})
	s.waiting = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "roomrec_settings_waiting_rooms", Help: "Rooms that keep their old settings until the session or self-test there has ended.",
	})
	if !s.refused {
		s.good.Set(1)
	}
	return errors.Join(st.metrics.Register(s.good), st.metrics.Register(s.waiting))
}

// run swaps settings until ctx ends. It ends with a [rebuild] when the controller must be built anew.
func (s *settings) run(ctx context.Context) error {
	tick := time.NewTicker(settingsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), s.drop())
		case <-s.signals:
			if err := s.read(ctx); err != nil {
				s.good.Set(0)
				s.st.log.Error().Err(err).Msg("the settings are refused; those in force stay")
			}
		case <-tick.C:
		}
		if s.next != nil {
			if err := s.swap(); err != nil {
				return err
			}
		}
	}
}

// drop forgets what waits.
func (s *settings) drop() error {
	if s.next == nil || s.next.listener == nil {
		s.next = nil
		return nil
	}
	err := s.next.listener.Close()
	s.next = nil
	return err
}

// read reads and checks the settings and makes what they need, so that nothing can be wrong with them later.
func (s *settings) read(ctx context.Context) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if cfg.StateDir != s.now.StateDir {
		return fmt.Errorf("state_dir: %s in force, %s wanted: stop the service to move it", s.now.StateDir, cfg.StateDir)
	}
	wanted, err := fromConfig(cfg)
	if err != nil {
		return err
	}
	c := &change{cfg: cfg, rooms: make(map[string]*room), said: make(map[string]bool)}
	for i, rs := range wanted.rooms {
		r, err := s.st.makeRoom(rs)
		if err != nil {
			return err
		}
		if _, err := s.st.managements(r); err != nil {
			return err
		}
		if old := s.st.rooms.get(rs.ID); old == nil || !reflect.DeepEqual(s.rooms[rs.ID], cfg.Rooms[i]) || !samePasswords(old, r) {
			c.rooms[rs.ID] = r
		}
	}
	if err := s.drop(); err != nil {
		return err
	}
	if cfg.Listen != s.now.Listen {
		if c.listener, err = s.listen(ctx, cfg.Listen); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
	s.next = c
	s.good.Set(1)
	s.st.log.Info().Int("rooms", len(c.rooms)).Bool("others", s.others(cfg)).Msg("the settings were read and are good")
	return nil
}

// samePasswords reports whether cameras are still reached with the same passwords: whoever changes one
// changes a file that the settings only name.
func samePasswords(a, b *room) bool {
	return slices.EqualFunc(a.cameras, b.cameras, func(a, b *camera) bool { return a.setup.source.Password == b.setup.source.Password })
}

// others reports whether anything differs that is not of single rooms.
func (s *settings) others(cfg *config.Config) bool {
	a, b := *s.now, *cfg
	a.Rooms, b.Rooms = nil, nil
	return !reflect.DeepEqual(a, b)
}

// swap swaps what can be swapped now. It returns a [rebuild] when the rest is to be taken, and any other
// error only where the program can not go on.
func (s *settings) swap() error {
	c := s.next
	free, waiting := s.hold(c)
	s.waiting.Set(float64(len(waiting)))
	for _, id := range waiting {
		if !c.said[id] {
			c.said[id] = true
			s.st.log.Info().Str("room", id).Msg("keeps its settings until the session or self-test there has ended")
		}
	}
	if err := s.arrange(c, free); err != nil {
		return err
	}
	if len(waiting) > 0 {
		return nil
	}
	if !s.others(c.cfg) {
		s.st.log.Info().Msg("the settings are in force")
		return s.drop()
	}
	if !s.holdAll() {
		return nil
	}
	s.next = nil
	return &rebuild{c.cfg, c.listener}
}

// hold keeps sessions and self-tests out of the rooms that are to be changed or left out, and says which of
// them could be had and which must wait.
func (s *settings) hold(c *change) (free, waiting []string) {
	for _, r := range s.st.rooms.all() {
		id := r.setup.ID
		stays := slices.ContainsFunc(c.cfg.Rooms, func(r config.Room) bool { return r.ID == id })
		if stays && c.rooms[id] == nil {
			continue
		}
		switch {
		case !s.st.tests.hold(id):
			waiting = append(waiting, id)
		case !s.st.manager.Hold(id):
			s.st.tests.release(id)
			waiting = append(waiting, id)
		default:
			free = append(free, id)
		}
	}
	return free, waiting
}

// arrange ends what runs of the free rooms and starts the new ones in their places. Rooms that wait stay as
// they are.
func (s *settings) arrange(c *change, free []string) error {
	st := s.st
	for _, id := range free {
		st.dismiss(st.rooms.get(id))
	}
	var list, begin []*room
	for _, rc := range c.cfg.Rooms {
		old, made := st.rooms.get(rc.ID), c.rooms[rc.ID]
		if made != nil && (old == nil || slices.Contains(free, rc.ID)) {
			begin = append(begin, made)
			list = append(list, made)
			continue
		}
		list = append(list, old)
	}
	for _, old := range st.rooms.all() { // left out, and in use
		id := old.setup.ID
		if !slices.Contains(free, id) && !slices.ContainsFunc(list, func(r *room) bool { return r.setup.ID == id }) {
			list = append(list, old)
		}
	}
	if len(free) == 0 && slices.Equal(list, st.rooms.all()) {
		return nil
	}
	looks := make(map[*room][]stage)
	for _, r := range begin {
		asked, err := st.managements(r)
		if err != nil {
			return err // it was made before: it cannot be
		}
		looks[r] = slices.Concat(st.watchRoom(r), st.lookAt(r), asked, st.sensorOf(r))
	}
	before := st.rooms.all()
	st.rooms.set(list)
	if err := st.manager.Arrange(st.rooms.configs()); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	for _, r := range begin {
		id := r.setup.ID
		if !slices.ContainsFunc(before, func(r *room) bool { return r.setup.ID == id }) {
			st.tests.remember(id)
			st.walls.remember(id)
		}
		st.feeding.add(r, r.feeds())
		st.looking.add(r, looks[r])
		delete(c.rooms, id)
		st.log.Info().Str("room", id).Int("cameras", len(r.cameras)).Msg("has its new settings")
	}
	for _, rc := range c.cfg.Rooms {
		if c.rooms[rc.ID] == nil {
			s.rooms[rc.ID] = rc
		}
	}
	for _, id := range free {
		st.tests.release(id)
		if st.rooms.get(id) == nil {
			delete(s.rooms, id)
			st.tests.forget(id)
			st.log.Info().Str("room", id).Msg("is no longer in the settings")
		}
	}
	return nil
}

// dismiss ends what runs of a room.
func (st *station) dismiss(r *room) {
	st.looking.remove(r)
	st.feeding.remove(r)
	for _, c := range r.cameras {
		if st.looker != nil && c.watcher != nil {
			st.looker.Leave(c.watcher)
		}
		st.findings.Forget(c.room, c.setup.id)
	}
}

// holdAll keeps sessions out of every room, or of none if a session runs in one.
func (s *settings) holdAll() bool {
	var held []string
	for _, r := range s.st.rooms.all() {
		if !s.st.manager.Hold(r.setup.ID) {
			for _, id := range held {
				s.st.manager.Release(id)
			}
			if !s.next.said[""] {
				s.next.said[""] = true
				s.st.log.Info().Msg("what concerns all rooms is taken when no session runs in any")
			}
			return false
		}
		held = append(held, r.setup.ID)
	}
	return true
}
