package transcript

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"roomrec/clock"
)

func TestAcross(t *testing.T) {
	s := func(id, person string, ordinal int, from, to string, officers ...string) Summary {
		return Summary{Session: id, Case: "C1", Kind: KindInterrogation, Ordinal: ordinal, Person: person, Officers: officers, Start: instant(t, from), End: instant(t, to)}
	}
	list := []Summary{
		s("c", "张三", 2, "14:00:00", "15:00:00", "王强", "赵敏"),
		s("a", "张三", 1, "09:00:00", "10:00:00", "王强", "赵敏"),
		s("b", "李四", 1, "09:30:00", "11:00:00", "孙勇", "赵 敏"),
		s("d", "王五", 1, "11:00:00", "12:00:00", "孙勇", "周涛"), // touches b
		s("e", "张三", 2, "14:30:00", "16:00:00", "钱进", "吴刚"),
	}
	got := Across(list, shanghai, "en")
	type row struct {
		code FindingCode
		a, b string
		who  string
	}
	var rows []row
	for _, c := range got {
		rows = append(rows, row{c.Code, c.Sessions[0], c.Sessions[1], c.Who})
		require.Equal(t, SeverityError, c.Severity)
		require.NotEmpty(t, c.Message)
	}
	require.Equal(t, []row{
		{OfficerOverlap, "a", "b", "赵 敏"},
		{SuspectOverlap, "c", "e", "张三"},
		{NumberRepeated, "c", "e", "张三"},
	}, rows)
	require.Equal(t, "张三的第2次笔录编号重复：c（2026-11-22 14:00–15:00）、e（2026-11-22 14:30–16:00）", Across(list, shanghai, "zh-CN")[2].Message)
	require.Empty(t, Across(nil, nil, "en"))
}

// TestAcrossFindsEveryOverlap compares the sweep with asking every pair.
func TestAcrossFindsEveryOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []Summary
		for i := range rapid.IntRange(0, 12).Draw(t, "sessions") {
			from := rapid.IntRange(0, 100).Draw(t, "from")
			at := clock.Instant{Wall: clock.Wall(time.Duration(from) * time.Minute)}
			end := at
			end.Wall = end.Wall.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
			list = append(list, Summary{Session: string(rune('a' + i)), Officers: []string{rapid.SampledFrom([]string{"x", "y"}).Draw(t, "officer")}, Start: at, End: end})
		}
		want := 0
		for i, a := range list {
			for _, b := range list[i+1:] {
				if a.Officers[0] == b.Officers[0] && a.Start.Wall < b.End.Wall && b.Start.Wall < a.End.Wall {
					want++
				}
			}
		}
		require.Len(t, Across(list, nil, "en"), want)
	})
}
