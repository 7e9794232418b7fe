package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// broken is a server that does something wrong with whoever connects to it.
type broken struct {
	name  string
	says  string // part of what probe says of it
	serve func(c net.Conn, r *bufio.Reader)
	tls   *tls.Config
	// secure: it is asked with TLS, although it has none.
	secure bool
}

// request reads an RTSP or HTTP request up to its empty line and returns the sequence number, "" at the end.
func request(r *bufio.Reader) (method, seq string) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", ""
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return method, seq
		}
		if method == "" {
			method, _, _ = strings.Cut(line, " ")
		}
		if v, ok := strings.CutPrefix(line, "CSeq: "); ok {
			seq = v
		}
	}
}

// each answers every request; "" of answer ends the connection.
func each(answer func(method, seq string) string) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, r *bufio.Reader) {
		for {
			method, seq := request(r)
			if method == "" {
				return
			}
			a := answer(method, seq)
			if a == "" {
				return
			}
			if _, err := io.WriteString(c, a); err != nil {
				return
			}
		}
	}
}

const options = "RTSP/1.0 200 OK\r\nCSeq: %s\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n"

// described answers OPTIONS as it should be and everything else with after.
func described(after func(method, seq string) string) func(net.Conn, *bufio.Reader) {
	return each(func(method, seq string) string {
		if method == "OPTIONS" {
			return fmt.Sprintf(options, seq)
		}
		return after(method, seq)
	})
}

// sdp answers DESCRIBE with the text.
func sdp(text string) func(net.Conn, *bufio.Reader) {
	return described(func(_, seq string) string {
		return fmt.Sprintf("RTSP/1.0 200 OK\r\nCSeq: %s\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", seq, len(text), text)
	})
}

const h264 = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n"

// played goes through SETUP and PLAY and then does as then says.
func played(then func(c net.Conn)) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, r *bufio.Reader) {
		for {
			method, seq := request(r)
			a := fmt.Sprintf(options, seq)
			switch method {
			case "":
				return
			case "DESCRIBE":
				a = fmt.Sprintf("RTSP/1.0 200 OK\r\nCSeq: %s\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", seq, len(h264), h264)
			case "SETUP":
				a = "RTSP/1.0 200 OK\r\nCSeq: " + seq + "\r\nSession: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
			case "PLAY":
				a = "RTSP/1.0 200 OK\r\nCSeq: " + seq + "\r\nSession: 1\r\n\r\n"
			}
			if _, err := io.WriteString(c, a); err != nil {
				return
			}
			if method == "PLAY" {
				then(c)
				return
			}
		}
	}
}

// forever writes until the other side has gone.
func forever(c net.Conn, text string) {
	b := []byte(strings.Repeat(text, 1+(32<<10)/len(text)))
	for {
		if _, err := c.Write(b); err != nil {
			return
		}
	}
}

// quiet holds the connection open without a word until the other side has gone.
func quiet(c net.Conn) {
	// What it still says does not matter here.
	_, _ = io.Copy(io.Discard, c)
}

