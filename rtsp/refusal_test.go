package rtsp_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/rtsp"
	"roomrec/rtsp/rtsptest"
)

const secret = "Gänse/füttern#7@x"

// certificate makes a certificate for name and returns it with the PEM file of its authority.
func certificate(t *testing.T, name string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0), IsCA: true, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(name); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// closer accepts connections, hears something, and closes them.
func closer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1)) // whatever it says
			_ = c.Close()
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		wg.Wait()
	})
	return l.Addr().String()
}

// talker accepts connections and answers every line that ends a request with what say returns.
func talker(t *testing.T, say func(request string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() {
				var got []byte
				buf := make([]byte, 4096)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					got = append(got, buf[:n]...)
					for {
						i := bytes.Index(got, []byte("\r\n\r\n"))
						if i < 0 {
							break
						}
						answer := say(string(got[:i+2]))
						got = got[i+4:]
						if answer == "" {
							_ = c.Close()
							return
						}
						if _, err := c.Write([]byte(answer)); err != nil {
							return
						}
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

// cseq returns the header line that a response repeats.
func cseq(request string) string {
	for line := range strings.SplitSeq(request, "\r\n") {
		if strings.HasPrefix(strings.ToLower(line), "cseq:") {
			return line + "\r\n"
		}
	}
	return ""
}

// TestRefusals goes through everything that keeps a camera away and requires a sentence of its own
// for each, and that no log, error, state, metric or description of the camera shows its password.
func TestRefusals(t *testing.T) {
	guarded := func(opts ...rtsptest.Option) func(*testing.T) rtsp.Source {
		return func(t *testing.T) rtsp.Source {
			_, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{script(t, "IPP", 100)}, User: "admin", Password: "another"}, opts...)
			return s
		}
	}
	secure := func(name string, change func(t *testing.T, s *rtsp.Source, ca string)) func(*testing.T) rtsp.Source {
		return func(t *testing.T) rtsp.Source {
			cert, ca := certificate(t, name)
			_, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{script(t, "IPP", 100)}}, rtsptest.WithTLS(cert))
			change(t, &s, ca)
			return s
		}
	}
	at := func(addr string) rtsp.Source { return rtsp.Source{URL: "rtsp://" + addr + "/cam"} }
	for name, tc := range map[string]struct {
		source func(t *testing.T) rtsp.Source
		kind   error
		says   string
	}{
		"wrong password, digest": {guarded(rtsptest.WithDigest()), rtsp.ErrUnauthorized, "refuses this user or password"},
		"wrong password, basic":  {guarded(rtsptest.WithBasic()), rtsp.ErrUnauthorized, "refuses this user or password"},
		"wrong path": {func(t *testing.T) rtsp.Source {
			server, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{script(t, "IPP", 100)}})
			s.URL = server.URL("other")
			return s
		}, rtsp.ErrNotFound, "no stream at this path"},
		"nothing listens": {func(t *testing.T) rtsp.Source { return at(closedPort(t)) }, rtsp.ErrRefused, "nothing listens on the port"},
		"no route":        {func(*testing.T) rtsp.Source { return at("[2001:db8::1]:554") }, rtsp.ErrNoRoute, "network"},
		"no such host":    {func(*testing.T) rtsp.Source { return at("camera.invalid") }, rtsp.ErrNoRoute, "not known here"},
		"HTTP":            {func(t *testing.T) rtsp.Source { return at(httpServer(t)) }, rtsp.ErrNotRTSP, "not with RTSP; check the port"},
		"closes at once":  {func(t *testing.T) rtsp.Source { return at(talker(t, func(string) string { return "" })) }, rtsp.ErrNotRTSP, "without an RTSP answer"},
		"TLS on plain":    {secure("127.0.0.1", func(_ *testing.T, s *rtsp.Source, _ string) { s.URL = strings.Replace(s.URL, "rtsps", "rtsp", 1) }), rtsp.ErrNotRTSP, "use rtsps:// if it has TLS"},
		"plain on TLS": {func(t *testing.T) rtsp.Source {
			_, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{script(t, "IPP", 100)}})
			s.URL = strings.Replace(s.URL, "rtsp:", "rtsps:", 1)
			return s
		}, rtsp.ErrNotRTSP, "with TLS"},
		"closes instead of TLS": {func(t *testing.T) rtsp.Source {
			s := at(closer(t))
			s.URL = strings.Replace(s.URL, "rtsp:", "rtsps:", 1)
			return s
		}, rtsp.ErrNotRTSP, "instead of answering with TLS"},
		"TLS name":      {secure("camera.example", func(_ *testing.T, s *rtsp.Source, ca string) { s.TLS.CAFile = ca }), rtsp.ErrTLSName, "tls.server_name"},
		"TLS authority": {secure("127.0.0.1", func(*testing.T, *rtsp.Source, string) {}), rtsp.ErrTLSUntrusted, "tls.ca_file"},
		"TLS fingerprint": {secure("127.0.0.1", func(_ *testing.T, s *rtsp.Source, _ string) {
			s.TLS.Fingerprint = strings.Repeat("ab", 32)
		}), rtsp.ErrTLSUntrusted, "not the pinned one"},
		"unknown codec": {func(t *testing.T) rtsp.Source {
			_, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{script(t, "IPP", 100)}, Extra: "VP8/90000"})
			return s
		}, rtsp.ErrUnsupportedCodec, "VP8"},
		"transport": {func(t *testing.T) rtsp.Source {
			_, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{script(t, "IPP", 100)}})
			s.Transport = rtsp.UDP
			return s
		}, rtsp.ErrTransport, "tcp, udp, multicast"},
		"server repeats the request": {func(t *testing.T) rtsp.Source {
			return at(talker(t, func(r string) string {
				return "RTSP/1.0 500 " + strings.NewReplacer("\r\n", " ").Replace(r) + "\r\n" + cseq(r) + "\r\n"
			}))
		}, rtsp.ErrProtocol, "answered DESCRIBE with RTSP status 500"},
		"server repeats the sign-in": {func(t *testing.T) rtsp.Source {
			return at(talker(t, func(r string) string {
				if !strings.Contains(r, "Authorization:") {
					return "RTSP/1.0 401 Unauthorized\r\n" + cseq(r) + "WWW-Authenticate: Basic realm=\"x\"\r\n\r\n"
				}
				return "RTSP/1.0 500 " + r[strings.Index(r, "Basic"):strings.Index(r, "Basic")+40] + "\r\n" + cseq(r) + "\r\n"
			}))
		}, rtsp.ErrProtocol, "answered DESCRIBE with RTSP status 500"},
		"description that is none": {func(t *testing.T) rtsp.Source {
			return at(talker(t, func(r string) string {
				return "RTSP/1.0 200 OK\r\n" + cseq(r) + "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nnope\n"
			}))
		}, rtsp.ErrProtocol, "session description"},
		"no picture": {func(t *testing.T) rtsp.Source {
			return at(talker(t, func(r string) string {
				body := "v=0\r\ns=x\r\nm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n"
				return fmt.Sprintf("RTSP/1.0 200 OK\r\n%sContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", cseq(r), len(body), body)
			}))
		}, rtsp.ErrNoTracks, "neither picture nor sound"},
		"password in the query": {func(t *testing.T) rtsp.Source {
			server, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{script(t, "IPP", 100)}})
			s.URL = server.URL("other") + "?user=admin&password=" + url.QueryEscape(secret)
			return s
		}, rtsp.ErrNotFound, "password=***"},
		"sign-in of another kind": {func(t *testing.T) rtsp.Source {
			return at(talker(t, func(r string) string {
				return "RTSP/1.0 401 Unauthorized\r\n" + cseq(r) + "WWW-Authenticate: Negotiate\r\n\r\n"
			}))
		}, rtsp.ErrUnauthorized, "neither basic nor digest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := tc.source(t)
			source.User, source.Password = "admin", secret

			var log lockedBuffer
			reg := prometheus.NewRegistry()
			metrics, err := rtsp.NewMetrics(reg)
			require.NoError(t, err)
			r := watch(t, source, rtsp.Options{
				Name: "front", Log: zerolog.New(&log), Metrics: metrics,
				BackoffMin: 10 * time.Millisecond, BackoffMax: 20 * time.Millisecond, RefusedMin: 20 * time.Millisecond,
			})
			require.Eventually(t, func() bool { return r.camera.State().Reconnects > 1 }, 60*time.Second, 5*time.Millisecond)
			state := r.camera.State()
			require.ErrorIs(t, state.Error, tc.kind)
			require.Contains(t, state.Error.Error(), tc.says)
			require.Equal(t, rtsp.Refused(tc.kind), rtsp.Refused(state.Error))

			_, err = rtsp.Probe(t.Context(), source, clock.NewSystem(), time.Second)
			require.ErrorIs(t, err, tc.kind)
			gathered, gatherErr := reg.Gather()
			require.NoError(t, gatherErr)
			asJSON, jsonErr := json.Marshal(source)
			require.NoError(t, jsonErr)
			for _, text := range []string{
				log.String(), err.Error(), fmt.Sprintf("%v %+v %#v %q", err, err, err, err),
				fmt.Sprint(state.Error, tell(r.all())), fmt.Sprintf("%v %+v %#v %s", source, source, source, source.String()),
				fmt.Sprint(gathered), string(asJSON),
			} {
				requireNoSecret(t, text)
			}
			require.NotEmpty(t, log.String())
		})
	}
}

