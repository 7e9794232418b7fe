package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"roomrec/catalog"
	"roomrec/clock"
	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/table"
	"roomrec/transcript"
)

// sealedDemo records the demo's room for some seconds of questioning and waits until the session is
// sealed and verified.
func sealedDemo(t *testing.T, s *site) panel.Record {
	t.Helper()
	const room = "room-1"
	id := s.begin(room)
	s.until("some seconds", room, patience, func(r session.RoomView) bool {
		return r.Session.SafeAt.Time().Sub(r.Session.Started.Time()) >= 4*time.Second
	})
	s.do(id, session.Command{Name: session.ActEnd, Ending: table.Signed})
	s.inState(room, table.Sealed, patience)
	var rec panel.Record
	s.until("its verdict", room, patience, func(session.RoomView) bool {
		rec = panel.Record{}
		s.call("GET", "/api/v1/sessions/"+id, 200, nil, &rec)
		return rec.Verdict != nil
	})
	return rec
}

// text asks for a path and returns the answer as it is.
func (s *site) text(path string) string {
	s.t.Helper()
	text, err := s.reach(path)
	require.NoError(s.t, err)
	return text
}

// reach asks for a path and returns the answer, or why there is none.
func (s *site) reach(path string) (string, error) {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.base+path, nil)
	if err != nil {
		return "", err
	}
	res, err := s.http.Do(req)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", path, res.Status)
	}
	return string(b), nil
}

// judgeSample says of a sample, which the demo draws of every session, that its signing is visible; once.
// Who looked at the session is told from the same journals.
func judgeSample(s *site, rec panel.Record) {
	s.t.Helper()
	var waiting []panel.Sample
	s.call("GET", "/api/v1/samples", 200, nil, &waiting)
	require.Len(s.t, waiting, 1)
	require.Equal(s.t, rec.ID, waiting[0].Session)
	answer := panel.SampleAnswer{Signing: panel.SigningVisible}
	s.call("POST", "/api/v1/sessions/"+rec.ID+"/sample", 204, answer, nil)
	s.call("POST", "/api/v1/sessions/"+rec.ID+"/sample", 409, answer, nil)
	s.call("GET", "/api/v1/samples", 200, nil, &waiting)
	require.Empty(s.t, waiting)
	var loud panel.LoudnessView
	s.call("GET", "/api/v1/sessions/"+rec.ID+"/loudness", 200, nil, &loud)
	require.Nil(s.t, loud.Why)
	require.NotEmpty(s.t, loud.Levels, "the demo's cameras have sound")
	require.Greater(s.t, slices.Max(loud.Levels), 0.0)
	require.InDelta(s.t, 0, loud.From.Time().Sub(rec.Opened.Time()).Seconds(), 10)
	var station panel.StationView
	s.call("GET", "/api/v1/station", 200, nil, &station)
	require.Len(s.t, station.Volumes, 2)
	require.Len(s.t, station.Keys, 1)
	require.True(s.t, station.Keys[0].Present)
	require.True(s.t, station.Log.Kept)
	require.EqualValues(s.t, 2, station.Log.Entries, "one opening, one seal")
	require.NotEmpty(s.t, station.Settings)
	var looks []panel.AccessRecord
	s.call("GET", "/api/v1/sessions/"+rec.ID+"/accesses", 200, nil, &looks)
	require.NotEmpty(s.t, looks)
	for _, l := range looks {
		require.Equal(s.t, rec.ID, l.Session)
		require.Equal(s.t, "room-1", l.Room)
		require.NotEmpty(s.t, l.By.ID)
		require.NotZero(s.t, l.At)
	}
}

// formOf writes the transcript of a session in the standard form, its start moved.
func formOf(t *testing.T, rec panel.Record, moved time.Duration) string {
	t.Helper()
	zone, err := time.LoadLocation(rec.Zone)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, transcript.WriteDocx(&out, &transcript.Form{
		Kind: transcript.KindInterrogation, Zone: zone, Place: "办案区第一讯问室", Session: rec.ID,
		Start: clock.Instant{Wall: rec.Started.Add(moved)}, End: clock.Instant{Wall: rec.Ended},
		Questioners: []string{"王强"}, Clerks: []string{"赵敏"}, Person: "李某某",
		Entries: []transcript.FormEntry{
			{Role: transcript.RoleQuestion, Text: "你有权申请回避,有权委托辩护人,如实供述可以从宽处理,是否清楚?"},
			{Role: transcript.RoleAnswer, Text: "清楚。"},
		},
	}))
	file := filepath.Join(t.TempDir(), "笔录.docx")
	require.NoError(t, os.WriteFile(file, out.Bytes(), 0o600))
	return file
}

