package transcript

import (
	"regexp"
	"time"
)

// Role says whose words an entry holds.
type Role string

// The roles.
const (
	RoleNone     Role = ""
	RoleQuestion Role = "question"
	RoleAnswer   Role = "answer"
)

// Entry is one question or answer. A line without its own mark goes on with the entry before it.
type Entry struct {
	Line int    `json:"line"`
	Role Role   `json:"role"`
	Text string `json:"text"`
	// Code is the time code that the document gives the entry, nil if it gives none.
	Code *Code `json:"code,omitempty"`
}

// Code is a time code as written: hours, minutes, seconds, of the day or since the beginning.
type Code struct {
	Offset time.Duration // since midnight or since the beginning
	Line   int
}

var (
	codeAt   = regexp.MustCompile(`^\s*[\[({<【]?\s*(\d{1,2}):(\d{2}):(\d{2})(?:[.,]\d+)?\s*[\])}>】]?\s*`)
	question = regexp.MustCompile(`^\s*(?:(?:问|q|question)\s*\d{0,4}\s*[:.、;\t]|问\d*[\s:]|q\d*\t)\s*`)
	answer   = regexp.MustCompile(`^\s*(?:(?:答|a|answer)\s*\d{0,4}\s*[:.、;\t]|答\d*[\s:]|a\d*\t)\s*`)
)

// roleOfLine tells a question or an answer from its mark, and returns the text after it and the
// time code before it.
func roleOfLine(normal string, l Line) (Role, string, *Code) {
	var code *Code
	at := l.At
	if at == "" {
		at = normal
	}
	if m := codeAt.FindStringSubmatch(at); m != nil {
		h, mi, s := atoi(m[1]), atoi(m[2]), atoi(m[3])
		if h < 24 && mi < 60 && s < 60 {
			code = &Code{Line: l.Number, Offset: time.Duration(h)*time.Hour + time.Duration(mi)*time.Minute + time.Duration(s)*time.Second}
		}
		if l.At == "" {
			normal = normal[len(m[0]):]
		}
	}
	if l.Entry != RoleNone {
		return l.Entry, normal, code
	}
	low := string(lower(normal))
	if m := question.FindString(low); m != "" {
		return RoleQuestion, normal[len(m):], code
	}
	if m := answer.FindString(low); m != "" {
		return RoleAnswer, normal[len(m):], code
	}
	return RoleNone, normal, nil
}

func atoi(s string) int {
	n := 0
	for _, r := range s {
		n = n*10 + int(r-'0')
	}
	return n
}

// At returns the instant of an entry's time code within the questioning from start to end: a code
// that is a time of day in it, or the time since the start. Where both fit, or neither does, the
// entry has no time.
func (e Entry) At(start, end time.Time) (time.Time, bool) {
	if e.Code == nil || !end.After(start) {
		return time.Time{}, false
	}
	var fits []time.Time
	y, m, d := start.Date()
	for k := 0; k < 2; k++ {
		off := e.Code.Offset
		t := time.Date(y, m, d+k, int(off/time.Hour), int(off/time.Minute)%60, int(off/time.Second)%60, 0, start.Location())
		if !t.Before(start.Truncate(time.Minute)) && !t.After(end) {
			fits = append(fits, t)
		}
	}
	if t := start.Add(e.Code.Offset); !t.After(end) {
		fits = append(fits, t)
	}
	if len(fits) != 1 {
		return time.Time{}, false
	}
	return fits[0], true
}
