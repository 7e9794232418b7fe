package main

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// pdfFile writes a file of one font and as many pages as the text needs. encode gives a line's bytes
// in the font's encoding.
func pdfFile(p page, font, kid string, toUnicode []byte, encode func(string) []byte) []byte {
	const perPage, size = 40, 12
	lines := p.flat()
	var objects []string
	add := func(s string) int {
		objects = append(objects, s)
		return len(objects)
	}
	stream := func(data []byte) string {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		if _, err := w.Write(data); err != nil {
			panic(err)
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
		return fmt.Sprintf("<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", z.Len(), z.String())
	}
	add("<< /Type /Catalog /Pages 2 0 R >>")
	add("") // pages, filled in below
	add("") // font
	add(kid)
	if toUnicode != nil {
		objects[2] = strings.Replace(font, "TOUNICODE", fmt.Sprintf("/ToUnicode %d 0 R", add(stream(toUnicode))), 1)
	} else {
		objects[2] = font
	}
	var kids []string
	for len(lines) > 0 {
		n := min(perPage, len(lines))
		var c bytes.Buffer
		fmt.Fprintf(&c, "BT /F1 %d Tf 16 TL 60 780 Td\n", size)
		for _, l := range lines[:n] {
			fmt.Fprintf(&c, "<%X> Tj T*\n", encode(l))
		}
		c.WriteString("ET\n")
		content := add(stream(c.Bytes()))
		kids = append(kids, fmt.Sprintf("%d 0 R", add(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", content))))
		lines = lines[n:]
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(kids), strings.Join(kids, " "))
	var out bytes.Buffer
	out.WriteString("%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return out.Bytes()
}

// pdfIdentity writes glyph numbers with a table that says which characters they are, as most
// programs do.
func pdfIdentity(p page) []byte {
	glyph := map[rune]int{}
	var order []rune
	for _, l := range p.flat() {
		for _, r := range l {
			if glyph[r] == 0 {
				order = append(order, r)
				glyph[r] = len(order) + 2
			}
		}
	}
	var m strings.Builder
	m.WriteString("/CIDInit /ProcSet findresource begin\nbegincmap\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for len(order) > 0 {
		n := min(100, len(order))
		fmt.Fprintf(&m, "%d beginbfchar\n", n)
		for _, r := range order[:n] {
			fmt.Fprintf(&m, "<%04X> <", glyph[r])
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&m, "%04X", u)
			}
			m.WriteString(">\n")
		}
		m.WriteString("endbfchar\n")
		order = order[n:]
	}
	m.WriteString("endcmap\nend\n")
	return pdfFile(p,
		"<< /Type /Font /Subtype /Type0 /BaseFont /AAAAAA+SimSun /Encoding /Identity-H /DescendantFonts [4 0 R] TOUNICODE >>",
		"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /AAAAAA+SimSun /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 1000 >>",
		[]byte(m.String()), func(s string) []byte {
			var out []byte
			for _, r := range s {
				out = append(out, byte(glyph[r]>>8), byte(glyph[r]))
			}
			return out
		})
}

// pdfGBK writes with one of the encodings that every reader knows, as older office programs do.
func pdfGBK(p page) []byte {
	return pdfFile(p,
		"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /GBK-EUC-H /DescendantFonts [4 0 R] >>",
		"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /DW 1000 >>",
		nil, func(s string) []byte {
			b, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(strings.NewReplacer("〇", "○", "—", "-", "\t", " ").Replace(s)))
			if err != nil {
				panic(err)
			}
			return b
		})
}
