package transcript

import (
	"errors"
	"math"
	"strings"
)

// pdfRun is a stretch of text at one place of a page.
type pdfRun struct {
	x0, x1, y float64
	size      float64
	text      string
}

// pdfMatrix maps (x, y) to (ax+cy+e, bx+dy+f).
type pdfMatrix struct{ a, b, c, d, e, f float64 }

var pdfIdentity = pdfMatrix{a: 1, d: 1}

// times returns the matrix that applies m first and o then.
func (m pdfMatrix) times(o pdfMatrix) pdfMatrix {
	return pdfMatrix{
		m.a*o.a + m.b*o.c, m.a*o.b + m.b*o.d,
		m.c*o.a + m.d*o.c, m.c*o.b + m.d*o.d,
		m.e*o.a + m.f*o.c + o.e, m.e*o.b + m.f*o.d + o.f,
	}
}

func matrixOf(v []float64) pdfMatrix {
	if len(v) < 6 {
		return pdfIdentity
	}
	v = v[len(v)-6:]
	return pdfMatrix{v[0], v[1], v[2], v[3], v[4], v[5]}
}

// pdfState is the part of the graphics state that text depends on.
type pdfState struct {
	ctm                   pdfMatrix
	font                  *pdfFont
	size                  float64
	charSpace, wordSpace  float64
	scale, leading, raise float64
	mode                  int
}

// pdfPage collects the text of one page.
type pdfPage struct {
	file      *pdfFile
	fonts     map[any]*pdfFont
	runs      []pdfRun
	bytes     int // of text
	limit     int
	operators int
	images    bool
	invisible bool
	bad, good int // glyphs without and with a known character
}

// Bounds on one page.
const (
	pdfMaxOperators = 2_000_000
	pdfMaxForms     = 8 // forms inside forms
	pdfMaxStack     = 64
)

// content interprets one content stream.
func (p *pdfPage) content(data []byte, resources pdfDict, ctm pdfMatrix, depth int) error {
	p.file.work -= len(data)
	st := pdfState{ctm: ctm, scale: 1}
	var stack []pdfState
	var tm, lm pdfMatrix
	l := &pdfLexer{b: data}
	var args []any
	for {
		l.elements = 0
		v, err := l.next(0)
		if errors.Is(err, errPDFEnd) {
			return nil
		}
		if err != nil {
			return err
		}
		op, ok := v.(pdfWord)
		if !ok {
			if len(args) < 1024 {
				args = append(args, v)
			}
			continue
		}
		if p.operators++; p.operators > pdfMaxOperators || p.file.tired() {
			return errExpanded
		}
		n := numbers(args)
		last := 0.0
		if len(n) > 0 {
			last = n[len(n)-1]
		}
		switch op {
		case "q":
			if len(stack) < pdfMaxStack {
				stack = append(stack, st)
			}
		case "Q":
			if k := len(stack); k > 0 {
				st, stack = stack[k-1], stack[:k-1]
			}
		case "cm":
			st.ctm = matrixOf(n).times(st.ctm)
		case "BT":
			tm, lm = pdfIdentity, pdfIdentity
		case "Tf":
			if len(args) >= 2 {
				st.font, st.size = p.font(resources, args[len(args)-2]), last
			}
		case "Tc":
			st.charSpace = last
		case "Tw":
			st.wordSpace = last
		case "Tz":
			st.scale = last / 100
		case "TL":
			st.leading = last
		case "Ts":
			st.raise = last
		case "Tr":
			st.mode = int(last)
		case "Tm":
			tm = matrixOf(n)
			lm = tm
		case "Td", "TD":
			if len(n) >= 2 {
				if op == "TD" {
					st.leading = -last
				}
				lm = pdfMatrix{1, 0, 0, 1, n[len(n)-2], last}.times(lm)
				tm = lm
			}
		case "T*", "'", "\"":
			lm = pdfMatrix{1, 0, 0, 1, 0, -st.leading}.times(lm)
			tm = lm
			if op == "\"" && len(n) >= 2 {
				st.wordSpace, st.charSpace = n[0], n[1]
			}
			if op != "T*" {
				p.show(args, &st, &tm)
			}
		case "Tj", "TJ":
			p.show(args, &st, &tm)
		case "Do":
			if err := p.form(resources, args, st.ctm, depth); err != nil {
				return err
			}
		case "BI":
			p.images = true
			skipImage(l)
		}
		if p.bytes > p.limit {
			return tooLarge("text in bytes", p.limit)
		}
		args = args[:0]
	}
}

