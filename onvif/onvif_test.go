package onvif_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
	"roomrec/onvif"
	"roomrec/onvif/onviftest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	user   = "recorder"
	secret = `p&<"ss 口令`
)

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func client(t *testing.T, host, password string) *onvif.Client {
	t.Helper()
	c, err := onvif.New(host, user, password, clock.NewSystem())
	require.NoError(t, err)
	return c
}

// TestDevices asks everything of devices that differ in how they ask for the password, in how wrong
// their clock is, and in how well they keep to the specification.
func TestDevices(t *testing.T) {
	for _, sloppy := range []bool{false, true} {
		for _, auth := range []string{onviftest.Token, onviftest.DigestMD5, onviftest.DigestSHA256} {
			for _, offset := range []time.Duration{0, -3 * time.Hour, 40 * 24 * time.Hour} {
				name := map[bool]string{false: "strict ", true: "sloppy "}[sloppy] + auth + " " + offset.String()
				t.Run(name, func(t *testing.T) {
					d := &onviftest.Device{User: user, Password: secret, Auth: auth, Offset: offset, Sloppy: sloppy, Hours: "HH:mm:ss", Clock: clock.NewSystem()}
					host := serve(t, d)
					c := client(t, host, secret)
					ip, _, err := net.SplitHostPort(host)
					require.NoError(t, err)

					id, err := c.Identity(t.Context())
					require.NoError(t, err)
					want := onvif.Identity{Manufacturer: "HIKVISION", Model: "DS-2CD2143", Firmware: "V5.7.3", Serial: onviftest.Serial, MAC: onviftest.MAC}
					if sloppy {
						want.MAC = "" // told to administrators only
					}
					require.Equal(t, want, id)

					profiles, err := c.Profiles(t.Context())
					require.NoError(t, err)
					require.Len(t, profiles, 2)
					require.Equal(t, onvif.Profile{Token: "Profile_1", Name: "mainStream", Source: "VideoSource_1", Encoding: "H264", Width: 1920, Height: 1080, Sound: "G711", Interval: 50}, profiles[0])
					stream, err := c.Stream(t.Context(), profiles[1].Token)
					require.NoError(t, err)
					port := ":8554"
					if sloppy {
						port = ""
					}
					require.Equal(t, "rtsp://"+ip+port+"/Streaming/Channels/102?transportmode=unicast&profile=Profile_2", stream, "the host that was asked, without user and password")

					servers, err := c.NTP(t.Context())
					require.NoError(t, err)
					require.Equal(t, []string{"192.0.2.1"}, servers)
					texts, err := c.Texts(t.Context())
					if sloppy {
						require.ErrorIs(t, err, onvif.ErrUnsupported)
					} else {
						require.NoError(t, err)
						require.Len(t, texts, 2)
						require.True(t, texts[0].ShowsTime())
						require.False(t, texts[1].ShowsTime())
						require.Equal(t, "Room 3", texts[1].Plain)
					}

					at, err := c.Clock(t.Context())
					require.NoError(t, err)
					require.InDelta(t, offset.Seconds(), at.Offset.Seconds(), at.Uncertainty.Seconds()+0.01)
					require.Less(t, at.Uncertainty, 5*time.Second)
					require.True(t, at.NTP)
					require.Equal(t, "CST-8", at.Zone)
				})
			}
		}
	}
}

func TestZ23_SetClock(t *testing.T) {
	d := &onviftest.Device{User: user, Password: secret, Auth: onviftest.Token, Offset: -26 * time.Hour, Summer: true, Clock: clock.NewSystem()}
	c := client(t, serve(t, d), secret)
	at, err := c.SetClock(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 0, at.Offset.Seconds(), 2, "it takes whole seconds")
	require.True(t, at.Summer, "summer time is left alone")
	require.Contains(t, d.Calls(), "SetSystemDateAndTime")
	_, err = c.Identity(t.Context())
	require.NoError(t, err, "the token follows the clock that was set")
}

