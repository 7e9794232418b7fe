package rtsp_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/media"
	"roomrec/rtsp"
)

// pcma is an interleaved frame with one packet of sound, number n, on channel 0.
func pcma(n int) string {
	b := append([]byte{'$', 0, 0, 16, 0x80, 8, byte(n >> 8), byte(n), 0, 0, byte(4 * n >> 8), byte(4 * n), 0, 0, 0, 1}, 1, 2, 3, byte(n))
	return string(b)
}

// TestKeepAlive keeps a session alive with a camera that insists on it, that renews its nonce while
// doing so, that asks us whether we are there, and that sends stray line ends.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	packets, pings := 0, 0
	nonce := "first"
	say := func(r string) string {
		mu.Lock()
		defer mu.Unlock()
		method, _, _ := strings.Cut(r, " ")
		asked = append(asked, method)
		if method == "RTSP/1.0" { // the answer to our own question
			return "\r\n"
		}
		if method != "OPTIONS" && !strings.Contains(r, `nonce="`+nonce+`"`) {
			return "RTSP/1.0 401 Unauthorized\r\n" + cseq(r) + `WWW-Authenticate: Digest realm="x", nonce="` + nonce + `", stale=true` + "\r\n\r\n"
		}
		ok := "RTSP/1.0 200 OK\r\n" + cseq(r) + "Session: 7;timeout=1\r\n"
		switch method {
		case "OPTIONS":
			return ok + "Public: DESCRIBE, SETUP, PLAY, GET_PARAMETER\r\n\r\n"
		case "DESCRIBE":
			body := "v=0\r\ns=x\r\nm=audio 0 RTP/AVP 8\r\na=control:track\r\n"
			return ok + fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		case "SETUP":
			return ok + "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
		case "GET_PARAMETER":
			if pings++; pings == 2 {
				nonce = "second"
			}
		}
		packets++
		return ok + "\r\n" + pcma(packets) + "\r\nOPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\n\r\n"
	}
	s := rtsp.Source{URL: "rtsp://" + talker(t, say) + "/cam", User: "admin", Password: secret}
	r := watch(t, s, rtsp.Options{BackoffMin: time.Hour, Silence: 3 * time.Second})
	items := r.until(t, "sound after the nonce was renewed", func(items []media.Item) bool { return len(units(items, 0)) >= 6 })
	require.Empty(t, of[*media.End](items))
	require.Empty(t, of[*media.Gap](items))
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, "second", nonce)
	require.Contains(t, asked, "GET_PARAMETER")
	require.Contains(t, asked, "RTSP/1.0")
}

// TestReceiverReports sends signs of life inside the connection.
func TestReceiverReports(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := ""
	say := func(r string) string {
		mu.Lock()
		defer mu.Unlock()
		seen += r
		for _, m := range []string{"OPTIONS", "DESCRIBE", "SETUP", "PLAY"} {
			if !strings.Contains(r, m+" rtsp://") {
				continue
			}
			ok := "RTSP/1.0 200 OK\r\n" + cseq(r) + "Session: 7;timeout=4\r\n"
			switch m {
			case "DESCRIBE":
				body := "v=0\r\ns=x\r\nm=audio 0 RTP/AVP 8\r\na=control:track\r\n"
				return ok + fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			case "SETUP":
				return ok + "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
			case "PLAY":
				return ok + "\r\n" + pcma(1)
			}
			return ok + "\r\n"
		}
		return "\r\n"
	}
	r := watch(t, rtsp.Source{URL: "rtsp://" + talker(t, say) + "/cam"}, rtsp.Options{BackoffMin: time.Hour, Silence: 12 * time.Second})
	r.until(t, "sound", func(items []media.Item) bool { return len(units(items, 0)) > 0 })
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(seen, "$\x01\x00\x20\x81\xc9\x00\x07") // 32 bytes on channel 1: a receiver report
	}, time.Minute, 20*time.Millisecond)
}
