package transcript

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"errors"
	"io"
)

// Bounds on one PDF file.
const (
	pdfMaxObjects = 150_000
	pdfMaxStream  = 3 << 20 // bytes of one stream when expanded
	// pdfMaxReads is how often, on the average, what the parts of a file may expand to may be read: an object,
	// a font or a form that is asked for again is read again.
	pdfMaxReads = 3
)

// pdfFile finds the objects of a file by looking for them, not by its table: a damaged or dishonest
// table then makes no difference, and the memory needed is known. Where an object is there twice,
// the later one counts, as in a file that was changed by appending.
type pdfFile struct {
	data    []byte
	objects map[int]pdfPlace
	trailer pdfDict
	budget  int // bytes that streams may yet expand to
	work    int // bytes that may yet be read of objects and streams, again and again
	refused error

	packed     int // number of the object stream that is held expanded
	packedData []byte
	packedFrom map[int]int
}

type pdfPlace struct {
	offset int // of the object itself, after "obj"; in a packed object, its index
	in     int // the object stream that holds it, 0 if none
}

func openPDF(data []byte, budget int) (*pdfFile, error) {
	f := &pdfFile{data: data, objects: map[int]pdfPlace{}, trailer: pdfDict{}, budget: budget, work: pdfMaxReads * budget}
	var containers []int
	for i := 0; ; {
		n := bytes.Index(data[i:], []byte("obj"))
		if n < 0 {
			break
		}
		i += n + 3
		num, ok := objectNumber(data[:i-3])
		if !ok {
			continue
		}
		if len(f.objects) >= pdfMaxObjects {
			return nil, tooLarge("objects", pdfMaxObjects)
		}
		f.objects[num] = pdfPlace{offset: i}
		end := min(len(data), i+512)
		if head := data[i:end]; bytes.Contains(head, []byte("ObjStm")) {
			containers = append(containers, num)
		} else if bytes.Contains(head, []byte("XRef")) {
			if d, ok := f.parseAt(i).(pdfDict); ok && d["Type"] == pdfName("XRef") {
				f.addTrailer(d)
			}
		}
	}
	for i := 0; !f.tired(); {
		n := bytes.Index(data[i:], []byte("trailer"))
		if n < 0 {
			break
		}
		i += n + len("trailer")
		if d, ok := f.parseAt(i).(pdfDict); ok {
			f.addTrailer(d)
		}
	}
	for _, num := range containers {
		if err := f.unpackIndex(num); err != nil {
			return nil, err
		}
	}
	if f.tired() {
		return nil, errExpanded
	}
	return f, nil
}

// tired reports whether more was read of the file than a transcript can need. What is found from then on is
// nothing, and the file is refused.
func (f *pdfFile) tired() bool { return f.work < 0 }

func (f *pdfFile) addTrailer(d pdfDict) {
	for _, k := range []pdfName{"Root", "Encrypt"} {
		if v, ok := d[k]; ok {
			f.trailer[k] = v
		}
	}
}

// objectNumber reads "12 0 " from the end of b.
func objectNumber(b []byte) (int, bool) {
	i := len(b)
	back := func(digit bool, max int) (value, n int) {
		scale := 1
		for i > 0 && n < max {
			c := b[i-1]
			if digit != (c >= '0' && c <= '9') || !digit && !pdfSpace(c) {
				break
			}
			if digit {
				value += int(c-'0') * scale
				scale *= 10
			}
			i--
			n++
		}
		return value, n
	}
	back(false, 8)
	if _, n := back(true, 5); n == 0 {
		return 0, false
	}
	if _, n := back(false, 8); n == 0 {
		return 0, false
	}
	num, n := back(true, 9)
	return num, n > 0 && num > 0 && (i == 0 || pdfSpace(b[i-1]) || b[i-1] == 'j' || b[i-1] == 'm' || b[i-1] == '>')
}

func (f *pdfFile) parseAt(i int) any {
	if f.tired() {
		return nil
	}
	l := &pdfLexer{b: f.data, i: i}
	v, err := l.next(0)
	if f.work -= l.i - i; err != nil {
		return nil
	}
	return v
}

