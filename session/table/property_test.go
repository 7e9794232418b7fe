package table

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"roomrec/clock"
)

// story draws random events and holds every step to what the law and the design ask.
type story struct {
	t      *rapid.T
	s      Session
	at     clock.Wall
	events []Event // that were taken
}

var (
	drawnRooms  = []string{"room3", "room4", "van"}
	drawnFaults = []Fault{
		{CameraLost, "room3", "front"},
		{CameraLost, "room4", "front"},
		{CameraLost, "van", "front"},
		{AudioLost, "room3", "front"},
		{StorageLost, "", ""},
		{ControllerRestarted, "room3", ""},
	}
)

func (st *story) draw() Event {
	t := st.t
	st.at += clock.Wall(rapid.Int64Range(1, 1_000_000_000).Draw(t, "pass"))
	e := Event{At: st.at}
	switch rapid.IntRange(0, 3).Draw(t, "drift") {
	case 0: // anything
		e.Name = rapid.SampledFrom(Events()).Draw(t, "event")
	default: // what leads on
		e.Name = rapid.SampledFrom([]EventName{
			Opened, AllSafe, AllSafe, Start, End, FaultRaised, FaultCleared, FaultCleared, Resume, Explained,
			ApproveUnrecorded, ClosingElapsed, SealDone, MoveRoom, Restarted,
		}).Draw(t, "likely event")
	}
	e.Room = rapid.SampledFrom(append(drawnRooms, "")).Draw(t, "room")
	e.Mandatory = rapid.Bool().Draw(t, "mandatory")
	e.Technical = rapid.IntRange(0, 9).Draw(t, "technical") == 0
	e.Ending = rapid.SampledFrom(append(Endings(), "")).Draw(t, "ending")
	e.Fault = rapid.SampledFrom(drawnFaults).Draw(t, "fault")
	if e.Name == FaultCleared && len(st.s.Faults) > 0 {
		e.Fault = rapid.SampledFrom(st.s.Faults).Draw(t, "open fault")
	}
	if e.Name == MoveRoom && rapid.Bool().Draw(t, "the other room fails too") {
		e.Faults = []Fault{{CameraLost, e.Room, "front"}}
	}
	e.LastGood = max(1, st.at-clock.Wall(rapid.Int64Range(0, 3_000_000_000).Draw(t, "last good")))
	e.FirstGood = max(1, st.at-clock.Wall(rapid.Int64Range(0, 3_000_000_000).Draw(t, "first good")))
	return e
}

func (st *story) step() {
	before := clone(st.t, st.s)
	e := st.draw()
	after, effects, no := Step(st.s, e)
	t := st.t
	require.Equal(t, before, clone(t, st.s), "Step wrote into its argument")
	if no != nil {
		require.Equal(t, st.s, after)
		require.Empty(t, effects)
		require.False(t, no.Say.Zero())
		return
	}
	again, effectsAgain, _ := Step(st.s, e)
	require.Equal(t, after, again, "Step is not a function of its arguments")
	require.Equal(t, effects, effectsAgain)
	if len(effects) == 0 {
		require.Equal(t, st.s, after, "what was overtaken moves nothing")
		return
	}
	st.hold(st.s, e, after, effects)
	if slices.Contains(effects, Journal) {
		st.events = append(st.events, e)
	}
	st.s = after
}

