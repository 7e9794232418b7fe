//go:build torture

package transcript

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestTortureLibreOfficeRoundTrip has LibreOffice open what we write and save it in every form that
// it can; all of it still agrees with the session.
func TestTortureLibreOfficeRoundTrip(t *testing.T) {
	office, err := exec.LookPath("soffice")
	require.NoError(t, err, "install the Debian package libreoffice-writer-nogui")
	dir := t.TempDir()
	facts := fullFacts(t)
	form := formOf(&facts)
	form.Interruptions = facts.Interruptions
	var out bytes.Buffer
	require.NoError(t, WriteDocx(&out, form))
	source := filepath.Join(dir, "form.docx")
	require.NoError(t, os.WriteFile(source, out.Bytes(), 0o600))
	for _, c := range []struct{ filter, file string }{
		{"docx:MS Word 2007 XML", "form.docx"}, {"pdf:writer_pdf_Export", "form.pdf"}, {"html:HTML (StarWriter)", "form.html"}, {"txt:Text (encoded):UTF8", "form.txt"},
	} {
		t.Run(c.file, func(t *testing.T) {
			to := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, office, "--headless", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), //nolint:gosec // a test's own paths
				"--convert-to", c.filter, "--outdir", to, source)
			said, err := cmd.CombinedOutput()
			require.NoError(t, err, string(said))
			data, err := os.ReadFile(filepath.Join(to, c.file))
			require.NoError(t, err, string(said))
			doc, err := Read(c.file, data, DefaultLimits)
			require.NoError(t, err)
			r := Compare(doc, facts, Options{})
			require.Equal(t, Agrees, r.Verdict, "%+v\n%+v", r.Findings, doc.Lines)
			require.Empty(t, codesOf(r))
		})
	}
}

// TestTortureSingleChanges is the property of single changes over many more sessions.
func TestTortureSingleChanges(t *testing.T) {
	for range 300 {
		rapid.Check(t, singleChange)
	}
}
