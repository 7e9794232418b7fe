package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/session/table"
)

// theft is a form that is not mandatory and against which nothing stands.
func theft() Form {
	f := Form{
		WallClock: WallClock{Says: ClockAgrees},
		Case:      "2026-1187", Person: "Suspect 2231", Kind: Suspect, Category: "theft", Circumstances: map[string]string{},
		Roster: []Member{{Questioner, "Officer 0417"}, {Clerk, "Officer 0522"}},
	}
	for _, c := range circumstances {
		f.Circumstances[c.Key] = No
	}
	return f
}

func with(change func(*Form)) Form {
	f := theft()
	change(&f)
	return f
}

func TestS1_Mandatory(t *testing.T) {
	law := Policy{}
	for _, key := range []string{"life-or-death", "serious-danger", "organised-crime", "serious-drug", "ten-years", Unknown, "", "no such"} {
		got, why := law.Mandatory(with(func(f *Form) { f.Category = key }))
		require.True(t, got, key)
		require.Len(t, why, 1)
	}
	for _, key := range []string{"theft", "fraud", "bribery", "other"} {
		got, why := law.Mandatory(with(func(f *Form) { f.Category = key }))
		require.False(t, got, key)
		require.Empty(t, why)
	}
	t.Run("S1-6 one yes or unknown makes it mandatory", func(t *testing.T) {
		for _, c := range circumstances {
			for answer, want := range map[string]bool{Yes: true, Unknown: true, "": true, "perhaps": true, No: false} {
				got, _ := law.Mandatory(with(func(f *Form) { f.Circumstances[c.Key] = answer }))
				require.Equal(t, want, got, "%s: %q", c.Key, answer)
			}
		}
		got, why := law.Mandatory(with(func(f *Form) { f.Circumstances = nil }))
		require.True(t, got, "nothing asked is nothing known")
		require.Len(t, why, len(circumstances))
	})
	t.Run("a site tightens, never loosens", func(t *testing.T) {
		site := Policy{Also: []string{"fraud"}}
		require.NoError(t, site.Check())
		got, _ := site.Mandatory(with(func(f *Form) { f.Category = "fraud" }))
		require.True(t, got)
		for _, key := range []string{"ten-years", "theft"} {
			a, _ := law.Mandatory(with(func(f *Form) { f.Category = key }))
			b, _ := site.Mandatory(with(func(f *Form) { f.Category = key }))
			require.True(t, !a || b)
		}
		require.ErrorContains(t, Policy{Also: []string{"jaywalking"}}.Check(), "jaywalking")
		require.False(t, categories[5].Mandatory, "the law's own list is not written to")
	})
	t.Run("a technical recording has no people", func(t *testing.T) {
		got, _ := law.Mandatory(Form{Kind: Technical})
		require.False(t, got)
	})
}

