package transcript

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
)

func instant(t testing.TB, s string) clock.Instant {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-11-22 "+s, shanghai)
	require.NoError(t, err)
	return clock.Instant{Wall: clock.WallOf(at)}
}

// fullFacts is the session that fullText was written in.
func fullFacts(t testing.TB) Facts {
	return Facts{
		Zone: shanghai, Start: instant(t, "09:05:10"), End: instant(t, "11:40:52"),
		Interruptions: []Interruption{{Span: Span{instant(t, "10:15:10"), instant(t, "10:31:20")}, Missing: Span{instant(t, "10:15:05"), instant(t, "10:30:50")}}},
		Recorded:      []Span{{instant(t, "09:03:00"), instant(t, "10:15:05")}, {instant(t, "10:30:50"), instant(t, "11:42:00")}},
		Unrecorded:    []Span{}, Kind: KindInterrogation, Ordinal: 2, Places: []string{"办案区第3讯问室"},
		Roster:  &Roster{Person: "李某某", Officers: []string{"王强", "赵敏"}, Interpreters: []string{}, Guardians: []string{}},
		Markers: []Marker{{Code: MarkerEvidence}}, Earlier: []Earlier{},
	}
}

const fullText = `讯问笔录
(第二次)
时间 2026年11月22日09时05分至2026年11月22日11时40分
地点 枣庄市公安局办案区第3讯问室
讯问人(签名) 王强、赵敏  工作单位 枣庄市公安局
记录人(签名) 赵 敏  工作单位 枣庄市公安局
被讯问人 李某某  性别 男  年龄 36  出生日期 1990年3月5日
问:我们是枣庄市公安局民警。你有权申请回避,有权委托辩护人,如实供述自己的罪行可以从宽处理。
答:明白。
问:现在向你出示照片一张,你看看。
答:是我的刀。
(因存储故障,讯问于10时15分中止,于10时31分恢复。)
以上笔录我看过,和我说的相符。
被讯问人签名:李某某`

