package verify

import (
	"encoding/json"
	"fmt"
	"strings"

	"roomrec/clock"
	"roomrec/evidence/journal"
	"roomrec/evidence/jsonform"
	"roomrec/session/table"
)

// replay follows the states of a session through its journal. Lines of the type "session." and the
// name of an event of the table hold that event and the state after it; a journal whose first line
// holds no event is of a recording without a session's layer and is not replayed.
type replay struct {
	at   table.Session
	on   bool // the first line holds an event
	lost bool // lines are missing, or one did not follow: nothing can be said of those after it
}

const (
	sessionPrefix = "session."
	typeSpooled   = "recorder.spooled"
)

// stated is what a line of the session's layer holds, as far as states go.
type stated struct {
	Event table.Event `json:"event"`
	State table.State `json:"state"`
}

// readStated reads what a line's data state; of instants it takes the one form alone.
func readStated(data []byte) (d stated, err error) {
	if err := jsonform.Unmarshal(data, &d); err != nil {
		return d, err
	}
	var written struct {
		Event struct {
			At        *string `json:"at"`
			LastGood  *string `json:"last_good"`
			FirstGood *string `json:"first_good"`
		} `json:"event"`
	}
	if err := jsonform.Unmarshal(data, &written); err != nil {
		return d, err
	}
	for _, s := range []*string{written.Event.At, written.Event.LastGood, written.Event.FirstGood} {
		if s == nil {
			continue
		}
		if at, err := clock.ParseWall(*s); err != nil || at.String() != *s {
			return d, fmt.Errorf("time %q: written otherwise than the format has it", *s)
		}
	}
	return d, nil
}

// replayLine takes in a line of the journal.
func (c *check) replayLine(path string, index int, line *journal.Line) {
	p := &c.replay
	name, ours := strings.CutPrefix(line.Type, sessionPrefix)
	if line.Seq == 1 {
		d, err := readStated(line.Data)
		p.on = ours && err == nil && d.Event.Name != ""
	}
	if !p.on || p.lost {
		return
	}
	bad := func(what string) {
		p.lost = true
		c.finding(Finding{Verdict: Altered, File: path, Line: index, What: "the states do not follow the table: " + what})
	}
	if line.Type == typeSpooled {
		p.spooled(line)
		return
	}
	if !ours {
		return
	}
	d, err := readStated(line.Data)
	if err != nil || string(d.Event.Name) != name {
		bad(line.Type + " does not hold that event")
		return
	}
	next, _, refusal := table.Step(p.at, d.Event)
	switch {
	case refusal != nil:
		bad(name + " cannot happen in the state " + quoted(p.at.State))
	case next.State != d.State:
		bad(name + " leads from " + quoted(p.at.State) + " to " + quoted(next.State) + ", the line says " + quoted(d.State))
	default:
		p.at = next
	}
}

func quoted(s table.State) string {
	if s == "" {
		return "before the opening"
	}
	return string(s)
}

// spooled takes in a line that was written while no volume was left, if it follows; if not, as where
// the volume that came back had left before others did, it is passed over.
func (p *replay) spooled(line *journal.Line) {
	var quote struct {
		Line struct {
			Type string          `json:"type"`
			Data json.RawMessage `json:"data"`
		} `json:"line"`
	}
	if jsonform.Unmarshal(line.Data, &quote) != nil {
		return
	}
	d, err := readStated(quote.Line.Data)
	if err != nil || quote.Line.Type != sessionPrefix+string(d.Event.Name) {
		return
	}
	next, effects, refusal := table.Step(p.at, d.Event)
	if refusal == nil && len(effects) > 0 && next.State == d.State {
		p.at = next
	}
}

// replayed checks that a sealed session was one that could be sealed.
func (c *check) replayed() {
	p := &c.replay
	if !p.on || p.lost {
		return
	}
	if _, _, refusal := table.Step(p.at, table.Event{Name: table.SealDone, At: c.s.Sealed.Wall}); refusal != nil {
		c.altered(c.sealName, "the journal ends in the state %s, in which nothing is sealed", quoted(p.at.State))
	}
}