func TestRefused(t *testing.T) {
	for _, auth := range []string{onviftest.Token, onviftest.DigestMD5, onviftest.DigestSHA256} {
		d := &onviftest.Device{User: user, Password: secret, Auth: auth, Clock: clock.NewSystem()}
		_, err := client(t, serve(t, d), "wrong").Identity(t.Context())
		require.ErrorIs(t, err, onvif.ErrRefused, auth)
		require.NotContains(t, err.Error(), "wrong")
		require.NotContains(t, d.Calls(), "GetDeviceInformation")
	}
}

// TestThePasswordIsNeverSent: whatever a device asks for, only digests go over the network.
func TestThePasswordIsNeverSent(t *testing.T) {
	const plain = "Correct-Horse-7"
	for _, challenge := range []string{`Basic realm="x"`, `Digest realm="x",qop=auth,nonce="1",algorithm=MD5`, `Digest`, `NTLM`} {
		var sent strings.Builder
		host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err == nil {
				sent.Write(b)
			}
			sent.WriteString(r.Header.Get("Authorization"))
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		}))
		_, err := client(t, host, plain).Identity(t.Context())
		require.ErrorIs(t, err, onvif.ErrRefused, challenge)
		require.NotEmpty(t, sent.String())
		require.NotContains(t, sent.String(), plain)
		require.NotContains(t, sent.String(), "cmVjb3JkZXI6") // "recorder:" in base64
	}
}

// TestBrokenDevices: each is told in a sentence, and none takes long or much memory.
func TestBrokenDevices(t *testing.T) {
	const open = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>`
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"empty":     {func(http.ResponseWriter, *http.Request) {}, "no SOAP message"},
		"page":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html><body>Login<br></html>") }, "no SOAP message"},
		"not found": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusNotFound) }, "HTTP status 404"},
		"half":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, open+"<GetSystem") }, "no SOAP message"},
		"wrong length": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			_, _ = io.WriteString(w, open)
		}, "no SOAP message"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		}, "sends the request elsewhere"},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			b := make([]byte, 64<<10)
			for {
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		}, "more than 1048576 bytes"},
		"no time": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, open+"<x><SystemDateAndTime/></x></s:Body></s:Envelope>")
		}, "no valid date"},
		"month 13": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, open+"<x><SystemDateAndTime><UTCDateTime><Date><Year>2026</Year><Month>13</Month><Day>1</Day></Date></UTCDateTime></SystemDateAndTime></x></s:Body></s:Envelope>")
		}, "no valid date"},
		"fault": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			_, _ = io.WriteString(w, open+"<s:Fault><faultcode>SOAP-ENV:Server</faultcode><faultstring>out of\nmemory</faultstring></s:Fault></s:Body></s:Envelope>")
		}, "out of memory (SOAP-ENV:Server)"},
		"other charset": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `<?xml version="1.0" encoding="gb2312"?>`+open)
		}, "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client(t, serve(t, c.answer), secret).Clock(t.Context())
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), secret)
		})
	}
	for _, host := range []string{"", "a/b", "user@host", "rtsp://x", "a b"} {
		_, err := onvif.New(host, user, secret, clock.NewSystem())
		require.ErrorContains(t, err, "not a host", host)
	}
}

// TestSilentDevice: it takes the connection and says nothing. The caller's own limit ends it.
func TestSilentDevice(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = client(t, l.Addr().String(), secret).Clock(ctx)
	require.ErrorContains(t, err, "no answer within")
}

func TestDiscover(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	messageID := regexp.MustCompile(`MessageID>urn:uuid:([0-9a-f-]{36})<`)
	go func() { // a device, an unrelated answer, garbage
		defer close(done)
		b := make([]byte, 64<<10)
		n, from, err := conn.ReadFrom(b)
		if err != nil {
			return
		}
		answer := func(id string) string {
			return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><RelatesTo>urn:uuid:` + id + `</RelatesTo></s:Header><s:Body><ProbeMatches><ProbeMatch><EndpointReference><Address>urn:uuid:7</Address></EndpointReference><Scopes>onvif://www.onvif.org/name/Room%203 onvif://www.onvif.org/hardware/DS-2CD</Scopes><XAddrs>http://10.0.0.64/onvif/device_service http://127.0.0.1:8899/onvif/device_service</XAddrs></ProbeMatch></ProbeMatches></s:Body></s:Envelope>`
		}
		m := messageID.FindSubmatch(b[:n])
		if m == nil {
			return
		}
		for _, a := range []string{"garbage", answer("another"), answer(string(m[1])), answer(string(m[1]))} {
			if _, err := conn.WriteTo([]byte(a), from); err != nil {
				return
			}
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	found, err := onvif.Discover(ctx, conn.LocalAddr().String())
	require.NoError(t, err)
	<-done
	require.NoError(t, conn.Close())
	require.Equal(t, []onvif.Found{{Host: "127.0.0.1:8899", ID: "7", Name: "Room 3", Type: "DS-2CD"}}, found)
	_, err = onvif.Discover(ctx, "everywhere")
	require.ErrorContains(t, err, onvif.Multicast)
}

