package transcript

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCheckTimesUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.txt")
	require.NoError(t, os.WriteFile(file, []byte("时间:2026年11月22日09时05分至11时40分"), 0o600))
	good := TimesCheck{File: file, Start: "2026-11-22T09:05:10+08:00", End: "2026-11-22 11:40:52", Zone: "Asia/Shanghai"}
	var out bytes.Buffer
	code, err := CheckTimes(&out, good)
	require.NoError(t, err)
	require.Zero(t, code)
	require.Contains(t, out.String(), "agrees")
	for name, change := range map[string]func(*TimesCheck){
		"no file":         func(c *TimesCheck) { c.File += "x" },
		"a folder":        func(c *TimesCheck) { c.File = t.TempDir() },
		"no end":          func(c *TimesCheck) { c.End = "" },
		"a bad time":      func(c *TimesCheck) { c.Start = "9:05" },
		"end first":       func(c *TimesCheck) { c.Start, c.End = c.End, c.Start },
		"a bad zone":      func(c *TimesCheck) { c.Zone = "Mars/Olympus" },
		"half a break":    func(c *TimesCheck) { c.Breaks = []string{"2026-11-22 10:00"} },
		"a break turned":  func(c *TimesCheck) { c.Breaks = []string{"2026-11-22 10:10/2026-11-22 10:00"} },
		"session or time": func(c *TimesCheck) { c.Facts = &Facts{} },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			var out bytes.Buffer
			code, err := CheckTimes(&out, c)
			require.ErrorIs(t, err, ErrUsage)
			require.Equal(t, 2, code)
			require.Empty(t, out.String())
		})
	}
}

// TestCheckTimesJSON holds the shape that others rely on.
func TestCheckTimesJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.txt")
	require.NoError(t, os.WriteFile(file, []byte("时间:2026年11月22日09时05分至  时  分"), 0o600))
	var out bytes.Buffer
	code, err := CheckTimes(&out, TimesCheck{
		File: file, Start: "2026-11-22T01:05:10Z", End: "2026-11-22T03:40:52Z", Breaks: []string{"2026-11-22T02:00:00Z/2026-11-22T02:10:00Z"},
		Zone: "Asia/Shanghai", JSON: true,
	})
	require.NoError(t, err)
	require.Equal(t, 2, code)
	var got map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	require.Equal(t, "unreadable", got["verdict"])
	document := got["document"].(map[string]any)
	require.Equal(t, "2026-11-22T09:05:00+08:00", document["start"])
	require.Contains(t, document, "end")
	require.Nil(t, document["end"])
	require.Equal(t, "minute", document["precision"])
	recording := got["recording"].(map[string]any)
	require.Equal(t, "2026-11-22T11:40:52+08:00", recording["end"])
	finding := got["findings"].([]any)[0].(map[string]any)
	require.Equal(t, "ambiguous_time", finding["code"])
	require.Equal(t, "error", finding["severity"])
	require.EqualValues(t, 1, finding["line"])
	require.Equal(t, "2026-11-22T11:40:52+08:00", finding["at"])
	require.NotEmpty(t, finding["message"])
}

// TestCheckTimesOfASession takes a session's facts.
func TestCheckTimesOfASession(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.txt")
	require.NoError(t, os.WriteFile(file, []byte(fullText), 0o600))
	facts := fullFacts(t)
	facts.Ordinal = 3
	var out bytes.Buffer
	code, err := CheckTimes(&out, TimesCheck{File: file, Facts: &facts})
	require.NoError(t, err)
	require.Equal(t, 1, code)
	require.Contains(t, out.String(), "ordinal_differs")
}

// TestRefusalsNameWhatToDo: a file that cannot be read says what to hand in instead.
func TestRefusalsNameWhatToDo(t *testing.T) {
	for _, c := range []struct{ file, kind, en, zh string }{
		{"old.doc", "legacy", ".docx", "另存为"},
		{"old.wps", "legacy", ".docx", "另存为"},
		{"rich.rtf", "legacy", ".docx", "另存为"},
		{"protected.docx", "protected", "password", "密码"},
		{"scan.pdf", "scanned", "key its times by hand", "人工录入"},
		{"scan-ocr.pdf", "scanned", "key its times by hand", "人工录入"},
		{"scan.jpg", "scanned", "key its times by hand", "人工录入"},
		{"cut.docx", "damaged", "save it again", "重新另存"},
		{"noise.txt", "unknown", "UTF-8", "UTF-8"},
		{"empty.txt", "empty", "no text", "没有文字"},
	} {
		data, err := os.ReadFile(filepath.Join(corpusDir, c.file))
		require.NoError(t, err)
		_, err = Read(c.file, data, DefaultLimits)
		var r *Refusal
		require.ErrorAs(t, err, &r, c.file)
		require.Equal(t, c.kind, r.Kind, c.file)
		require.Contains(t, r.Text.EN, c.en, c.file)
		require.Contains(t, r.Text.ZH, c.zh, c.file)
	}
	_, err := Read("x.txt", make([]byte, DefaultLimits.File+1), DefaultLimits)
	var r *Refusal
	require.ErrorAs(t, err, &r)
	require.Equal(t, "too_large", r.Kind)
}

// TestEntryTimes places time codes: of the day, since the beginning, or neither.
func TestEntryTimes(t *testing.T) {
	d := readString(t, "时间:2026年11月22日22时30分至次日1时10分\n[22:31:05] 问:好?\n[00:05:00] 答:好。\n[01:09:00] 问:完了?\n[23:10:00]答:完了。\n问:无码")
	require.Len(t, d.Entries, 5)
	start := time.Date(2026, 11, 22, 22, 30, 0, 0, shanghai)
	end := time.Date(2026, 11, 23, 1, 10, 0, 0, shanghai)
	want := []string{"22:31:05", "", "", "23:10:00", ""}
	for i, e := range d.Entries {
		at, ok := e.At(start, end)
		require.Equal(t, want[i] != "", ok, "entry %d: %v", i, at)
		if ok {
			require.Equal(t, want[i], at.Format(time.TimeOnly))
		}
	}
	require.Equal(t, "好?", d.Entries[0].Text)
	require.Equal(t, RoleAnswer, d.Entries[1].Role)
}
