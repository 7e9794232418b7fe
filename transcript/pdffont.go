package transcript

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// pdfMaxCodes bounds the codes of one font: a font has at most 65536 glyphs.
const pdfMaxCodes = 70_000

// unreadable stands for a glyph whose character the file does not tell.
const unreadable = '\uFFFD'

// pdfFont turns the bytes of a string into characters and widths.
type pdfFont struct {
	composite bool
	width2    bool // codes have two bytes
	unicode   map[uint32]string
	codeBytes [5]bool // code lengths of the ToUnicode map
	encoding  string  // "utf16", "gb", "" for the table
	table     [256]rune
	work      int             // entries of tables read so far; ranges may repeat
	widths    map[int]float64 // thousandths of the font size
	missing   float64
}

// pdfGlyph is one code of a string.
type pdfGlyph struct {
	text  string
	width float64 // in the font's size
	space bool    // the single-byte code 32
}

func (f *pdfFile) font(v any) *pdfFont {
	d := f.dict(v)
	t := &pdfFont{missing: 500, widths: map[int]float64{}}
	if d == nil {
		return t
	}
	t.composite = f.resolve(d["Subtype"]) == pdfName("Type0")
	if r, ok := d["ToUnicode"].(pdfRef); ok {
		if data, err := f.stream(r); err == nil {
			f.work -= len(data)
			t.readMap(data)
		}
	}
	if t.composite {
		f.compositeFont(t, d)
	} else {
		f.simpleFont(t, d)
	}
	f.work -= 16 * (len(t.table) + t.work) // an entry of a table is about as much work as bytes of its text
	return t
}

// more counts one entry of a table and reports whether it may still be read.
func (t *pdfFont) more() bool {
	t.work++
	return t.work <= 2*pdfMaxCodes
}

func (f *pdfFile) compositeFont(t *pdfFont, d pdfDict) {
	t.width2, t.missing = true, 1000
	switch name, _ := f.resolve(d["Encoding"]).(pdfName); {
	case strings.Contains(string(name), "UCS2"), strings.Contains(string(name), "UTF16"):
		t.encoding = "utf16"
	case strings.HasPrefix(string(name), "GB"):
		t.encoding, t.width2 = "gb", false
	}
	kids := f.array(d["DescendantFonts"])
	if len(kids) == 0 {
		return
	}
	kid := f.dict(kids[0])
	if w, ok := f.resolve(kid["DW"]).(float64); ok {
		t.missing = w
	}
	w := f.array(kid["W"])
	for i := 0; i+1 < len(w); {
		first := int(f.num(w[i]))
		switch second := f.resolve(w[i+1]).(type) {
		case pdfArray:
			for k, v := range second {
				if t.more() {
					t.widths[first+k] = f.num(v)
				}
			}
			i += 2
		case float64:
			if i+2 >= len(w) {
				return
			}
			v := f.num(w[i+2])
			for k := first; k <= int(second) && t.more(); k++ {
				t.widths[k] = v
			}
			i += 3
		default:
			return
		}
	}
}

func (f *pdfFile) simpleFont(t *pdfFont, d pdfDict) {
	first := int(f.num(d["FirstChar"]))
	for k, v := range f.array(d["Widths"]) {
		if k < 256 {
			t.widths[first+k] = f.num(v)
		}
	}
	if desc := f.dict(d["FontDescriptor"]); desc != nil {
		if w := f.num(desc["MissingWidth"]); w > 0 {
			t.missing = w
		}
	}
	cm := charmap.Windows1252
	base, _ := f.resolve(d["Encoding"]).(pdfName)
	enc := f.dict(d["Encoding"])
	if enc != nil {
		base, _ = f.resolve(enc["BaseEncoding"]).(pdfName)
	}
	if base == "MacRomanEncoding" {
		cm = charmap.Macintosh
	}
	for i := range t.table {
		t.table[i] = cm.DecodeByte(byte(i))
	}
	code := 0
	for _, v := range f.array(enc["Differences"]) {
		switch v := f.resolve(v).(type) {
		case float64:
			code = int(v)
		case pdfName:
			if code >= 0 && code < 256 {
				t.table[code] = glyphRune(string(v))
			}
			code++
		}
	}
}

