package transcript

import (
	"errors"
	"strconv"
)

// The objects of a PDF file. Numbers are float64, missing and null are nil.
type (
	pdfName  string
	pdfText  string // a string object, its bytes
	pdfArray []any
	pdfDict  map[pdfName]any
	pdfRef   int // the number of an indirect object; generations are not told apart
	pdfWord  string
)

// Bounds on one object.
const (
	pdfMaxDepth    = 64
	pdfMaxElements = 100_000
)

var (
	errPDFSyntax = errors.New("an object is malformed")
	errPDFEnd    = errors.New("the file ends inside an object")
)

// pdfLexer reads objects and operators from bytes.
type pdfLexer struct {
	b        []byte
	i        int
	elements int // read since the last reset
}

func pdfSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func pdfDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func (l *pdfLexer) skip() {
	for l.i < len(l.b) {
		switch c := l.b[l.i]; {
		case pdfSpace(c):
			l.i++
		case c == '%':
			for l.i < len(l.b) && l.b[l.i] != '\n' && l.b[l.i] != '\r' {
				l.i++
			}
		default:
			return
		}
	}
}

// next reads one object, a reference or an operator.
func (l *pdfLexer) next(depth int) (any, error) {
	if depth > pdfMaxDepth {
		return nil, errPDFSyntax
	}
	if l.elements++; l.elements > pdfMaxElements {
		return nil, errPDFSyntax
	}
	l.skip()
	if l.i >= len(l.b) {
		return nil, errPDFEnd
	}
	switch c := l.b[l.i]; c {
	case '/':
		l.i++
		return l.name(), nil
	case '(':
		return l.literal()
	case '<':
		if l.i+1 < len(l.b) && l.b[l.i+1] == '<' {
			l.i += 2
			return l.dict(depth)
		}
		l.i++
		return l.hex()
	case '[':
		l.i++
		return l.array(depth)
	case ']', ')', '{', '}':
		l.i++
		return pdfWord(string(c)), nil
	case '>':
		l.i++
		if l.i < len(l.b) && l.b[l.i] == '>' {
			l.i++
			return pdfWord(">>"), nil
		}
		return pdfWord(">"), nil
	}
	return l.word(), nil
}

// word reads a number, a reference or a keyword.
func (l *pdfLexer) word() any {
	start := l.i
	for l.i < len(l.b) && !pdfSpace(l.b[l.i]) && !pdfDelimiter(l.b[l.i]) {
		l.i++
	}
	w := l.b[start:l.i]
	if len(w) > 64 {
		return pdfWord("")
	}
	c := w[0]
	if c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' {
		if f, err := strconv.ParseFloat(string(w), 64); err == nil {
			if num, ok := l.reference(f, w); ok {
				return pdfRef(num)
			}
			return f
		}
	}
	switch string(w) {
	case "null":
		return nil
	case "true":
		return true
	case "false":
		return false
	}
	return pdfWord(w)
}

// reference reads the rest of "12 0 R".
func (l *pdfLexer) reference(f float64, w []byte) (int, bool) {
	num := int(f)
	if float64(num) != f || num < 0 || num > 1<<30 || w[0] < '0' {
		return 0, false
	}
	j := l.i
	for j < len(l.b) && pdfSpace(l.b[j]) {
		j++
	}
	digits := 0
	for j < len(l.b) && l.b[j] >= '0' && l.b[j] <= '9' && digits < 6 {
		j++
		digits++
	}
	spaces := 0
	for j < len(l.b) && pdfSpace(l.b[j]) && spaces < 16 {
		j++
		spaces++
	}
	if digits == 0 || spaces == 0 || j >= len(l.b) || l.b[j] != 'R' {
		return 0, false
	}
	if j+1 < len(l.b) && !pdfSpace(l.b[j+1]) && !pdfDelimiter(l.b[j+1]) {
		return 0, false
	}
	l.i = j + 1
	return num, true
}

func (l *pdfLexer) name() pdfName {
	var b []byte
	for l.i < len(l.b) && !pdfSpace(l.b[l.i]) && !pdfDelimiter(l.b[l.i]) {
		c := l.b[l.i]
		l.i++
		if c == '#' && l.i+1 < len(l.b) {
			if v, err := strconv.ParseUint(string(l.b[l.i:l.i+2]), 16, 8); err == nil {
				c = byte(v)
				l.i += 2
			}
		}
		if len(b) < 256 {
			b = append(b, c)
		}
	}
	return pdfName(b)
}

func (l *pdfLexer) literal() (any, error) {
	l.i++
	var b []byte
	for depth := 1; l.i < len(l.b); {
		c := l.b[l.i]
		l.i++
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return pdfText(b), nil
			}
		case '\\':
			e, ok := l.escape()
			if !ok {
				continue
			}
			c = e
		}
		b = append(b, c)
	}
	return nil, errPDFEnd
}

// escape reads what follows a backslash; false means that it stands for nothing.
func (l *pdfLexer) escape() (byte, bool) {
	if l.i >= len(l.b) {
		return 0, false
	}
	c := l.b[l.i]
	l.i++
	switch c {
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case '\n':
		return 0, false
	case '\r':
		if l.i < len(l.b) && l.b[l.i] == '\n' {
			l.i++
		}
		return 0, false
	}
	if c < '0' || c > '7' {
		return c, true
	}
	v := int(c - '0')
	for n := 0; n < 2 && l.i < len(l.b) && l.b[l.i] >= '0' && l.b[l.i] <= '7'; n++ {
		v = v*8 + int(l.b[l.i]-'0')
		l.i++
	}
	return byte(v), true
}

func (l *pdfLexer) hex() (any, error) {
	var b []byte
	high, half := byte(0), false
	for l.i < len(l.b) {
		c := l.b[l.i]
		l.i++
		var v byte
		switch {
		case c == '>':
			if half {
				b = append(b, high<<4)
			}
			return pdfText(b), nil
		case c >= '0' && c <= '9':
			v = c - '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = c | 0x20 - 'a' + 10
		default:
			continue
		}
		if half {
			b = append(b, high<<4|v)
		}
		high, half = v, !half
	}
	return nil, errPDFEnd
}

func (l *pdfLexer) array(depth int) (any, error) {
	out := pdfArray{}
	for {
		v, err := l.next(depth + 1)
		if err != nil {
			return nil, err
		}
		if w, ok := v.(pdfWord); ok {
			if w == "]" {
				return out, nil
			}
			if w == ">>" || w == "endobj" {
				return nil, errPDFSyntax
			}
			continue
		}
		out = append(out, v)
	}
}

func (l *pdfLexer) dict(depth int) (any, error) {
	out := pdfDict{}
	for {
		k, err := l.next(depth + 1)
		if err != nil {
			return nil, err
		}
		if w, ok := k.(pdfWord); ok {
			if w == ">>" {
				return out, nil
			}
			return nil, errPDFSyntax
		}
		name, ok := k.(pdfName)
		if !ok {
			return nil, errPDFSyntax
		}
		v, err := l.next(depth + 1)
		if err != nil {
			return nil, err
		}
		if w, ok := v.(pdfWord); ok {
			if w == ">>" {
				return out, nil
			}
			return nil, errPDFSyntax
		}
		out[name] = v
	}
}
