package panel

import (
	"context"
	"strconv"
	"time"

	"roomrec/clock"
)

// Proofs knows what others than the station say of its seals: a time-stamping authority (RFC 3161), and those who
// sign the station's log of its sessions.
type Proofs interface {
	// Proof returns what is known now of a sealed session, or ErrNotFound. What could not be read is told in it.
	Proof(ctx context.Context, sess string) (ProofView, error)
}

// ProofView is what others than the station say of a session's seal, as it is known now.
type ProofView struct {
	Stamp  StampState  `json:"stamp" enum:"none,waiting,made,unread"`
	Stamps []StampView `json:"stamps"`
	Log    LoggedView  `json:"log"`
}

// StampState says whether a seal has a time-stamp.
type StampState string

// States of a seal's time-stamp.
const (
	StampNone    StampState = "none"    // there is none, and none is waited for
	StampWaiting StampState = "waiting" // the site's authority is asked, and has not answered yet
	StampMade    StampState = "made"
	StampUnread  StampState = "unread" // the disks do not tell
)

// StampView is one time-stamp of a seal.
type StampView struct {
	Status    StampStatus   `json:"status" enum:"trusted,unchecked,other,wrong"`
	Authority string        `json:"authority,omitempty"`
	At        clock.Wall    `json:"at,omitempty" doc:"by the authority's clock"`
	Accuracy  time.Duration `json:"accuracy_ns,omitempty" doc:"to either side, where the authority says it"`
}

// StampStatus says how far a time-stamp can be believed.
type StampStatus string

// What is known of a time-stamp.
const (
	StampTrusted   StampStatus = "trusted"   // its authority is the one that the settings name
	StampUnchecked StampStatus = "unchecked" // it is right by itself, and the settings name no authority
	StampOther     StampStatus = "other"     // it is right by itself, by another authority than the settings name
	StampWrong     StampStatus = "wrong"     // it is damaged, gone, or of another seal
)

// LoggedView is what the station's log of its sessions holds of a seal, and who signed for it.
type LoggedView struct {
	State LoggedState `json:"state" enum:"missing,held,other,contradicted,unread"`
	Entry int64       `json:"entry,omitempty" doc:"number of the seal's entry, from 0"`
	// By are those who signed a head of the log that covers the entry; empty: not witnessed.
	By []WitnessView `json:"witnessed"`
	// Unknown is how many others signed one whose key the settings do not name: nobody here can tell who.
	Unknown int `json:"unknown_witnesses,omitempty"`
}

// LoggedState says what the station's log holds of a seal.
type LoggedState string

// What the station's log can hold of a seal.
const (
	LogMissing      LoggedState = "missing"      // no entry yet
	LogHeld         LoggedState = "held"         // this seal
	LogOther        LoggedState = "other"        // another seal of this session
	LogContradicted LoggedState = "contradicted" // a witness or the log's own head says otherwise
	LogUnread       LoggedState = "unread"       // it could not be read
)

// WitnessView says from when to when a witness saw the log with the seal in it, by its own clock.
type WitnessView struct {
	By    string     `json:"by"`
	First clock.Wall `json:"first"`
	Until clock.Wall `json:"until"`
}

// proof fills in what others say of a record's seal. What cannot be read is logged and shown as that.
func (s *Server) proof(ctx context.Context, rec *Record) {
	if s.proofs == nil || rec.Seal == nil {
		return
	}
	p, err := s.proofs.Proof(ctx, rec.ID)
	if err != nil {
		s.log.Error().Err(err).Str("session", rec.ID).Msg("read what others say of the seal")
		p = ProofView{Stamp: StampUnread, Log: LoggedView{State: LogUnread}}
	}
	if p.Stamps == nil {
		p.Stamps = []StampView{}
	}
	if p.Log.By == nil {
		p.Log.By = []WitnessView{}
	}
	rec.Proof = &p
}

// proofLine is one sentence about what others say of a seal.
type proofLine struct {
	Look  string // ready, off or alarm
	Key   string // of the message
	pairs []any
}

// Say returns the sentence in the page's language.
func (v view) Say(l proofLine) (string, error) { return v.say.say(l.Key, l.pairs...) }

// stampKeys are the sentences about a time-stamp.
var stampKeys = map[StampStatus]proofLine{
	StampTrusted:   {Look: "ready", Key: "proof.stamp.trusted"},
	StampUnchecked: {Look: "off", Key: "proof.stamp.unchecked"},
	StampOther:     {Look: "alarm", Key: "proof.stamp.other"},
	StampWrong:     {Look: "alarm", Key: "proof.stamp.wrong"},
}

// StampLines says what is known of the seal's time-stamp.
func (r row) StampLines() []proofLine {
	switch r.Proof.Stamp {
	case StampNone:
		return []proofLine{{Look: "off", Key: "proof.stamp.none"}}
	case StampWaiting:
		return []proofLine{{Look: "off", Key: "proof.stamp.waiting"}}
	case StampUnread:
		return []proofLine{{Look: "alarm", Key: "proof.stamp.unread"}}
	case StampMade:
	}
	var out []proofLine
	for _, t := range r.Proof.Stamps {
		l := stampKeys[t.Status]
		at := r.When(t.At)
		if t.Accuracy > 0 {
			at += " ±" + tenths(t.Accuracy) + " s"
		}
		if l.pairs = []any{"name", t.Authority, "at", at}; t.Status == StampWrong {
			l.pairs = nil
		}
		out = append(out, l)
	}
	return out
}

// LogLines says what is known of the seal's entry in the station's log, and of who signed for it.
func (r row) LogLines() []proofLine {
	l := r.Proof.Log
	switch l.State {
	case LogMissing:
		return []proofLine{{Look: "off", Key: "proof.log.missing"}}
	case LogOther:
		return []proofLine{{Look: "alarm", Key: "proof.log.other"}}
	case LogContradicted:
		return []proofLine{{Look: "alarm", Key: "proof.log.contradicted"}}
	case LogUnread:
		return []proofLine{{Look: "alarm", Key: "proof.log.unread"}}
	case LogHeld:
	}
	var out []proofLine
	for _, w := range l.By {
		out = append(out, proofLine{Look: "ready", Key: "proof.log.seen", pairs: []any{"name", w.By, "first", r.When(w.First), "until", r.When(w.Until)}})
	}
	if l.Unknown > 0 {
		out = append(out, proofLine{Look: "off", Key: "proof.log.unknown", pairs: []any{"n", strconv.Itoa(l.Unknown)}})
	}
	if len(out) == 0 {
		out = append(out, proofLine{Look: "off", Key: "proof.log.unseen"})
	}
	return out
}
