package transcript

import (
	"archive/zip"
	"bytes"
	"errors"
	"path"
	"slices"
	"strings"
)

// Bounds on a packed document's directory. Word writes about twenty parts; pictures add one each.
const (
	maxParts    = 4096
	maxPartName = 512 // bytes
)

// readDocx reads the text of a word-processing document: page headers, body with tables and text
// boxes, foot- and endnotes, page footers. Inserted text counts; deleted text and text at the place
// that it was moved away from do not.
func readDocx(data []byte, s *sink) error {
	// The library reads the whole directory before it can be asked for its length.
	if n := bytes.Count(data, []byte("PK\x01\x02")); n > maxParts {
		return tooLarge("parts", maxParts)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return damaged("docx", err)
	}
	parts := map[string]*zip.File{}
	for _, f := range z.File {
		if len(f.Name) > maxPartName {
			return damaged("docx", errors.New("the name of a part is too long"))
		}
		name := strings.ToLower(strings.ReplaceAll(f.Name, "\\", "/"))
		if _, twice := parts[name]; twice {
			return damaged("docx", errors.New("a part is there twice: "+name))
		}
		parts[name] = f
	}
	pages := docxParts(parts)
	if pages == nil {
		return refuse("unknown",
			"the packed file is no Word document; save the transcript as .docx and hand that in",
			"该压缩文件不是 Word 文档，请将笔录另存为 .docx 后提交")
	}
	budget := s.lim.Expanded
	for _, p := range pages {
		if budget, err = readPart(p, budget, s); err != nil {
			return damaged("docx", err)
		}
	}
	return nil
}

type docxPart struct {
	file  *zip.File
	place Place
}

// docxParts returns the parts that hold text, in reading order, or nil if there is no document.
func docxParts(parts map[string]*zip.File) []docxPart {
	body := parts["word/document.xml"]
	if body == nil { // some programs number it
		for name, f := range parts {
			if strings.HasPrefix(name, "word/document") && strings.HasSuffix(name, ".xml") {
				if body != nil {
					return nil
				}
				body = f
			}
		}
		if body == nil {
			return nil
		}
	}
	names := make([]string, 0, len(parts))
	for name := range parts {
		if path.Dir(name) == "word" && strings.HasSuffix(name, ".xml") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var before, after []docxPart
	for _, name := range names {
		switch base := path.Base(name); {
		case strings.HasPrefix(base, "header"):
			before = append(before, docxPart{parts[name], PlaceHeader})
		case strings.HasPrefix(base, "footer"), base == "footnotes.xml", base == "endnotes.xml":
			after = append(after, docxPart{parts[name], PlaceFooter})
		}
	}
	return append(append(before, docxPart{body, PlaceBody}), after...)
}

func readPart(p docxPart, budget int, s *sink) (left int, err error) {
	r, err := p.file.Open()
	if err != nil {
		return budget, err
	}
	limited := &limitedReader{r, budget}
	w := &wordReader{sink: s, place: p.place}
	err = w.run(limited)
	return limited.left, errors.Join(err, r.Close())
}