// requireNoSecret looks for the password in every form that it may take.
func requireNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, form := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), url.UserPassword("admin", secret).String(),
		base64.StdEncoding.EncodeToString([]byte("admin:" + secret)), "füttern", "f%C3%BCttern",
	} {
		require.NotContains(t, text, form)
	}
}

func httpServer(t *testing.T) string {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestSignIn(t *testing.T) {
	for name, opts := range map[string][]rtsptest.Option{
		"digest": {rtsptest.WithDigest()}, "basic": {rtsptest.WithBasic()}, "either": nil,
	} {
		t.Run(name, func(t *testing.T) {
			_, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{script(t, "IPP|bye", 100)}, User: "admin", Password: secret}, opts...)
			r := watch(t, s, rtsp.Options{BackoffMin: time.Hour})
			r.until(t, "the end", func(items []media.Item) bool { return len(of[*media.End](items)) > 0 })
			require.Len(t, units(r.all(), 0), 3)
		})
	}
}

func TestSecure(t *testing.T) {
	cert, ca := certificate(t, "camera.example")
	sum := sha256.Sum256(cert.Certificate[0])
	for name, setting := range map[string]rtsp.TLS{
		"authority and name": {CAFile: ca, ServerName: "camera.example"},
		"pinned":             {Fingerprint: hex.EncodeToString(sum[:])},
	} {
		t.Run(name, func(t *testing.T) {
			_, s := serve(t, &rtsptest.Stream{Sources: []rtsptest.Source{script(t, "IPPIPP|bye", 4000)}}, rtsptest.WithTLS(cert))
			s.TLS = setting
			r := watch(t, s, rtsp.Options{BackoffMin: time.Hour})
			items := r.until(t, "the end", func(items []media.Item) bool { return len(of[*media.End](items)) > 0 })
			require.Equal(t, "description(1 640x480) 0K 1 2 3K 4 5 end", tell(items))
		})
	}
}

