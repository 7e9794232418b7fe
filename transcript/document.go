package transcript

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Limits bound what reading a document may cost.
type Limits struct {
	// File is the largest document in bytes.
	File int
	// Expanded is the most that the parts of a packed document (.docx, .pdf) may expand to, bytes.
	Expanded int
	// Text is the most text that a document may hold, in bytes of UTF-8.
	Text int
	// Lines is the largest number of lines.
	Lines int
}

// DefaultLimits keep the reading of any file below 64 MiB. Twelve hours of typing at the speed of a
// court stenographer come to half of the text that they allow.
var DefaultLimits = Limits{File: 16 << 20, Expanded: 48 << 20, Text: 1 << 20, Lines: 30_000}

// Place is the part of a page that a line stands in.
type Place uint8

// The parts of a page.
const (
	PlaceBody Place = iota
	PlaceTextBox
	PlaceHeader // of the page, not of the form
	PlaceFooter
)

// Line is one line of text as the reader sees it: a paragraph, a row of a table, a line of a file.
type Line struct {
	Number int    // from 1
	Text   string // cells of a row are divided by tabs
	Cells  []string
	Place  Place
	// Entry is true for lines that the format itself marks as question or answer (JSON).
	Entry Role
	// At is the time code that the format gives the line, as written.
	At string
}

// Document is what was read.
type Document struct {
	Name   string
	Format string // "docx", "txt", "pdf", "html", "json"
	Lines  []Line
	Reading
}

// Refusal is the error of a document that cannot be read, with the words for the person who has to
// do something about it.
type Refusal struct {
	// Kind says why, for programs: "legacy", "scanned", "protected", "damaged", "too_large",
	// "empty", "unknown".
	Kind string
	Text Text
	err  error
}

// Error returns the English text.
func (r *Refusal) Error() string { return r.Text.EN }

// Unwrap returns the cause, nil if there is none.
func (r *Refusal) Unwrap() error { return r.err }

func refuse(kind, en, zh string) error { return &Refusal{Kind: kind, Text: Text{EN: en, ZH: zh}} }

func damaged(format string, err error) error {
	var r *Refusal
	if errors.As(err, &r) {
		return err
	}
	return &Refusal{Kind: "damaged", err: err, Text: Text{
		EN: fmt.Sprintf("the %s file is damaged: %v; save it again as .docx and hand that in", format, err),
		ZH: fmt.Sprintf("%s 文件已损坏（%v），请重新另存为 .docx 后提交", format, err),
	}}
}

func tooLarge(what string, n int) error {
	return refuse("too_large",
		fmt.Sprintf("the document is too large: %s over %d; a transcript never is, check that this is the right file", what, n),
		fmt.Sprintf("文件过大（%s 超过 %d），请确认是否为笔录文件", what, n))
}

// sink collects the lines of a document within the limits.
type sink struct {
	lim   Limits
	lines []Line
	bytes int
}

// add appends a line; its number is its place.
func (s *sink) add(l Line) error {
	s.bytes += len(l.Text)
	for _, c := range l.Cells {
		s.bytes += len(c)
	}
	if s.bytes > s.lim.Text {
		return tooLarge("text in bytes", s.lim.Text)
	}
	if len(s.lines) >= s.lim.Lines {
		return tooLarge("lines", s.lim.Lines)
	}
	l.Number = len(s.lines) + 1
	s.lines = append(s.lines, l)
	return nil
}

// maxCells is the largest number of cells of a row.
const maxCells = 1024

func (s *sink) row(cells []string, place Place) error {
	if len(cells) > maxCells {
		return tooLarge("cells of a row", maxCells)
	}
	return s.add(Line{Text: strings.Join(cells, "\t"), Cells: cells, Place: place})
}

