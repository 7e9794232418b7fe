package transcript

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"roomrec/clock"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// drawSession draws a session with interruptions: each at least two minutes long and two minutes
// from its neighbours, as the policy's script makes them, with seconds and a clock's uncertainty.
func drawSession(t *rapid.T) Facts {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, shanghai).Add(time.Duration(rapid.IntRange(0, 364*24*3600).Draw(t, "start")) * time.Second)
	uncertainty := time.Duration(rapid.IntRange(0, 900).Draw(t, "uncertainty")) * time.Millisecond
	at := start
	later := func(name string, most int) clock.Instant {
		at = at.Add(time.Duration(rapid.IntRange(130, most).Draw(t, name)) * time.Second)
		return clock.Instant{Wall: clock.WallOf(at), Uncertainty: uncertainty}
	}
	f := Facts{
		Zone: shanghai, Start: clock.Instant{Wall: clock.WallOf(start), Uncertainty: uncertainty},
		Interruptions: []Interruption{}, Unrecorded: []Span{}, Kind: KindInterrogation, Ordinal: rapid.IntRange(1, 9).Draw(t, "ordinal"),
		Places:  []string{"办案区第3讯问室"},
		Roster:  &Roster{Person: "李某某", Officers: []string{"王强", "赵敏"}},
		Markers: []Marker{},
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "interruptions") {
		from := later(fmt.Sprintf("from %d", i), 3600)
		f.Interruptions = append(f.Interruptions, Interruption{Span: Span{from, later(fmt.Sprintf("to %d", i), 1800)}, Cause: "存储故障"})
	}
	f.End = later("end", 7200)
	f.Recorded = []Span{{f.Start, f.End}}
	return f
}

// formOf writes the transcript that the session's facts give.
func formOf(f *Facts) *Form {
	return &Form{
		Kind: f.Kind, Ordinal: f.Ordinal, Zone: f.Zone, Start: f.Start, End: f.End, Place: f.Places[0],
		Questioners: []string{"王强", "赵敏"}, Clerks: []string{"赵敏"}, Person: f.Roster.Person,
		Interruptions: slices.Clone(f.Interruptions),
		Entries: []FormEntry{
			{Role: RoleQuestion, Text: "你有权申请回避,有权委托辩护人,如实供述可以从宽处理,是否清楚?"},
			{Role: RoleAnswer, Text: "清楚。2026年11月20日21时30分我在家。"},
		},
	}
}

func compareForm(t require.TestingT, form *Form, facts *Facts) Result {
	var out bytes.Buffer
	require.NoError(t, WriteDocx(&out, form))
	doc, err := Read("form.docx", out.Bytes(), DefaultLimits)
	require.NoError(t, err)
	return Compare(doc, *facts, Options{})
}

func codesOf(r Result) []FindingCode {
	out := []FindingCode{}
	for _, f := range r.Findings {
		out = append(out, f.Code)
	}
	return out
}

// TestZ26_2_WrittenFromTheTimeline: a transcript written from any session's timeline agrees, with
// nothing to say about it.
func TestZ26_2_WrittenFromTheTimeline(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawSession(t)
		r := compareForm(t, formOf(&f), &f)
		require.Equal(t, Agrees, r.Verdict, "%+v", r.Findings)
		require.Empty(t, r.Findings)
	})
}

// TestZ26_2_EverySingleChange: one time changed beyond its precision gives its finding and no other.
func TestZ26_2_EverySingleChange(t *testing.T) { rapid.Check(t, singleChange) }

