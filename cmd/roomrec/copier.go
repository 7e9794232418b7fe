package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/after"
	"roomrec/panel"
	"roomrec/playback/copies"
	"roomrec/session"
)

// copier makes viewing copies of sealed sessions, one at a time: those that people ask for and, where the
// settings name a standing approval, those of every session. What is to be made stands in the journals
// after the seals, so that a restart goes on with it.
type copier struct {
	station  *station
	index    *index
	papers   *transcripts // who reads and writes after a seal
	standing *config.Standing
	wake     chan struct{} // capacity 1; full: the worker looks anyway

	mu     sync.Mutex
	jobs   []*copyJob // in the order in which they are made
	sealed []string   // sessions that the standing approval may ask a copy of
}

// copyJob is a copy that is wanted. What it is waiting for or doing is under the copier's mutex.
type copyJob struct {
	session  string
	line     copyLine
	state    panel.CopyState // waiting, checking, running
	progress copies.Progress
	stop     context.CancelFunc // of the one that runs
	revoked  *session.Actor     // who cancelled it
}

func newCopier(st *station, x *index, papers *transcripts) *copier {
	c := &copier{station: st, index: x, papers: papers, standing: st.setup.standing, wake: make(chan struct{}, 1)}
	if before := x.sealed; c.standing != nil {
		x.sealed = func(id string) {
			if before != nil {
				before(id)
			}
			c.mu.Lock()
			c.sealed = append(c.sealed, id)
			c.mu.Unlock()
			c.wakeUp()
		}
	}
	return c
}

func (c *copier) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// besideEvery is how often it is looked whether a running session has given something to prepare.
const besideEvery = time.Minute

// Run makes copies until ctx ends.
func (c *copier) Run(ctx context.Context) error {
	c.resume(ctx)
	look := time.NewTicker(besideEvery)
	defer look.Stop()
	for {
		c.askStanding(ctx)
		if job := c.next(); job != nil {
			c.make(ctx, job)
			if ctx.Err() == nil {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		case <-look.C:
			c.beside(ctx)
		}
	}
}

// next returns the job whose turn it is, nil if there is none.
func (c *copier) next() *copyJob {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.jobs) == 0 {
		return nil
	}
	return c.jobs[0]
}

// recent is for how long after a seal a start still asks the copy that the standing approval wants.
const recent = time.Hour

