//go:build !race

// The race detector multiplies the memory of everything, so that nothing could be measured under it.

package transcript

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// memoryChild names the hostile document that a child of the test reads.
const memoryChild = "ROOMREC_TEST_HOSTILE"

// hostile documents of up to 16 MiB, each meant to make its reader use far more than that.
var hostile = []struct {
	name string
	make func() []byte
}{
	{"text.txt", func() []byte { return fill("2026年11月22日09时05分至11时40分 问:答:\n", 16<<20) }},
	{"oneline.txt", func() []byte { return fill("2026年11月22日09时05分", 16<<20) }},
	{"lines.txt", func() []byte { return fill("\n", 16<<20) }},
	{"most.txt", func() []byte {
		return fill("答:2026年11月22日09时05分讯问中止,恢复,我看过。\n", 1<<20-1)
	}},
	{"head.txt", func() []byte { return fill("时间:2026年11月22日09时05分至11时40分、\t", 1<<20-1) }},
	{"utf16.txt", func() []byte { return append([]byte{0xff, 0xfe}, fill("\x2f\x66", 16<<20-2)...) }},
	{"gb.txt", func() []byte { return fill("\xb0\xa1", 16<<20) }},
	{"bomb.docx", func() []byte { return bomb("<w:p><w:r><w:t>"+strings.Repeat("时", 100)+"</w:t></w:r></w:p>", 1<<30) }},
	{"token.docx", func() []byte { return bomb("时", 1<<30) }},
	{"attributes.docx", func() []byte { return bomb(` a="b"`, 200<<20) }},
	{"depth.docx", func() []byte { return bomb("<w:p>", 200<<20) }},
	{"cells.docx", func() []byte { return bomb("<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>", 200<<20) }},
	{"full.docx", fullDocx},
	{"entries.docx", manyEntries},
	{"names.docx", longNames},
	{"json.json", func() []byte { return append([]byte("["), fill(`{"a":[1,"x"]},`, 16<<20-1)...) }},
	{"deep.json", func() []byte { return fill("[", 16<<20) }},
	{"string.json", func() []byte { return append([]byte(`{"text":"`), fill("时", 16<<20-16)...) }},
	{"members.json", func() []byte { return append([]byte("[{"), fill(`"k":"v",`, 16<<20-2)...) }},
	{"tags.html", func() []byte { return fill("<div>", 16<<20) }},
	{"cells.html", func() []byte { return append([]byte("<table><tr>"), fill("<td>x", 16<<20-11)...) }},
	{"text.html", func() []byte { return fill("时间 ", 16<<20) }},
	{"attributes.html", func() []byte { return append([]byte("<p "), fill("a=b ", 16<<20-3)...) }},
	{"objects.pdf", func() []byte { return append([]byte("%PDF-1.4\n"), fill("1 0 obj\n[1 2]\nendobj\n", 16<<20-9)...) }},
	{"manyobjects.pdf", manyObjects},
	{"array.pdf", func() []byte {
		return append([]byte("%PDF-1.4\ntrailer <</Root 1 0 R>>\n1 0 obj ["), fill("0 ", 16<<20-64)...)
	}},
	{"stream.pdf", func() []byte { return pdfBomb("(时) Tj ", 1<<30) }},
	{"stack.pdf", func() []byte { return pdfBomb("0 ", 1<<30) }},
	{"glyphs.pdf", func() []byte { return pdfBomb("BT /F1 1 Tf (aaaaaaaa) Tj ET ", 2<<20) }},
	{"pages.pdf", manyPages},
}

func fill(s string, n int) []byte {
	out := bytes.Repeat([]byte(s), n/len(s))
	return append(out, s[:n-len(out)]...)
}

// bomb packs a body that expands to about n bytes.
func bomb(body string, n int) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("word/document.xml")
	if err != nil {
		panic(err)
	}
	chunk := bytes.Repeat([]byte(body), max(1, (1<<20)/len(body)))
	fmt.Fprint(w, "<w:document><w:body")
	if body[0] != ' ' {
		fmt.Fprint(w, ">")
	}
	for i := 0; i < n; i += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// fullDocx has as much text as is allowed, every line of it work, and pictures up to the limit.