// TestFindings makes one change to the document or to the session and asks for exactly its finding.
func TestFindings(t *testing.T) {
	replace := func(old, new string) func(string, *Facts) string {
		return func(s string, _ *Facts) string {
			if !strings.Contains(s, old) {
				panic(old)
			}
			return strings.Replace(s, old, new, 1)
		}
	}
	facts := func(f func(*Facts)) func(string, *Facts) string {
		return func(s string, x *Facts) string { f(x); return s }
	}
	for _, c := range []struct {
		name    string
		change  func(string, *Facts) string
		codes   []FindingCode
		verdict Verdict
	}{
		{"nothing", func(s string, _ *Facts) string { return s }, nil, Agrees},
		{"Z26-2 start", replace("09时05分", "09时06分"), []FindingCode{StartDiffers}, Differs},
		{"Z26-2 end", replace("11时40分", "11时41分"), []FindingCode{EndDiffers}, Differs},
		{"Z30 note over two lines, as on paper", replace("中止,于10时31分恢复", "中止,\n于2026年11月22日10时31分恢复"), nil, Agrees},
		{"Z30 note left out", replace("(因存储故障,讯问于10时15分中止,于10时31分恢复。)\n", ""), []FindingCode{InterruptionMissing}, Differs},
		{"Z30 note differs", replace("10时31分", "10时33分"), []FindingCode{InterruptionDiffers}, Differs},
		{"Z24 not covered", facts(func(f *Facts) { f.Recorded[1].To = instant(t, "11:39:52") }), []FindingCode{NotCovered}, Differs},
		{"Z24 nothing recorded", facts(func(f *Facts) { f.Recorded = []Span{} }), []FindingCode{NotCovered, NotCovered}, Differs},
		{"Z29-2 unrecorded without its line", facts(func(f *Facts) { f.Unrecorded = []Span{{instant(t, "10:50:00"), instant(t, "11:00:00")}} }), []FindingCode{StatementMissing}, Differs},
		{"Z29-2 unrecorded with its line", func(s string, f *Facts) string {
			f.Unrecorded = []Span{{instant(t, "10:50:00"), instant(t, "11:00:00")}}
			return s + "\n(10时50分至11时00分因设备无法修复未录音录像,讯问照常进行,被讯问人确认。)"
		}, nil, Agrees},
		{"person", replace("被讯问人 李某某", "被讯问人 李某"), []FindingCode{PersonDiffers}, Differs},
		{"C-2 one interrogator", func(s string, _ *Facts) string {
			return strings.NewReplacer("王强、赵敏", "赵敏").Replace(s)
		}, []FindingCode{OneInterrogator}, Differs},
		{"officer not on the roster", replace("王强、赵敏", "王强、孙勇"), []FindingCode{OfficerNotOnRoster}, Differs},
		{"Z25-2 interpreter not named", facts(func(f *Facts) { f.Roster.Interpreters = []string{"阿里"} }), []FindingCode{InterpreterDiffers}, Differs},
		{"Z25-2 another interpreter", func(s string, f *Facts) string {
			f.Roster.Interpreters = []string{"阿里"}
			return strings.Replace(s, "地点 ", "翻译人员:买买提\n地点 ", 1)
		}, []FindingCode{InterpreterDiffers}, Differs},
		{"Z25-2 interpreter", func(s string, f *Facts) string {
			f.Roster.Interpreters = []string{"买买提"}
			return strings.Replace(s, "地点 ", "翻译人员:买买提\n地点 ", 1)
		}, nil, Agrees},
		{"Z25-2 guardian not named", facts(func(f *Facts) { f.Roster.GuardianNeeded = true }), []FindingCode{GuardianMissing}, Differs},
		{"Z31 kind", facts(func(f *Facts) { f.Kind = KindQuestioning }), []FindingCode{KindDiffers}, Differs},
		{"ordinal", facts(func(f *Facts) { f.Ordinal = 3 }), []FindingCode{OrdinalDiffers}, Differs},
		{"place", facts(func(f *Facts) { f.Places = []string{"办案区第4讯问室"} }), []FindingCode{PlaceDiffers}, Differs},
		{"S120 rights", replace("你有权申请回避,有权委托辩护人", "你可以请律师"), []FindingCode{RightsMissing, CounselMissing}, Agrees},
		{"S120 leniency", replace("可以从宽处理", "很重要"), []FindingCode{LeniencyMissing}, Agrees},
		{"C34 counsel", replace(",有权委托辩护人", ""), []FindingCode{CounselMissing}, Agrees},
		{"S122 closing", replace("以上笔录我看过,和我说的相符。", ""), []FindingCode{ClosingMissing}, Agrees},
		{"S122 read aloud", facts(func(f *Facts) { f.Roster.CannotRead = true }), []FindingCode{ReadAloudMissing}, Agrees},
		{"S122 read aloud, said", func(s string, f *Facts) string {
			f.Roster.CannotRead = true
			return strings.Replace(s, "以上笔录我看过,", "以上笔录已向我宣读,", 1)
		}, nil, Agrees},
		{"Z25 evidence without a marker", facts(func(f *Facts) { f.Markers = []Marker{} }), []FindingCode{EvidenceMarkerMissing}, Agrees},
		{"too fast", replace("是我的刀。", strings.Repeat("我从东边走到西边又从西边走到东边一直没有停。", 2000)), []FindingCode{TooFast}, Agrees},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fullFacts(t)
			d := readString(t, c.change(fullText, &f))
			r := Compare(d, f, Options{})
			require.Equal(t, append([]FindingCode{}, c.codes...), codesOf(r), "%+v", r.Findings)
			require.Equal(t, c.verdict, r.Verdict)
			require.Empty(t, r.NotChecked)
		})
	}
}

// TestCopied finds a long passage of an earlier transcript, and not a short one.
func TestCopied(t *testing.T) {
	passage := ""
	for i := range 40 {
		passage += "第" + string(rune('甲'+i)) + "件事我记得很清楚,"
	}
	earlier := Earlier{Name: "20261120-090000-aaaa", Entries: []Entry{{Role: RoleAnswer, Text: "上午。" + passage, Line: 9}}}
	f := fullFacts(t)
	f.Earlier = []Earlier{earlier}
	d := readString(t, strings.Replace(fullText, "是我的刀。", "是我的刀。"+passage, 1))
	r := Compare(d, f, Options{})
	require.Equal(t, []FindingCode{Copied}, codesOf(r))
	require.Equal(t, Agrees, r.Verdict)
	require.Equal(t, 11, *r.Findings[0].Line)
	require.Empty(t, codesOf(Compare(readString(t, fullText), f, Options{})))
}

// TestFactsNotGiven: what is not known is not checked, and said so.
func TestFactsNotGiven(t *testing.T) {
	f := fullFacts(t)
	d := readString(t, strings.NewReplacer("李某某", "张某", "第二次", "第九次").Replace(fullText))
	r := Compare(d, Facts{Zone: shanghai, Start: f.Start, End: f.End}, Options{})
	require.Equal(t, Agrees, r.Verdict)
	require.Empty(t, r.Findings)
	for code, rule := range Rules {
		if len(rule.Needs) > 0 && rule.Needs[0] != "sessions" {
			require.Contains(t, r.NotChecked, code)
		}
	}
	require.True(t, slices.IsSorted(r.NotChecked))
}