// Z26-2: a reviewer finds the difference, explains it, and hands in the corrected transcript; what they
// did is signed after the seal on every disk, and the recording is what it was.
func TestZ26_2_BrowserTranscript(t *testing.T) {
	t.Parallel()
	s, dir := demo(t)
	rec := sealedDemo(t, s)
	wrong, corrected := formOf(t, rec, -5*time.Minute), formOf(t, rec, 0)
	var told struct{ Listed string }
	zone, err := time.LoadLocation(rec.Zone)
	require.NoError(t, err)
	of := rec.Opened.In(zone).Format("2006-01")
	require.NoError(t, json.Unmarshal(browse(t, "transcript.mjs", s.base, rec.ID, wrong, corrected, of, "zh-CN"), &told))
	require.Contains(t, told.Listed, "笔录不一致，已说明")

	var v panel.TranscriptView
	s.call("GET", "/api/v1/sessions/"+rec.ID+"/transcripts", 200, nil, &v)
	require.Equal(t, transcript.StatusAgrees, v.Status)
	require.Equal(t, transcript.Complete, v.Complete)
	require.Len(t, v.Versions, 2)
	require.Equal(t, transcript.Differs, v.Versions[0].Verdict, "the first version stays, and stays wrong")
	require.Len(t, v.Versions[0].Explanations, 1)
	require.Equal(t, v.Versions[0].SHA256, v.Versions[1].Corrects)
	require.Len(t, v.Versions[1].Facts, 6)
	for _, f := range v.Versions[1].Facts {
		require.NotEmpty(t, f.Said, f.Fact)
		require.NotEmpty(t, f.Said[0].By, "Z27: each is judged by name")
		require.Empty(t, v.Versions[0].Facts[0].Said, "the version that was corrected was not judged")
	}
	require.NotEmpty(t, v.Versions[1].Facts[0].Said[0].At, "Z27: with the moment that shows it")
	require.Len(t, v.Versions[1].Facts[3].Said, 2, "nobody's word is taken back")
	var month panel.MonthView
	s.call("GET", "/api/v1/transcripts?month="+of, 200, nil, &month)
	require.Equal(t, 1, month.Complete)
	require.Zero(t, month.Explained)
	require.Len(t, month.Rows, 1)
	require.Equal(t, []int{6, 0}, []int{month.Rows[0].FactsJudged, month.Rows[0].FactsDiffer})
	measured := s.text("/metrics")
	require.Contains(t, measured, `roomrec_sessions_transcript{status="agrees"} 1`)
	require.Contains(t, measured, `roomrec_transcript_checks_total{verdict="differs"} 1`)
	require.NotContains(t, measured, rec.ID)
	require.Contains(t, s.text("/api/v1/transcripts.csv?month="+of), "\n"+rec.ID+",room-1,2026-1187,")
	judgeSample(s, rec)
	kept := filepath.Join(dir, "state/loudness", rec.ID+".jsonl")
	require.FileExists(t, kept, "what was measured of loudness stands beside the catalogue")
	s.p.signal(syscall.SIGTERM)
	require.Zero(t, s.p.code(patience))

	// Both disks hold the same, and it is right.
	folders := must(filepath.Glob(filepath.Join(dir, "disk-*", "*/*/*", rec.ID)))
	require.Len(t, folders, 2)
	for _, f := range requireWhole(t, folders...).Folders {
		require.NotNil(t, f.After)
		require.EqualValues(t, "intact", f.After.Verdict, "%+v", f.After.Findings)
		require.Greater(t, f.After.Lines, 4, "attached, timed, explained, attached, and who looked")
		require.Equal(t, 2, f.After.Documents)
	}
	b := must(os.ReadFile(filepath.Join(folders[0], "after/journal.jsonl")))
	for kind, n := range map[string]int{transcript.TypeAttached: 2, transcript.TypeTimed: 1, transcript.TypeExplained: 1, transcript.TypeJudged: 7} {
		require.Equal(t, n, bytes.Count(b, []byte(`"type":"`+kind+`"`)), kind)
	}
	require.Contains(t, string(b), `"type":"`+session.TypeViewed+`"`, "Z37: who looked is on the session's own journal")
	// The command line says the same of the folder alone.
	for file, code := range map[string]int{wrong: 1, corrected: 0} {
		got, out, complaints := run(t, []string{"transcript", "check", file, "--session", folders[0], "--json"})
		require.Equal(t, code, got, "%s %s", out, complaints)
	}
	// The index can be made again from the folders.
	state := t.TempDir()
	code, _, complaints := run(t, []string{"reindex", "--volume", filepath.Join(dir, "disk-a"), "--volume", filepath.Join(dir, "disk-b"), "--state-dir", state})
	require.Zero(t, code, complaints)
	m, err := catalog.NewMetrics(prometheus.NewRegistry())
	require.NoError(t, err)
	c, err := catalog.Open(t.Context(), filepath.Join(state, "catalog.db"), m)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	listed, err := c.Session(t.Context(), rec.ID)
	require.NoError(t, err)
	require.Equal(t, "agrees", listed.Transcript)

	// A session that was changed proves nothing.
	segment := must(filepath.Glob(filepath.Join(folders[0], "room-1/front/run-0001/0001.mp4")))[0]
	b = must(os.ReadFile(segment))
	b[len(b)/2] ^= 1
	require.NoError(t, os.Chmod(segment, 0o600))
	require.NoError(t, os.WriteFile(segment, b, 0o600))
	code, _, complaints = run(t, []string{"transcript", "check", corrected, "--session", folders[0]})
	require.Equal(t, 2, code)
	require.True(t, strings.Contains(complaints, "altered"), complaints)
}
