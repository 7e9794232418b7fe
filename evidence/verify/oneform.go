package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"roomrec/evidence/jsonform"
)

// maxNesting is how deep objects and lists may lie in one another in a line's data, and in the facts of a seal.
const maxNesting = 64

// oneForm reports how an object is not written in the one way: readers do not agree on a member that is there twice, on
// other escapes, on bytes that are no UTF-8, and end at different depths.
func oneForm(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("it is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var out bytes.Buffer
	if err := rewrite(dec, &out, 1); err != nil {
		return err
	}
	if !bytes.Equal(out.Bytes(), jsonform.Readable(data)) {
		return errors.New("it is written otherwise than the format has it")
	}
	return nil
}

// scalar writes a value that is neither object nor list, with the escapes that JSON demands.
func scalar(out *bytes.Buffer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	out.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return err
}

// rewrite writes the next value of dec to out in the one way.
func rewrite(dec *json.Decoder, out *bytes.Buffer, depth int) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	open, nested := token.(json.Delim)
	if !nested {
		return scalar(out, token)
	}
	if depth > maxNesting {
		return fmt.Errorf("it is nested deeper than %d", maxNesting)
	}
	out.WriteByte(byte(open))
	var names []string
	for i := 0; dec.More(); i++ {
		if i > 0 {
			out.WriteByte(',')
		}
		if open == '{' {
			token, err := dec.Token()
			if err != nil {
				return err
			}
			name, _ := token.(string)
			names = append(names, name)
			if err := scalar(out, name); err != nil {
				return err
			}
			out.WriteByte(':')
		}
		if err := rewrite(dec, out, depth+1); err != nil {
			return err
		}
	}
	end, err := dec.Token()
	if err != nil {
		return err
	}
	slices.Sort(names)
	if n := len(names); n != len(slices.Compact(names)) {
		return errors.New("a member is there twice")
	}
	delim, _ := end.(json.Delim)
	out.WriteByte(byte(delim))
	return nil
}

// factsForm is oneForm for the facts of a seal, whose own form holds all of it but how deep they are nested.
func factsForm(facts []byte) error {
	dec := json.NewDecoder(bytes.NewReader(facts))
	dec.UseNumber()
	for depth := 0; ; {
		token, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case token == json.Delim('{') || token == json.Delim('['):
			if depth++; depth > maxNesting {
				return fmt.Errorf("it is nested deeper than %d", maxNesting)
			}
		case token == json.Delim('}') || token == json.Delim(']'):
			depth--
		}
	}
}