// resume finds what was asked for before the program ended.
func (c *copier) resume(ctx context.Context) {
	seen := make(map[string]bool)
	for _, v := range c.station.disks.healthy() {
		found, err := matches(v.Files(), path.Join(copiesFolder, "*", copies.Unfinished+"*"))
		if err != nil {
			c.station.log.Error().Err(err).Str("volume", v.ID()).Msg("look for unfinished copies")
		}
		for _, name := range found {
			seen[path.Base(path.Dir(name))] = true
		}
	}
	ids := make([]string, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	type wanted struct {
		at  clock.Wall
		job *copyJob
	}
	var queue []wanted
	for _, id := range ids {
		o, give, err := c.open(ctx, id)
		if err != nil {
			continue // not sealed yet, or not readable: whoever opens its page is told
		}
		give()
		for _, l := range foldCopies(o.copies[o.longest].Lines) {
			if l.state == panel.CopyWaiting {
				queue = append(queue, wanted{l.at, &copyJob{session: id, line: l.copyLine, state: panel.CopyWaiting}})
			}
		}
	}
	slices.SortStableFunc(queue, func(a, b wanted) int { return cmp.Compare(a.at, b.at) }) // as they were asked for
	for _, w := range queue {
		c.add(w.job)
	}
	if c.standing == nil {
		return
	}
	list, err := c.index.recentSeals(ctx, c.station.clock.Now().Wall.Add(-recent))
	if err != nil {
		c.station.log.Error().Err(err).Msg("look for sessions without a copy")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sealed = append(c.sealed, list...)
}

// add puts a job at the end, unless the same copy is wanted already.
func (c *copier) add(j *copyJob) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range c.jobs {
		if other.session == j.session && other.line.key() == j.line.key() {
			return
		}
	}
	c.jobs = append(c.jobs, j)
	c.wakeUp()
}

// open reads a sealed session in its turn; the returned function gives the turn back.
func (c *copier) open(ctx context.Context, id string) (*opened, func(), error) {
	give, err := c.papers.take(ctx)
	if err != nil {
		return nil, nil, err
	}
	o, err := c.papers.open(id)
	if err != nil {
		give()
		return nil, nil, err
	}
	return o, give, nil
}

// copied is what the lines after a seal say of one copy.
type copied struct {
	copyLine
	state panel.CopyState
	at    clock.Wall // of the last line
	by    string     // of the last line
}

// foldCopies returns what lines say of copies, in the order in which they were first asked for.
func foldCopies(lines []after.Line) []copied {
	states := map[string]panel.CopyState{
		typeCopyAsked: panel.CopyWaiting, typeCopyMade: panel.CopyDone, typeCopyCancelled: panel.CopyCancelled, typeCopyFailed: panel.CopyFailed,
	}
	var out []copied
	for _, l := range lines {
		state, ok := states[l.Type]
		var data copyLine
		if !ok || json.Unmarshal(l.Data, &data) != nil {
			continue
		}
		now := copied{copyLine: data, state: state, at: l.Wall, by: l.Actor}
		i := slices.IndexFunc(out, func(c copied) bool { return c.key() == data.key() })
		if i < 0 {
			out = append(out, now)
		} else {
			out[i] = now
		}
	}
	return out
}

// root returns the folder of the first healthy volume that holds the session.
func (o *opened) root() string {
	dir := o.dirs[0]
	for range strings.Count(o.path, "/") + 1 {
		dir = filepath.Dir(dir)
	}
	return dir
}

// make makes a copy and writes down what became of it. When the program ends it stays wanted.
func (c *copier) make(ctx context.Context, j *copyJob) {
	own, stop := context.WithCancel(ctx)
	defer stop()
	c.mu.Lock()
	j.stop = stop
	if j.revoked != nil {
		stop()
	}
	j.state = panel.CopyChecking
	c.mu.Unlock()
	made, err := c.made(own, j)
	if ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	revoked := j.revoked
	c.mu.Unlock()
	kind, actor, line := typeCopyMade, controllerActor, j.line
	switch {
	case err == nil:
		line.File, line.SHA256 = path.Join(copiesFolder, j.session, made.File), made.SHA256
	case revoked != nil:
		kind, actor = typeCopyCancelled, *revoked
	default:
		kind, line.Problem = typeCopyFailed, err.Error()
		c.station.log.Error().Err(err).Str("session", j.session).Msg("viewing copy")
	}
	if err := c.papers.Note(ctx, j.session, kind, actor, line); err != nil && ctx.Err() == nil {
		c.station.log.Error().Err(err).Str("session", j.session).Msg("write down what became of a viewing copy; it is tried again at the next start")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jobs = slices.DeleteFunc(c.jobs, func(other *copyJob) bool { return other == j })
}

// controllerActor is the program itself.
var controllerActor = session.Actor{ID: session.ActorController}

func (c *copier) made(ctx context.Context, j *copyJob) (*copies.Copy, error) {
	o, give, err := c.open(ctx, j.session)
	if err != nil {
		return nil, err
	}
	give()
	keys, err := c.station.verifiers()
	if err != nil {
		return nil, err
	}
	if err := copyable(ctx, o.dirs, keys); err != nil {
		return nil, err
	}
	order := c.orderOf(o, j.line)
	req, err := order.request(&o.folder, o.root())
	if err != nil {
		return nil, err
	}
	if err := c.room(o, &req); err != nil {
		return nil, err
	}
	c.tell(j, panel.CopyRunning, copies.Progress{Left: -1})
	made, err := copies.Make(ctx, req, c.station.clock, func(p copies.Progress) { c.tell(j, panel.CopyRunning, p) })
	if errors.Is(err, copies.ErrThere) { // the program ended between the copy and its line
		return copies.Made(req)
	}
	return made, err
}

func (c *copier) tell(j *copyJob, s panel.CopyState, p copies.Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	j.state, j.progress = s, p
}

// orderOf returns the order that a line tells of.
func (c *copier) orderOf(o *opened, l copyLine) copyOrder {
	order := copyOrder{
		Camera: l.Camera, Inset: l.Inset, By: l.By, Reason: l.Reason, Approval: l.Approval,
		Beside: c.standing != nil && c.standing.Beside && l.Approval == c.standing.String(),
	}.named(c.station.names())
	order.Camera, order.Inset = unambiguous(&o.folder, order.Camera), unambiguous(&o.folder, order.Inset)
	return order
}

// unambiguous turns a copy's name of a camera, room3-suspect, into room3/suspect where two rooms have one of
// that name.
func unambiguous(f *folder, id string) string {
	segments, err := f.segments()
	if err != nil {
		return id
	}
	for of := range segments {
		if of.room+"-"+of.camera == id {
			return of.room + "/" + of.camera
		}
	}
	return id
}

// copyReserve is what a copy leaves free on its volume beside what it takes itself: recordings go first.
const copyReserve = 1 << 30

var errNoRoom = errors.New("too little room for a copy")

// room errs where the volume has too little room for a copy beside the recordings.
func (c *copier) room(o *opened, req *copies.Request) error {
	need := uint64(copyReserve)
	for _, cam := range []*copies.Camera{&req.Main, req.Inset} {
		if cam == nil {
			continue
		}
		for _, s := range cam.Segments {
			need += 2 * uint64(max(0, s.Whole)) // the parts and the whole are there together
		}
	}
	for _, v := range c.station.disks.healthy() {
		if v.Dir() != o.root() {
			continue
		}
		space, err := v.Space()
		if err != nil {
			return err
		}
		if free := uint64(max(0, space.Free)); free < need {
			return fmt.Errorf("%s: %d MiB are free, a copy needs %d beside the recordings: %w", v.Dir(), free>>20, need>>20, errNoRoom)
		}
	}
	return nil
}

// askStanding asks for the copies of sealed sessions that the standing approval wants.
func (c *copier) askStanding(ctx context.Context) {
	for {
		c.mu.Lock()
		if len(c.sealed) == 0 {
			c.mu.Unlock()
			return
		}
		id := c.sealed[0]
		c.sealed = c.sealed[1:]
		c.mu.Unlock()
		o, give, err := c.open(ctx, id)
		if err != nil {
			c.station.log.Error().Err(err).Str("session", id).Msg("viewing copy by the standing approval")
			continue
		}
		asked := foldCopies(o.copies[o.longest].Lines)
		give()
		order, ok := c.standingOrder(&o.folder)
		if !ok || len(asked) > 0 {
			continue
		}
		if err := c.ask(ctx, o, order, controllerActor); err != nil {
			c.station.log.Error().Err(err).Str("session", id).Msg("viewing copy by the standing approval")
		}
	}
}

// standingOrder is the copy of a session that the standing approval wants: the room's first camera, its
// second one small in it.
func (c *copier) standingOrder(f *folder) (copyOrder, bool) {
	roomID := f.record.Table.Room
	order := copyOrder{
		By: session.ActorController, Reason: standingReason, Approval: c.standing.String(), Beside: c.standing.Beside,
	}.named(c.station.names())
	segments, err := f.segments()
	if err != nil || c.station.rooms.get(roomID) == nil {
		return order, false
	}
	var there []string
	for _, cam := range c.station.rooms.get(roomID).cameras {
		if len(segments[cameraOf{roomID, cam.setup.id}]) > 0 {
			there = append(there, roomID+"/"+cam.setup.id)
		}
	}
	if len(there) == 0 {
		return order, false
	}
	order.Camera = there[0]
	if len(there) > 1 {
		order.Inset = there[1]
	}
	return order, true
}

const standingReason = "standing approval"

// ask writes down that a copy is wanted and has it made.
func (c *copier) ask(ctx context.Context, o *opened, order copyOrder, by session.Actor) error {
	req, err := order.request(&o.folder, o.root())
	if err != nil {
		return err
	}
	if err := req.Reserve(); err != nil {
		return err
	}
	line := order.line(&req)
	if err := c.papers.Note(ctx, o.id, typeCopyAsked, by, line); err != nil {
		return err
	}
	c.add(&copyJob{session: o.id, line: line, state: panel.CopyWaiting})
	return nil
}

// beside prepares, where the standing approval says so, what sessions that are being recorded have given.
func (c *copier) beside(ctx context.Context) {
	if c.standing == nil || !c.standing.Beside {
		return
	}
	for _, r := range c.station.manager.Rooms() {
		if r.Session == nil || ctx.Err() != nil {
			continue
		}
		if err := c.ahead(ctx, r.Session.ID); err != nil && ctx.Err() == nil {
			c.station.log.Error().Err(err).Str("session", r.Session.ID).Msg("prepare a viewing copy beside the recording")
		}
	}
}

func (c *copier) ahead(ctx context.Context, id string) error {
	held, err := c.station.disks.joined(id, true)
	if errors.Is(err, panel.ErrNotFound) || err == nil && held.noted >= 0 {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := held.read()
	if err != nil {
		return err
	}
	order, ok := c.standingOrder(&f)
	if !ok {
		return nil
	}
	root := held.by[0].dir
	req, err := order.request(&f, root)
	if err != nil {
		return err
	}
	if err := c.room(&opened{folder: f, dirs: []string{filepath.Join(root, filepath.FromSlash(held.at))}}, &req); err != nil {
		return err
	}
	_, err = copies.Ahead(ctx, req, c.station.clock)
	if errors.Is(err, copies.ErrNothing) {
		return nil // its first picture is on its way
	}
	return err
}
