package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"time"

	"roomrec/catalog"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// typeSample is the type of the line after a seal that says whether the signing can be seen.
const typeSample = "review.signing"

// samples draws sealed sessions by their seals: nobody knows before a session is sealed whether it will be
// drawn, and everybody can work out afterwards that it was.
type samples struct {
	papers  *transcripts
	percent int
	turn    chan struct{} // capacity 1: held by whoever judges, so that one sample gets one answer
}

// sampleTime is how long ago a drawn session was opened at most; what nobody judged by then is a finding of
// the months' reports, not a task. maxSamples bounds the sessions that are looked through.
const (
	sampleTime = 31 * 24 * time.Hour
	maxSamples = 5000
)

// drawn reports whether the session of a seal, hex SHA-256, is in a sample of so many percent.
func drawn(seal string, percent int) bool {
	raw, err := hex.DecodeString(seal)
	if err != nil || len(raw) < 8 {
		return false
	}
	return binary.BigEndian.Uint64(raw)%100 < uint64(percent)
}

// wanted reports whether a session's signing is to be looked at: it was questioning that ended with a
// signature, and it was drawn.
func (s samples) wanted(v catalog.Session) bool {
	return v.State == table.Sealed && v.Ending == table.Signed && v.Kind != string(policy.Technical) && drawn(v.SealHash, s.percent)
}

// Waiting returns the drawn sessions that nobody has judged yet, oldest first.
func (s samples) Waiting(ctx context.Context) ([]panel.Sample, error) {
	list, err := s.papers.index.c.Sessions(ctx, catalog.Query{State: table.Sealed, After: s.papers.station.clock.Now().Wall.Add(-sampleTime), Limit: maxSamples})
	if err != nil {
		return nil, err
	}
	var out []panel.Sample
	for i := len(list) - 1; i >= 0; i-- {
		v := list[i]
		if !s.wanted(v) {
			continue
		}
		judged, err := s.judged(ctx, v.Session)
		if err != nil {
			// It stays in the list: that its disk cannot be read must not make a task go away.
			s.papers.station.log.Error().Err(err).Str("session", v.Session).Msg("read whether a sample was judged")
		}
		if !judged {
			out = append(out, panel.Sample{Session: v.Session, Case: v.Case, Room: v.Room, Sealed: v.Sealed})
		}
	}
	return out, nil
}

// judged reports whether an answer stands after the session's seal.
func (s samples) judged(ctx context.Context, id string) (yes bool, err error) {
	lines, err := s.papers.after(ctx, id)
	for _, l := range lines {
		yes = yes || l.Type == typeSample
	}
	return yes, err
}

var judgedAlready = &session.Refusal{Code: "judged", Say: session.Text{En: "Somebody has judged this sample already.", Zh: "该抽查已有人答复。"}}

// Judge writes a person's answer after the session's seal.
func (s samples) Judge(ctx context.Context, actor session.Actor, sess string, answer panel.SampleAnswer) error {
	v, err := s.papers.index.c.Session(ctx, sess)
	if err != nil || !s.wanted(v) {
		return panel.ErrNotFound
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	judged, err := s.judged(ctx, sess)
	switch {
	case err != nil:
		return err
	case judged:
		return judgedAlready
	}
	return s.papers.Note(ctx, sess, typeSample, actor, answer)
}
