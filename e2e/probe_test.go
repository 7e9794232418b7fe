package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/rtsp"
	"roomrec/rtsp/rtsptest"
)

// TestProbe says what cameras of known behaviour deliver, to programs and to people.
func TestProbe(t *testing.T) {
	t.Parallel()
	lossy := camera()
	lossy.LossRate, lossy.Seed, lossy.ReportOffset = 0.1, 3, 3*time.Second
	silent := camera()
	silent.NoReports = true
	cameras := serve(t, map[string]*rtsptest.Stream{"good": locked(camera()), "bad": lossy, "silent": silent}, rtsptest.WithUDP(""))
	probe := func(t *testing.T, args ...string) (r rtsp.ProbeReport, text string) {
		args = append([]string{"probe", "--for", "3s"}, args...)
		code, out, complaints := run(t, append(args, "--json"), with("CAMERA_PASSWORD="+secret))
		require.Zero(t, code, complaints)
		require.NoError(t, json.Unmarshal([]byte(out), &r))
		p := start(t, args, with("CAMERA_PASSWORD="+secret))
		require.Zero(t, p.code(patience))
		withoutSecret(t, p)
		return r, strings.Join(strings.Fields(p.out.String()), " ")
	}
	t.Run("good", func(t *testing.T) {
		t.Parallel()
		r, text := probe(t, strings.Replace(cameras.URL("good"), "//", "//admin@", 1))
		require.Equal(t, rtsp.TCP, r.Transport)
		require.False(t, r.Secure)
		require.InDelta(t, 3, r.Seconds, 1)
		require.Len(t, r.Tracks, 2)
		v, a := r.Tracks[0], r.Tracks[1]
		require.Equal(t, []string{"video", "H264", "audio", "AAC"}, []string{v.Kind, v.Codec, a.Kind, a.Codec})
		require.Equal(t, []int{320, 192}, []int{v.Width, v.Height})
		require.NotEmpty(t, v.Profile)
		require.NotEmpty(t, v.Level)
		require.InDelta(t, 25, v.UnitRate, 0.5)
		require.InDelta(t, 1, v.KeyInterval, 0.05)
		require.Greater(t, v.BitRate, 10_000.)
		require.Positive(t, a.SampleRate)
		require.Positive(t, a.Channels)
		for _, track := range r.Tracks {
			require.True(t, track.SenderReport)
			require.NotNil(t, track.ClockOffset)
			require.InDelta(t, 0, *track.ClockOffset, 0.5)
			require.Zero(t, track.Lost)
		}
		for _, want := range []string{
			"transport tcp", "picture H264 " + v.Profile, "resolution 320 x 192", "frame rate 2", "key pictures every 1.0",
			"bit rate", "kbit/s", "sound AAC LC", "Hz", "0 lost (0.00 %)", "camera clock", "by its sender reports",
		} {
			require.Contains(t, text, want)
		}
	})
	t.Run("bad", func(t *testing.T) {
		t.Parallel()
		r, text := probe(t, "--transport", "udp", cameras.URL("bad"))
		require.Equal(t, rtsp.UDP, r.Transport)
		v := r.Tracks[0]
		require.InDelta(t, 0.1, v.Loss, 0.07)
		require.Positive(t, v.Lost)
		require.InDelta(t, 3, *v.ClockOffset, 0.5)
		require.Contains(t, text, "transport udp")
		require.Regexp(t, `camera clock \+(2\.[5-9]|3\.[0-4])`, text)
	})
	t.Run("silent", func(t *testing.T) {
		t.Parallel()
		r, text := probe(t, cameras.URL("silent"))
		require.False(t, r.Tracks[0].SenderReport)
		require.Nil(t, r.Tracks[0].ClockOffset)
		require.Contains(t, text, "no sender report came")
	})
}

// TestProbeSaysWhatIsWrong: every way of not getting through has its own sentence and exit code 2.
func TestProbeSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	certificate, authority := certificateFor(t, "camera.example")
	own, _ := certificateFor(t, "127.0.0.1")
	plain := serve(t, map[string]*rtsptest.Stream{"cam": locked(camera())})
	secure := serve(t, map[string]*rtsptest.Stream{"cam": locked(camera())}, rtsptest.WithTLS(certificate))
	unknown := serve(t, map[string]*rtsptest.Stream{"cam": locked(camera())}, rtsptest.WithTLS(own))
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := l.Addr().String()
	require.NoError(t, l.Close())

	user := url.UserPassword("admin", secret).String() + "@"
	at := func(address, path string) string { return "rtsp://" + user + address + path }
	said := make(map[string]string)
	for _, tc := range []struct {
		name, url, says string
		args            []string
		options         []option
	}{
		{name: "wrong password", url: "rtsp://" + url.UserPassword("admin", "x"+secret).String() + "@" + plain.Addr() + "/cam", says: "password"},
		{name: "wrong path", url: at(plain.Addr(), "/none"), says: "path"},
		{name: "no route", url: at("192.0.2.1", "/cam"), says: "no route", options: []option{alone}},
		{name: "nothing listens", url: at(closed, "/cam"), says: "nothing listens"},
		{name: "not RTSP", url: at(web.Listener.Addr().String(), "/cam"), says: "RTSP"},
		{name: "TLS name", url: strings.Replace(at(secure.Addr(), "/cam"), "rtsp:", "rtsps:", 1), says: "not made out to this host", args: []string{"--ca-file", authority}},
		{name: "TLS authority", url: strings.Replace(at(unknown.Addr(), "/cam"), "rtsp:", "rtsps:", 1), says: "authority"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := start(t, append([]string{"probe", "--for", "1s", tc.url}, tc.args...), tc.options...)
			require.Equal(t, 2, p.code(patience))
			require.Empty(t, p.out.String())
			message := strings.TrimSpace(p.err.String())
			require.Contains(t, message, tc.says)
			require.NotContains(t, message, "\n", "one sentence")
			withoutSecret(t, p)
			t.Log(message)
			address := regexp.MustCompile(`^roomrec: rtsps?://[0-9.:]+/[a-z]+: `).FindString(message) // which differs anyway
			require.NotEmpty(t, address)
			message = strings.TrimPrefix(message, address)
			for other, words := range said {
				require.NotEqual(t, words, message, "the same as for %s", other)
			}
			said[tc.name] = message
		})
	}
}

// alone runs a program where there is no network but loopback, and that is down.
func alone(p *program) {
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Getuid() != 0 {
		p.cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
	}
}

// certificateFor makes a certificate for a name, signed by itself, and a file of the authority to
// believe it.
func certificateFor(t *testing.T, name string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
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

// expiredCertificate is one that was valid until an hour ago.
func expiredCertificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "camera"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(-time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func otherCertificate(t *testing.T) *tls.Config {
	t.Helper()
	c, _ := certificateFor(t, "camera.example")
	return &tls.Config{Certificates: []tls.Certificate{c}}
}