// hold are the invariants of a step.
func (st *story) hold(from Session, e Event, to Session, effects []Effect) {
	t := st.t
	has := func(f Effect) bool { return slices.Contains(effects, f) }

	// Nothing but a person's End stops a camera that works, and it is the closing time that does.
	if has(StopRecording) {
		require.NotZero(t, to.Ended)
		require.Equal(t, ClosingElapsed, e.Name)
	}
	if to.Ended != 0 && from.Ended == 0 {
		require.Equal(t, End, e.Name)
	}
	// Locked leaves only by its named ways.
	if from.State == Locked && to.State != Locked {
		switch e.Name {
		case Resume:
			require.Equal(t, Resuming, to.State)
			require.True(t, from.Clear())
		case ApproveUnrecorded:
			require.Equal(t, Unrecorded, to.State)
			require.False(t, from.Mandatory)
		case End:
			require.Equal(t, Closing, to.State)
			require.Contains(t, []Ending{BrokenOff, Finished}, to.Ending)
		default:
			require.Fail(t, "left Locked", "%v", e)
		}
	}
	// Questioning comes only from a recording that runs.
	if to.State == Questioning && from.State != Questioning {
		require.Contains(t, []EventName{Start, Explained}, e.Name)
	}
	if to.State == Standby || to.State == Questioning || to.State == Resuming {
		require.True(t, to.Clear(), "a session that is not whole is Locked: %v", to)
	}
	if to.State == Unrecorded {
		require.False(t, to.Mandatory)
	}
	// A fault that locks is at once a lock.
	if e.Name == FaultRaised && from.Ended == 0 && from.State != Unrecorded {
		require.Equal(t, Locked, to.State)
		require.Less(t, slices.Index(effects, Show), slices.Index(effects, Journal))
	}
	// What is remembered is never forgotten.
	require.GreaterOrEqual(t, len(to.Breaks), len(from.Breaks))
	require.GreaterOrEqual(t, len(to.Unrecorded), len(from.Unrecorded))
	require.GreaterOrEqual(t, len(to.Rooms), len(from.Rooms))
	for i, b := range from.Breaks {
		require.Equal(t, b.Cause, to.Breaks[i].Cause)
		require.LessOrEqual(t, to.Breaks[i].LastGood, b.LastGood, "what is found later may have begun earlier")
		require.Equal(t, b.Locked, to.Breaks[i].Locked)
		if b.Until != 0 {
			require.Equal(t, b.Until, to.Breaks[i].Until)
		}
	}
	// Every interruption has cause, start and, once questioning goes on or has ended, an end.
	open := 0
	for _, b := range to.Breaks {
		require.NotEmpty(t, b.Cause.Code)
		require.NotZero(t, b.LastGood)
		if b.FirstGood != 0 {
			require.GreaterOrEqual(t, b.FirstGood, b.LastGood)
		}
		if b.Until == 0 {
			open++
		}
	}
	suspended := to.State == Locked || to.State == Resuming || to.State == Unrecorded
	if suspended {
		require.Equal(t, 1, open)
	} else {
		require.Zero(t, open)
	}
	for _, b := range to.Breaks {
		if b.Resumed {
			require.NotZero(t, b.FirstGood, "questioning went on before a picture was safe again")
		}
		if b.Until != 0 {
			require.GreaterOrEqual(t, b.Until, b.Locked)
		}
	}
	// No event deletes: what has an instant keeps it, and so do rooms and stretches without recording.
	for _, at := range []struct{ was, is clock.Wall }{{from.Opened, to.Opened}, {from.Started, to.Started}, {from.Ended, to.Ended}} {
		if at.was != 0 {
			require.Equal(t, at.was, at.is)
		}
	}
	require.True(t, slices.Equal(from.Rooms, to.Rooms[:len(from.Rooms)]))
	for i, u := range from.Unrecorded {
		require.Equal(t, u.From, to.Unrecorded[i].From)
		if u.To != 0 {
			require.Equal(t, u.To, to.Unrecorded[i].To)
		}
	}
	require.False(t, from.Stopped && !to.Stopped)
	require.False(t, from.Overdue && !to.Overdue)
	// Cameras of a room that the session came into are asked to record, never not to.
	if len(to.Rooms) > len(from.Rooms) {
		require.True(t, has(Record), "%v", e)
	}
	for i, u := range to.Unrecorded {
		require.Equal(t, to.State != Unrecorded || i < len(to.Unrecorded)-1, u.To != 0)
	}
}

