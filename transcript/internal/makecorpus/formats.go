package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// format writes a page as a file.
type format struct {
	ext   string
	write func(page) []byte
}

// flat returns the page as lines; a row's cells are divided by tabs.
func (p page) flat() []string {
	out := append([]string{}, p.lines[:1]...)
	for _, r := range p.table {
		out = append(out, strings.Join(r, "\t"))
	}
	return append(out, p.lines[1:]...)
}

// formats returns what a page can be written as. A page with a table is written where tables are.
func formats(p page) []format {
	if p.table != nil {
		return []format{{".docx", docx}, {".html", htmlTable}}
	}
	return []format{
		{".txt", func(p page) []byte { return []byte(join(p.flat())) }},
		{".docx", docx},
		{".pdf", pdfIdentity},
		{"-gb18030.txt", gb18030},
		{".html", htmlTable},
		{"-utf16le.txt", func(p page) []byte { return utf16Bytes(join(p.flat()), false, true) }},
		{".json", jsonText},
		{"-utf16be.txt", func(p page) []byte { return utf16Bytes(join(p.flat()), true, false) }},
		{"-gbk.pdf", pdfGBK},
		{"-bom.txt", func(p page) []byte { return []byte("\ufeff" + strings.ReplaceAll(join(p.flat()), "\n", "\r\n")) }},
	}
}

func gb18030(p page) []byte {
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(join(p.flat())))
	if err != nil {
		panic(err)
	}
	return b
}

func utf16Bytes(s string, big, bom bool) []byte {
	var out []byte
	u := utf16.Encode([]rune(s))
	if bom {
		u = append([]uint16{0xfeff}, u...)
	}
	for _, v := range u {
		if big {
			out = append(out, byte(v>>8), byte(v))
		} else {
			out = append(out, byte(v), byte(v>>8))
		}
	}
	return out
}

func htmlTable(p page) []byte {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>2020年1月1日</title><style>p{margin:0}</style></head><body>\n")
	fmt.Fprintf(&b, "<h1>%s</h1>\n", html.EscapeString(p.lines[0]))
	if p.table != nil {
		b.WriteString("<table>\n")
		for _, r := range p.table {
			b.WriteString("<tr>")
			for i, c := range r {
				tag := "td"
				if i == 0 {
					tag = "th"
				}
				fmt.Fprintf(&b, "<%s>%s</%s>", tag, html.EscapeString(c), tag)
			}
			b.WriteString("</tr>\n")
		}
		b.WriteString("</table>\n")
	}
	for _, l := range p.lines[1:] {
		fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(l))
	}
	b.WriteString("<script>var t='时间:2020年1月1日1时1分至2时2分'</script></body></html>\n")
	return []byte(b.String())
}

func jsonText(p page) []byte {
	type entry struct {
		Role string `json:"role"`
		Text string `json:"text"`
	}
	head, entries, tail := []string{}, []entry{}, []string{}
	for _, l := range p.flat() {
		switch {
		case strings.HasPrefix(l, "问:"), strings.HasPrefix(l, "Q: "):
			entries = append(entries, entry{"question", l[strings.Index(l, ":")+1:]})
		case strings.HasPrefix(l, "答:"), strings.HasPrefix(l, "A: "):
			entries = append(entries, entry{"answer", l[strings.Index(l, ":")+1:]})
		case len(entries) == 0:
			head = append(head, l)
		default:
			tail = append(tail, l)
		}
	}
	b, err := json.MarshalIndent(struct {
		Text    string  `json:"text"`
		Entries []entry `json:"entries"`
		Body    string  `json:"body"`
	}{strings.Join(head, "\n"), entries, strings.Join(tail, "\n")}, "", " ")
	if err != nil {
		panic(err)
	}
	return b
}

const wordNS = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" xmlns:v="urn:schemas-microsoft-com:vml"`

// para is a paragraph in two runs, as Word leaves them after editing.
func para(text string) string {
	r := []rune(text)
	half := len(r) / 2
	return "<w:p>" + run(string(r[:half])) + run(string(r[half:])) + "</w:p>"
}

func run(text string) string {
	return `<w:r><w:rPr><w:rFonts w:hint="eastAsia"/></w:rPr><w:t xml:space="preserve">` + html.EscapeString(text) + "</w:t></w:r>"
}

func docx(p page) []byte {
	var b strings.Builder
	b.WriteString(para(p.lines[0]))
	if p.table != nil {
		b.WriteString("<w:tbl><w:tblPr/><w:tblGrid/>")
		for _, r := range p.table {
			b.WriteString("<w:tr>")
			for _, c := range r {
				b.WriteString("<w:tc><w:tcPr/>" + para(c) + "</w:tc>")
			}
			b.WriteString("</w:tr>")
		}
		b.WriteString("</w:tbl>")
	}
	for _, l := range p.lines[1:] {
		b.WriteString(para(l))
	}
	return word(b.String(), p.header, p.footer)
}

// word packs the body of a document with its page header and footer.
func word(body, header, footer string) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	part := func(name, text string) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" + text))
		}
		if err != nil {
			panic(err)
		}
	}
	part("[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`)
	part("_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`)
	part("word/document.xml", `<w:document `+wordNS+`><w:body>`+body+`<w:sectPr/></w:body></w:document>`)
	if header != "" {
		part("word/header1.xml", `<w:hdr `+wordNS+`>`+para(header)+`</w:hdr>`)
	}
	if footer != "" {
		part("word/footer1.xml", `<w:ftr `+wordNS+`>`+para(footer)+`</w:ftr>`)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}