func TestS1_OnlyASupervisorLoosens(t *testing.T) {
	p, grave := Policy{}, with(func(f *Form) { f.Category = "ten-years" })
	require.False(t, p.Loosens(theft(), grave))
	require.True(t, p.Loosens(grave, theft()))
	require.Empty(t, p.MayClassify(Officer, "", theft(), grave))
	require.Len(t, p.MayClassify(Officer, "", grave, theft()), 2)
	require.Len(t, p.MayClassify(Officer, "the amount was small", grave, theft()), 1)
	require.Len(t, p.MayClassify(Supervisor, "", grave, theft()), 1)
	require.Empty(t, p.MayClassify(Supervisor, "the amount was small", grave, theft()))
	require.Len(t, p.MayClassify(Officer, "", theft(), with(func(f *Form) { f.Category = "no such" })), 1)
	// One reason for another is loosening too: the first is gone.
	other := with(func(f *Form) { f.Circumstances["minor"] = Yes })
	require.True(t, p.Loosens(grave, other))
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		room   string
		change func(*Form)
		field  string // empty: nothing stands against it
	}{
		{"nothing", HandlingArea, func(*Form) {}, ""},
		{"C39 a lawyer's meeting is refused", HandlingArea, func(f *Form) { f.Lawyer = true }, "lawyer_meeting"},
		{"C-2 one officer alone", HandlingArea, func(f *Form) { f.Roster = f.Roster[:1] }, "roster"},
		{"C-2 an interpreter is no officer", HandlingArea, func(f *Form) { f.Roster[1].Role = Interpreter }, "roster"},
		{"C-2 two questioners", HandlingArea, func(f *Form) { f.Roster[1].Role = Questioner }, ""},
		{"two clerks and nobody who asks", HandlingArea, func(f *Form) { f.Roster[0].Role = Clerk }, "roster"},
		{"a witness with one officer", HandlingArea, func(f *Form) { f.Kind, f.Roster = Witness, f.Roster[:1] }, ""},
		{"nobody", HandlingArea, func(f *Form) { f.Kind, f.Roster = Witness, nil }, "roster"},
		{"the same officer twice", HandlingArea, func(f *Form) { f.Roster[1].Name = " Officer 0417 " }, "roster"},
		{"a role that is none", HandlingArea, func(f *Form) { f.Roster[1].Role = "recorder" }, "roster"},
		{"a nameless one", HandlingArea, func(f *Form) { f.Roster[1].Name = " " }, "roster"},
		{"a crowd", HandlingArea, func(f *Form) { f.Roster = make([]Member, MaxRoster+1) }, "roster"},
		{"Z22 mobile without a ground", Mobile, func(*Form) {}, "ground"},
		{"Z22 mobile with a ground", Mobile, func(f *Form) { f.Ground = "place-of-capture" }, ""},
		{"Z22 a ground that is none", HandlingArea, func(f *Form) { f.Ground = "convenience" }, "ground"},
		{"Z31 a victim where they are", Mobile, func(f *Form) { f.Kind = Victim }, ""},
		{"no case", HandlingArea, func(f *Form) { f.Case = "  " }, "case"},
		{"no person", HandlingArea, func(f *Form) { f.Person = "" }, "person"},
		{"a name of two lines", HandlingArea, func(f *Form) { f.Person = "a\nb" }, "person"},
		{"a name that is no text", HandlingArea, func(f *Form) { f.Person = "\xff" }, "person"},
		{"a long name", HandlingArea, func(f *Form) { f.Person = strings.Repeat("嫌", MaxName+1) }, "person"},
		{"a name as long as can be", HandlingArea, func(f *Form) { f.Person = strings.Repeat("嫌", MaxName) }, ""},
		{"Z31 no kind", HandlingArea, func(f *Form) { f.Kind = "" }, "kind"},
		{"S1 no category", HandlingArea, func(f *Form) { f.Category = "" }, "category"},
		{"S1-6 a circumstance that is none", HandlingArea, func(f *Form) { f.Circumstances["tall"] = Yes }, "circumstances"},
		{"S1-6 an answer that is none", HandlingArea, func(f *Form) { f.Circumstances["minor"] = "maybe" }, "circumstances.minor"},
		{"too short", HandlingArea, func(f *Form) { f.Planned = time.Minute }, "planned_ns"},
		{"too long", HandlingArea, func(f *Form) { f.Planned = 25 * time.Hour }, "planned_ns"},
		{"a length", HandlingArea, func(f *Form) { f.Planned = 12 * time.Hour }, ""},
		{"a technical recording", HandlingArea, func(f *Form) { *f = Form{Kind: Technical} }, ""},
		{"a technical recording of someone", HandlingArea, func(f *Form) { f.Kind = Technical }, "kind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Policy{}.Validate(with(c.change), c.room)
			if c.field == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			require.Equal(t, c.field, got[0].Name)
			require.NotEmpty(t, got[0].Say.En)
			require.NotEmpty(t, got[0].Say.Zh)
		})
	}
	require.Len(t, Policy{}.Validate(Form{}, HandlingArea), 6, "an empty form says all that is missing")
}

func TestZ25_2_WhoShouldBeThere(t *testing.T) {
	p := Policy{}
	require.Empty(t, p.Missing(theft()))
	for key, role := range map[string]string{"no-language": Interpreter, "minor": LegalRepresentative, "blind-deaf-mute": SignInterpreter} {
		f := with(func(f *Form) { f.Circumstances[key] = Yes })
		require.Len(t, p.Missing(f), 1, key)
		f.Roster = append(f.Roster, Member{role, "T-08"})
		require.Empty(t, p.Missing(f), key)
	}
}

func TestZ29_2_Approval(t *testing.T) {
	good := Approval{Reason: "urgent", ApproverID: "0101", ApproverName: "Officer 0101", ApproverRole: Supervisor, Roster: theft().Roster}
	for _, c := range []struct {
		name   string
		change func(*Approval)
		field  string
	}{
		{"as it should be", func(*Approval) {}, ""},
		{"an approver", func(a *Approval) { a.ApproverRole = Approver }, ""},
		{"no reason", func(a *Approval) { a.Reason = "" }, "reason"},
		{"another reason without words", func(a *Approval) { a.Reason = "other" }, "text"},
		{"another reason", func(a *Approval) { a.Reason, a.Text = "other", "the court waits" }, ""},
		{"nobody", func(a *Approval) { a.ApproverID = "" }, "approver"},
		{"an officer", func(a *Approval) { a.ApproverRole = Officer }, "approver"},
		{"who takes part", func(a *Approval) { a.ApproverName = "officer 0522" }, "approver"},
		{"who takes part, by number", func(a *Approval) { a.Roster = []Member{{Questioner, "0101"}} }, "approver"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := good
			c.change(&a)
			got := Policy{}.MayGoUnrecorded(a)
			if c.field == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			require.Equal(t, c.field, got[0].Name)
		})
	}
}

