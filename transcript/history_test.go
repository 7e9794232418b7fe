package transcript

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

func noteOf(t testing.TB, kind, actor string, data any) Note {
	b, err := json.Marshal(data)
	require.NoError(t, err)
	return Note{Type: kind, Actor: actor, At: 1, Data: b}
}

// Z26-2: what makes a session complete, and what only makes it complete with an explained difference.
func TestZ26_2_StatusAndCompleteness(t *testing.T) {
	attached := func(hash, corrects string, v Verdict) Note {
		return noteOf(t, TypeAttached, "0417", Attached{SHA256: hash, Corrects: corrects, Judged: Judged{Verdict: v, Findings: []FindingCode{}}})
	}
	explained := noteOf(t, TypeExplained, "0417", Explained{Document: "a", Text: "the wall clock was slow"})
	times := KeyedTimes{Start: "2026-11-22 09:05", End: "2026-11-22 11:40"}
	keyed := func(actor string, confirms bool, v Verdict) Note {
		k := Keyed{Document: "a", Times: times, Confirms: confirms}
		if confirms {
			k.Judged = &Judged{Verdict: v}
		}
		return noteOf(t, TypeKeyed, actor, k)
	}
	for _, c := range []struct {
		name  string
		notes []Note
		want  Status
		whole Completeness
	}{
		{"nothing", nil, StatusNone, NotComplete},
		{"other lines", []Note{{Type: "session.viewed", Data: []byte("{}")}}, StatusNone, NotComplete},
		{"agrees", []Note{attached("a", "", Agrees)}, StatusAgrees, Complete},
		{"differs", []Note{attached("a", "", Differs)}, StatusDiffers, NotComplete},
		{"explained", []Note{attached("a", "", Differs), explained}, StatusExplained, CompleteExplained},
		{"an explanation does not make one readable", []Note{attached("a", "", Unreadable), explained}, StatusUnreadable, NotComplete},
		{"corrected", []Note{attached("a", "", Differs), attached("b", "a", Agrees)}, StatusAgrees, Complete},
		{"a correction that differs needs its own explanation", []Note{attached("a", "", Differs), explained, attached("b", "a", Differs)}, StatusDiffers, NotComplete},
		{"keyed by one", []Note{attached("a", "", Unreadable), keyed("0417", false, "")}, StatusUnreadable, NotComplete},
		{"keyed by two", []Note{attached("a", "", Unreadable), keyed("0417", false, ""), keyed("0522", true, Agrees)}, StatusAgrees, Complete},
		{"keyed by one who was renamed meanwhile", []Note{attached("a", "", Unreadable), keyed("0417 Li", false, ""), keyed("0417 Li Na", true, Agrees)}, StatusUnreadable, NotComplete},
		{"keyed by two of one name", []Note{attached("a", "", Unreadable), keyed("0417 Li", false, ""), keyed("0522 Li", true, Agrees)}, StatusAgrees, Complete},
		{"keyed by two, differs", []Note{attached("a", "", Unreadable), keyed("0417", false, ""), keyed("0522", true, Differs)}, StatusDiffers, NotComplete},
	} {
		h, err := HistoryOf(c.notes)
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, h.Status(), c.name)
		require.Equal(t, c.whole, CompleteWith(true, h.Status()), c.name)
		require.Equal(t, NotComplete, CompleteWith(false, h.Status()), c.name)
	}
	for name, notes := range map[string][]Note{
		"one person confirms their own": {attached("a", "", Unreadable), keyed("0417", false, ""), keyed("0417", true, Agrees)},
		"nothing to confirm":            {attached("a", "", Unreadable), keyed("0522", true, Agrees)},
		"no such document":              {explained},
	} {
		_, err := HistoryOf(notes)
		require.Error(t, err, name)
	}
}

func TestKeyedTimesAreCompared(t *testing.T) {
	start := time.Date(2026, 11, 22, 9, 5, 10, 0, shanghai)
	at := func(d time.Duration) clock.Instant { return clock.Instant{Wall: clock.WallOf(start.Add(d))} }
	facts := Facts{
		Zone: shanghai, Start: at(0), End: at(2 * time.Hour),
		Interruptions: []Interruption{{Span: Span{at(30 * time.Minute), at(40 * time.Minute)}}},
	}
	k := KeyedTimes{Start: "2026-11-22 09:05", End: "2026-11-22 11:05", Breaks: [][2]string{{"2026-11-22 09:35", "2026-11-22 09:45"}}}
	require.Nil(t, k.Check())
	for name, c := range map[string]struct {
		change func(*KeyedTimes)
		want   []FindingCode
	}{
		"as it was":             {func(*KeyedTimes) {}, []FindingCode{}},
		"another start":         {func(k *KeyedTimes) { k.Start = "2026-11-22 09:04" }, []FindingCode{StartDiffers}},
		"another end":           {func(k *KeyedTimes) { k.End = "2026-11-22 11:06" }, []FindingCode{EndDiffers}},
		"no interruption":       {func(k *KeyedTimes) { k.Breaks = nil }, []FindingCode{InterruptionMissing}},
		"another interruption":  {func(k *KeyedTimes) { k.Breaks = [][2]string{{"2026-11-22 09:35", "2026-11-22 09:50"}} }, []FindingCode{InterruptionDiffers}},
		"an end before a start": {func(k *KeyedTimes) { k.End = "2026-11-22 08:05" }, []FindingCode{EndDiffers, EndBeforeStart, InterruptionDiffers}},
	} {
		changed := k
		c.change(&changed)
		require.Equal(t, name == "as it was", changed.Same(k), name)
		d, err := changed.Document("paper.jpg")
		require.NoError(t, err)
		r := Compare(d, facts, Options{})
		require.Equal(t, "keyed", r.Document.Source)
		if name == "an end before a start" {
			require.Contains(t, codesOf(r), EndBeforeStart)
			continue
		}
		require.Equal(t, c.want, codesOf(r), name)
	}
	for _, bad := range []string{"", "09:05", "2026-02-30 09:05", "2026-11-22 24:05"} {
		require.NotNil(t, KeyedTimes{Start: bad, End: k.End}.Check(), bad)
	}
}

func FuzzHistory(f *testing.F) {
	f.Add(TypeAttached, `{"sha256":"a","verdict":"differs"}`, TypeExplained, `{"document":"a","text":"x"}`)
	f.Add(TypeAttached, `{"sha256":"a","verdict":"unreadable"}`, TypeKeyed, `{"document":"a","confirms":true,"judged":{"verdict":"agrees"}}`)
	f.Fuzz(func(t *testing.T, a, x, b, y string) {
		h, err := HistoryOf([]Note{{Type: a, Data: []byte(x)}, {Type: b, Actor: "li", Data: []byte(y)}})
		require.Contains(t, Statuses(), h.Status())
		if err == nil && h.Status() == StatusExplained {
			require.NotEmpty(t, h.Current().Explanations)
		}
	})
}