var glyphNames = map[string]rune{
	"space": ' ', "zero": '0', "one": '1', "two": '2', "three": '3', "four": '4', "five": '5', "six": '6',
	"seven": '7', "eight": '8', "nine": '9', "period": '.', "comma": ',', "colon": ':', "semicolon": ';',
	"hyphen": '-', "minus": '-', "endash": '–', "emdash": '—', "slash": '/', "parenleft": '(', "parenright": ')',
	"bracketleft": '[', "bracketright": ']', "quotesingle": '\'', "quoteright": '’', "quoteleft": '‘',
	"quotedbl": '"', "quotedblleft": '“', "quotedblright": '”', "question": '?', "exclam": '!', "underscore": '_',
	"plus": '+', "equal": '=', "asterisk": '*', "percent": '%', "ampersand": '&', "at": '@', "numbersign": '#',
	"fi": 'ﬁ', "fl": 'ﬂ', "nbspace": ' ', "bullet": '•', "ellipsis": '…', "asciitilde": '~', "bar": '|',
}

func glyphRune(name string) rune {
	if r, ok := glyphNames[name]; ok {
		return r
	}
	if len(name) == 1 {
		return rune(name[0])
	}
	for _, p := range []string{"uni", "u"} {
		if h := strings.TrimPrefix(name, p); h != name && len(h) >= 4 && len(h) <= 6 {
			if v, err := strconv.ParseUint(h, 16, 32); err == nil && v <= 0x10ffff {
				return rune(v)
			}
		}
	}
	return unreadable
}

// readMap reads a ToUnicode map.
func (t *pdfFont) readMap(data []byte) {
	t.unicode = map[uint32]string{}
	l := &pdfLexer{b: data}
	var args []any
	for {
		l.elements = 0
		v, err := l.next(0)
		if err != nil {
			return
		}
		op, ok := v.(pdfWord)
		if !ok {
			if len(args) < 3*pdfMaxCodes {
				args = append(args, v)
			}
			continue
		}
		switch op {
		case "endcodespacerange":
			for _, a := range args {
				if s, ok := a.(pdfText); ok && len(s) >= 1 && len(s) <= 4 {
					t.codeBytes[len(s)] = true
				}
			}
		case "endbfchar":
			for i := 0; i+1 < len(args); i += 2 {
				t.mapRange(args[i], args[i], args[i+1])
			}
		case "endbfrange":
			for i := 0; i+2 < len(args); i += 3 {
				t.mapRange(args[i], args[i+1], args[i+2])
			}
		}
		args = args[:0]
	}
}

func (t *pdfFont) mapRange(lo, hi, to any) {
	a, ok := lo.(pdfText)
	b, ok2 := hi.(pdfText)
	if !ok || !ok2 || len(a) > 4 || len(b) > 4 {
		return
	}
	from, until := codeOf(string(a)), codeOf(string(b))
	switch to := to.(type) {
	case pdfText:
		u := utf16Text(string(to))
		r := []rune(u)
		for c := from; c <= until && t.more(); c++ {
			t.unicode[c] = string(r)
			if len(r) > 0 {
				r[len(r)-1]++
			}
			if c == ^uint32(0) {
				return
			}
		}
	case pdfArray:
		for k, v := range to {
			if s, ok := v.(pdfText); ok && t.more() {
				t.unicode[from+uint32(k)] = utf16Text(string(s))
			}
		}
	}
}

func codeOf(s string) uint32 {
	var v uint32
	for i := 0; i < len(s); i++ {
		v = v<<8 | uint32(s[i])
	}
	return v
}

func utf16Text(s string) string {
	if len(s) == 1 {
		return string(rune(s[0]))
	}
	if len(s) > 64 {
		s = s[:64]
	}
	u := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		u = append(u, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(u))
}

// glyphs reads the codes of a string.
func (t *pdfFont) glyphs(s string, each func(pdfGlyph)) {
	for i := 0; i < len(s); {
		n := t.codeLength(s[i:])
		code := s[i : i+n]
		i += n
		c := codeOf(code)
		w, ok := t.widths[int(c)]
		if !ok {
			w = t.missing
		}
		each(pdfGlyph{text: t.text(code, c), width: w / 1000, space: n == 1 && c == ' '})
	}
}

func (t *pdfFont) codeLength(s string) int {
	n := 1
	switch {
	case !t.composite:
		return 1
	case t.encoding == "gb":
		if s[0] >= 0x81 {
			n = 2
			if len(s) >= 4 && s[1] >= '0' && s[1] <= '9' {
				n = 4
			}
		}
	case t.unicode != nil && t.codeBytes[1] && !t.codeBytes[2]:
		n = 1
	case t.width2:
		n = 2
	}
	return min(n, len(s))
}

func (t *pdfFont) text(code string, c uint32) string {
	if u, ok := t.unicode[c]; ok && u != "" {
		return u
	}
	switch {
	case t.encoding == "utf16":
		return utf16Text(code)
	case t.encoding == "gb":
		if out, err := simplifiedchinese.GB18030.NewDecoder().String(code); err == nil {
			return out
		}
	case !t.composite:
		if r := t.table[c&0xff]; r != 0 {
			return string(r)
		}
	}
	return string(unreadable)
}