// clone copies s through its stored form: slices that are shared would show.
func clone(t require.TestingT, s Session) Session {
	b, err := json.Marshal(s)
	require.NoError(t, err)
	var out Session
	require.NoError(t, json.Unmarshal(b, &out))
	return out
}

func TestRandomSessions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		st := &story{t: t, at: 1_000_000_000}
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			st.step()
		}
		// The journal, read back from its stored form, leads to the same state.
		var replayed Session
		for _, e := range st.events {
			b, err := json.Marshal(e)
			require.NoError(t, err)
			var read Event
			require.NoError(t, json.Unmarshal(b, &read))
			require.Equal(t, e, read)
			next, _, no := Step(replayed, read)
			require.Nil(t, no)
			replayed = next
		}
		if st.s.State == Sealed { // the seal is the last word, not a line
			st.s.State, st.s.Since = Closing, replayed.Since
		}
		require.Equal(t, clone(t, st.s), clone(t, replayed))
	})
}

// FuzzStep finds events that are no events of ours; they are refused like any other.
func FuzzStep(f *testing.F) {
	f.Add("", "opened", "", false)
	f.Add("Questioning", "end", "signed", false)
	f.Add("Locked", "pause", "", true)
	f.Add("Nowhere", "start", "", true)
	f.Fuzz(func(t *testing.T, state, event, ending string, mandatory bool) {
		s := Session{State: State(state), Mandatory: mandatory}
		next, effects, no := Step(s, Event{Name: EventName(event), Ending: Ending(ending), At: 1})
		if no != nil {
			require.Equal(t, s, next)
			require.Empty(t, effects)
			require.False(t, no.Say.Zero())
			return
		}
		require.Contains(t, States(), next.State)
	})
}

// Z24, S2: the whole process, without a halt, without a choice of what is kept.
func TestZ24_NoPause(t *testing.T) {
	words := []string{"pause", "mute", "mask", "trim", "delete", "remove", "hold", "skip", "erase", "cut", "overwrite", "truncate"}
	var names []string
	for _, e := range Events() {
		names = append(names, string(e))
	}
	for _, e := range Effects() {
		names = append(names, string(e))
	}
	for _, s := range States() {
		names = append(names, string(s))
	}
	for _, name := range names {
		for _, w := range words {
			require.NotContains(t, strings.ToLower(name), w)
		}
	}
	for _, r := range Rows() {
		if slices.Contains(r.Effects, StopRecording) {
			require.Equal(t, Closing, r.From)
			require.Equal(t, ClosingElapsed, r.On)
		}
	}
	// From opening to End no event at all lets a camera stop.
	for _, from := range []State{Starting, Standby, Questioning, Locked, Resuming, Unrecorded} {
		for _, on := range Events() {
			for _, r := range Cell(from, on) {
				require.NotContains(t, r.Effects, StopRecording)
			}
		}
	}
}

// Z29-1: a recording that fails suspends questioning at once, whatever state it is in.
func TestZ29_1_FaultLocks(t *testing.T) {
	for _, from := range []State{Starting, Standby, Questioning, Resuming} {
		s, effects, no := Step(Session{State: from, Safe: true}, Event{Name: FaultRaised, At: 5, Fault: drawnFaults[0], LastGood: 3})
		require.Nil(t, no)
		require.Equal(t, Locked, s.State)
		require.Equal(t, Show, effects[0], "the officer is told before anything else")
		require.Equal(t, []Break{{Cause: drawnFaults[0], LastGood: 3, Locked: 5}}, s.Breaks)
	}
}

