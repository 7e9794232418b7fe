package transcript

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds on the XML of one part.
const (
	// maxDepth bounds the nesting of elements; tables in tables in text boxes reach fifty.
	maxDepth = 256
	// maxToken bounds one tag or one stretch of text, in bytes, which the XML library holds whole.
	maxToken = 512 << 10
)

// tokenReader hands the decoder bytes one at a time and fails when one token takes too many.
type tokenReader struct {
	r *bufio.Reader
	n int // bytes since the last token
}

func (t *tokenReader) ReadByte() (byte, error) {
	if t.n++; t.n > maxToken {
		return 0, errors.New("a tag or a stretch of text is too long")
	}
	return t.r.ReadByte()
}

func (t *tokenReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := t.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// wordReader turns one part into lines. Only local names are looked at: the strict and the
// transitional form of the format differ in namespaces alone.
type wordReader struct {
	sink  *sink
	place Place

	open  []string // local names of the open elements
	skip  int      // elements open inside, and including, the one whose content does not count
	text  int      // open w:t elements
	paras []*wordPara
	rows  []*wordRow
	boxes int
	gone  bool // the run that is open is hidden
	carry string
	held  int // bytes kept in open paragraphs and rows
}

type wordPara struct {
	text  strings.Builder
	joins bool // its end is deleted: the next paragraph goes on in it
}

type wordRow struct {
	cells   []string
	cell    strings.Builder
	deleted bool
	cellDel bool
}

func (w *wordReader) run(r io.Reader) error {
	bytes := &tokenReader{r: bufio.NewReader(r)}
	d := xml.NewDecoder(bytes)
	d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("a part is written in %s, not in UTF-8", charset)
	}
	for {
		bytes.n = 0
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) && len(w.open) == 0 {
			return w.emit(w.carry)
		}
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if len(w.open) >= maxDepth {
				return errors.New("elements are nested too deeply")
			}
			w.open = append(w.open, t.Name.Local)
			err = w.start(t)
		case xml.EndElement:
			if len(w.open) == 0 || w.open[len(w.open)-1] != t.Name.Local {
				return errors.New("an element ends that did not begin")
			}
			w.open = w.open[:len(w.open)-1]
			err = w.end(t.Name.Local)
		case xml.CharData:
			if w.text > 0 && w.skip == 0 {
				err = w.put(string(t))
			}
		}
		if err != nil {
			return err
		}
	}
}

// parent returns the name of the element that is n levels above the innermost open one.
func (w *wordReader) parent(n int) string {
	if i := len(w.open) - 1 - n; i >= 0 {
		return w.open[i]
	}
	return ""
}

// dropped names the elements whose content is not the document's text: deleted and moved-away runs,
// field codes, the second copy of a text box for old programs, properties, phonetic guides.
func dropped(local string) bool {
	switch local {
	case "del", "moveFrom", "delText", "delInstrText", "instrText", "fldData", "Fallback",
		"pPr", "rPr", "tblPr", "tblPrEx", "trPr", "tcPr", "sectPr", "sdtPr", "sdtEndPr", "rt", "tblGrid":
		return true
	}
	return false
}

func (w *wordReader) start(t xml.StartElement) error {
	local := t.Name.Local
	w.mark(t)
	if w.skip > 0 || dropped(local) {
		w.skip++
		return nil
	}
	switch local {
	case "p":
		w.paras = append(w.paras, &wordPara{})
	case "r":
		w.gone = false
	case "t":
		w.text++
	case "tab", "ptab":
		return w.put("\t")
	case "br", "cr":
		return w.put("\n")
	case "noBreakHyphen":
		return w.put("-")
	case "sym":
		return w.put(symbol(t.Attr))
	case "tr":
		w.rows = append(w.rows, &wordRow{})
	case "txbxContent":
		w.boxes++
	}
	return nil
}