func brokenServers(t *testing.T) []broken {
	expired := expiredCertificate(t)
	return []broken{
		{name: "silent", says: "gives no RTSP answer", serve: func(c net.Conn, _ *bufio.Reader) { quiet(c) }},
		{name: "closes at once", says: "closed the connection without an RTSP answer", serve: func(net.Conn, *bufio.Reader) {}},
		{name: "half an answer", says: "gives no RTSP answer", serve: func(c net.Conn, r *bufio.Reader) {
			request(r)
			fmt.Fprint(c, "RTSP/1.0 200 O")
			quiet(c)
		}},
		{name: "half an answer, then closed", says: "cannot be read", serve: func(c net.Conn, r *bufio.Reader) {
			_, seq := request(r)
			fmt.Fprintf(c, "RTSP/1.0 200 OK\r\nCSeq: %s\r\nPub", seq)
		}},
		{name: "endless header", says: "", serve: func(c net.Conn, r *bufio.Reader) {
			request(r)
			fmt.Fprint(c, "RTSP/1.0 200 OK\r\n")
			forever(c, "X-Header: something\r\n")
		}},
		{name: "endless line", says: "", serve: func(c net.Conn, r *bufio.Reader) { request(r); forever(c, "RTSP/1.0 200 OKOKOK") }},
		{name: "endless SDP", says: "", serve: func(c net.Conn, r *bufio.Reader) {
			_, seq := request(r)
			fmt.Fprintf(c, options, seq)
			_, seq = request(r)
			fmt.Fprintf(c, "RTSP/1.0 200 OK\r\nCSeq: %s\r\nContent-Type: application/sdp\r\nContent-Length: 2000000000\r\n\r\n", seq)
			forever(c, "a=nothing:1\r\n")
		}},
		{name: "content length too great", says: "did not answer DESCRIBE", serve: described(func(_, seq string) string {
			return fmt.Sprintf("RTSP/1.0 200 OK\r\nCSeq: %s\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", seq, len(h264)+1000, h264)
		})},
		{name: "content length too small", says: "", serve: described(func(_, seq string) string {
			return fmt.Sprintf("RTSP/1.0 200 OK\r\nCSeq: %s\r\nContent-Type: application/sdp\r\nContent-Length: 7\r\n\r\n%s", seq, h264)
		})},
		{name: "content length negative", says: "", serve: described(func(_, seq string) string {
			return fmt.Sprintf("RTSP/1.0 200 OK\r\nCSeq: %s\r\nContent-Type: application/sdp\r\nContent-Length: -1\r\n\r\n%s", seq, h264)
		})},
		{name: "garbage SDP", says: "session description", serve: sdp("\x00\xff\x01garbage=\r\n\r\nm=\r\n")},
		{name: "empty SDP", says: "", serve: sdp("")},
		{name: "no track in the SDP", says: "", serve: sdp("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n")},
		{name: "a thousand tracks", says: "", serve: sdp("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n" + strings.Repeat("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n", 1000))},
		{name: "codec unknown", says: "VP7", serve: sdp("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 VP7/90000\r\na=control:trackID=0\r\n")},
		{name: "redirects in a circle", says: "redirect", serve: func(c net.Conn, r *bufio.Reader) {
			each(func(_, seq string) string {
				return fmt.Sprintf("RTSP/1.0 302 Moved\r\nCSeq: %s\r\nLocation: rtsp://%s/again\r\n\r\n", seq, c.LocalAddr())
			})(c, r)
		}},
		{name: "redirect to nowhere", says: "", serve: described(func(_, seq string) string {
			return fmt.Sprintf("RTSP/1.0 302 Moved\r\nCSeq: %s\r\nLocation: ://\r\n\r\n", seq)
		})},
		{name: "login refused", says: "password", serve: described(func(_, seq string) string {
			return fmt.Sprintf("RTSP/1.0 401 Unauthorized\r\nCSeq: %s\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"abc\"\r\n\r\n", seq)
		})},
		{name: "login of a kind that nobody knows", says: "", serve: described(func(_, seq string) string {
			return fmt.Sprintf("RTSP/1.0 401 Unauthorized\r\nCSeq: %s\r\nWWW-Authenticate: Magic wand=1\r\n\r\n", seq)
		})},
		{name: "path unknown", says: "path", serve: described(func(_, seq string) string { return "RTSP/1.0 404 Not Found\r\nCSeq: " + seq + "\r\n\r\n" })},
		{name: "too many viewers", says: "as many viewers", serve: described(func(_, seq string) string {
			return "RTSP/1.0 453 Not Enough Bandwidth\r\nCSeq: " + seq + "\r\n\r\n"
		})},
		{name: "a web server", says: "not with RTSP", serve: each(func(string, string) string {
			return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
		})},
		{name: "answers another question", says: "did not answer", serve: each(func(string, string) string { return "RTSP/1.0 200 OK\r\nCSeq: 999999\r\n\r\n" })},
		{name: "plays and sends nothing", says: "no packet", serve: played(quiet)},
		{name: "plays and hangs up", says: "", serve: played(func(net.Conn) {})},
		{name: "plays garbage", says: "", serve: played(func(c net.Conn) { forever(c, "\x00\x01garbage") })},
		{name: "plays packets that are none", says: "", serve: played(func(c net.Conn) { forever(c, "$\x00\x00\x04abcd") })},
		{name: "a drop every second", says: "", serve: func(c net.Conn, r *bufio.Reader) {
			request(r)
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for range tick.C {
				if _, err := c.Write([]byte("R")); err != nil {
					return
				}
			}
		}},
		{name: "answers each question after four seconds", says: "so slowly", serve: func(c net.Conn, r *bufio.Reader) {
			played(quiet)(slow{c}, r)
		}},
		{name: "TLS expired", says: "certificate is not valid", tls: expired, serve: func(c net.Conn, _ *bufio.Reader) { quiet(c) }},
		{name: "TLS of a name that is another", says: "certificate", tls: otherCertificate(t), serve: func(c net.Conn, _ *bufio.Reader) { quiet(c) }},
		{name: "no TLS where it should be", says: "not with TLS", secure: true, serve: func(c net.Conn, r *bufio.Reader) { fmt.Fprint(c, "RTSP/1.0 400 Bad\r\n\r\n"); quiet(c) }},
	}
}