// unpackIndex notes the objects that an object stream holds.
func (f *pdfFile) unpackIndex(num int) error {
	if !f.expandPacked(num) {
		return f.refused // what a damaged one holds is missing, which shows where it is used
	}
	if f.work -= len(f.packedFrom); f.tired() {
		return errExpanded
	}
	for n := range f.packedFrom {
		at, ok := f.objects[n]
		if ok && at.in == 0 && at.offset > f.objects[num].offset {
			continue // changed later
		}
		if !ok && len(f.objects) >= pdfMaxObjects {
			return tooLarge("objects", pdfMaxObjects)
		}
		f.objects[n] = pdfPlace{in: num}
	}
	return nil
}

// expandPacked expands the object stream and reads its index; false means that it cannot be read.
func (f *pdfFile) expandPacked(num int) bool {
	if f.packed == num && f.packed != 0 {
		return true
	}
	at := f.objects[num]
	d, ok := f.parseAt(at.offset).(pdfDict)
	if at.in != 0 || !ok || d["Type"] != pdfName("ObjStm") {
		return false
	}
	data, err := f.streamAt(at.offset)
	if err != nil {
		return false
	}
	f.work -= len(data)
	first, _ := f.resolve(d["First"]).(float64)
	count, _ := f.resolve(d["N"]).(float64)
	if count < 0 || count > pdfMaxObjects || first < 0 || first > float64(len(data)) {
		return false
	}
	index := map[int]int{}
	l := &pdfLexer{b: data[:int(first)]}
	for k := 0; k < int(count); k++ {
		l.elements = 0
		a, err := l.next(0)
		b, err2 := l.next(0)
		n, ok := a.(float64)
		off, ok2 := b.(float64)
		if err != nil || err2 != nil || !ok || !ok2 {
			break
		}
		if n > 0 && n < 1<<30 && off >= 0 && off+first < float64(len(data)) {
			index[int(n)] = int(off) + int(first)
		}
	}
	f.packed, f.packedData, f.packedFrom = num, data, index
	return true
}

// resolve returns the object that v refers to, or v itself.
func (f *pdfFile) resolve(v any) any {
	for hops := 0; hops < 8; hops++ {
		r, ok := v.(pdfRef)
		if !ok {
			return v
		}
		at, ok := f.objects[int(r)]
		switch {
		case !ok:
			return nil
		case at.in == 0:
			v = f.parseAt(at.offset)
		default:
			if !f.expandPacked(at.in) {
				return nil
			}
			off, ok := f.packedFrom[int(r)]
			if !ok {
				return nil
			}
			l := &pdfLexer{b: f.packedData, i: off}
			var err error
			v, err = l.next(0)
			if f.work -= l.i - off; err != nil {
				return nil
			}
		}
	}
	return nil
}

func (f *pdfFile) dict(v any) pdfDict {
	d, _ := f.resolve(v).(pdfDict)
	return d
}

func (f *pdfFile) array(v any) pdfArray {
	a, _ := f.resolve(v).(pdfArray)
	return a
}

func (f *pdfFile) num(v any) float64 {
	n, _ := f.resolve(v).(float64)
	return n
}

// stream returns the expanded bytes of the stream that v refers to.
func (f *pdfFile) stream(v any) ([]byte, error) {
	r, ok := v.(pdfRef)
	if !ok {
		return nil, errPDFSyntax
	}
	at, ok := f.objects[int(r)]
	if !ok || at.in != 0 {
		return nil, errPDFSyntax
	}
	return f.streamAt(at.offset)
}

func (f *pdfFile) streamAt(offset int) ([]byte, error) {
	if f.tired() {
		return nil, errExpanded
	}
	l := &pdfLexer{b: f.data, i: offset}
	v, err := l.next(0)
	d, ok := v.(pdfDict)
	f.work -= l.i - offset
	if err != nil || !ok {
		return nil, errPDFSyntax
	}
	l.skip()
	if !bytes.HasPrefix(f.data[l.i:], []byte("stream")) {
		return nil, errPDFSyntax
	}
	i := l.i + len("stream")
	if i < len(f.data) && f.data[i] == '\r' {
		i++
	}
	if i < len(f.data) && f.data[i] == '\n' {
		i++
	}
	raw := f.data[i:]
	length := -1
	switch n := d["Length"].(type) {
	case float64:
		length = int(n)
	case pdfRef:
		if at, ok := f.objects[int(n)]; ok && at.in == 0 {
			if v, ok := f.parseAt(at.offset).(float64); ok {
				length = int(v)
			}
		}
	}
	if length < 0 || length > len(raw) || !bytes.HasPrefix(bytes.TrimLeft(raw[length:min(len(raw), length+32)], "\r\n \t"), []byte("endstream")) {
		if length = bytes.Index(raw, []byte("endstream")); length < 0 {
			length = len(raw)
		}
	}
	f.work -= length
	return f.expand(raw[:length], d)
}