// Z29-2, S1: where recording is mandatory there is no way to go on without it.
// What is missing begins with the fault that reaches furthest back: a microphone that was dead long before the camera
// failed, or what was in memory alone when the power failed after the last disk.
func TestZ30_MissingBeginsWithTheEarliest(t *testing.T) {
	lost, power := Fault{Code: StorageLost}, Fault{Code: ControllerRestarted, Room: "a"}
	s := Session{State: Questioning, Safe: true, Room: "a"}
	for _, c := range []struct {
		e    Event
		want clock.Wall
	}{
		{Event{Name: FaultRaised, At: 100, Fault: lost}, 100},
		{Event{Name: Restarted, At: 200, Fault: power, LastGood: 95}, 95},
		{Event{Name: FaultRaised, At: 210, Fault: Fault{Code: AudioDead, Room: "a", Subject: "b"}, LastGood: 90}, 90},
		{Event{Name: Restarted, At: 300, Fault: power, LastGood: 250}, 90},
	} {
		var no *Refusal
		s, _, no = Step(s, c.e)
		require.Nil(t, no)
		require.Len(t, s.Breaks, 1)
		require.Equal(t, c.want, s.Breaks[0].LastGood, "%s at %d", c.e.Name, c.e.At)
		require.Equal(t, lost, s.Breaks[0].Cause)
	}
}

func TestZ29_2_NeverUnrecordedWhereMandatory(t *testing.T) {
	locked := Session{State: Locked, Mandatory: true, Faults: drawnFaults[:1]}
	_, _, no := Step(locked, Event{Name: ApproveUnrecorded})
	require.NotNil(t, no)
	require.Contains(t, no.Say.En, "must be recorded")
	// What turns out to be mandatory while it goes on unrecorded locks.
	s, _, no := Step(Session{State: Unrecorded, Faults: drawnFaults[:1], Unrecorded: []Span{{From: 1}}}, Event{Name: Classified, Mandatory: true, At: 9})
	require.Nil(t, no)
	require.Equal(t, Locked, s.State)
	require.Equal(t, []Span{{From: 1, To: 9}}, s.Unrecorded)
}

// Z30: record first, then explain, then go on.
func TestZ30_RecordFirst(t *testing.T) {
	s := Session{State: Locked, Back: Questioning, Breaks: []Break{{Cause: drawnFaults[0], LastGood: 1, Locked: 2}}}
	_, _, no := Step(s, Event{Name: Resume})
	require.NotNil(t, no)
	require.Contains(t, no.Say.En, "safe on disk")
	s, _, no = Step(s, Event{Name: AllSafe, At: 7, FirstGood: 6})
	require.Nil(t, no)
	_, _, no = Step(s, Event{Name: Explained})
	require.NotNil(t, no)
	s, _, no = Step(s, Event{Name: Resume, At: 8})
	require.Nil(t, no)
	require.Equal(t, Resuming, s.State)
	s, _, no = Step(s, Event{Name: Explained, At: 9})
	require.Nil(t, no)
	require.Equal(t, Questioning, s.State)
	require.Equal(t, []Break{{Cause: drawnFaults[0], LastGood: 1, FirstGood: 6, Locked: 2, Until: 9, Resumed: true}}, s.Breaks)
}

// Z25: a normal end needs signed or refused to sign, and something that was asked.
func TestZ25_Endings(t *testing.T) {
	for _, c := range []struct {
		from   State
		ending Ending
		ok     bool
	}{
		{Questioning, Signed, true},
		{Questioning, Refused, true},
		{Questioning, BrokenOff, true},
		{Questioning, "", false},
		{Questioning, Finished, false},
		{Standby, Signed, false},
		{Standby, BrokenOff, true},
		{Locked, Signed, false},
		{Locked, Refused, false},
		{Locked, BrokenOff, true},
		{Resuming, Signed, false},
		{Starting, BrokenOff, false},
	} {
		s, _, no := Step(Session{State: c.from, Safe: true}, Event{Name: End, Ending: c.ending, At: 4})
		require.Equal(t, c.ok, no == nil, "%s %s", c.from, c.ending)
		if c.ok {
			require.Equal(t, Closing, s.State)
			require.Equal(t, clock.Wall(4), s.Ended)
		}
	}
}
