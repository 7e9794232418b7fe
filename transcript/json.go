package transcript

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
)

// readJSON reads what other systems send. Any object will do: its keys are taken as labels, in
// English or Chinese ("start", "end", "讯问时间", "place", "ordinal" …), in any nesting. An array of
// interruptions holds objects with the time that questioning stopped, the time it resumed, and the
// cause. An array of entries holds objects with "question" and "answer", or with "role" and "text",
// and may hold "at", the time of the entry.
func readJSON(data []byte, s *sink) error {
	decoder, data := chooseDecoder(data)
	var r io.Reader = bytes.NewReader(data)
	if decoder != nil {
		r = &limitedReader{decoder.NewDecoder().Reader(r), s.lim.Expanded / 2}
	} else if longString(data) {
		return damaged("json", errors.New("a value is too long"))
	}
	d := json.NewDecoder(r)
	d.UseNumber()
	j := &jsonReader{d: d, sink: s}
	if err := j.value(nil, false); err != nil {
		return damaged("json", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return damaged("json", errors.New("something follows the document"))
	}
	return nil
}

// longString reports whether a string of the JSON text is longer than maxToken: the library would
// hold it several times.
func longString(data []byte) bool {
	in, n := false, 0
	for i := 0; i < len(data); i++ {
		switch {
		case !in:
			in, n = data[i] == '"', 0
		case data[i] == '\\':
			i++
			n += 2
		case data[i] == '"':
			in = false
		default:
			n++
		}
		if n > maxToken {
			return true
		}
	}
	return false
}

type jsonReader struct {
	d    *json.Decoder
	sink *sink
}

// member is one scalar of an object.
type member struct{ key, value string }

func (j *jsonReader) value(path []string, inArray bool) error {
	tok, err := j.d.Token()
	if err != nil {
		return err
	}
	if len(path) > 64 {
		return errors.New("values are nested too deeply")
	}
	switch t := tok.(type) {
	case json.Delim:
		if t == '{' {
			return j.object(path, inArray)
		}
		for j.d.More() {
			// An array adds a level, so that empty arrays in arrays are bounded too.
			if err := j.value(append(path[:len(path):len(path)], ""), true); err != nil {
				return err
			}
		}
		_, err := j.d.Token()
		return err
	case nil:
		return nil
	default:
		return j.scalar(path, fmt.Sprint(t))
	}
}

var (
	breakKey = regexp.MustCompile(`(?i)interrupt|suspen|break|pause|中断|中止|暂停`)
	textKey  = regexp.MustCompile(`(?i)^(text|content|body|full ?text|transcript|正文|全文|内容|笔录内容|笔录正文)$`)
	qKey     = regexp.MustCompile(`(?i)^(q|question|问|提问|讯问|询问)$`)
	aKey     = regexp.MustCompile(`(?i)^(a|answer|答|回答)$`)
	labelKey = regexp.MustCompile(`(?i)^(label|name|key|field|字段|名称|项目)$`)
	valueKey = regexp.MustCompile(`(?i)^(value|值)$`)
	roleKey  = regexp.MustCompile(`(?i)^(role|speaker|type|who|角色|说话人|类型)$`)
	atKey    = regexp.MustCompile(`(?i)^(at|time|timestamp|time ?code|时间|时间码)$`)
	fromKey  = regexp.MustCompile(`(?i)start|from|stop|begin|suspend|开始|起|中止|中断`)
	toKey    = regexp.MustCompile(`(?i)end|until|resum|finish|^to$|结束|止|恢复`)
)

// object reads the members of an object. One that stands in an array is an entry or an interruption
// if its members say so, and becomes one line.
func (j *jsonReader) object(path []string, inArray bool) error {
	var scalars []member
	isBreak := inArray && breakKey.MatchString(strings.Join(path, " "))
	for j.d.More() {
		tok, err := j.d.Token()
		if err != nil {
			return err
		}
		key, _ := tok.(string)
		key = spaced(key)
		if !inArray {
			if err := j.value(append(path[:len(path):len(path)], key), false); err != nil {
				return err
			}
			continue
		}
		var raw any
		if raw, err = j.peekScalar(append(path[:len(path):len(path)], key)); err != nil {
			return err
		}
		if raw != nil {
			scalars = append(scalars, member{key, fmt.Sprint(raw)})
			if len(scalars) > 256 {
				return errors.New("an object has too many members")
			}
		}
	}
	if _, err := j.d.Token(); err != nil {
		return err
	}
	if isBreak {
		return j.interruption(scalars)
	}
	return j.entry(path, scalars)
}

// peekScalar returns the next value if it is a scalar, and otherwise reads it in place.
func (j *jsonReader) peekScalar(path []string) (any, error) {
	if len(path) > 64 {
		return nil, errors.New("values are nested too deeply")
	}
	tok, err := j.d.Token()
	if err != nil {
		return nil, err
	}
	switch t := tok.(type) {
	case json.Delim:
		if t == '{' {
			return nil, j.object(path, false)
		}
		for j.d.More() {
			if err := j.value(append(path[:len(path):len(path)], ""), true); err != nil {
				return nil, err
			}
		}
		_, err := j.d.Token()
		return nil, err
	default:
		return t, nil
	}
}

func (j *jsonReader) interruption(members []member) error {
	var from, to string
	var rest []string
	for _, m := range members {
		switch {
		case from == "" && fromKey.MatchString(m.key):
			from = m.value
		case to == "" && toKey.MatchString(m.key):
			to = m.value
		default:
			rest = append(rest, m.value)
		}
	}
	text := fmt.Sprintf("interruption: stopped at %s, resumed at %s", orBlank(from), orBlank(to))
	if len(rest) > 0 {
		text += " (" + oneLine(strings.Join(rest, "; ")) + ")"
	}
	return j.sink.add(Line{Text: text})
}

func orBlank(s string) string {
	if strings.TrimSpace(s) == "" {
		return "  :  "
	}
	return oneLine(s)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (j *jsonReader) entry(path []string, members []member) error {
	role, at, text, label := RoleNone, "", "", ""
	both := 0
	for _, m := range members {
		switch {
		case qKey.MatchString(m.key), aKey.MatchString(m.key):
			both++
		case roleKey.MatchString(m.key):
			role = roleOf(m.value)
		case textKey.MatchString(m.key):
			text = m.value
		case labelKey.MatchString(m.key):
			label = m.value
		case valueKey.MatchString(m.key):
			text = m.value
		case atKey.MatchString(m.key):
			at = m.value
		}
	}
	switch {
	case both > 0:
		for _, m := range members {
			r := RoleQuestion
			if aKey.MatchString(m.key) {
				r = RoleAnswer
			} else if !qKey.MatchString(m.key) {
				continue
			}
			if err := j.sink.add(Line{Text: oneLine(m.value), Entry: r, At: at}); err != nil {
				return err
			}
			at = ""
		}
		return nil
	case role != RoleNone && text != "":
		return j.sink.add(Line{Text: oneLine(text), Entry: role, At: at})
	}
	if label != "" && len(members) == 2 {
		return j.sink.add(Line{Text: oneLine(label) + ": " + oneLine(text)})
	}
	for _, m := range members {
		if err := j.scalar(append(path[:len(path):len(path)], m.key), m.value); err != nil {
			return err
		}
	}
	return nil
}

func roleOf(s string) Role {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "q", "question", "问", "questioner", "officer", "interviewer", "讯问人", "询问人":
		return RoleQuestion
	case "a", "answer", "答", "suspect", "witness", "interviewee", "被讯问人", "被询问人":
		return RoleAnswer
	}
	return RoleNone
}

// scalar adds "label: value", or the lines of a text.
func (j *jsonReader) scalar(path []string, value string) error {
	var label []string
	for _, p := range path {
		if p != "" {
			label = append(label, p)
		}
	}
	last := ""
	if len(label) > 0 {
		last = label[len(label)-1]
	}
	if len(path) == 0 || path[len(path)-1] == "" || textKey.MatchString(last) || strings.Count(value, "\n") > 0 {
		return addLines(value, j.sink)
	}
	return j.sink.add(Line{Text: strings.Join(label, " ") + ": " + oneLine(value)})
}

// spaced writes a key as words: startTime and start_time as "start time".
func spaced(key string) string {
	var b strings.Builder
	prev := rune(0)
	for _, r := range key {
		switch {
		case r == '_' || r == '-' || r == '.':
			r = ' '
		case unicode.IsUpper(r) && unicode.IsLower(prev):
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
		prev = r
	}
	return b.String()
}
