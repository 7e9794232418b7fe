package transcript

import (
	"errors"
	"math"
)

// pdfMaxPages is the largest number of pages that are read.
const pdfMaxPages = 2000

// readPDF reads the visible text of a PDF file. Scans, also those with recognised text under them,
// are refused: their times are keyed by hand. So is a file whose fonts do not say what their glyphs
// mean.
func readPDF(data []byte, s *sink) error {
	f, err := openPDF(data, s.lim.Expanded)
	if err != nil {
		return err
	}
	if f.trailer["Encrypt"] != nil {
		return refuse("protected",
			"the PDF is protected; save it without protection, or hand in the .docx",
			"PDF 文件已加密，请取消保护后重新保存，或提交 .docx 文件")
	}
	root := f.dict(f.trailer["Root"])
	if root == nil {
		return damaged("pdf", errors.New("no catalogue of pages"))
	}
	pages, err := f.pages(root["Pages"])
	if err != nil {
		return err
	}
	if f.tired() {
		return errExpanded
	}
	if len(pages) == 0 {
		return damaged("pdf", errors.New("no pages"))
	}
	fonts := map[any]*pdfFont{}
	bad, good, seen, images, invisible := 0, 0, false, false, false
	for _, page := range pages {
		p := &pdfPage{file: f, fonts: fonts, limit: s.lim.Text}
		if err := p.read(page); err != nil {
			return damaged("pdf", err)
		}
		if f.tired() {
			return errExpanded
		}
		bad, good = bad+p.bad, good+p.good
		images, invisible = images || p.images, invisible || p.invisible
		for _, line := range p.lines() {
			seen = true
			if err := s.add(Line{Text: line}); err != nil {
				return err
			}
		}
	}
	switch {
	case !seen && (images || invisible):
		return scanned()
	case bad*50 > bad+good:
		return refuse("unknown",
			"the PDF does not say which characters its letters are; save the transcript as .docx and hand that in",
			"PDF 中的字体缺少文字编码信息，无法读取，请将笔录另存为 .docx 后提交")
	}
	return nil
}

// pages returns the leaves of the page tree with what they inherit.
func (f *pdfFile) pages(root any) ([]pdfDict, error) {
	var out []pdfDict
	seen := map[pdfRef]bool{}
	var walk func(v any, inherited any, depth int) error
	walk = func(v any, inherited any, depth int) error {
		if r, ok := v.(pdfRef); ok {
			if seen[r] {
				return nil
			}
			seen[r] = true
		}
		d := f.dict(v)
		if d == nil || depth > pdfMaxDepth {
			return nil
		}
		if r, ok := d["Resources"]; ok {
			inherited = r
		}
		kids, branch := f.resolve(d["Kids"]).(pdfArray)
		if !branch {
			if len(out) >= pdfMaxPages {
				return tooLarge("pages", pdfMaxPages)
			}
			out = append(out, pdfDict{"Resources": inherited, "Contents": d["Contents"], "Annots": d["Annots"]})
			return nil
		}
		for _, k := range kids {
			if err := walk(k, inherited, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return out, walk(root, nil, 0)
}

func (p *pdfPage) read(page pdfDict) error {
	f := p.file
	resources := f.dict(page["Resources"])
	contents := pdfArray{page["Contents"]}
	if a, ok := f.resolve(page["Contents"]).(pdfArray); ok {
		contents = a
	}
	var data []byte
	for _, c := range contents {
		if c == nil {
			continue
		}
		part, err := f.stream(c)
		if err != nil {
			return err
		}
		if len(data)+len(part) > pdfMaxStream {
			return errExpanded
		}
		data = append(append(data, part...), '\n')
	}
	if err := p.content(data, resources, pdfIdentity, 0); err != nil {
		return err
	}
	return p.fields(f.array(page["Annots"]))
}

// fields reads what is written into the fields of a form.
func (p *pdfPage) fields(annots pdfArray) error {
	f := p.file
	for _, v := range annots {
		a := f.dict(v)
		if f.resolve(a["Subtype"]) != pdfName("Widget") {
			continue
		}
		look := f.dict(a["AP"])["N"]
		if d := f.dict(look); d != nil && f.resolve(d["Subtype"]) != pdfName("Form") {
			state, _ := f.resolve(a["AS"]).(pdfName)
			look = d[state]
		}
		rect := p.numbersOf(f.array(a["Rect"]))
		if len(rect) != 4 || look == nil {
			continue
		}
		at := pdfMatrix{1, 0, 0, 1, math.Min(rect[0], rect[2]), math.Min(rect[1], rect[3])}
		if err := p.drawForm(look, nil, at, 0); err != nil {
			return err
		}
	}
	return nil
}