func singleChange(t *rapid.T) {
	f := drawSession(t)
	form := formOf(&f)
	which := rapid.IntRange(0, 1+2*len(f.Interruptions)).Draw(t, "which time")
	// At least two minutes, so that no uncertainty reaches it; at most so many that the end stays
	// behind the start.
	minutes := rapid.IntRange(2, 200).Draw(t, "minutes")
	shift := time.Duration(minutes) * time.Minute
	if rapid.Bool().Draw(t, "earlier") {
		shift = -shift
	}
	length := form.End.Since(form.Start)
	want := InterruptionDiffers
	switch which {
	case 0:
		want = StartDiffers
		if shift >= length-time.Minute {
			shift = -shift
		}
		form.Start.Wall = form.Start.Wall.Add(shift)
	case 1:
		want = EndDiffers
		if -shift >= length-time.Minute {
			shift = -shift
		}
		form.End.Wall = form.End.Wall.Add(shift)
	default:
		i := &form.Interruptions[(which-2)/2]
		if which%2 == 0 {
			i.From.Wall = i.From.Wall.Add(shift)
		} else {
			i.To.Wall = i.To.Wall.Add(shift)
		}
	}
	r := compareForm(t, form, &f)
	require.Equal(t, []FindingCode{want}, codesOf(r), "%+v", r.Findings)
	require.Equal(t, Differs, r.Verdict)
}

// TestZ26_2_Reversed: an end before the start is named besides what differs.
func TestZ26_2_Reversed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawSession(t)
		form := formOf(&f)
		form.End.Wall = form.Start.Wall.Add(-time.Duration(rapid.IntRange(2, 600).Draw(t, "minutes")) * time.Minute)
		r := compareForm(t, form, &f)
		require.Equal(t, Differs, r.Verdict)
		require.True(t, r.Has(EndBeforeStart) && r.Has(EndDiffers) && !r.Has(StartDiffers), "%+v", r.Findings)
	})
}

// TestZ30_EveryInterruptionMissing: a note left out gives one finding.
func TestZ30_EveryInterruptionMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawSession(t)
		if len(f.Interruptions) == 0 {
			return
		}
		form := formOf(&f)
		k := rapid.IntRange(0, len(f.Interruptions)-1).Draw(t, "left out")
		form.Interruptions = slices.Delete(form.Interruptions, k, k+1)
		r := compareForm(t, form, &f)
		require.Equal(t, []FindingCode{InterruptionMissing}, codesOf(r), "%+v", r.Findings)
	})
}

// TestZ26_2_MinuteEdge: within the uncertainty of a minute's edge either minute agrees, beyond it
// only the right one.
func TestZ26_2_MinuteEdge(t *testing.T) {
	edge := time.Date(2026, 11, 22, 9, 6, 0, 0, shanghai)
	end := clock.Instant{Wall: clock.WallOf(time.Date(2026, 11, 22, 11, 40, 30, 0, shanghai))}
	for _, c := range []struct {
		off, uncertainty time.Duration
		written          string
		code             []FindingCode
	}{
		{-400 * time.Millisecond, 500 * time.Millisecond, "09时05分", nil},
		{-400 * time.Millisecond, 500 * time.Millisecond, "09时06分", []FindingCode{MinuteEdge}},
		{400 * time.Millisecond, 500 * time.Millisecond, "09时05分", []FindingCode{MinuteEdge}},
		{400 * time.Millisecond, 500 * time.Millisecond, "09时06分", nil},
		{-600 * time.Millisecond, 500 * time.Millisecond, "09时06分", []FindingCode{StartDiffers}},
		{600 * time.Millisecond, 500 * time.Millisecond, "09时05分", []FindingCode{StartDiffers}},
		{0, 0, "09时05分", []FindingCode{StartDiffers}},
		{-time.Nanosecond, 0, "09时06分", []FindingCode{StartDiffers}},
		{0, 0, "09时06分", nil},
		{-400 * time.Millisecond, 500 * time.Millisecond, "09时06分00秒", []FindingCode{MinuteEdge}},
		{-time.Second, 500 * time.Millisecond, "09时06分00秒", []FindingCode{StartDiffers}},
	} {
		d := readString(t, "时间:2026年11月22日"+c.written+"至11时40分")
		r := Compare(d, Facts{Zone: shanghai, Start: clock.Instant{Wall: clock.WallOf(edge.Add(c.off)), Uncertainty: c.uncertainty}, End: end}, Options{})
		require.Equal(t, append([]FindingCode{}, c.code...), codesOf(r), "%+v", c)
		if len(c.code) == 0 || c.code[0] == MinuteEdge {
			require.Equal(t, Agrees, r.Verdict)
		}
	}
}
