// Package jsonform is what the lines of all journals have in common as JSON.
package jsonform

import "bytes"

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
