package paneltest

import (
	"context"

	"roomrec/clock"
	"roomrec/session"
	"roomrec/session/policy"
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
func (b *Backend) Told(_ context.Context, id string, _ session.Actor, sent clock.Wall) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.rooms[id]
	if !ok {
		return session.ErrNotFound
	}
	if r.view.Message != nil && r.view.Message.At == sent {
		seen := *r.view.Message
		seen.Seen = b.clock.Now().Wall
		r.view.Message = &seen
		b.touch(id)
	}
	return nil
}

// CompareWallClock implements panel.Sessions.
func (b *Backend) CompareWallClock(_ context.Context, actor session.Actor, id string, says policy.WallClock, request string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.rooms[id]
	if !ok {
		return session.ErrNotFound
	}
	if wrong := says.Validate(); len(wrong) > 0 {
		return &session.Refusal{Code: "form", Say: wrong[0].Say, Fields: []session.FieldRefusal{session.FieldRefusal(wrong[0])}}
	}
	if _, again := b.answers[request]; again {
		return nil
	}
	b.answers[request] = answer{}
	v := session.WallCheck{At: b.clock.Now().Wall, By: actor, WallClock: says}.View()
	r.view.WallCheck = &v
	b.Acted["wall-clock"]++
	b.touch(id)
	return nil
}
