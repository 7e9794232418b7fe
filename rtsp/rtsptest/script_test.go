package rtsptest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/media"
	"roomrec/rtsp/rtsptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScript(t *testing.T) {
	for text, want := range map[string][]int64{ // presentation times in pictures
		"IPP":            {0, 1, 2},
		"IPBBPBB":        {1, 4, 2, 3, 7, 5, 6},
		"IBB":            {3, 1, 2},
		"IP|loss 3|PP":   {0, 1, 2, 3},
		"IP|skip 3|PP":   {0, 1, 5, 6},
		"IPB|dup 1|BIPB": {1, 4, 2, 3, 5, 7, 6},
		"IPBI|bye":       {1, 3, 2, 4},
	} {
		s, err := rtsptest.NewScript(text, 100)
		require.NoError(t, err, text)
		var got []int64
		for n := 0; ; n++ {
			unit, pts, dts, ok := s.Next()
			if !ok {
				break
			}
			require.LessOrEqual(t, dts, pts)
			number, ok := rtsptest.ScriptNumber(unit)
			require.True(t, ok)
			require.Equal(t, n, number)
			got = append(got, pts/3600)
		}
		require.Equal(t, want, got, text)
	}
	for text, says := range map[string]string{
		"IXP": "want I, P or B", "I||P": "empty order", "I|lose 3|P": "not known", "I|loss three|": "whole number",
	} {
		_, err := rtsptest.NewScript(text, 100)
		require.ErrorContains(t, err, says, text)
	}
}

func TestTone(t *testing.T) {
	for _, codec := range []media.Codec{media.AAC, media.Opus, media.PCMA, media.PCMU, media.LPCM} {
		tone := rtsptest.NewTone(codec, 3)
		require.Equal(t, codec, tone.Track().Codec)
		last := int64(-1)
		for range 3 {
			unit, pts, dts, ok := tone.Next()
			require.True(t, ok)
			require.Len(t, unit, 1)
			require.Equal(t, pts, dts)
			require.Greater(t, pts, last)
			last = pts
		}
		_, _, _, ok := tone.Next()
		require.False(t, ok)
	}
}

// TestServeEnds ends with its context or with Close, whichever is first, and leaves nothing behind.
func TestServeEnds(t *testing.T) {
	for _, byContext := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		s, err := rtsptest.NewScript(strings.Repeat("IP", 1000), 100)
		require.NoError(t, err)
		server, err := rtsptest.Serve(ctx, "127.0.0.1:0", map[string]*rtsptest.Stream{
			"live": {Sources: []rtsptest.Source{s}, Live: true}, "idle": {Sources: []rtsptest.Source{rtsptest.NewTone(media.PCMA, 0)}},
		})
		require.NoError(t, err)
		require.Equal(t, "rtsp://"+server.Addr()+"/live", server.URL("/live"))
		if byContext {
			cancel()
		}
		server.Close()
		cancel()
	}
	_, err := rtsptest.Serve(t.Context(), "127.0.0.1:0", map[string]*rtsptest.Stream{"bad": {Extra: "VP8"}})
	require.ErrorContains(t, err, "want an rtpmap")
}