// Whoever could approve it can refuse it, and says why.
func TestZ29_2_Refusal(t *testing.T) {
	good := Approval{Text: "Room 5 is free", ApproverID: "0101", ApproverName: "Officer 0101", ApproverRole: Approver, Roster: theft().Roster}
	for _, c := range []struct {
		name   string
		change func(*Approval)
		field  string
	}{
		{"as it should be", func(*Approval) {}, ""},
		{"a supervisor", func(a *Approval) { a.ApproverRole = Supervisor }, ""},
		{"no words", func(a *Approval) { a.Text = " " }, "text"},
		{"two lines", func(a *Approval) { a.Text = "a\nb" }, "text"},
		{"nobody", func(a *Approval) { a.ApproverID = "" }, "approver"},
		{"an officer", func(a *Approval) { a.ApproverRole = Officer }, "approver"},
		{"who takes part", func(a *Approval) { a.ApproverName = "officer 0522" }, "approver"},
	} {
		a := good
		c.change(&a)
		fields := Policy{}.MayRefuseUnrecorded(a)
		if c.field == "" {
			require.Empty(t, fields, c.name)
			continue
		}
		require.Len(t, fields, 1, c.name)
		require.Equal(t, c.field, fields[0].Name, c.name)
	}
}

func TestBreakOff(t *testing.T) {
	p := Policy{}
	require.Empty(t, p.MayBreakOff(Supervisor, "no repair", ""))
	require.Empty(t, p.MayBreakOff(Officer, "no repair", "Officer 0101"))
	require.Len(t, p.MayBreakOff(Officer, "no repair", ""), 1)
	require.Len(t, p.MayBreakOff(Officer, " ", ""), 2)
}

func TestLinesAreFilled(t *testing.T) {
	i := Interruption{
		Kind:  Suspect,
		Cause: table.Text{En: "Front camera, no picture", Zh: "正面摄像机无画面"}, From: "14:21:31", To: "14:33:52",
		Suspended: "14:21:33", Now: "14:34:06", Answer: Yes, Reason: table.Text{En: "Urgent", Zh: "情况紧急"},
		Approver: "Officer 0101", UnrecordedBegan: "14:25:00",
	}
	t.Run("Z30 what is read aloud has cause, start and end", func(t *testing.T) {
		for _, want := range []string{"14:21:31", "14:33:52", "14:21:33", "14:34:06"} {
			require.Contains(t, i.Script().En, want)
			require.Contains(t, i.Script().Zh, want)
		}
		require.Contains(t, i.Script().En, i.Cause.En)
		require.Contains(t, i.Script().Zh, i.Cause.Zh)
	})
	t.Run("Z30 what the transcript carries", func(t *testing.T) {
		require.Equal(t, "Recording interrupted 14:21:31 to 14:33:52: Front camera, no picture. Interrogation suspended from 14:21:33, resumed 14:34:06. Asked, the person says: questioned meanwhile.", i.ResumedLine().En)
	})
	t.Run("Z29-2 what the transcript carries", func(t *testing.T) {
		require.Equal(t, "自14:25:00起，因录音录像故障（正面摄像机无画面）未能完整录制，理由：情况紧急，经Officer 0101批准继续进行。", i.UnrecordedLine().Zh)
	})
	t.Run("each kind by its own word", func(t *testing.T) {
		require.Contains(t, i.Script().En, "The interrogation was suspended at")
		require.Contains(t, i.Script().Zh, "。讯问自14:21:33起中止")
		for _, kind := range []Kind{Administrative, Victim, Witness} {
			i.Kind = kind
			require.Contains(t, i.Script().En, "The questioning was suspended at")
			require.Contains(t, i.Script().Zh, "。询问自14:21:33起中止")
			require.Contains(t, i.ResumedLine().Zh, "。询问自14:21:33起中止")
			require.Contains(t, i.UnrecordedLine().En, "From 14:25:00 questioning went on")
			require.NotContains(t, i.Script().Zh+i.ResumedLine().Zh, "讯问")
		}
	})
	for name, text := range map[string]table.Text{"script": i.Script(), "resumed": i.ResumedLine(), "unrecorded": i.UnrecordedLine()} {
		require.NotContains(t, text.En+text.Zh, "{", name)
	}
}

// FuzzValidate looks for forms on which the policy does not answer, or answers without a sentence.
func FuzzValidate(f *testing.F) {
	f.Add("2026-1", "person", "interrogation-suspect", "theft", "minor", "yes", "questioner", "a", "")
	f.Add("", "\x00", "technical", "", "", "", "", "", "special")
	f.Fuzz(func(t *testing.T, number, person, kind, category, key, answer, role, name, ground string) {
		form := Form{
			Case: number, Person: person, Kind: Kind(kind), Category: category, Circumstances: map[string]string{key: answer},
			Roster: []Member{{role, name}}, Ground: ground,
		}
		for _, v := range (Policy{}).Validate(form, Mobile) {
			require.NotEmpty(t, v.Name)
			require.False(t, v.Say.Zero())
		}
		mandatory, why := Policy{}.Mandatory(form)
		require.Equal(t, mandatory, len(why) > 0)
	})
}
