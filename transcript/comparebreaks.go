package transcript

import (
	"fmt"
	"time"

	"roomrec/clock"
)

// notedSpan is an interruption of the text with its times in the session's zone.
type notedSpan struct {
	Noted
	from, to       time.Time
	fromP, toP     Precision
	openEnd, taken bool
}

// interruptions compares what the text notes with what the session knows.
func (c *comparison) interruptions() {
	if c.start == nil || c.end == nil {
		c.skip(InterruptionMissing, InterruptionDiffers)
		return
	}
	given := c.facts.Interruptions != nil
	noted, doubts := c.noted()
	if !given {
		c.skip(InterruptionMissing, InterruptionDiffers)
		return
	}
	for _, d := range doubts {
		c.doubt(d)
	}
	left := make([]int, 0, len(c.facts.Interruptions))
	for i := range c.facts.Interruptions {
		left = append(left, i)
	}
	for _, agree := range []func(n *notedSpan, f Interruption) bool{c.sameBreak, overlaps, c.leftOver} {
		left = c.pairBreaks(noted, left, agree)
	}
	// A note that cannot be read accounts for one interruption: its doubt is finding enough.
	if n := min(len(doubts), len(left)); n > 0 {
		left = left[n:]
	}
	for _, i := range left {
		f := c.facts.Interruptions[i]
		c.result.add(InterruptionMissing, 0, c.at(f.From), textf(
			"questioning was suspended from %s to %s; the transcript does not note it",
			"讯问（询问）于%s至%s中止，笔录中未记载", c.clockTime(f.From), c.clockTime(f.To)))
	}
	for i := range noted {
		if n := &noted[i]; !n.taken && !n.Rest {
			c.result.add(InterruptionDiffers, n.Line, StampOf(n.from), textf(
				"the transcript notes an interruption at %s which the session does not have",
				"笔录记载%s中断，录音录像中没有该次中断", n.from.Format("15:04")))
		}
	}
}

func (c *comparison) clockTime(i clock.Instant) string { return i.Wall.In(c.loc).Format(time.TimeOnly) }

// noted places what the text notes in the session's zone.
func (c *comparison) noted() ([]notedSpan, []Doubt) {
	var out []notedSpan
	var doubts []Doubt
	for _, n := range c.doc.Interruptions {
		open := n.to == nil && n.from != nil
		m := n
		if open {
			m.to = n.from
		}
		a, b, why := m.Times(*c.doc.Start, *c.doc.End)
		if why.EN == "" && open && !c.endsLocked() {
			why = textf("only one of the times of the interruption is given", "中断记载缺少起止时间之一")
		}
		if why.EN != "" {
			if !n.Rest {
				doubts = append(doubts, Doubt{Subject: SubjectInterruption, Lines: []int{n.Line}, Text: why})
			}
			continue
		}
		from, w1 := a.Instant(c.loc)
		to, w2 := b.Instant(c.loc)
		if w1+w2 != "" {
			doubts = append(doubts, Doubt{Subject: SubjectInterruption, Lines: []int{n.Line}, Text: Text{EN: w1 + w2, ZH: w1 + w2}})
			continue
		}
		out = append(out, notedSpan{Noted: n, from: from.In(c.loc), to: to.In(c.loc), fromP: a.Precision, toP: b.Precision, openEnd: open})
		l := n.Line
		shown := ShownStretch{Start: StampOf(from.In(c.loc)), Cause: n.Cause, Line: &l}
		if !open {
			shown.End = StampOf(to.In(c.loc))
		}
		c.result.Document.Interruptions = append(c.result.Document.Interruptions, shown)
	}
	return out, doubts
}

// endsLocked reports whether the session ended while it was suspended, so that there is no time of
// resuming.
func (c *comparison) endsLocked() bool {
	for _, f := range c.facts.Interruptions {
		if f.To.Wall >= c.facts.End.Wall {
			return true
		}
	}
	return false
}

func (c *comparison) sameBreak(n *notedSpan, f Interruption) bool {
	a, _ := matches(n.from, n.fromP, f.From)
	b, _ := matches(n.to, n.toP, f.To)
	if n.openEnd {
		b = f.To.Wall >= c.facts.End.Wall
	}
	return a && b
}

func overlaps(n *notedSpan, f Interruption) bool {
	return clock.WallOf(n.from) <= f.To.Wall && clock.WallOf(n.to).Add(n.toP.unit()) > f.From.Wall
}

// leftOver pairs in order what neither agrees nor overlaps. A rest is no interruption unless it is
// at the time of one.
func (c *comparison) leftOver(n *notedSpan, _ Interruption) bool { return !n.Rest }

// pairBreaks takes the pairs for which agree holds, reports how they differ, and returns what is
// left of the session's interruptions.
func (c *comparison) pairBreaks(noted []notedSpan, left []int, agree func(*notedSpan, Interruption) bool) []int {
	var rest []int
	for _, i := range left {
		f := c.facts.Interruptions[i]
		found := false
		for k := range noted {
			n := &noted[k]
			if n.taken || !agree(n, f) {
				continue
			}
			n.taken, found = true, true
			c.compareBreak(n, f)
			break
		}
		if !found {
			rest = append(rest, i)
		}
	}
	return rest
}

func (c *comparison) compareBreak(n *notedSpan, f Interruption) {
	okFrom, edgeFrom := matches(n.from, n.fromP, f.From)
	okTo, edgeTo := matches(n.to, n.toP, f.To)
	if n.openEnd {
		okTo, edgeTo = f.To.Wall >= c.facts.End.Wall, false
	}
	written := fmt.Sprintf("%s–%s", n.from.Format("15:04"), n.to.Format("15:04"))
	recorded := fmt.Sprintf("%s–%s", c.clockTime(f.From), c.clockTime(f.To))
	switch {
	case !okFrom || !okTo:
		c.result.add(InterruptionDiffers, n.Line, c.at(f.From), textf(
			"the transcript notes an interruption %s, the session has it %s", "笔录记载中断时间为%s，录音录像中断时间为%s", written, recorded))
	case edgeFrom || edgeTo:
		c.result.add(MinuteEdge, n.Line, c.at(f.From), textf(
			"the interruption %s agrees with %s within the clock's uncertainty", "中断时间%s与%s在时钟误差范围内一致", written, recorded))
	}
}
