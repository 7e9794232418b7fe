package transcript

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// readHTML reads the text of a page as a browser would show it: no scripts, no hidden elements,
// nothing that is marked as deleted.
func readHTML(data []byte, s *sink) error {
	text, err := decodeHTML(data, s.lim.Expanded/4)
	if err != nil {
		return err
	}
	z := html.NewTokenizer(text)
	z.SetMaxBuf(maxToken)
	h := &pageReader{sink: s}
	for {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return damaged("html", err)
			}
			return h.flush()
		case html.TextToken:
			h.put(string(z.Text()))
		case html.StartTagToken:
			err = h.tag(z, true, false)
		case html.SelfClosingTagToken:
			err = h.tag(z, true, true)
		case html.EndTagToken:
			err = h.tag(z, false, false)
		case html.CommentToken, html.DoctypeToken:
		}
		if err != nil {
			return err
		}
	}
}

// decodeHTML returns the page as UTF-8: what it is marked as, or else what plain text would be.
func decodeHTML(data []byte, limit int) (io.Reader, error) {
	if e, name, certain := charset.DetermineEncoding(data[:min(len(data), 1024)], ""); certain && name != "utf-8" {
		return &limitedReader{e.NewDecoder().Reader(bytes.NewReader(data)), limit}, nil
	}
	decoder, rest := chooseDecoder(data)
	if decoder == nil {
		return bytes.NewReader(rest), nil
	}
	return &limitedReader{decoder.NewDecoder().Reader(bytes.NewReader(rest)), limit}, nil
}

// pageReader collects the text between tags into lines.
type pageReader struct {
	sink *sink
	line strings.Builder
	pre  int

	hidden []atom.Atom // open elements that hide what is in them, and those nested in them of one kind
	row    []string
	inRow  bool
	inCell bool
	depth  int // tables that are open
}

func (h *pageReader) put(text string) {
	if len(h.hidden) > 0 || h.line.Len() > h.sink.lim.Text {
		return
	}
	if h.pre > 0 {
		h.line.WriteString(text)
		return
	}
	// Blanks run together; a blank at an element's edge counts.
	space := h.line.Len() == 0 || strings.HasSuffix(h.line.String(), " ")
	for _, r := range text {
		if r == ' ' || r == '\n' || r == '\r' || r == '\t' || r == '\f' {
			if !space {
				h.line.WriteByte(' ')
			}
			space = true
			continue
		}
		h.line.WriteRune(r)
		space = false
	}
}

func block(a atom.Atom) bool {
	return slices.Contains(blockElements, a)
}

var blockElements = []atom.Atom{
	atom.P, atom.Div, atom.Li, atom.Ul, atom.Ol, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Aside, atom.Table, atom.Caption, atom.Blockquote, atom.Pre, atom.Hr, atom.Form, atom.Fieldset, atom.Legend, atom.Dl, atom.Dt, atom.Dd, atom.Tr, atom.Body, atom.Center, atom.Address, atom.Figure, atom.Thead, atom.Tbody, atom.Tfoot, atom.Details, atom.Summary,
}

// hides reports whether the element's content is never shown.
func hides(a atom.Atom) bool {
	return slices.Contains(hidesElements, a)
}

var hidesElements = []atom.Atom{
	atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Title, atom.Del, atom.S, atom.Strike, atom.Rt, atom.Rp, atom.Textarea, atom.Select, atom.Svg, atom.Iframe, atom.Object,
}

// void reports whether the element has no end tag.
func void(a atom.Atom) bool {
	return slices.Contains(voidElements, a)
}

var voidElements = []atom.Atom{
	atom.Br, atom.Hr, atom.Img, atom.Input, atom.Meta, atom.Link, atom.Col, atom.Area, atom.Base, atom.Embed, atom.Wbr, atom.Source, atom.Track, atom.Param,
}

func (h *pageReader) tag(z *html.Tokenizer, begin, closed bool) error {
	name, more := z.TagName()
	a := atom.Lookup(name)
	var style, value, kind string
	gone := false
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		switch string(k) {
		case "hidden":
			gone = true
		case "style":
			style = strings.ToLower(strings.ReplaceAll(string(v), " ", ""))
		case "value":
			value = string(v)
		case "type":
			kind = strings.ToLower(string(v))
		}
	}
	if n := len(h.hidden); n > 0 {
		if a == h.hidden[0] {
			if begin && !closed && !void(a) {
				if n >= maxDepth {
					return damaged("html", errors.New("elements are nested too deeply"))
				}
				h.hidden = append(h.hidden, a)
			} else if !begin {
				h.hidden = h.hidden[:n-1]
			}
		}
		return nil
	}
	gone = gone || strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") || hides(a)
	if begin && gone && !void(a) && !closed {
		if a != 0 {
			h.hidden = append(h.hidden, a)
		}
		return nil
	}
	if begin && a == atom.Input && !gone && kind != "hidden" && kind != "checkbox" && kind != "radio" {
		h.put(value)
	}
	return h.layout(a, begin)
}

// layout breaks lines, rows and cells.
func (h *pageReader) layout(a atom.Atom, begin bool) error {
	switch a {
	case atom.Br:
		if h.inCell {
			h.put(" ")
			return nil
		}
		return h.flush()
	case atom.Table:
		if begin {
			if h.inCell {
				h.depth++ // a table in a cell is read as the cell's text
				return nil
			}
		} else if h.depth > 0 {
			h.depth--
			return nil
		}
	case atom.Tr:
		if h.depth > 0 {
			h.put(" ")
			return nil
		}
		if err := h.endRow(); err != nil {
			return err
		}
		h.inRow = begin
		return nil
	case atom.Td, atom.Th:
		if h.depth > 0 {
			h.put(" ")
			return nil
		}
		h.endCell()
		h.inCell = begin && h.inRow
		return nil
	case atom.Pre:
		if begin {
			h.pre++
		} else if h.pre > 0 {
			defer func() { h.pre-- }()
		}
	default:
	}
	if block(a) {
		if h.inCell {
			h.put(" ")
			return nil
		}
		return h.flush()
	}
	return nil
}

func (h *pageReader) endCell() {
	if h.inCell && len(h.row) <= maxCells { // one more than allowed, so that the row is refused
		h.row = append(h.row, strings.TrimSpace(h.line.String()))
		h.line.Reset()
	}
	h.inCell = false
}

func (h *pageReader) endRow() error {
	h.endCell()
	if !h.inRow {
		return h.flush()
	}
	row := h.row
	h.row, h.inRow = nil, false
	h.line.Reset()
	if len(row) == 0 {
		return nil
	}
	return h.sink.row(row, PlaceBody)
}

// flush ends the line that is open.
func (h *pageReader) flush() error {
	if h.inRow {
		return h.endRow()
	}
	text := h.line.String()
	h.line.Reset()
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		if strings.TrimSpace(line) != "" {
			if err := h.sink.add(Line{Text: strings.TrimRight(line, " \r")}); err != nil {
				return err
			}
		}
		text = rest
	}
	return nil
}
