package transcript

import (
	"regexp"
	"strings"
	"time"
)

// Noted is an interruption as the text notes it.
type Noted struct {
	Line  int
	Cause string
	// Rest is true for a rest, a meal and the like: the recording goes on, so that it need not be in
	// the session's interruptions.
	Rest bool

	from, to *stamp // nil where the text gives none
}

var (
	stopWords   = regexp.MustCompile(`中止|中断|暂停|停止(了)?(讯问|询问|录|问话)|suspen|interrupt|\bpause|\bstopped\b|\bhalted|adjourn|broke(n)? off|\bbreak\b`)
	noteWords   = regexp.MustCompile(`中止|中断|暂停|停止|恢复|继续|重新|休息|餐|饭|厕|喝水|suspen|interrupt|paus|stop|halt|adjourn|br[eo]ak|broke|resum|recommenc|continu|restart|rest|meal|lunch|dinner|refresh|toilet`)
	resumeWords = regexp.MustCompile(`恢复|继续(进行)?(讯问|询问|问话|录)?|重新开始|resum|recommenc|\bcontinued\b|restart`)
	restWords   = regexp.MustCompile(`休息|用餐|就餐|吃饭|进餐|如厕|厕所|喝水|\brest\b|\bmeal|\blunch|\bdinner|refreshment|toilet|comfort break|\bbreak\b`)
	ownWords    = regexp.MustCompile(`讯问|询问|问话|谈话|同录|录音录像|录制|本次|interview|interrogation|questioning|recording|session`)
	notOurs     = regexp.MustCompile(`监控|通话|电话|视频通话|直播|行车记录|上次|前次|cctv|phone call|previous`)
	noneWords   = regexp.MustCompile(`(未|没有|无|不得|不能|不要|可以|有权|要求|申请|需要|如需|若)(发生|出现)?(任何)?(中止|中断|暂停|休息|用餐)|without (interrupt|a break)|no (interrupt|break)|(may|can|ask to) (stop|pause|rest|break)`)
	noteStart   = regexp.MustCompile(`^[\s(\[【*#>]*(因|由于|中止|中断|暂停|恢复|备注|说明|注|期间|其间|中途|休息|用餐|suspen|interrupt|break|resum|paus|note|rest|meal|lunch|between|from|at )`)
	firstPerson = regexp.MustCompile(`我(?:[^们方局所单]|$)|他|她|\bi\b|\bmy\b|\bhe\b|\bshe\b`)
	lineEnds    = regexp.MustCompile(`^\s*(于|至|到|在|直至)\s*\d`)
	causeZH     = regexp.MustCompile(`(?:因|由于|原因[::]?)\s*([^,。;()\d]{1,30}?)(?:,|。|;|\)|\(|$|导致|致使|造成|而|,?\s*(?:讯问|询问|录音录像|录制|中止|中断|暂停|于|被迫))`)
	causeEN     = regexp.MustCompile(`(?:because of|due to|owing to|cause:|reason:|\()\s*([^,.;()\d]{2,60})`)
)

// readInterruptions finds the interruptions and rests that the text notes, in the header, in the
// officer's questions and in lines of their own; never in an answer.
func (rd *Reading) readInterruptions(rows []row) {
	var open *Noted
	opened := -1 // the row that open is of
	inAnswer := false
	for i := range rows {
		r := &rows[i]
		if r.role != RoleNone {
			inAnswer = r.role == RoleAnswer
		}
		if r.role == RoleAnswer || r.page || len(rd.Interruptions) >= maxNoted || len(r.low) > 4000 {
			continue
		}
		low := string(r.low)
		if !noteWords.MatchString(low) {
			continue
		}
		stop, resume, rest := stopWords.MatchString(low), resumeWords.MatchString(low), restWords.MatchString(low)
		if !stop && !resume && !rest || notOurs.MatchString(low) {
			continue
		}
		// On paper a sentence may end on the line after the one that it begins on.
		ends := open != nil && opened == i-1 && resume && r.role == RoleNone && lineEnds.MatchString(low) && !firstPerson.MatchString(low)
		if !ends && !r.speaksOfSession(low, inAnswer) {
			continue
		}
		stamps := timed((scan{r.low}).stamps())
		if len(stamps) == 0 {
			continue
		}
		own := stop && !onlyRest(low)
		was := open
		if open = rd.noteRow(r, stamps, low, own, resume, open); open != was {
			opened = i
		}
	}
	if open != nil {
		rd.Interruptions = append(rd.Interruptions, *open)
	}
}

// maxNoted bounds the notes of one document. A session with more interruptions than that is none.
const maxNoted = 500

func timed(in []stamp) []stamp {
	var out []stamp
	for _, s := range in {
		if s.tod != nil {
			out = append(out, s)
		}
	}
	return out
}

// onlyRest reports whether the words that say that questioning stopped are those of a rest.
func onlyRest(low string) bool {
	if !restWords.MatchString(low) {
		return false
	}
	without := strings.ReplaceAll(low, "break", "")
	hard := regexpHard.MatchString(without)
	return !hard
}

var regexpHard = regexp.MustCompile(`故障|停电|断电|中断|损坏|存储|摄像|设备|死机|fail|fault|lost|outage|interrupt|power`)