// Read reads the document data; name is its file name, of which only the ending is used, and only
// where the bytes do not say what they are. The error is a [*Refusal] for everything that a person
// can mend.
func Read(name string, data []byte, lim Limits) (*Document, error) {
	d, err := readLines(name, data, lim)
	if err != nil {
		return nil, err
	}
	if !d.hasText() {
		return nil, refuse("empty", "the document holds no text", "文件中没有文字内容")
	}
	d.Reading = read(d.Lines)
	return d, nil
}

// readLines turns the bytes into lines.
func readLines(name string, data []byte, lim Limits) (*Document, error) {
	if lim.File == 0 {
		lim = DefaultLimits
	}
	if len(data) > lim.File {
		return nil, tooLarge("bytes", lim.File)
	}
	format, err := sniff(name, data)
	if err != nil {
		return nil, err
	}
	s := &sink{lim: lim}
	switch format {
	case "docx":
		err = readDocx(data, s)
	case "pdf":
		err = readPDF(data, s)
	case "html":
		err = readHTML(data, s)
	case "json":
		err = readJSON(data, s)
	default:
		err = readText(data, s)
	}
	if err != nil {
		return nil, err
	}
	return &Document{Name: name, Format: format, Lines: s.lines}, nil
}

func (d *Document) hasText() bool {
	for _, l := range d.Lines {
		if strings.TrimSpace(l.Text) != "" {
			return true
		}
	}
	return false
}

// sniff tells the format from the bytes, and from the name's ending where they do not say.
func sniff(name string, data []byte) (string, error) {
	ext := strings.ToLower(filepath.Ext(name))
	head := string(data[:min(len(data), 1024)])
	saveAs := func(kind string) error {
		return refuse("legacy",
			fmt.Sprintf("%s files cannot be read; open it in the program it was written with, choose “Save as”, Word document (.docx), and hand that in", kind),
			fmt.Sprintf("无法读取 %s 文件，请用原编辑软件打开，选择“另存为” Word 文档 (.docx) 后提交", kind))
	}
	switch {
	case strings.HasPrefix(head, "PK\x03\x04"):
		return "docx", nil
	case strings.HasPrefix(head, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
		if ext == ".docx" {
			return "", refuse("protected",
				"the document is protected by a password; remove the password, save it as .docx and hand that in",
				"文件设有密码保护，请取消密码后另存为 .docx 提交")
		}
		if ext != ".wps" {
			ext = ".doc"
		}
		return "", saveAs(ext)
	case strings.HasPrefix(head, "{\\rtf"):
		return "", saveAs(".rtf")
	case strings.Contains(head, "%PDF-"):
		return "pdf", nil
	}
	for _, magic := range []string{"\xff\xd8\xff", "\x89PNG", "II*\x00", "MM\x00*", "GIF8", "BM6"} {
		if strings.HasPrefix(head, magic) {
			return "", scanned()
		}
	}
	switch ext {
	case ".doc", ".wps", ".wpt", ".rtf", ".odt", ".ofd", ".et", ".xls", ".xlsx", ".dot":
		if !looksLikeText(data) {
			return "", saveAs(ext)
		}
		if ext == ".doc" || ext == ".wps" {
			return "", saveAs(ext)
		}
	case ".docx", ".docm":
		return "", damaged("docx", errors.New("not a packed file"))
	case ".pdf":
		return "", damaged("pdf", errors.New("no PDF header"))
	case ".html", ".htm", ".xhtml", ".mht":
		return "html", nil
	case ".json":
		return "json", nil
	}
	text := strings.ToLower(strings.TrimLeft(strings.TrimPrefix(head, "\xef\xbb\xbf"), " \t\r\n"))
	switch {
	case ext == ".txt":
		return "txt", nil
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"), strings.HasPrefix(text, "<?xml") && strings.Contains(text, "<html"):
		return "html", nil
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		if ext == "" {
			return "json", nil
		}
	}
	return "txt", nil
}

func scanned() error {
	return refuse("scanned",
		"the document is a picture without text; key its times by hand (one person enters them, another confirms)",
		"文件为扫描图像，没有可识别的文字，请人工录入起止时间（一人录入、另一人核对）")
}
