// Package jsonform is what the lines of all journals have in common as JSON.
package jsonform

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Unmarshal is [json.Unmarshal] into what names its members in lower case, of members that are named so exactly. The
// package json takes "Note" for "note" too, and readers in other languages do not.
func Unmarshal(data []byte, v any) error {
	if !otherNames(data) {
		return json.Unmarshal(data, v)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var all any
	if err := dec.Decode(&all); err != nil {
		return err
	}
	dropFolding(all)
	exact, err := json.Marshal(all)
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

// dropFolding takes away the members with names that the package json would take for others.
func dropFolding(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			dropFolding(x)
		}
	case map[string]any:
		for name, x := range v {
			// The long s and the Kelvin sign fold to s and k.
			if strings.ContainsFunc(name, func(r rune) bool { return r >= 'A' && r <= 'Z' || r == '\u017f' || r == '\u212a' }) {
				delete(v, name)
				continue
			}
			dropFolding(x)
		}
	}
}

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