func numbers(args []any) []float64 {
	var out []float64
	for _, a := range args {
		if f, ok := a.(float64); ok {
			out = append(out, f)
		}
	}
	return out
}

// skipImage goes behind an inline image: after EI between blanks.
func skipImage(l *pdfLexer) {
	for i := l.i; i+3 < len(l.b); i++ {
		if pdfSpace(l.b[i]) && l.b[i+1] == 'E' && l.b[i+2] == 'I' && pdfSpace(l.b[i+3]) {
			l.i = i + 3
			return
		}
	}
	l.i = len(l.b)
}

func (p *pdfPage) font(resources pdfDict, name any) *pdfFont {
	n, _ := name.(pdfName)
	v := p.file.dict(resources["Font"])[n]
	if ref, ok := v.(pdfRef); ok {
		if f, ok := p.fonts[ref]; ok {
			return f
		}
		if len(p.fonts) >= 32 {
			clear(p.fonts) // fonts are large; a page uses a few
		}
		f := p.file.font(v)
		p.fonts[ref] = f
		return f
	}
	return p.file.font(v)
}

// form draws a form object; an image is noted.
func (p *pdfPage) form(resources pdfDict, args []any, ctm pdfMatrix, depth int) error {
	if len(args) == 0 || depth >= pdfMaxForms {
		return nil
	}
	n, _ := args[len(args)-1].(pdfName)
	ref := p.file.dict(resources["XObject"])[n]
	return p.drawForm(ref, resources, ctm, depth)
}

func (p *pdfPage) drawForm(ref any, resources pdfDict, ctm pdfMatrix, depth int) error {
	d := p.file.dict(ref)
	switch p.file.resolve(d["Subtype"]) {
	case pdfName("Image"):
		p.images = true
		return nil
	case pdfName("Form"):
	default:
		return nil
	}
	data, err := p.file.stream(ref)
	if err != nil {
		return err
	}
	if own := p.file.dict(d["Resources"]); own != nil {
		resources = own
	}
	if m := p.file.array(d["Matrix"]); len(m) == 6 {
		ctm = matrixOf(p.numbersOf(m)).times(ctm)
	}
	return p.content(data, resources, ctm, depth+1)
}

func (p *pdfPage) numbersOf(a pdfArray) []float64 {
	out := make([]float64, len(a))
	for i, v := range a {
		out[i] = p.file.num(v)
	}
	return out
}

// show adds the text of Tj and TJ. A step back or forth inside TJ by more than a fifth of the size
// begins a new run.
func (p *pdfPage) show(args []any, st *pdfState, tm *pdfMatrix) {
	if len(args) == 0 || st.font == nil {
		return
	}
	parts, ok := args[len(args)-1].(pdfArray)
	if !ok {
		parts = pdfArray{args[len(args)-1]}
	}
	var text strings.Builder
	var from pdfMatrix
	flush := func() {
		if text.Len() > 0 {
			p.addRun(text.String(), from, *tm, st)
			text.Reset()
		}
	}
	for _, part := range parts {
		switch v := part.(type) {
		case float64:
			step := -v / 1000 * st.size * st.scale
			if math.Abs(v) > 200 {
				flush()
			}
			*tm = pdfMatrix{1, 0, 0, 1, step, 0}.times(*tm)
		case pdfText:
			st.font.glyphs(string(v), func(g pdfGlyph) {
				if text.Len() == 0 {
					from = *tm
				}
				text.WriteString(g.text)
				if g.text == string(unreadable) {
					p.bad++
				} else {
					p.good++
				}
				step := g.width*st.size + st.charSpace
				if g.space {
					step += st.wordSpace
				}
				*tm = pdfMatrix{1, 0, 0, 1, step * st.scale, 0}.times(*tm)
			})
		}
	}
	flush()
}

func (p *pdfPage) addRun(text string, from, to pdfMatrix, st *pdfState) {
	if st.mode == 3 || st.mode == 7 {
		// Invisible text lies under a scanned page and is what a program guessed to be on it.
		p.invisible = true
		return
	}
	a, b := from.times(st.ctm), to.times(st.ctm)
	size := math.Hypot(a.c, a.d) * st.size
	p.bytes += len(text) + 48
	p.runs = append(p.runs, pdfRun{x0: a.e, x1: b.e, y: a.f + st.raise, size: math.Abs(size), text: text})
}