func fullDocx() []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("word/document.xml")
	if err != nil {
		panic(err)
	}
	const line = "答:2026年11月22日09时05分讯问中止,恢复,我看过。"
	fmt.Fprint(w, "<w:document>", strings.Repeat("<w:p><w:r><w:t>"+line+"</w:t></w:r></w:p>", min(1<<20/len(line), 29_000)), "</w:document>")
	if w, err = z.CreateHeader(&zip.FileHeader{Name: "word/media/1.jpg", Method: zip.Store}); err != nil {
		panic(err)
	}
	if _, err := w.Write(make([]byte, 15<<20)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func manyEntries() []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; out.Len() < 6<<20; i++ {
		if _, err := z.Create("word/" + strconv.Itoa(i)); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func longNames() []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := range 85 {
		h := &zip.FileHeader{Name: strings.Repeat("n", 60_000) + strconv.Itoa(i), Comment: strings.Repeat("c", 60_000)}
		if _, err := z.CreateHeader(h); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func manyObjects() []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	for i := 1; out.Len() < 16<<20-64; i++ {
		fmt.Fprintf(&out, "%d 0 obj 1\n", i)
	}
	return out.Bytes()
}

func pdfStream(body string, n int) string {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	chunk := bytes.Repeat([]byte(body), max(1, (64<<10)/len(body)))
	for i := 0; i < n; i += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return fmt.Sprintf("<</Filter /FlateDecode /Length %d>>\nstream\n%s\nendstream", z.Len(), z.String())
}

func pdfBomb(body string, n int) []byte {
	return []byte("%PDF-1.4\n1 0 obj <</Pages 2 0 R>> endobj\n2 0 obj <</Kids [3 0 R]>> endobj\n" +
		"3 0 obj <</Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>>> endobj\n5 0 obj <</Subtype /Type1>> endobj\n" +
		"4 0 obj " + pdfStream(body, n) + " endobj\ntrailer <</Root 1 0 R>>\n")
}

// manyPages is a file of a thousand pages of the same large content.
func manyPages() []byte {
	return []byte("%PDF-1.4\n1 0 obj <</Pages 2 0 R>> endobj\n2 0 obj <</Kids [" + strings.Repeat("3 0 R <</Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>>> ", 1000) +
		"]>> endobj\n3 0 obj <<>> endobj\n5 0 obj <</Subtype /Type1>> endobj\n4 0 obj " + pdfStream("BT /F1 1 Tf (aaaaaaaa) Tj ET ", 1<<20) + " endobj\ntrailer <</Root 1 0 R>>\n")
}

// TestMemoryBound reads every hostile document in a process of its own, which does nothing else, and
// asks the kernel for the most memory that it ever had: the program, the document and all.
func TestMemoryBound(t *testing.T) {
	if name := os.Getenv(memoryChild); name != "" {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		d, err := Read(name, data, DefaultLimits)
		if err == nil {
			Compare(d, fuzzFacts, Options{})
		}
		fmt.Printf("PEAK %d\n", peakKiB(t))
		return
	}
	const limit = 64 << 10
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			data := h.make()
			require.LessOrEqual(t, len(data), 16<<20)
			file := t.TempDir() + "/" + h.name
			require.NoError(t, os.WriteFile(file, data, 0o600))
			cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryBound$") //nolint:gosec // this test itself
			cmd.Env = append(os.Environ(), memoryChild+"="+file)
			began := time.Now()
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			_, rest, ok := strings.Cut(string(out), "PEAK ")
			require.True(t, ok, string(out))
			peak, err := strconv.Atoi(strings.Fields(rest)[0])
			require.NoError(t, err)
			t.Logf("%d MiB in %v", peak>>10, time.Since(began).Round(time.Millisecond))
			require.LessOrEqual(t, peak, limit, "KiB at the peak")
		})
	}
}

// peakKiB returns the largest resident size that the process has had.
func peakKiB(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(data), "VmHWM:")
	require.True(t, ok)
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return n
}
