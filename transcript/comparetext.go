package transcript

import (
	"hash/maphash"
	"time"
	"unicode"
)

// text looks at what the text itself carries.
func (c *comparison) text() {
	c.required()
	c.speed()
	c.copied()
}

// required looks for the statements that the law asks for. A document without questions and answers
// is no full text, and nothing is said about it.
func (c *comparison) required() {
	st, start, end := c.doc.Statements, c.at(c.facts.Start), c.at(c.facts.End)
	if len(c.doc.Entries) == 0 {
		c.skip(RightsMissing, LeniencyMissing, CounselMissing, ClosingMissing)
	} else {
		if st.Rights == 0 {
			c.result.add(RightsMissing, 0, start, Text{EN: "the text does not say that the rights were told", ZH: "笔录中没有权利义务告知的记载"})
		}
		if c.kind() == KindInterrogation {
			if st.Leniency == 0 {
				c.result.add(LeniencyMissing, 0, start, Text{EN: "the text does not say that leniency for truthful confession was told", ZH: "笔录中没有告知如实供述、认罪认罚从宽规定的记载"})
			}
			if st.Counsel == 0 {
				c.result.add(CounselMissing, 0, start, Text{EN: "the text does not say that the right to counsel was told", ZH: "笔录中没有告知有权委托辩护人的记载"})
			}
		} else if c.kind() == "" {
			c.skip(LeniencyMissing, CounselMissing)
		}
		if st.Closing == 0 && st.Refusal == 0 {
			c.result.add(ClosingMissing, 0, end, Text{EN: "the text has no closing statement (“read and correct”)", ZH: "笔录末尾没有“以上笔录我看过，和我说的相符”等核对意见"})
		}
	}
	if c.facts.Roster == nil {
		c.skip(ReadAloudMissing)
	} else if (c.facts.Roster.CannotRead || c.marked(MarkerReadAloud)) && st.ReadAloud == 0 {
		c.result.add(ReadAloudMissing, 0, end, Text{EN: "the transcript was or had to be read to the person; the text does not say so", ZH: "应向本人宣读笔录，笔录中没有宣读的记载"})
	}
	if c.facts.Markers == nil {
		c.skip(EvidenceMarkerMissing)
	} else if st.Evidence > 0 && !c.marked(MarkerEvidence) {
		c.result.add(EvidenceMarkerMissing, st.Evidence, start, Text{EN: "the text says that evidence was shown; the recording has no marker of it", ZH: "笔录记载出示了证据，录音录像中没有相应标记"})
	}
}

func (c *comparison) marked(code string) bool {
	for _, m := range c.facts.Markers {
		if m.Code == code {
			return true
		}
	}
	return false
}

// minText is the length of text below which its speed says nothing, in weighted characters.
const minText = 600

// speed compares the length of the text with the time of questioning.
func (c *comparison) speed() {
	limit := c.opt.Speed
	if limit <= 0 {
		limit = DefaultSpeed
	}
	var length float64
	for _, e := range c.doc.Entries {
		for _, r := range e.Text {
			switch {
			case unicode.Is(unicode.Han, r):
				length++
			case unicode.IsLetter(r), unicode.IsDigit(r):
				length += 0.3 // letters are typed in words
			}
		}
	}
	asked := c.facts.End.Since(c.facts.Start)
	for _, i := range c.facts.Interruptions {
		asked -= i.To.Since(i.From)
	}
	asked = max(asked, time.Second)
	if perMinute := length / asked.Minutes(); length >= minText && perMinute > limit {
		c.result.add(TooFast, 0, c.at(c.facts.Start), textf(
			"%.0f characters in %.0f minutes of questioning is more than can be typed", "讯问（询问）共%[2].0f分钟，笔录达%[1].0f字，超出正常记录速度", length, asked.Minutes()))
	}
}

// Passages that are compared with earlier transcripts, in characters without blanks and punctuation.
const (
	copyWindow  = 40
	copyPassage = 200
)

// copied looks for long passages of answers that are equal to those of an earlier transcript.
func (c *comparison) copied() {
	if c.facts.Earlier == nil {
		c.skip(Copied)
		return
	}
	seed := maphash.MakeSeed()
	text, lines := answerText(c.doc.Entries)
	for _, e := range c.facts.Earlier {
		old, _ := answerText(e.Entries)
		seen := map[uint64]bool{}
		for i := 0; i+copyWindow <= len(old); i++ {
			seen[maphash.String(seed, string(old[i:i+copyWindow]))] = true
		}
		run, best, at := 0, 0, 0
		for i := 0; i+copyWindow <= len(text); i++ {
			if !seen[maphash.String(seed, string(text[i:i+copyWindow]))] {
				run = 0
				continue
			}
			if run++; run+copyWindow-1 > best {
				best, at = run+copyWindow-1, lines[i-run+1]
			}
		}
		if best >= copyPassage {
			c.result.add(Copied, at, c.at(c.facts.Start), textf(
				"a passage of %d characters is the same as in %s", "有%d字与此前笔录（%s）相同", best, e.Name))
		}
	}
}

// answerText joins the answers without blanks and punctuation, with the line of each character.
func answerText(entries []Entry) (text []rune, lines []int) {
	for _, e := range entries {
		if e.Role != RoleAnswer {
			continue
		}
		for _, r := range normalise(e.Text) {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				text = append(text, unicode.ToLower(r))
				lines = append(lines, e.Line)
			}
		}
	}
	return text, lines
}
