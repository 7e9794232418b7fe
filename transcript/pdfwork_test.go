package transcript

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A small file can ask for its parts so often that reading it never ends: it is refused once that is more than
// any transcript needs.
func TestAPDFThatAsksForItsPartsForEverIsRefused(t *testing.T) {
	page := func(resources, content, more string) string {
		return fmt.Sprintf("%%PDF-1.4\n1 0 obj <</Pages 2 0 R>> endobj\n2 0 obj <</Kids [3 0 R]>> endobj\n"+
			"3 0 obj <</Contents 4 0 R /Resources <<%s>>>> endobj\n4 0 obj <</Length %d>> stream\n%s\nendstream endobj\n%s\n"+
			"trailer <</Root 1 0 R>>\n", resources, len(content), content, more)
	}
	blank := strings.Repeat(" ", 64<<10)
	form := func(filter, data string) string {
		return fmt.Sprintf("5 0 obj <</Subtype /Form %s>> stream\n%s", filter, data)
	}
	table := "<</Subtype /Type0 /DescendantFonts [<</W [0 60000 500]>>]>>"
	for _, c := range []struct{ name, file string }{
		{"a trailer in each trailer", "%PDF-1.4\n" + strings.Repeat("trailer(\n", 2000)},
		{"a form drawn again and again", page("/XObject <</F 5 0 R>>", strings.Repeat("/F Do ", 100), form("", blank))},
		// Little comes out of it, but the whole rest of the file is searched for its end each time.
		{"a form without an end", page("/XObject <</F 5 0 R>>", strings.Repeat("/F Do ", 100), form("/Filter /A85", "~>"+blank))},
		{"a large list of fonts", page("/Font 5 0 R", strings.Repeat("/F 1 Tf ", 100), "5 0 obj <<"+blank+">> endobj")},
		{"a font that is no object", page("/Font <</F "+table+">>", strings.Repeat("/F 1 Tf ", 100), "")},
		{"one list of objects named again and again", "%PDF-1.4\n" + strings.Repeat("7 0 obj ObjStm\n", 2000) +
			"7 0 obj <</Type /ObjStm /N 1000 /First 9000>> stream\n" + index(1000) + blank + "\nendstream endobj\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lim := DefaultLimits
			lim.Expanded = 512 << 10
			_, err := Read("a.pdf", []byte(c.file), lim)
			var refused *Refusal
			require.ErrorAs(t, err, &refused)
			require.Equal(t, "too_large", refused.Kind, refused.Text.EN)
		})
	}
}

// index is the index of an object stream with n objects.
func index(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d 0 ", 100+i)
	}
	return b.String()
}
