package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/after"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
	"roomrec/evidence/tsa"
	"roomrec/panel"
)

// proofTime is how long a page waits for what others than the station say of a seal.
const proofTime = 5 * time.Second

// proofs tells what others than the station say of its seals: their time-stamps, checked against the certificates
// that the settings name, and who of the witnesses that the settings name saw them in the station's log. Whatever
// does not answer in time is told as that; no page fails for it.
type proofs struct {
	station *station
	papers  *transcripts
	by      *config.Timestamp
	turn    chan struct{} // capacity 1; full: a disk hangs, and nobody else waits on it
}

func newProofs(st *station, papers *transcripts) *proofs {
	return &proofs{station: st, papers: papers, by: st.setup.seal.Timestamp, turn: make(chan struct{}, 1)}
}

// Proof implements panel.Proofs.
func (p *proofs) Proof(ctx context.Context, id string) (panel.ProofView, error) {
	out := panel.ProofView{Stamp: panel.StampUnread, Log: panel.LoggedView{State: panel.LogUnread}}
	if _, ok := folderOf(id); !ok {
		return out, panel.ErrNotFound
	}
	ctx, stop := context.WithTimeout(ctx, proofTime)
	defer stop()
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return out, ctx.Err()
	}
	give, err := p.papers.take(ctx)
	if err != nil {
		<-p.turn
		return out, err
	}
	type answer struct {
		view panel.ProofView
		err  error
	}
	done := make(chan answer, 1)
	go func() { // a disk that hangs holds the turns, but not who asked
		defer func() { <-p.turn }()
		var sum seal.Hash
		view := out
		o, err := p.papers.open(id)
		if err == nil {
			sum = o.seal()
			view.Stamp, view.Stamps = p.stamps(o)
		}
		give()
		if err == nil {
			view.Log = p.logged(id, sum)
		}
		done <- answer{view, err}
	}()
	select {
	case a := <-done:
		return a.view, a.err
	case <-ctx.Done():
		return out, ctx.Err()
	}
}

// stamps judges the time-stamps of a seal.
func (p *proofs) stamps(o *opened) (panel.StampState, []panel.StampView) {
	var roots *tsa.Roots
	if p.by != nil {
		var err error
		if roots, err = tsa.ReadRoots(p.by.CAFile); err != nil {
			p.station.log.Error().Err(err).Msg("read the certificates of the time-stamping authority")
		}
	}
	var out []panel.StampView
	for _, l := range o.lines() {
		var d after.Document
		if l.Type != after.TypeTimestamped || json.Unmarshal(l.Data, &d) != nil {
			continue
		}
		out = append(out, o.stamp(d, roots))
	}
	switch {
	case len(out) > 0:
		return panel.StampMade, out
	case o.readOnly == afterDamaged:
		return panel.StampUnread, nil
	case p.by != nil && p.station.stamper != nil && p.station.stamper.waits(o.id):
		return panel.StampWaiting, nil
	}
	return panel.StampNone, nil
}

// lines are what stands after the seal, as far as it can be read.
func (o *opened) lines() []after.Line {
	if len(o.copies) == 0 {
		return nil
	}
	return o.copies[o.longest].Lines
}

// stamp judges the token that a line names.
func (o *opened) stamp(d after.Document, roots *tsa.Roots) panel.StampView {
	wrong := panel.StampView{Status: panel.StampWrong}
	for _, dir := range o.dirs {
		token, err := after.Get(dir, d.File, d.SHA256.String())
		if err != nil {
			continue
		}
		got, err := tsa.Check(token, o.seal(), roots)
		v := panel.StampView{Status: panel.StampTrusted, Authority: got.Authority, At: clock.WallOf(got.At), Accuracy: got.Accuracy}
		switch {
		case errors.Is(err, tsa.ErrRoot):
			v.Status = panel.StampOther
		case err != nil:
			return wrong
		case roots == nil:
			v.Status = panel.StampUnchecked
		}
		return v
	}
	return wrong
}

// waits reports whether a session's seal waits for its time-stamp.
func (s *stamper) waits(id string) bool {
	return slices.ContainsFunc(s.all(), func(w *stamping) bool { return w.session == id })
}

// logged tells what the station's log holds of a session's seal.
func (p *proofs) logged(id string, sum seal.Hash) panel.LoggedView {
	out := panel.LoggedView{State: panel.LogUnread}
	if p.station.sessions == nil {
		return out
	}
	in, err := p.station.sessions.See(stationlog.Sealed, id, p.station.witnesses())
	switch {
	case errors.Is(err, stationlog.ErrFork), errors.Is(err, stationlog.ErrFormat), errors.Is(err, stationlog.ErrSignature):
		p.station.log.Error().Err(err).Str("session", id).Msg("the station's log")
		out.State = panel.LogContradicted
	case err != nil:
		p.station.log.Error().Err(err).Str("session", id).Msg("read the station's log")
	case in.Entry == nil:
		out.State = panel.LogMissing
	case in.Entry.Hash != sum:
		out.State, out.Entry = panel.LogOther, in.Index
	default:
		out.State, out.Entry, out.Unknown = panel.LogHeld, in.Index, in.Unknown
		for _, by := range in.By {
			out.By = append(out.By, panel.WitnessView{By: by.Witness, First: by.First, Until: by.Until})
		}
	}
	return out
}

// witnesses returns those whose keys the settings name, as far as they can be read.
func (st *station) witnesses() []*stationlog.Witness {
	var out []*stationlog.Witness
	for _, file := range st.setup.seal.WitnessFiles {
		w, err := stationlog.ReadWitness(file)
		if err != nil {
			st.log.Error().Err(err).Msg("read the key of a witness")
			continue
		}
		out = append(out, w)
	}
	return out
}