// speaksOfSession reports whether a line that names a stop and a time is about this session.
func (r *row) speaksOfSession(low string, inAnswer bool) bool {
	if noneWords.MatchString(low) {
		return false
	}
	own := ownWords.MatchString(low)
	switch {
	case r.role == RoleQuestion:
		return own
	case r.header:
		return own || noteStart.MatchString(low) || startsWithStamp(r.low)
	case inAnswer && firstPerson.MatchString(low):
		return false
	}
	return own || noteStart.MatchString(low) || startsWithStamp(r.low) && !firstPerson.MatchString(low)
}

func startsWithStamp(low []rune) bool {
	c := scan{low}
	i := c.spaces(0)
	for i < len(low) && strings.ContainsRune("([【", low[i]) {
		i = c.spaces(i + 1)
	}
	st := scan{low[i:]}.stamps()
	return len(st) > 0 && st[0].from == 0 && st[0].tod != nil
}

// noteRow adds what one line notes. It returns the interruption that is still open after it.
func (rd *Reading) noteRow(r *row, stamps []stamp, low string, own, resume bool, open *Noted) *Noted {
	cause := causeOf(low)
	for k := 0; k < len(stamps); k++ {
		st := stamps[k]
		end := len(r.low)
		if k+1 < len(stamps) {
			end = stamps[k+1].from
		}
		begin := 0
		if k > 0 {
			begin = stamps[k-1].to
		}
		before, after := string(r.low[begin:st.from]), string(r.low[st.to:end])
		if rd.isSpan(st, r) {
			continue
		}
		if open != nil && open.to == nil && open.from != nil && k == 0 && resumesAt(before, after, k+1 == len(stamps)) {
			s := st
			open.to = &s
			if open.Cause == "" {
				open.Cause = cause
			}
			rd.Interruptions = append(rd.Interruptions, *open)
			open = nil
			continue
		}
		if classify(labelBefore(before)) == classOther && !ownStop(before) || classifyAfter(after) == classOther {
			continue
		}
		n := Noted{Line: r.lineAt(st.from), Cause: cause, Rest: !own}
		s := st
		n.from = &s
		if k+1 < len(stamps) && (connector.MatchString(after) || strings.TrimSpace(after) == "and" || resumeWords.MatchString(after) ||
			resumesAt(after, string(r.low[stamps[k+1].to:]), true)) {
			t := stamps[k+1]
			n.to = &t
			k++
			rd.Interruptions = append(rd.Interruptions, n)
			continue
		}
		if resume && !own {
			continue // a resumption of which no stop is noted
		}
		if own || restWords.MatchString(low) {
			if open != nil {
				rd.Interruptions = append(rd.Interruptions, *open)
			}
			open = &n
		}
	}
	return open
}

func ownStop(s string) bool { return stopWords.MatchString(s) || resumeWords.MatchString(s) }

var resumeAfter = regexp.MustCompile(`^[\s,()时]*(时)?(故障排除|设备恢复|修复)?.{0,12}(恢复|继续|重新开始|resum|recommenc|restart)`)

// resumesAt reports whether the words around a time make it the time of resuming.
func resumesAt(before, after string, last bool) bool {
	if resumeAfter.MatchString(after) {
		return true
	}
	tail := before
	if i := strings.LastIndexAny(before, ",。;"); i >= 0 && strings.TrimSpace(before[i+1:]) != "" {
		tail = before[i+1:]
	}
	return resumeWords.MatchString(tail) && last
}

// isSpan reports whether the stamp is the start or end of the questioning itself.
func (rd *Reading) isSpan(st stamp, r *row) bool {
	line := r.lineAt(st.from)
	for _, m := range []*Moment{rd.Start, rd.End} {
		if m != nil && m.Line == line && st.tod != nil && st.tod.hour == m.Hour && st.tod.minute == m.Minute {
			cl := classify(labelBefore(string(r.low[:st.from])))
			if cl != classBreak {
				return true
			}
		}
	}
	return false
}

func causeOf(low string) string {
	for _, re := range []*regexp.Regexp{causeZH, causeEN} {
		if m := re.FindStringSubmatch(low); m != nil {
			return strings.TrimSpace(m[1])
		}
	}
	return ""
}

// Times returns the interruption's times; a date that it leaves out is the day within the span from
// start to end that the time of day falls on. The text says why they cannot be read.
func (n Noted) Times(start, end Moment) (from, to Moment, why Text) {
	if n.from == nil || n.to == nil {
		return from, to, textf("only one of the times of the interruption is given", "中断记载缺少起止时间之一")
	}
	a, why := resolve(*n.from, &start, nil, nil, false)
	if why.EN != "" {
		return from, to, why
	}
	a = n.into(a, n.from, start, end)
	b, why := resolve(*n.to, &a, n.from, nil, true)
	if why.EN != "" {
		return from, to, why
	}
	if b.before(a) && (n.to.date == nil) {
		b = b.onDay(b.day().AddDate(0, 0, 1))
	}
	return a, b, Text{}
}

// into moves a time without a date to the day within the span that it falls on.
func (n Noted) into(m Moment, st *stamp, start, end Moment) Moment {
	if st.date != nil && (st.date.rel != relNone || st.date.day > 0) {
		return m
	}
	next := m.onDay(m.day().Add(24 * time.Hour))
	if m.before(start) && !end.before(next) {
		return next
	}
	return m
}
