package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
)

// TypeKeyMissing is the type of the line that says that there was no key to sign checkpoints with.
const TypeKeyMissing = "recorder.key_missing"

// runsInCheckpoint keeps a journal line far below its limit; of more runs the others follow in the
// next one.
const runsInCheckpoint = 2000

// runPath returns the folder of a run under the session's.
func runPath(room, camera string, run int) string {
	return path.Join(room, camera, fmt.Sprintf("run-%04d", run))
}

type (
	checkpointData struct {
		Note string `json:"note"`
	}
	keyMissingData struct {
		Error string `json:"error"`
	}
)

// checkpoints returns a channel that says when a checkpoint is due; stop ends that. Without a key
// there is none ever.
func (s *scribe) checkpoints() (due <-chan time.Time, stop func()) {
	if s.e.cfg.Key == nil {
		return nil, func() {}
	}
	t := time.NewTicker(s.e.limits.Checkpoint)
	return t.C, t.Stop
}

// checkpoint writes a signed line of what is safe, unless nothing was added since the last one. What
// it says was acknowledged before: on every volume that has this line is all that it states.
func (s *scribe) checkpoint(ctx context.Context) {
	if s.hasEnded() || s.e.set.mask() == 0 {
		return
	}
	runs := s.grown()
	if len(runs) == 0 {
		return
	}
	var lines []byte
	at, mono := s.e.now()
	entry := journal.Entry{Actor: journal.ActorController, At: at, Mono: mono}
	note, err := s.sign(at.Wall, runs)
	switch {
	case err == nil:
		entry.Type, entry.Data = seal.TypeCheckpoint, checkpointData{string(note)}
		s.keyless = false
	case s.keyless:
		return
	default:
		s.keyless = true
		s.e.log.Error().Err(err).Msg("checkpoint")
		entry.Type, entry.Data = TypeKeyMissing, keyMissingData{err.Error()}
	}
	if lines, err = s.line(entry); err == nil {
		err = s.store(ctx, lines)
	}
	if err != nil {
		s.e.log.Error().Err(err).Msg("journal line")
		return
	}
	if note != nil {
		for r, p := range runs {
			s.stated[r] = p.Fragments
		}
	}
}

// restate takes from the checkpoints of before a restart what they state of the runs that were found: of
// one that does not grow any more nothing is to be stated again.
func (s *scribe) restate(found *Found) {
	stated := found.stated()
	for _, r := range found.runs {
		s.stated[r] = stated[runPath(r.room, r.camera, r.number)]
	}
}

// stated returns how many fragments the checkpoints state of every run, by its folder.
func (f *Found) stated() map[string]uint64 {
	stated := map[string]uint64{}
	for _, l := range f.Lines {
		var d checkpointData
		if l.Type != seal.TypeCheckpoint || json.Unmarshal(l.Data, &d) != nil {
			continue
		}
		c, err := seal.ParseCheckpoint([]byte(d.Note))
		if err != nil {
			continue // then it states nothing; whoever verifies the session says so
		}
		for _, p := range c.Runs {
			stated[p.Path] = p.Fragments
		}
	}
	return stated
}

// grown returns how far the runs are that grew since the last checkpoint.
func (s *scribe) grown() map[*runRecord]seal.Progress {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	out := map[*runRecord]seal.Progress{}
	for _, r := range s.e.runs {
		if n := r.tree.Size(); !r.holed && n > s.stated[r] && len(out) < runsInCheckpoint {
			out[r] = seal.Progress{Path: runPath(r.room, r.camera, r.number), Fragments: n, Root: r.tree.Root()}
		}
	}
	return out
}

// sign returns the note of a checkpoint that follows the journal's last line.
func (s *scribe) sign(at clock.Wall, runs map[*runRecord]seal.Progress) ([]byte, error) {
	key, err := s.e.cfg.Key()
	if err != nil {
		return nil, err
	}
	head := s.chain.Head()
	c := seal.Checkpoint{Session: s.e.cfg.Session, At: at, Lines: head.Seq, Head: seal.Hash(head.Hash)}
	for _, p := range runs {
		c.Runs = append(c.Runs, p)
	}
	slices.SortFunc(c.Runs, func(a, b seal.Progress) int { return strings.Compare(a.Path, b.Path) })
	return seal.SignCheckpoint(c, key)
}
