package onvif

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Multicast is where devices listen for those who look for them (WS-Discovery 1.0).
const Multicast = "239.255.255.250:3702"

// maxFound is more devices than one network of a site has; further answers are not kept.
const maxFound = 1024

// Found is a device that answered.
type Found struct {
	Host string `json:"host"`           // with the port of its management if that is not 80
	ID   string `json:"id"`             // its endpoint's, a UUID
	Name string `json:"name,omitempty"` // as it calls itself
	Type string `json:"type,omitempty"` // its hardware, as it says
}

// Discover asks the devices on the network of to, usually [Multicast], to name themselves, and
// returns those that answered until ctx ends, by host. It never leaves the local network.
func Discover(ctx context.Context, to string) ([]Found, error) {
	target, err := netip.ParseAddrPort(to)
	if err != nil {
		return nil, fmt.Errorf("%s: want an IP address and a port, as in %s", to, Multicast)
	}
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", ":0")
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	id := uuid()
	if _, err := conn.WriteTo([]byte(probe(id)), net.UDPAddrFromAddrPort(target)); err != nil {
		return nil, errors.Join(fmt.Errorf("discover: %w", err), conn.Close())
	}
	var out []Found
	buffer := make([]byte, 64<<10)
	for ctx.Err() == nil {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			if ctx.Err() == nil {
				return out, errors.Join(err, conn.Close())
			}
			break
		}
		for _, f := range answers(buffer[:n], id, from) {
			if len(out) < maxFound && !slices.ContainsFunc(out, func(o Found) bool { return o.Host == f.Host }) {
				out = append(out, f)
			}
		}
	}
	slices.SortFunc(out, func(a, b Found) int { return strings.Compare(a.Host, b.Host) })
	return out, conn.Close()
}

func uuid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func probe(id string) string {
	return xml.Header + `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header><w:MessageID>urn:uuid:` + id +
		`</w:MessageID><w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To><w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header><e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>`
}

// answers reads the devices out of a datagram that answers the probe id.
func answers(b []byte, id string, from net.Addr) (out []Found) {
	var e struct {
		Header struct{ RelatesTo string }
		Body   struct {
			ProbeMatches struct {
				ProbeMatch []struct {
					EndpointReference struct{ Address string }
					Scopes, XAddrs    string
				}
			}
		}
	}
	if xml.Unmarshal(b, &e) != nil || !strings.HasSuffix(strings.TrimSpace(e.Header.RelatesTo), id) {
		return nil
	}
	sender, _, err := net.SplitHostPort(from.String())
	if err != nil {
		return nil
	}
	for _, m := range e.Body.ProbeMatches.ProbeMatch {
		f := Found{Host: sender, ID: clean(strings.TrimPrefix(strings.TrimSpace(m.EndpointReference.Address), "urn:uuid:"))}
		// Of several addresses the one from which it answered can be reached.
		for _, x := range strings.Fields(m.XAddrs) {
			u, err := url.Parse(x)
			if err == nil && u.Hostname() == sender && u.Port() != "" && u.Port() != "80" {
				f.Host = u.Host
				break
			}
		}
		if strings.Contains(f.Host, ":") && net.ParseIP(f.Host) != nil {
			f.Host = "[" + f.Host + "]"
		}
		for _, s := range strings.Fields(m.Scopes) {
			name, err := url.PathUnescape(s[strings.LastIndexByte(s, '/')+1:])
			switch {
			case err != nil:
			case strings.Contains(s, "onvif.org/name/"):
				f.Name = clean(name)
			case strings.Contains(s, "onvif.org/hardware/"):
				f.Type = clean(name)
			}
		}
		out = append(out, f)
	}
	return out
}
