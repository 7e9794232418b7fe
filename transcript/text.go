package transcript

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// readText reads plain text in UTF-8, UTF-16 of either order, or GB18030, with or without a mark.
func readText(data []byte, s *sink) error {
	text, err := decodeText(data, s.lim.Text)
	if err != nil {
		return err
	}
	return addLines(text, s)
}

func addLines(text string, s *sink) error {
	for len(text) > 0 {
		n := strings.IndexAny(text, "\r\n\f\v\u2028\u2029\u0085")
		line := text
		if n < 0 {
			text = ""
		} else {
			line = text[:n]
			if strings.HasPrefix(text[n:], "\r\n") {
				n++
			}
			_, w := utf8.DecodeRuneInString(text[n:])
			text = text[n+w:]
		}
		if err := s.add(Line{Text: line}); err != nil {
			return err
		}
	}
	return nil
}

// decodeText returns data as UTF-8. It refuses what is not text in any of the encodings.
func decodeText(data []byte, limit int) (string, error) {
	decoder, data := chooseDecoder(data)
	if decoder == nil {
		if len(data) > limit {
			return "", tooLarge("text in bytes", limit)
		}
		return checkText(string(data))
	}
	var out bytes.Buffer
	r := transform.NewReader(bytes.NewReader(data), decoder.NewDecoder())
	if _, err := out.ReadFrom(&limitedReader{r, limit}); err != nil {
		return "", err
	}
	return checkText(out.String())
}

// chooseDecoder returns nil for UTF-8.
func chooseDecoder(data []byte) (encoding.Encoding, []byte) {
	little := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	big := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	switch {
	case bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}):
		return nil, data[3:]
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return little, data[2:]
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return big, data[2:]
	case bytes.HasPrefix(data, []byte{0x84, 0x31, 0x95, 0x33}):
		return simplifiedchinese.GB18030, data[4:]
	}
	if even, odd := asciiHalves(data); len(data)%2 == 0 && even+odd > 0 {
		// In UTF-16 without a mark, the high byte of every digit, blank and line end is zero.
		if odd > 0 && even == 0 {
			return little, data
		}
		if even > 0 && odd == 0 {
			return big, data
		}
		if odd > 20*even {
			return little, data
		}
		if even > 20*odd {
			return big, data
		}
	}
	if utf8.Valid(data) {
		return nil, data
	}
	if n := len(data); n > 0 && utf8.Valid(data[:n-trailing(data)]) {
		return nil, data[:n-trailing(data)] // cut off inside its last character
	}
	return simplifiedchinese.GB18030, data
}

// trailing returns the length of an incomplete character at the end.
func trailing(data []byte) int {
	for n := 1; n <= 3 && n <= len(data); n++ {
		if b := data[len(data)-n]; utf8.RuneStart(b) {
			if b >= 0xc0 && !utf8.FullRune(data[len(data)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// asciiHalves counts the zero bytes at even and odd places.
func asciiHalves(data []byte) (even, odd int) {
	for i, b := range data[:min(len(data), 64<<10)] {
		if b == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	return even, odd
}

// checkText refuses text of which more than one character in fifty is none.
func checkText(s string) (string, error) {
	bad, n := 0, 0
	for _, r := range s {
		n++
		if r == utf8.RuneError || r < 0x20 && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != '\v' {
			bad++
		}
	}
	if bad*50 > n {
		return "", refuse("unknown",
			"the file is not text in UTF-8, UTF-16 or GB18030; save the document as .docx and hand that in",
			"文件不是 UTF-8、UTF-16 或 GB18030 编码的文本，请另存为 .docx 后提交")
	}
	return s, nil
}

func looksLikeText(data []byte) bool {
	_, err := decodeText(data[:min(len(data), 4096)], 64<<10)
	return err == nil
}
