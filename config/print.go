package config

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Print writes the settings as they are in force, every default included, in the form that [Load]
// reads. There is no secret in them: of a password only the place where it is kept.
func (c *Config) Print(w io.Writer) error {
	var b bytes.Buffer
	printStruct(&b, "", reflect.ValueOf(c).Elem())
	_, err := w.Write(b.Bytes())
	return err
}

func printStruct(b *bytes.Buffer, indent string, v reflect.Value) {
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("yaml")
		f := v.Field(i)
		if f.Kind() == reflect.Pointer {
			if f.IsNil() {
				continue
			}
			f = f.Elem()
		}
		switch {
		case f.Type() == nameType:
			n := f.Interface().(Name)
			fmt.Fprintf(b, "%s%s: {en: %s, zh-CN: %s}\n", indent, key, quoteYAML(n.En), quoteYAML(n.Zh))
		case f.Kind() == reflect.Struct:
			var inner bytes.Buffer
			if printStruct(&inner, indent+"  ", f); inner.Len() > 0 { // a key without a value would be an error
				fmt.Fprintf(b, "%s%s:\n%s", indent, key, &inner)
			}
		case f.Kind() == reflect.Slice:
			printList(b, indent, key, f)
		case f.Kind() == reflect.String && f.String() == "":
			// not set, and there is no default
		default:
			fmt.Fprintf(b, "%s%s: %s\n", indent, key, scalarYAML(f))
		}
	}
}

func printList(b *bytes.Buffer, indent, key string, list reflect.Value) {
	if list.Len() == 0 {
		fmt.Fprintf(b, "%s%s: []\n", indent, key)
		return
	}
	fmt.Fprintf(b, "%s%s:\n", indent, key)
	for i := range list.Len() {
		e := list.Index(i)
		if e.Kind() != reflect.Struct {
			fmt.Fprintf(b, "%s  - %s\n", indent, scalarYAML(e))
			continue
		}
		var entry bytes.Buffer
		printStruct(&entry, indent+"    ", e)
		lines := entry.Bytes()
		copy(lines[len(indent)+2:], "-")
		b.Write(lines)
	}
}

func scalarYAML(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return showDuration(time.Duration(v.Int()))
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case v.Kind() == reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	}
	return quoteYAML(v.String())
}

// quoteYAML returns s as a double-quoted YAML scalar, whose escapes are those of JSON.
func quoteYAML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// showDuration returns d without the units that are zero: 4h, 1m30s, 500ms.
func showDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