func (f *pdfFile) expand(raw []byte, d pdfDict) ([]byte, error) {
	var filters, parms pdfArray
	switch v := f.plain(d["Filter"]).(type) {
	case pdfName:
		filters = pdfArray{v}
	case pdfArray:
		filters = v
	}
	switch v := f.plain(d["DecodeParms"]).(type) {
	case pdfDict:
		parms = pdfArray{v}
	case pdfArray:
		parms = v
	}
	if len(filters) > 4 {
		return nil, errPDFSyntax
	}
	data := raw
	for k, v := range filters {
		var p pdfDict
		if k < len(parms) {
			p, _ = f.plain(parms[k]).(pdfDict)
		}
		var err error
		if data, err = f.filter(data, f.plain(v), p); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// plain resolves a reference to an object that is not packed: filters of object streams may not
// depend on object streams.
func (f *pdfFile) plain(v any) any {
	if r, ok := v.(pdfRef); ok {
		if at, ok := f.objects[int(r)]; ok && at.in == 0 {
			return f.parseAt(at.offset)
		}
		return nil
	}
	return v
}

func (f *pdfFile) filter(data []byte, name any, parms pdfDict) ([]byte, error) {
	var r io.Reader
	switch name {
	case pdfName("FlateDecode"), pdfName("Fl"):
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		r = z
	case pdfName("ASCIIHexDecode"), pdfName("AHx"):
		data = bytes.Map(func(c rune) rune {
			if c >= 0x80 || pdfSpace(byte(c)) || c == '>' {
				return -1
			}
			return c
		}, data)
		r = hex.NewDecoder(bytes.NewReader(data))
	case pdfName("ASCII85Decode"), pdfName("A85"):
		data, _, _ = bytes.Cut(data, []byte("~>"))
		r = ascii85.NewDecoder(bytes.NewReader(data))
	default:
		return nil, errors.New("a stream is packed in a way that text never is")
	}
	limit := min(pdfMaxStream, f.budget)
	var out bytes.Buffer
	n, err := out.ReadFrom(&limitedReader{r, limit})
	f.budget -= int(n)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		f.refused = refusal
		return nil, err
	}
	if err != nil && n == 0 {
		return nil, err
	}
	return f.predict(out.Bytes(), parms)
}

// predict undoes the PNG predictors.
func (f *pdfFile) predict(data []byte, parms pdfDict) ([]byte, error) {
	kind, _ := f.plain(parms["Predictor"]).(float64)
	if kind < 2 {
		return data, nil
	}
	columns, colors, bits := 1.0, 1.0, 8.0
	for k, p := range map[pdfName]*float64{"Columns": &columns, "Colors": &colors, "BitsPerComponent": &bits} {
		if v, ok := f.plain(parms[k]).(float64); ok {
			*p = v
		}
	}
	width := int(columns*colors*bits+7) / 8
	step := max(1, int(colors*bits)/8)
	if kind < 10 || width < 1 || width > 1<<16 {
		return nil, errPDFSyntax
	}
	out := make([]byte, 0, len(data))
	prev := make([]byte, width)
	for len(data) > width {
		tag, row := data[0], append([]byte(nil), data[1:1+width]...)
		data = data[1+width:]
		for i := range row {
			var a, c int
			b := int(prev[i])
			if i >= step {
				a, c = int(row[i-step]), int(prev[i-step])
			}
			switch tag {
			case 1:
				row[i] += byte(a)
			case 2:
				row[i] += byte(b)
			case 3:
				row[i] += byte((a + b) / 2)
			case 4:
				row[i] += byte(paeth(a, b, c))
			}
		}
		out = append(out, row...)
		prev = row
	}
	return out, nil
}

func paeth(a, b, c int) int {
	abs := func(v int) int { return max(v, -v) }
	p := a + b - c
	pa, pb, pc := abs(p-a), abs(p-b), abs(p-c)
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}