// Z26: the time that a camera writes into its picture is set on request: made where there is none, changed
// where it counts twelve hours, left alone where it is right.
func TestZ26_ShowTime(t *testing.T) {
	for hours, call := range map[string]string{"": "CreateOSD", "hh:mm:ss tt": "SetOSD", "HH:mm:ss": ""} {
		d := &onviftest.Device{User: user, Password: secret, Auth: onviftest.DigestMD5, Hours: hours, Clock: clock.NewSystem()}
		texts, err := client(t, serve(t, d), secret).ShowTime(t.Context())
		require.NoError(t, err, hours)
		require.True(t, texts[0].ShowsTime())
		require.Equal(t, "UpperLeft", texts[0].Place)
		for _, c := range []string{"CreateOSD", "SetOSD"} {
			require.Equal(t, c == call, slices.Contains(d.Calls(), c), "%q: %s", hours, c)
		}
	}
	_, err := client(t, serve(t, &onviftest.Device{User: user, Password: secret, Auth: onviftest.Token, Sloppy: true, Clock: clock.NewSystem()}), secret).ShowTime(t.Context())
	require.ErrorIs(t, err, onvif.ErrUnsupported)
}

func TestZ23_SetNTP(t *testing.T) {
	for _, server := range []string{"192.0.2.9", "ntp.station.example"} {
		d := &onviftest.Device{User: user, Password: secret, Auth: onviftest.Token, Offset: time.Hour, Summer: server[0] == 'n', Clock: clock.NewSystem()}
		c := client(t, serve(t, d), secret)
		_, err := c.SetClock(t.Context())
		require.NoError(t, err)
		servers, err := c.SetNTP(t.Context(), server)
		require.NoError(t, err)
		require.Equal(t, []string{server}, servers)
		at, err := c.Clock(t.Context())
		require.NoError(t, err)
		require.True(t, at.NTP, "it asks the server from now on")
		require.Equal(t, d.Summer, at.Summer)
		require.Equal(t, server[0] == 'n', at.Summer, "summer time is left alone")
	}
}

// Many devices write date and time as two lines.
func TestDateAndTimeInTwoLines(t *testing.T) {
	date, clock := onvif.Text{Kind: "Date", Date: "yyyy-MM-dd", Source: "a"}, onvif.Text{Kind: "Time", Time: "HH:mm:ss", Source: "a"}
	require.True(t, onvif.TimeShown([]onvif.Text{date, clock}))
	require.False(t, onvif.TimeShown([]onvif.Text{date}))
	require.False(t, onvif.TimeShown([]onvif.Text{clock}))
	require.False(t, onvif.TimeShown([]onvif.Text{date, {Kind: "Time", Time: "hh:mm:ss tt", Source: "a"}}))
	require.False(t, onvif.TimeShown([]onvif.Text{date, {Kind: "Time", Time: "HH:mm:ss", Source: "b"}}), "in another picture")
	require.True(t, onvif.TimeShown([]onvif.Text{{Kind: "DateAndTime", Time: "HH:mm:ss"}}))
}
