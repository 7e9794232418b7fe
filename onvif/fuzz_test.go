package onvif

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzAnswer reads what a device may answer to any call.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><a><SystemDateAndTime><UTCDateTime><Time><Hour>7</Hour></Time></UTCDateTime></SystemDateAndTime></a></s:Body></s:Envelope>`))
	f.Add([]byte(`<Envelope><Body><Fault><Code><Value>x</Value></Code></Fault></Body></Envelope>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r struct {
			SystemDateAndTime struct {
				TimeZone    struct{ TZ string }
				UTCDateTime *dateTime
			}
			Profiles []struct {
				Token string `xml:"token,attr"`
			}
		}
		if err := decode(b, &r); err != nil {
			require.NotEmpty(t, err.Error())
		}
		require.LessOrEqual(t, len([]rune(clean(r.SystemDateAndTime.TimeZone.TZ))), 200)
		_, _ = posixZone(r.SystemDateAndTime.TimeZone.TZ) // must not panic
	})
}

// FuzzProbeMatch reads what anyone on the network may send to who looks for devices.
func FuzzProbeMatch(f *testing.F) {
	f.Add([]byte(`<Envelope><Header><RelatesTo>urn:uuid:1</RelatesTo></Header><Body><ProbeMatches><ProbeMatch><EndpointReference><Address>urn:uuid:7</Address></EndpointReference><Scopes>onvif://www.onvif.org/name/%41 /</Scopes><XAddrs>http://192.0.2.7:81/x</XAddrs></ProbeMatch></ProbeMatches></Body></Envelope>`))
	from := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 3702}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, found := range answers(b, "1", from) {
			require.Contains(t, found.Host, "192.0.2.7", "only where it answered from")
			require.LessOrEqual(t, len([]rune(found.Name)), 200)
		}
	})
}
