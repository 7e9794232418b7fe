package transcript

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const corpusDir = "../testdata/transcripts"

// expectation is one row of expected.json; see internal/makecorpus.
type expectation struct {
	File     string
	Way      string
	Start    string
	End      string
	Breaks   []string
	Verdict  Verdict
	DocStart *time.Time `json:"document_start"`
	DocEnd   *time.Time `json:"document_end"`
	Codes    []string
}

func expectations(t testing.TB, file string) []expectation {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpusDir, file))
	require.NoError(t, err)
	var rows []expectation
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&rows))
	return rows
}

// TestZ26_2_Corpus compares every document of the corpus and asks for exactly the verdict, the times
// and the findings (warnings aside) that its maker put in.
func TestZ26_2_Corpus(t *testing.T) {
	rows := append(expectations(t, "expected.json"), expectations(t, "printed/expected.json")...)
	verdicts, kinds := map[Verdict]int{}, map[string]int{}
	for _, row := range rows {
		verdicts[row.Verdict]++
		kinds[filepath.Ext(row.File)]++
		t.Run(row.File, func(t *testing.T) {
			var out bytes.Buffer
			code, err := CheckTimes(&out, TimesCheck{
				File: filepath.Join(corpusDir, row.File), Start: row.Start, End: row.End, Breaks: row.Breaks,
				Zone: "Asia/Shanghai", JSON: true,
			})
			require.NoError(t, err)
			var got Result
			require.NoError(t, json.Unmarshal(out.Bytes(), &got))
			codes := []string{}
			for _, f := range got.Findings {
				if f.Severity != SeverityWarning {
					codes = append(codes, string(f.Code))
				}
			}
			slices.Sort(codes)
			slices.Sort(row.Codes)
			assert.Equal(t, row.Verdict, got.Verdict, "%s\n%s", row.Way, out.String())
			assert.Equal(t, row.Codes, codes, "%s\n%s", row.Way, out.String())
			assert.Equal(t, row.Verdict.ExitCode(), code)
			sameInstant(t, row.DocStart, got.Document.Start, "start: "+row.Way)
			sameInstant(t, row.DocEnd, got.Document.End, "end: "+row.Way)
		})
	}
	require.GreaterOrEqual(t, len(rows), 150)
	require.InDelta(t, 0.5, float64(verdicts[Agrees])/float64(len(rows)), 0.15, "about half are wrong: %v", verdicts)
	for _, ext := range []string{".docx", ".txt", ".pdf", ".html", ".json"} {
		require.GreaterOrEqual(t, kinds[ext], 10, ext)
	}
}

func sameInstant(t *testing.T, want *time.Time, got Stamp, what string) {
	t.Helper()
	at, ok := got.Time()
	if want == nil {
		assert.False(t, ok, "%s: got %s", what, at)
		return
	}
	assert.True(t, ok && want.Equal(at), "%s: want %s, got %s", what, want, at)
}