// mark notes properties that make text disappear: hidden runs, deleted ends of paragraphs, deleted
// rows and cells.
func (w *wordReader) mark(t xml.StartElement) {
	switch local := t.Name.Local; local {
	case "vanish", "webHidden":
		if w.parent(1) == "rPr" && w.parent(2) == "r" && isOn(t.Attr) {
			w.gone = true
		}
	case "del", "moveFrom":
		switch {
		case w.parent(1) == "rPr" && w.parent(2) == "pPr" && len(w.paras) > 0:
			w.paras[len(w.paras)-1].joins = true
		case w.parent(1) == "trPr" && len(w.rows) > 0:
			w.rows[len(w.rows)-1].deleted = true
		}
	case "cellDel":
		if len(w.rows) > 0 {
			w.rows[len(w.rows)-1].cellDel = true
		}
	}
}

func isOn(attrs []xml.Attr) bool {
	for _, a := range attrs {
		if a.Name.Local == "val" {
			return a.Value != "0" && a.Value != "false" && a.Value != "off"
		}
	}
	return true
}

// symbol returns the ticked and empty boxes of the Wingdings fonts, which forms use.
func symbol(attrs []xml.Attr) string {
	font, char := "", ""
	for _, a := range attrs {
		switch a.Name.Local {
		case "font":
			font = strings.ToLower(a.Value)
		case "char":
			char = strings.TrimPrefix(strings.ToUpper(a.Value), "F0")
		}
	}
	switch font + " " + char {
	case "wingdings FE", "wingdings FC", "wingdings 2 52", "wingdings 2 50":
		return "☑"
	case "wingdings A8", "wingdings 6F", "wingdings 2 A3", "wingdings 2 2A":
		return "☐"
	}
	return ""
}

// put adds text to the paragraph that is open.
func (w *wordReader) put(s string) error {
	if len(w.paras) == 0 || w.gone || s == "" {
		return nil
	}
	if w.held += len(s); w.held > w.sink.lim.Text {
		return tooLarge("text in bytes", w.sink.lim.Text)
	}
	w.paras[len(w.paras)-1].text.WriteString(s)
	return nil
}

func (w *wordReader) end(local string) error {
	if w.skip > 0 {
		w.skip--
		return nil
	}
	switch local {
	case "r":
		w.gone = false
	case "t":
		w.text--
	case "p":
		return w.endPara()
	case "tc":
		if n := len(w.rows); n > 0 {
			row := w.rows[n-1]
			if !row.cellDel && len(row.cells) <= maxCells { // one more than allowed, so that the row is refused
				row.cells = append(row.cells, strings.TrimSpace(row.cell.String()))
			}
			row.cell.Reset()
			row.cellDel = false
		}
	case "tr":
		return w.endRow()
	case "txbxContent":
		w.boxes--
	}
	return nil
}

func (w *wordReader) endPara() error {
	n := len(w.paras)
	if n == 0 {
		return nil
	}
	p := w.paras[n-1]
	w.paras = w.paras[:n-1]
	text := p.text.String()
	if n == 1 {
		text = w.carry + text
		w.carry = ""
		if p.joins {
			w.carry = text
			return nil
		}
	}
	if len(w.rows) > 0 {
		w.addToCell(text)
		return nil
	}
	return w.emit(text)
}

func (w *wordReader) addToCell(text string) {
	row := w.rows[len(w.rows)-1]
	if row.cell.Len() > 0 && text != "" {
		row.cell.WriteByte(' ')
	}
	row.cell.WriteString(strings.ReplaceAll(text, "\n", " "))
}

func (w *wordReader) endRow() error {
	n := len(w.rows)
	if n == 0 {
		return nil
	}
	row := w.rows[n-1]
	w.rows = w.rows[:n-1]
	if row.deleted {
		return nil
	}
	if len(w.rows) > 0 { // a table in a cell
		w.addToCell(strings.Join(row.cells, "\t"))
		return nil
	}
	w.held = 0
	return w.sink.row(row.cells, w.where())
}

func (w *wordReader) where() Place {
	if w.place == PlaceBody && w.boxes > 0 {
		return PlaceTextBox
	}
	return w.place
}

// emit adds the lines of a finished paragraph.
func (w *wordReader) emit(text string) error {
	if len(w.paras) == 0 {
		w.held = 0
	}
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		if err := w.sink.add(Line{Text: line, Place: w.where()}); err != nil {
			return err
		}
		text = rest
	}
	return nil
}
