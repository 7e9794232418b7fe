package paneltest

import (
	"context"

	"roomrec/session"
)

// Tell implements panel.Sessions.
func (b *Backend) Tell(_ context.Context, id string, actor session.Actor, text string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.rooms[id]
	if !ok {
		return session.ErrNotFound
	}
	r.view.Message = &session.MessageView{Text: text, By: actor.Name, At: b.clock.Now().Wall}
	b.Acted["message"]++
	b.touch(id)
	return nil
}

// Told implements panel.Sessions.
func (b *Backend) Told(_ context.Context, id string, _ session.Actor) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.rooms[id]
	if !ok {
		return session.ErrNotFound
	}
	if r.view.Message != nil {
		seen := *r.view.Message
		seen.Seen = b.clock.Now().Wall
		r.view.Message = &seen
		b.touch(id)
	}
	return nil
}
