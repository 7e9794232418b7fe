package transcript

import "io"

// limitedReader fails, where io.LimitedReader would end, after left bytes: what is cut off must not
// look complete.
type limitedReader struct {
	r    io.Reader
	left int
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		// One byte more decides whether there was more.
		var b [1]byte
		n, err := l.r.Read(b[:])
		if n > 0 {
			return 0, errExpanded
		}
		return 0, err
	}
	if len(p) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= n
	return n, err
}

var errExpanded = refuse("too_large",
	"the document expands to far more than a transcript can hold; check that this is the right file",
	"文件解压后过大，请确认是否为笔录文件")
