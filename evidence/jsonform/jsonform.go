// Package jsonform is what the lines of all journals have in common as JSON.
package jsonform

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// Unmarshal is [json.Unmarshal] into what names its members in lower case, of members that are named so exactly. The
// package json takes "Note" for "note" too, and readers in other languages do not.
func Unmarshal(data []byte, v any) error {
	if !otherNames(data) {
		return json.Unmarshal(data, v)
	}
	exact, err := withoutFolding(data)
	if err != nil {
		return err
	}
	return json.Unmarshal(exact, v)
}

// otherNames reports whether a member may have a name with other characters than small letters, digits and _.
func otherNames(data []byte) bool {
	for {
		i := bytes.Index(data, []byte(`":`))
		if i < 0 {
			return false
		}
		name := data[:i]
		name = name[bytes.LastIndexByte(name, '"')+1:]
		for _, c := range name {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
				return true
			}
		}
		data = data[i+2:]
	}
}

// withoutFolding returns the same without the members whose names the package json would take for others.
func withoutFolding(data []byte) ([]byte, error) {
	if !json.Valid(data) {
		return nil, errors.New("not JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var out bytes.Buffer
	out.Grow(len(data))
	err := copyValue(dec, &out)
	return out.Bytes(), err
}

// copyValue copies the next value of dec; to nil, it passes it over.
func copyValue(dec *json.Decoder, out *bytes.Buffer) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	open, nested := token.(json.Delim)
	if !nested {
		return scalar(out, token)
	}
	if out != nil {
		out.WriteByte(byte(open))
	}
	for written := false; dec.More(); {
		to := out
		if open == '{' {
			name, err := dec.Token()
			if err != nil {
				return err
			}
			if s, _ := name.(string); strings.ContainsFunc(s, folds) {
				to = nil
			}
			if written && to != nil {
				to.WriteByte(',')
			}
			if err := scalar(to, name); err != nil {
				return err
			}
			if to != nil {
				to.WriteByte(':')
			}
		} else if written && to != nil {
			to.WriteByte(',')
		}
		if err := copyValue(dec, to); err != nil {
			return err
		}
		written = written || to != nil
	}
	closing, err := dec.Token()
	if delim, ok := closing.(json.Delim); ok && out != nil {
		out.WriteByte(byte(delim))
	}
	return err
}

func scalar(out *bytes.Buffer, v any) error {
	if out == nil {
		return nil
	}
	b, err := json.Marshal(v)
	out.Write(b)
	return err
}

// folds reports whether a letter may be taken for another: the long s and the Kelvin sign are for s and k.
func folds(r rune) bool { return r >= 'A' && r <= 'Z' || r == '\u017f' || r == '\u212a' }

// Readable puts the character that stands for what is no UTF-8 in the place of its escape, which the encoder writes
// for it: strings are escaped only where JSON demands it.
func Readable(b []byte) []byte {
	const escape = `\ufffd`
	if !bytes.Contains(b, []byte(escape)) {
		return b
	}
	var out []byte
	for len(b) > 0 {
		switch {
		case bytes.HasPrefix(b, []byte(escape)):
			out, b = append(out, "\uFFFD"...), b[len(escape):]
		case b[0] == '\\' && len(b) > 1:
			out, b = append(out, b[:2]...), b[2:]
		default:
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}
