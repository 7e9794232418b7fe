package seal

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"roomrec/evidence/jsonform"
)

// The one form of a statement is written piece by piece, so that whoever compares a note with it needs no more memory
// than what the note states takes.

// text writes the note's text for s, which must be normalised and whose facts must be in their form.
func (s *Statement) text(w io.Writer) error {
	if _, err := io.WriteString(w, Version+"\n"); err != nil {
		return err
	}
	if err := writeForm(w, reflect.ValueOf(s).Elem(), 0); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

// writeForm writes a value with one space of indentation per level.
func writeForm(w io.Writer, v reflect.Value, level int) error {
	switch {
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		_, err := w.Write(v.Bytes())
		return err
	case v.Type().Implements(textMarshaler):
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return writeForm(w, v.Elem(), level)
	case v.Kind() == reflect.Struct:
		return writeStruct(w, v, level)
	case v.Kind() == reflect.Slice && v.Len() > 0:
		for i := range v.Len() {
			if err := begin(w, '[', i, level); err != nil {
				return err
			}
			if err := writeForm(w, v.Index(i), level+1); err != nil {
				return err
			}
		}
		return end(w, ']', level)
	}
	return writeScalar(w, v.Interface())
}

func writeStruct(w io.Writer, v reflect.Value, level int) error {
	type member struct {
		name  string
		value reflect.Value
	}
	var members []member
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if options != "omitempty" || !v.Field(i).IsZero() {
			members = append(members, member{name, v.Field(i)})
		}
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	for i, m := range members {
		if err := begin(w, '{', i, level); err != nil {
			return err
		}
		if err := writeName(w, m.name); err != nil {
			return err
		}
		if err := writeForm(w, m.value, level+1); err != nil {
			return err
		}
	}
	return end(w, '}', level)
}

// begin begins the i-th member of an object or a list.
func begin(w io.Writer, open byte, i, level int) error {
	if i > 0 {
		open = ','
	}
	_, err := fmt.Fprintf(w, "%c\n%s", open, strings.Repeat(" ", level+1))
	return err
}

func end(w io.Writer, closing byte, level int) error {
	_, err := fmt.Fprintf(w, "\n%s%c", strings.Repeat(" ", level), closing)
	return err
}

func writeName(w io.Writer, name string) error {
	if err := writeScalar(w, name); err != nil {
		return err
	}
	_, err := io.WriteString(w, ": ")
	return err
}

// writeScalar writes a value that is neither object nor list, with the escapes that JSON demands.
func writeScalar(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(jsonform.Readable(bytes.TrimSuffix(b.Bytes(), []byte("\n"))))
	return err
}

// formed returns an object in the form that it has as a member of the statement.
func formed(facts json.RawMessage) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(facts))
	dec.UseNumber()
	var v any // a map writes its members in order
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent(" ", " ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

var errForm = errors.New("written otherwise")

// isFormed reports an error if facts that were read are not written as [formed] writes them.
func isFormed(facts json.RawMessage) error {
	same := &same{facts}
	dec := json.NewDecoder(bytes.NewReader(facts))
	dec.UseNumber()
	type open struct {
		kind    json.Delim
		members int
		last    string
	}
	var at []open
	for {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		closing, delim := token.(json.Delim)
		if n := len(at); n > 0 && (!delim || closing == '{' || closing == '[') {
			if err := begin(same, byte(at[n-1].kind), at[n-1].members, n); err != nil {
				return err
			}
			at[n-1].members++
			if at[n-1].kind == '{' {
				name, ok := token.(string)
				if !ok || at[n-1].members > 1 && name <= at[n-1].last {
					return errForm
				}
				at[n-1].last = name
				if err := writeName(same, name); err != nil {
					return err
				}
				if token, err = dec.Token(); err != nil {
					return err
				}
				closing, delim = token.(json.Delim)
			}
		}
		switch {
		case !delim:
			err = writeScalar(same, token)
		case closing == '{' || closing == '[':
			at = append(at, open{kind: closing})
		default:
			last := at[len(at)-1]
			if at = at[:len(at)-1]; last.members == 0 {
				_, err = fmt.Fprintf(same, "%c%c", last.kind, closing)
			} else {
				err = end(same, byte(closing), len(at)+1)
			}
		}
		if err != nil {
			return err
		}
		if len(at) == 0 {
			return same.whole()
		}
	}
}

// same is written what must be the same as its rest.
type same struct{ rest []byte }

func (s *same) Write(p []byte) (int, error) {
	rest, ok := bytes.CutPrefix(s.rest, p)
	if !ok {
		return 0, errForm
	}
	s.rest = rest
	return len(p), nil
}

func (s *same) whole() error {
	if len(s.rest) > 0 {
		return errForm
	}
	return nil
}
