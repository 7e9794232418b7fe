package transcript

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// pdfSegment is text without a gap inside it: a word, a cell.
type pdfSegment struct {
	x0, x1 float64
	text   string
}

// pdfLine is what stands at one height of a page.
type pdfLine struct {
	y, size  float64
	segments []pdfSegment
}

// lines puts the runs of the page in reading order: by height, then from left to right. A page does
// not say what a table is; what tells the lines of a cell from the rows of a table is where they
// stand:
//
//   - Lines closer than letters are high are one row whose cells are broken differently.
//   - A line under a row, none of whose pieces is in the row's first column and all of whose pieces
//     begin where a cell of the row begins, goes on with those cells.
func (p *pdfPage) lines() []string {
	var out []string
	var row *pdfLine
	flush := func() {
		if row != nil {
			if text := row.text(); strings.TrimSpace(text) != "" {
				out = append(out, text)
			}
		}
		row = nil
	}
	lastY := 0.0
	for _, l := range p.heights() {
		switch {
		case row == nil:
		case lastY-l.y < 0.85*min(row.size, l.size) || row.goesOn(l, lastY-l.y):
			row.merge(l)
			lastY = l.y
			continue
		}
		flush()
		row, lastY = &l, l.y
	}
	flush()
	return out
}

// heights groups the runs by height, from the top, and cuts each line at its gaps.
func (p *pdfPage) heights() []pdfLine {
	runs := p.runs
	slices.SortStableFunc(runs, func(a, b pdfRun) int { return cmp.Compare(b.y, a.y) })
	var out []pdfLine
	for len(runs) > 0 {
		n := 1
		for n < len(runs) && math.Abs(runs[n].y-runs[0].y) <= math.Max(1, math.Max(runs[0].size, runs[n].size)/3) {
			n++
		}
		part := runs[:n]
		runs = runs[n:]
		slices.SortStableFunc(part, func(a, b pdfRun) int { return cmp.Compare(a.x0, b.x0) })
		out = append(out, cutLine(part))
	}
	return out
}

// cutLine joins runs into segments: a gap of a quarter of the size divides them.
func cutLine(runs []pdfRun) pdfLine {
	l := pdfLine{y: runs[0].y}
	var last pdfRun
	var text strings.Builder
	for i, r := range runs {
		l.size = math.Max(l.size, r.size)
		n := len(l.segments)
		switch {
		case i > 0 && r.text == last.text && math.Abs(r.x0-last.x0) < r.size/8:
			continue // drawn twice to look bold
		case i > 0 && r.x0-last.x1 <= r.size/4:
			text.WriteString(r.text)
			l.segments[n-1].x1 = math.Max(l.segments[n-1].x1, r.x1)
		default:
			if n > 0 {
				l.segments[n-1].text = text.String()
			}
			text.Reset()
			text.WriteString(r.text)
			l.segments = append(l.segments, pdfSegment{x0: r.x0, x1: r.x1})
		}
		last = r
	}
	l.segments[len(l.segments)-1].text = text.String()
	return l
}

// column returns the row's segment that begins where x is, or -1.
func (l *pdfLine) column(x float64) int {
	for i, s := range l.segments {
		if math.Abs(s.x0-x) < l.size/2 {
			return i
		}
	}
	return -1
}

// goesOn reports whether the line under the row goes on with cells of it.
func (l *pdfLine) goesOn(under pdfLine, distance float64) bool {
	if len(l.segments) < 2 || distance > 1.7*l.size || len(under.segments) >= len(l.segments) {
		return false
	}
	for _, s := range under.segments {
		if l.column(s.x0) < 1 {
			return false
		}
	}
	return true
}

// merge takes the segments of a lower line into the row: each goes on with the cell above it, or is
// a cell of its own.
func (l *pdfLine) merge(under pdfLine) {
	for _, s := range under.segments {
		if i := l.column(s.x0); i >= 0 {
			l.segments[i].text += s.text
			l.segments[i].x1 = math.Max(l.segments[i].x1, s.x1)
			continue
		}
		l.segments = append(l.segments, s)
	}
	slices.SortStableFunc(l.segments, func(a, b pdfSegment) int { return cmp.Compare(a.x0, b.x0) })
}

// text joins the segments: a gap of two sizes is a tab, a lesser one a blank.
func (l *pdfLine) text() string {
	var b strings.Builder
	for i, s := range l.segments {
		if i > 0 {
			if s.x0-l.segments[i-1].x1 > 2*l.size {
				b.WriteByte('\t')
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteString(s.text)
	}
	return b.String()
}