// TestPasswordChanged has a camera refuse after its password was changed.
func TestPasswordChanged(t *testing.T) {
	t.Parallel()
	stream := &rtsptest.Stream{Sources: []rtsptest.Source{script(t, strings.Repeat("IPPP", 200), 100)}, User: "admin", Password: secret}
	_, s := serve(t, stream)
	r := watch(t, s, rtsp.Options{BackoffMin: 10 * time.Millisecond, RefusedMin: 10 * time.Millisecond})
	r.until(t, "pictures", func(items []media.Item) bool { return len(units(items, 0)) > 2 })
	stream.SetPassword("new")
	stream.Disconnect()
	require.Eventually(t, func() bool { return rtsp.Refused(r.camera.State().Error) }, 60*time.Second, 5*time.Millisecond)
	ends := of[*media.End](r.all())
	require.Len(t, ends, 1)
	require.ErrorIs(t, ends[0].Err, rtsp.ErrClosed)
	stream.SetPassword(secret)
	items := r.until(t, "pictures again", func(items []media.Item) bool {
		return len(of[*media.Description](items)) == 2 && items[len(items)-1] != items[0] && len(units(items, 0)) > 5
	})
	require.Equal(t, 2, of[*media.Description](items)[1].Epoch)
}

func TestParseSource(t *testing.T) {
	for raw, want := range map[string]rtsp.Source{
		"rtsp://192.0.2.1/a":                     {URL: "rtsp://192.0.2.1/a"},
		"rtsp://u:p%40ss@192.0.2.1:8554/a?x=1&y": {URL: "rtsp://192.0.2.1:8554/a?x=1&y", User: "u", Password: "p@ss"},
		"rtsps://u@[2001:db8::1]/":               {URL: "rtsps://[2001:db8::1]/", User: "u"},
		" rtsp://u:p@ss@h/a ":                    {URL: "rtsp://h/a", User: "u", Password: "p@ss"},
	} {
		got, err := rtsp.ParseSource(raw)
		require.NoError(t, err, raw)
		want.Transport = rtsp.TCP
		require.Equal(t, want, got)
	}
	for raw, says := range map[string]string{
		"":                          "rtsp://",
		"http://h/":                 "begins with rtsp://",
		"rtsp:///a":                 "want a host",
		"rtsp://u:hunter/2@h/a":     "percent-encode",
		"rtsp://u:12/hunter2@h/a":   "percent-encode",
		"rtsp://u:12?hunter2@h/a":   "percent-encode",
		"rtsp://u:hunter2%zz@h/a":   "percent-encode",
		"rtsp://u:12#hunter2@h/a":   "percent-encode",
		"rtsp://h/a\x7f?pw=hunter2": "percent-encode",
		"rtsp://u:hunter2@h:port/a": "percent-encode",
		"u:hunter2@h/a":             "rtsp://",
	} {
		_, err := rtsp.ParseSource(raw)
		require.ErrorContains(t, err, says, raw)
		require.NotContains(t, err.Error(), "hunter")
	}
}

func TestProbeOfNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := rtsp.Probe(ctx, rtsp.Source{URL: "rtsp://" + closedPort(t) + "/"}, clock.NewSystem(), time.Second)
	require.ErrorIs(t, err, context.Canceled)
}
