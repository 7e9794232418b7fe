package transcript

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"roomrec/clock"
)

// Summary is what is compared across sessions.
type Summary struct {
	Session  string // the session's number
	Case     string
	Kind     Kind
	Ordinal  int // 0: not known
	Person   string
	Officers []string
	Start    clock.Instant
	End      clock.Instant
}

// Crossing is a finding about two sessions.
type Crossing struct {
	Code     FindingCode `json:"code"`
	Severity Severity    `json:"severity"`
	Message  string      `json:"message"`
	// Sessions are the two sessions, the earlier first.
	Sessions [2]string `json:"sessions"`
	// Who is the person concerned.
	Who    string `json:"who"`
	At     Stamp  `json:"at"` // where the overlap begins, or the later session's start
	Clause string `json:"clause"`
	Do     string `json:"do"`
}

// Across finds what cannot be right about several sessions together: an officer or a suspect in two
// rooms at once, and a number given twice for one person in one case. Sessions that only touch do not
// overlap, nor do those that overlap by no more than their clocks' uncertainty. The order of the
// findings is that of time.
func Across(sessions []Summary, zone *time.Location, language string) []Crossing {
	if zone == nil {
		zone = time.UTC
	}
	sessions = slices.Clone(sessions)
	slices.SortStableFunc(sessions, func(a, b Summary) int {
		return cmp.Or(cmp.Compare(a.Start.Wall, b.Start.Wall), strings.Compare(a.Session, b.Session))
	})
	out := []Crossing{}
	add := func(code FindingCode, a, b *Summary, who string, text Text) {
		rule := Rules[code]
		out = append(out, Crossing{
			Code: code, Severity: rule.Severity, Message: text.In(language), Sessions: [2]string{a.Session, b.Session},
			Who: who, At: stampAt(b.Start, zone), Clause: rule.Clause, Do: rule.Do.In(language),
		})
	}
	shown := func(s *Summary) string {
		return s.Start.Wall.In(zone).Format("2006-01-02 15:04") + "–" + s.End.Wall.In(zone).Format("15:04")
	}
	// What is still running when a session begins is few; what is over never comes back.
	running := map[string][]*Summary{}
	numbers := map[string]*Summary{}
	for i := range sessions {
		s := &sessions[i]
		for _, o := range uniqueNames(s.Officers) {
			for _, other := range overlapping(running, "officer "+nameKey(o), s) {
				add(OfficerOverlap, other, s, o, textf("%s is in two sessions at once: %s (%s) and %s (%s)", "%s同时出现在两场讯问（询问）中：%s（%s）、%s（%s）",
					o, other.Session, shown(other), s.Session, shown(s)))
			}
		}
		if s.Person == "" {
			continue
		}
		for _, other := range overlapping(running, "person "+nameKey(s.Person)+"\x00"+s.Case, s) {
			add(SuspectOverlap, other, s, s.Person, textf("%s is questioned in two sessions at once: %s (%s) and %s (%s)", "%s同时在两场中接受讯问（询问）：%s（%s）、%s（%s）",
				s.Person, other.Session, shown(other), s.Session, shown(s)))
		}
		if s.Ordinal == 0 {
			continue
		}
		key := strings.Join([]string{s.Case, nameKey(s.Person), string(s.Kind), string(rune(s.Ordinal))}, "\x00")
		if first, ok := numbers[key]; ok {
			add(NumberRepeated, first, s, s.Person, textf("number %d of %s is given twice: %s (%s) and %s (%s)", "%[2]s的第%[1]d次笔录编号重复：%[3]s（%[4]s）、%[5]s（%[6]s）",
				s.Ordinal, s.Person, first.Session, shown(first), s.Session, shown(s)))
		} else {
			numbers[key] = s
		}
	}
	return out
}

func uniqueNames(list []string) []string {
	var out []string
	for _, n := range list {
		if n != "" && !listed(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// overlapping returns the running sessions under the key that overlap s, and notes s as running.
func overlapping(running map[string][]*Summary, key string, s *Summary) []*Summary {
	var still []*Summary
	for _, r := range running[key] {
		if r.End.Since(s.Start) > r.End.Uncertainty+s.Start.Uncertainty {
			still = append(still, r)
		}
	}
	running[key] = append(slices.Clone(still), s)
	return still
}