// slow takes four seconds for whatever it says.
type slow struct{ net.Conn }

func (s slow) Write(b []byte) (int, error) {
	timer := time.NewTimer(4 * time.Second)
	defer timer.Stop()
	<-timer.C
	return s.Conn.Write(b)
}

// listen runs the server until the test ends.
func (b broken) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	if b.tls != nil {
		l = tls.NewListener(l, b.tls)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	open := make(map[net.Conn]bool)
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			all.Go(func() {
				b.serve(c, bufio.NewReader(c))
				mu.Lock()
				defer mu.Unlock()
				delete(open, c)
				_ = c.Close() // the other side may have gone
			})
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		mu.Lock()
		for c := range open {
			_ = c.Close() // so that its goroutine ends
		}
		mu.Unlock()
		all.Wait()
	})
	return address
}

// maxProbe is the most memory that a command may take for a server that is broken, in KiB.
const maxProbe = 160 << 10

// TestProbeOfBrokenServers: whatever answers, a technician gets one clear sentence, in seconds, and the
// program's memory stays small. The limit of ten seconds is the program's own; on a machine that does
// other things it may take longer to start.
func TestProbeOfBrokenServers(t *testing.T) {
	t.Parallel()
	all := brokenServers(t)
	require.GreaterOrEqual(t, len(all), 20)
	// All at once: most of them only wait.
	type asked struct {
		broken
		address string
		began   time.Time
		p       *program
		took    chan time.Duration
		peak    <-chan int
	}
	var probes []asked
	for _, b := range all {
		scheme := "rtsp"
		if b.tls != nil || b.secure {
			scheme = "rtsps"
		}
		a := asked{broken: b, address: b.listen(t), began: time.Now(), took: make(chan time.Duration, 1)}
		a.p = start(t, []string{"probe", "--for", "1s", scheme + "://admin@" + a.address + "/cam"}, with("CAMERA_PASSWORD="+secret))
		a.peak = a.p.peak()
		go func() { <-a.p.ended; a.took <- time.Since(a.began) }()
		probes = append(probes, a)
	}
	slowest := time.Duration(0)
	for _, a := range probes {
		t.Run(a.name, func(t *testing.T) {
			require.Equal(t, 2, a.p.code(patience))
			took := <-a.took
			slowest = max(slowest, took)
			require.Less(t, took, 20*time.Second)
			require.Empty(t, a.p.out.String())
			message := strings.TrimSpace(a.p.err.String())
			require.Contains(t, message, a.says)
			require.Contains(t, message, a.address, "it says which camera")
			require.Contains(t, message, "; ", "it says what to do")
			require.NotContains(t, message, "\n", "one sentence")
			require.Less(t, len(message), 400)
			require.NotRegexp(t, `[\x00-\x1f\x7f]`, message, "nothing of a camera reaches a terminal raw")
			withoutSecret(t, a.p)
			require.Less(t, <-a.peak, maxProbe, "KiB")
			t.Log(message)
		})
	}
	t.Logf("%d servers, the slowest took %.1f s", len(all), slowest.Seconds())
}
