package transcript

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestJSONShapes reads the times from what other systems may send.
func TestJSONShapes(t *testing.T) {
	const s, e = "2026-11-22 09:05", "2026-11-22 11:40"
	for _, text := range []string{
		`{"start":"2026-11-22T09:05","end":"2026-11-22T11:40"}`,
		`{"header":{"time":{"start":"2026-11-22 09:05","end":"2026-11-22 11:40"}},"printed":{"start":"2026-11-23 08:00"}}`,
		`{"interview_start":"2026-11-22 09:05","interview_end":"2026-11-22 11:40"}`,
		`{"questioning":{"from":"2026-11-22 09:05","to":"2026-11-22 11:40"}}`,
		`{"date":"2026-11-22","start":"09:05","end":"11:40"}`,
		`{"时间":"2026年11月22日9时5分至11时40分"}`,
		`{"fields":[{"label":"讯问时间","value":"2026年11月22日9时5分至11时40分"},{"label":"地点","value":"第3讯问室"}]}`,
		`{"paragraphs":["讯问笔录","时间:2026年11月22日9时5分至11时40分","问:何时?","答:9时5分至10时10分。"]}`,
		`["讯问笔录","时间:2026年11月22日9时5分至11时40分"]`,
		`{"text":"讯问笔录\n时间:2026年11月22日9时5分至11时40分\n问:何时?\n答:2026年11月20日9时5分至10时10分。"}`,
		`{"startTime":"2026-11-22T09:05","endTime":"2026-11-22T11:40","interruptions":[{"start":"10:15","end":"10:31","cause":"disk"}]}`,
	} {
		d, err := Read("x.json", []byte(text), DefaultLimits)
		require.NoError(t, err)
		assert.Equal(t, s+" → "+e, momentString(d.Start)+" → "+momentString(d.End), "%s\n%+v\n%+v", text, d.Lines, d.Doubts)
	}
}

func TestJSONEntriesAndInterruptions(t *testing.T) {
	d, err := Read("x.json", []byte(`{"start":"2026-11-22 09:05","end":"2026-11-22 11:40",
		"interruptions":[{"stopped_at":"2026-11-22 10:15","resumed_at":"2026-11-22 10:31","cause":"disk fault"}],
		"entries":[{"role":"question","text":"Where?","at":"09:06:10"},{"role":"answer","text":"At home."},{"q":"And then?","a":"Out."}]}`), DefaultLimits)
	require.NoError(t, err)
	require.Len(t, d.Interruptions, 1)
	require.Contains(t, d.Interruptions[0].Cause, "disk fault")
	require.Len(t, d.Entries, 4)
	require.Equal(t, RoleQuestion, d.Entries[0].Role)
	require.NotNil(t, d.Entries[0].Code)
	require.Equal(t, RoleAnswer, d.Entries[3].Role)
	require.Equal(t, "Out.", d.Entries[3].Text)
}
