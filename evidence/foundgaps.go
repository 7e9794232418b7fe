package evidence

import (
	"slices"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/seal"
	"roomrec/media"
)

// addLost declares what fragments say is missing and the journal does not: a gap's line may not have
// been safe yet when the power failed, although the fragment that counts the gap was. Between which
// instants it lies is known to within a fragment.
func (r *runRecord) addLost(infos []fragment.Info) {
	var prev *fragment.Info
	for i := range infos {
		in := &infos[i]
		gap := seal.Gap{Track: media.AllTracks, Cause: string(media.CauseStall), From: in.Start, To: in.End, Count: 1}
		missing, hole := false, prev != nil && in.Start.Since(prev.End) > stallMost
		if hole {
			missing, gap.From, gap.To = true, prev.End, in.Start
		}
		if prev != nil && in.Sequence > prev.Sequence+1 {
			gap.Cause = string(media.CauseStorage) // what lies between is on a volume that is not there
		}
		for k := range in.Tracks {
			var before fragment.Lost
			if prev != nil && k < len(prev.Tracks) {
				before = prev.Tracks[k].Lost
			}
			now := in.Tracks[k].Lost
			if now.Gaps == before.Gaps {
				continue
			}
			missing = true
			if gap.Cause == string(media.CauseStall) && (now.Units > before.Units || now.Packets > before.Packets) {
				gap.Cause = string(media.CauseLoss)
			}
			gap.Units += uint64(now.Units - before.Units)
			gap.Packets += uint64(now.Packets - before.Packets)
		}
		if gap.To == in.End && i+1 < len(infos) {
			// A gap before the unit that closed a fragment is counted by that fragment already.
			gap.To = infos[i+1].Start
		}
		known := r.declares(gap.From, gap.To)
		if hole { // a gap that only meets it says nothing of the rest
			known = seal.Uncovered(r.gaps, gap.From, gap.To) <= stallMost
		}
		if missing && !known {
			r.gaps = listGap(r.gaps, gap)
		}
		prev = in
	}
	slices.SortStableFunc(r.gaps, func(a, b seal.Gap) int { return int(a.From.Since(b.From)) })
}

// declares reports whether a gap that meets the time from … to is known.
func (r *runRecord) declares(from, to clock.Instant) bool {
	return slices.ContainsFunc(r.gaps, func(g seal.Gap) bool { return g.From.Wall <= to.Wall && g.To.Wall >= from.Wall })
}