// TestRulesAreComplete: every code has a clause and words in both languages.
func TestRulesAreComplete(t *testing.T) {
	require.Len(t, Rules, 29)
	for code, r := range Rules {
		require.NotEmpty(t, r.Severity, code)
		require.NotEmpty(t, r.Clause, code)
		require.NotEmpty(t, r.Do.EN, code)
		require.NotEmpty(t, r.Do.ZH, code)
		require.NotContains(t, r.Do.ZH, "暂停")
		require.NotRegexp(t, `\p{Han}[,;:?!(]|[,;)]\p{Han}`, r.Do.ZH, "a sign of half the width")
	}
}

// TestMessagesInBothLanguages takes the same result in Chinese.
func TestMessagesInBothLanguages(t *testing.T) {
	f := fullFacts(t)
	r := Compare(readString(t, strings.Replace(fullText, "11时40分", "11时44分", 1)), f, Options{Language: "zh-CN"})
	require.Equal(t, "笔录结束时间为2026-11-22 11:44，录音录像结束时间为2026-11-22 11:40:52", r.Findings[0].Message)
	require.Equal(t, "the transcript's end is 2026-11-22 11:44, the recording's 2026-11-22 11:40:52", r.In("en").Findings[0].Message)
	require.Contains(t, r.Plain("zh-CN"), "不一致")
	require.Contains(t, r.Plain("en"), "end_differs (line 3)")
}

// TestBrokenOff: a session that ended while it was suspended has no time of resuming.
func TestBrokenOff(t *testing.T) {
	f := fullFacts(t)
	f.Interruptions = append(f.Interruptions, Interruption{Span: Span{instant(t, "11:20:10"), f.End}})
	d := readString(t, fullText+"\n(因停电,讯问于11时20分中止,未能恢复。)")
	require.Equal(t, Agrees, Compare(d, f, Options{}).Verdict, "%+v", Compare(d, f, Options{}).Findings)
	d = readString(t, fullText+"\n(因停电,讯问于11时22分中止,未能恢复。)")
	require.Equal(t, []FindingCode{InterruptionDiffers}, codesOf(Compare(d, f, Options{})))
}

// TestNotesPastMidnight: a note's time without a date is on the day of the questioning that it falls on.
func TestNotesPastMidnight(t *testing.T) {
	night := func(s string) clock.Instant {
		v, err := time.ParseInLocation("02 15:04:05", s, shanghai)
		require.NoError(t, err)
		return clock.Instant{Wall: clock.WallOf(v.AddDate(2026, 10, 0))}
	}
	f := Facts{
		Zone: shanghai, Start: night("22 22:30:10"), End: night("23 01:10:20"),
		Interruptions: []Interruption{{Span: Span{night("22 23:50:10"), night("23 00:10:20")}}, {Span: Span{night("23 00:20:10"), night("23 00:30:20")}}},
	}
	text := "时间:2026年11月22日22时30分至次日1时10分\n问:a\n答:b\n(因停电,讯问于23时50分中止,于0时10分恢复。)\n(因停电,讯问于0时20分中止,于0时30分恢复。)"
	r := Compare(readString(t, text), f, Options{})
	require.Equal(t, Agrees, r.Verdict, "%+v", r.Findings)
	r = Compare(readString(t, strings.Replace(text, "0时20分", "0时21分", 1)), f, Options{})
	require.Equal(t, Differs, r.Verdict)
	require.True(t, r.Has(InterruptionDiffers))
}

// TestZoneWithSummerTime: a time that exists twice or not at all is a doubt.
func TestZoneWithSummerTime(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	at := func(s string) clock.Instant {
		v, err := time.Parse(time.RFC3339, s)
		require.NoError(t, err)
		return clock.Instant{Wall: clock.WallOf(v)}
	}
	f := Facts{Zone: loc, Start: at("2026-10-24T23:05:00+02:00"), End: at("2026-10-25T02:30:00+01:00")}
	r := Compare(readString(t, "Start: 2026-10-24 23:05\nEnd: 2026-10-25 02:30"), f, Options{})
	require.Equal(t, Unreadable, r.Verdict)
	r = Compare(readString(t, "Start: 2026-10-24 23:05\nEnd: 2026-10-25T02:30:00+01:00"), f, Options{})
	require.Equal(t, Agrees, r.Verdict, "%+v", r.Findings)
	f = Facts{Zone: loc, Start: at("2026-03-29T01:05:00+01:00"), End: at("2026-03-29T03:30:00+02:00")}
	require.Equal(t, Unreadable, Compare(readString(t, "Start: 2026-03-29 01:05\nEnd: 2026-03-29 02:30"), f, Options{}).Verdict)
}
