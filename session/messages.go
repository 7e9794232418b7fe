package session

import (
	"context"

	"roomrec/clock"
	"roomrec/session/table"
)

// TypeMessage is the type of a line that says what someone outside told the people in the room, or that
// they saw it; its data is a [Message]. It changes no state, and replaying passes it over.
const TypeMessage = "room.message"

// Message is the data of a line of type [TypeMessage].
type Message struct {
	By   Actor  `json:"by"`
	Text string `json:"text,omitempty"` // empty: By says that the one before was seen
}

// MessageView is the last message to a room, as its page and those who look at it show it.
type MessageView struct {
	Text string     `json:"text"`
	By   string     `json:"by"` // the name of who sent it
	At   clock.Wall `json:"at"`
	Seen clock.Wall `json:"seen"` // when someone in the room said so; 0 if nobody yet
}

// MaxMessage is the greatest number of characters of a message: what can be read at a glance.
const MaxMessage = 80

// messaged asks a runner to write a message.
type messaged struct {
	actor Actor
	text  string
	done  chan error // capacity 1
}

// Tell shows a message on a room's page. While a session is open there the message is a line of its
// journal first: whoever reads the journal sees what came from outside (Z37). [ErrNotFound] says that
// there is no such room.
func (m *Manager) Tell(ctx context.Context, roomID string, actor Actor, text string) error {
	done, err := m.telling(ctx, roomID)
	if err != nil {
		return err
	}
	defer done()
	if err := m.message(ctx, roomID, actor, text); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	rm := m.room(roomID)
	if rm == nil {
		return ErrNotFound
	}
	at := m.cfg.Clock.Now().Wall
	if rm.message != nil && rm.message.At == at {
		at++ // by its time a message is told from the one before
	}
	rm.message = &MessageView{Text: text, By: actor.Name, At: at}
	rm.changed()
	return nil
}

// Told says that the people in the room saw the message that was sent at an instant ([MessageView.At]). It does nothing
// where another is shown there by now, or none: that one they did not see.
func (m *Manager) Told(ctx context.Context, roomID string, actor Actor, sent clock.Wall) error {
	done, err := m.telling(ctx, roomID)
	if err != nil {
		return err
	}
	defer done()
	m.mu.Lock()
	shown := m.room(roomID).unseen(sent)
	m.mu.Unlock()
	if shown == nil {
		return nil
	}
	if err := m.message(ctx, roomID, actor, ""); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if rm := m.room(roomID); rm.unseen(sent) == shown { // the session may have ended meanwhile
		seen := *shown
		seen.Seen = m.cfg.Clock.Now().Wall
		rm.message = &seen
		rm.changed()
	}
	return nil
}

// unseen returns the message that a room shows, if it is the one that was sent then and nobody said that they saw it.
func (r *room) unseen(sent clock.Wall) *MessageView {
	if r == nil || r.message == nil || r.message.At != sent || r.message.Seen != 0 {
		return nil
	}
	return r.message
}

// telling waits until no other message to the room, nor word that one was seen, is on its way to the journal: there the
// word follows its message. The caller calls what is returned when its own is done.
func (m *Manager) telling(ctx context.Context, roomID string) (done func(), err error) {
	m.mu.Lock()
	rm := m.room(roomID)
	m.mu.Unlock()
	if rm == nil {
		return nil, ErrNotFound
	}
	select {
	case rm.telling <- struct{}{}:
		return func() { <-rm.telling }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// message writes a line on the journal of the room's session, if one is open.
func (m *Manager) message(ctx context.Context, roomID string, actor Actor, text string) error {
	m.mu.Lock()
	rm := m.room(roomID)
	var at *task
	if rm != nil && rm.runner != nil {
		at = m.runners[rm.runner.id]
	}
	m.mu.Unlock()
	switch {
	case rm == nil:
		return ErrNotFound
	case at == nil:
		return nil
	}
	j := messaged{actor: actor, text: text, done: make(chan error, 1)}
	at.box.put(j)
	select {
	case err := <-j.done:
		return err
	case <-at.end:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// messages writes a message, unless the line that nothing may follow is decided already: then the session
// is over and the message is the room's alone.
func (r *runner) messages(j messaged) {
	t := r.decided.Table
	if r.stopping || t.State == table.Sealed || t.Stopped {
		j.done <- nil
		return
	}
	at, mono := r.now()
	r.scribe.jobs.put(job{
		line: &Line{Type: TypeMessage, Actor: actorOf(j.actor), At: at, Mono: mono, Data: Message{By: j.actor, Text: j.text}},
		then: func(err error) { j.done <- err },
	})
}
