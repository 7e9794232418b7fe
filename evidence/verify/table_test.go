package verify

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/journal"
	"roomrec/session/table"
)

// told are events, each with what it may hold that a condition of the table asks.
func told() (out []table.Event) {
	lost := table.Fault{Code: table.CameraLost, Room: "room3", Subject: "suspect"}
	other := table.Fault{Code: table.AudioLost, Room: "room5", Subject: "overview"}
	disk := table.Fault{Code: table.StorageLost}
	for _, name := range table.Events() {
		switch e := (table.Event{Name: name}); name {
		case table.Opened:
			for _, mandatory := range []bool{false, true} {
				out = append(out, table.Event{Name: name, Room: "room3", Mandatory: mandatory}, table.Event{Name: name, Room: "room3", Technical: true})
			}
		case table.Classified:
			out = append(out, e, table.Event{Name: name, Mandatory: true})
		case table.End:
			out = append(out, e)
			for _, ending := range table.Endings() {
				out = append(out, table.Event{Name: name, Ending: ending})
			}
		case table.MoveRoom:
			out = append(out, e, table.Event{Name: name, Room: "room3"}, table.Event{Name: name, Room: "room5"}, table.Event{Name: name, Room: "room5", Faults: []table.Fault{other}})
		case table.FaultRaised, table.FaultCleared, table.StartElapsed:
			for _, f := range []table.Fault{lost, other, disk} {
				out = append(out, table.Event{Name: name, Fault: f})
			}
		case table.Restarted:
			back := table.Fault{Code: table.ControllerRestarted, Room: "room3"}
			out = append(out, table.Event{Name: name, Fault: back}, table.Event{Name: name, Fault: back, Faults: []table.Fault{disk}})
		default:
			out = append(out, e)
		}
	}
	return out
}

// storied is a session that the table can come to, and how.
type storied struct {
	s    table.Session
	past []stated
}

// stories returns, for whatever can become of an event in a state, the shortest story that ends with it. Two
// rows that do the same are one to whoever replays.
func stories(t *testing.T) map[string]storied {
	reached, seen, cells := map[string]storied{}, map[string]bool{}, map[[2]string]bool{}
	name := func(what ...any) string {
		b, err := json.Marshal(what)
		require.NoError(t, err)
		return string(b)
	}
	for at := []storied{{}}; len(at) > 0; at = at[1:] {
		here := at[0]
		for _, e := range told() {
			e.At = instant(time.Duration(len(here.past)) * time.Second).Wall
			next, effects, refusal := table.Step(here.s, e)
			cells[[2]string{string(here.s.State), string(e.Name)}] = true
			past := append(slices.Clone(here.past), stated{e, next.State})
			if is := name(here.s.State, e.Name, next.State, effects, refusal); reached[is].past == nil {
				reached[is] = storied{next, past}
			}
			if refusal != nil || len(effects) == 0 {
				continue
			}
			// What decides anything later.
			which := name(next.State, next.Room, next.Back, next.Mandatory, next.Technical, next.Safe, next.Stopped, next.Overdue, next.Faults)
			if !seen[which] {
				seen[which] = true
				at = append(at, storied{next, past})
			}
		}
	}
	for _, r := range table.Rows() {
		require.True(t, cells[[2]string{string(r.From), string(r.On)}], "no story comes to %q in %q", r.On, r.From)
	}
	return reached
}

// walks gives random stories of what can happen, each with one event at its end that cannot. What was told
// least often in a like session is told next.
func walks(t *testing.T, n int, each func([]stated)) {
	random, times := rand.New(rand.NewPCG(5, 8)), map[string]int{}
	next := func(s table.Session, refused bool) (best table.Event, after table.Session) {
		least, which := math.MaxInt, ""
		all := told()
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, e := range all {
			if e.Name == table.End && !refused && random.IntN(8) > 0 {
				continue // or every story is short
			}
			e.At = began
			b, err := json.Marshal([]any{e, s.State, s.Room, s.Back, s.Mandatory, s.Technical, s.Safe, s.Stopped, s.Overdue, s.Faults})
			require.NoError(t, err)
			got, _, refusal := table.Step(s, e)
			if (refusal != nil) == refused && times[string(b)] < least {
				least, which, best, after = times[string(b)], string(b), e, got
			}
		}
		times[which]++
		return best, after
	}
	for range n {
		var story []stated
		at := table.Session{}
		for len(story) < 60 && at.State != table.Sealed {
			var e table.Event
			e, at = next(at, false)
			story = append(story, stated{e, at.State})
		}
		e, _ := next(at, true)
		each(append(story, stated{e, at.State}))
	}
}

// Whatever row of the table a line of the journal comes to, and by whatever way, both verifiers take it or refuse it alike; and
// alike they refuse it where it states another state than the row's.
func TestBothVerifiersFollowEveryRow(t *testing.T) {
	judged := func(story []stated) *Folder {
		s := &session{t: t, files: map[string][]byte{}, chain: journal.NewChain(journal.Head{})}
		for i, l := range story {
			s.lineAt(1, journal.Entry{Type: "session." + string(l.Event.Name), Actor: "officer:li", Data: l}, instant(time.Duration(i)*time.Second))
		}
		f := verified(t, Options{}, s.write()).Folders[0]
		return &f
	}
	walks(t, 60, func(story []stated) {
		f := judged(story)
		require.Equal(t, Altered, f.Verdict, "it ends with what is refused: %v", story)
		require.Len(t, f.Findings, 2, "%v", f.Findings)
		require.True(t, slices.ContainsFunc(f.Findings, func(x Finding) bool { return x.Line == len(story) }), "%v", f.Findings)
	})
	for name, story := range stories(t) {
		before, last := table.Session{}, len(story.past)-1
		for _, l := range story.past[:last] {
			before, _, _ = table.Step(before, l.Event)
		}
		f := judged(story.past)
		if _, _, refusal := table.Step(before, story.past[last].Event); refusal == nil {
			require.Equal(t, Unsealed, f.Verdict, "%s: nothing else is wrong with it: %v", name, f.Findings)
			if story.past[last].State != table.Sealed {
				story.past[last].State = table.Sealed
			} else {
				story.past[last].State = table.Closing
			}
			f = judged(story.past)
		}
		require.Equal(t, Altered, f.Verdict, "%s: %v", name, f.Findings)
		require.True(t, slices.ContainsFunc(f.Findings, func(x Finding) bool { return x.Line == last+1 }), "%s: %v", name, f.Findings)
	}
}
