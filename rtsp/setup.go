package rtsp

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"

	"roomrec/clock"
)

// maxSDP bounds a session description.
const maxSDP = 64 << 10

// leg is how one track's packets come.
type leg struct {
	channel int      // of RTP in the connection; RTCP's is the next
	udp     *sockets // nil with TCP
	ssrc    uint32   // ours, in receiver reports
}

// connection is a dialogue whose tracks are set up.
type connection struct {
	d         *dialogue
	announced []announced
	legs      []*leg
	transport Transport
}

// connect asks for the source's description and sets up all its tracks. The caller closes the
// connection.
func connect(ctx context.Context, s Source, clk clock.Source) (*connection, error) {
	transport, err := s.transport()
	if err != nil {
		return nil, s.fail(ErrConfig, "%v", err)
	}
	d, err := openDialogue(ctx, s, clk)
	if err != nil {
		return nil, err
	}
	c := &connection{d: d, transport: transport}
	if err := c.describe(ctx, clk); err != nil {
		c.close()
		return nil, err
	}
	for i := range c.announced {
		if err := c.setup(ctx, i); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (c *connection) close() {
	c.d.close()
	for _, l := range c.legs {
		if l.udp != nil {
			l.udp.close()
		}
	}
}

// describe asks OPTIONS and DESCRIBE, following redirections.
func (c *connection) describe(ctx context.Context, clk clock.Source) error {
	for range maxRedirects + 1 {
		if err := c.options(ctx); err != nil {
			return err
		}
		res, err := c.d.ask(ctx, &base.Request{
			Method: base.Describe, URL: c.d.url, Header: base.Header{"Accept": base.HeaderValue{"application/sdp"}},
		})
		if err != nil {
			return err
		}
		if res.StatusCode >= base.StatusMovedPermanently && res.StatusCode <= base.StatusUseProxy && len(res.Header["Location"]) == 1 {
			if err := c.redirect(ctx, res.Header["Location"][0], clk); err != nil {
				return err
			}
			continue
		}
		if err := c.d.check(res, base.Describe); err != nil {
			return err
		}
		return c.understand(res)
	}
	return c.d.source.fail(ErrProtocol, "the camera redirects more than %d times; use the final address", maxRedirects)
}

// options asks what the camera can do. Cameras that refuse to say are asked on.
func (c *connection) options(ctx context.Context) error {
	res, err := c.d.ask(ctx, &base.Request{Method: base.Options, URL: c.d.url})
	if err != nil {
		return err
	}
	c.d.methods = make(map[base.Method]bool)
	for _, v := range res.Header["Public"] {
		for m := range strings.SplitSeq(v, ",") {
			c.d.methods[base.Method(strings.TrimSpace(m))] = true
		}
	}
	return nil
}

// redirect goes on at another address. Credentials go along only to the same host, and TLS is never
// given up.
func (c *connection) redirect(ctx context.Context, to string, clk clock.Source) error {
	s := c.d.source
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "rtsp" && u.Scheme != "rtsps" || u.Hostname() == "" {
		return s.fail(ErrProtocol, "the camera redirects to an address that is not rtsp:// or rtsps://; use the final address")
	}
	if c.d.url.Scheme == "rtsps" && u.Scheme != "rtsps" {
		return s.fail(ErrProtocol, "the camera redirects from rtsps to rtsp, which would give up encryption; use its rtsps address")
	}
	u.User = nil
	if u.Hostname() != (*url.URL)(c.d.url).Hostname() {
		s.User, s.Password = "", ""
	}
	d, err := dialTo(ctx, s, clk, u)
	if err != nil {
		return err
	}
	c.d.close()
	c.d = d
	return nil
}

// understand reads the description in a response.
func (c *connection) understand(res *base.Response) error {
	s := c.d.source
	if len(res.Body) > maxSDP {
		return s.fail(ErrProtocol, "the camera's session description is longer than %d bytes", maxSDP)
	}
	desc, as, err := parseSDP(res.Body)
	var codec unsupported
	if errors.As(err, &codec) {
		return s.fail(ErrUnsupportedCodec, "%v", codec)
	}
	if err != nil {
		return s.fail(ErrProtocol, "the camera's description of its streams cannot be read (%s); take another path, or update its firmware", printable(err))
	}
	if len(as) == 0 {
		return s.fail(ErrNoTracks, "the camera offers neither picture nor sound at this path; take another path, or switch its video on")
	}
	c.announced = as
	c.d.url = contentBase(desc, res, c.d.url)
	return nil
}

// contentBase returns the address that the tracks' are relative to (RFC 2326, C.1.1). The host stays
// the one that was asked: cameras behind address translation name themselves wrongly.
func contentBase(desc *sdp.SessionDescription, res *base.Response, asked *base.URL) *base.URL {
	var candidates []string
	if v, ok := desc.Attribute("control"); ok {
		candidates = append(candidates, v)
	}
	candidates = append(candidates, res.Header["Content-Base"]...)
	candidates = append(candidates, res.Header["Content-Location"]...)
	for _, v := range candidates {
		v = strings.TrimSpace(v)
		if strings.HasPrefix(v, "/") {
			v = asked.Scheme + "://" + asked.Host + v
		}
		u, err := base.ParseURL(v)
		if err != nil || u.Host == "" {
			continue
		}
		u.Scheme, u.Host, u.User = asked.Scheme, asked.Host, nil
		return u
	}
	return asked
}

// setup asks for one track's packets.
func (c *connection) setup(ctx context.Context, i int) error {
	s := c.d.source
	a := c.announced[i]
	u, err := a.media.URL(c.d.url)
	if err != nil || u == nil {
		return s.fail(ErrProtocol, "the camera's session description names a track's address that cannot be read")
	}
	u = u.Clone()
	u.Scheme, u.Host, u.User = c.d.url.Scheme, c.d.url.Host, nil
	l := &leg{channel: 2 * i, ssrc: randomSSRC()}
	th, err := c.offer(l)
	if err != nil {
		return s.fail(ErrConfig, "%v", err)
	}
	c.legs = append(c.legs, l) // close finds its sockets from here on
	res, err := c.d.ask(ctx, &base.Request{Method: base.Setup, URL: u, Header: base.Header{"Transport": th.Marshal()}})
	if err != nil {
		return err
	}
	if err := c.d.check(res, base.Setup); err != nil {
		return err
	}
	var got headers.Transport
	if got.Unmarshal(res.Header["Transport"]) != nil {
		return s.fail(ErrProtocol, "the camera's answer names no transport that can be read; choose another one of tcp, udp, multicast")
	}
	return c.accept(l, got)
}

func (c *connection) offer(l *leg) (headers.Transport, error) {
	unicast, multicast := headers.TransportDeliveryUnicast, headers.TransportDeliveryMulticast
	switch c.transport {
	case UDP:
		network := "udp4"
		if c.d.host().To4() == nil {
			network = "udp6"
		}
		var err error
		if l.udp, err = listenUDP(network); err != nil {
			return headers.Transport{}, err
		}
		return headers.Transport{Delivery: &unicast, ClientPorts: &[2]int{l.udp.port(), l.udp.port() + 1}}, nil
	case Multicast:
		return headers.Transport{Delivery: &multicast}, nil
	case TCP:
	}
	return headers.Transport{
		Protocol: headers.TransportProtocolTCP, Delivery: &unicast, InterleavedIDs: &[2]int{l.channel, l.channel + 1},
	}, nil
}

// accept takes what the camera chose.
func (c *connection) accept(l *leg, got headers.Transport) error {
	s := c.d.source
	tcp := got.Protocol == headers.TransportProtocolTCP
	if tcp != (c.transport == TCP) {
		return s.fail(ErrTransport, "the camera answers with another transport than %s; choose the one it offers", c.transport)
	}
	from := c.d.host()
	if got.Source != nil && !got.Source.IsUnspecified() {
		from = *got.Source
	}
	switch c.transport {
	case UDP:
		l.udp.from = from
		if p := got.ServerPorts; p != nil && p[0] > 0 && p[1] > 0 && p[0] < 1<<16 && p[1] < 1<<16 {
			l.udp.peer = &net.UDPAddr{IP: from, Port: p[0]}
			l.udp.peerRTCP = &net.UDPAddr{IP: from, Port: p[1]}
		}
	case Multicast:
		if got.Destination == nil || got.Ports == nil || !got.Destination.IsMulticast() {
			return s.fail(ErrTransport, "the camera names no multicast group; switch multicast on in it, or choose tcp")
		}
		local, ok := c.d.conn.LocalAddr().(*net.TCPAddr)
		if !ok {
			return s.fail(ErrConfig, "multicast needs a TCP connection to the camera")
		}
		udp, err := joinGroup(local.IP, *got.Destination, *got.Ports)
		if err != nil {
			return s.fail(ErrConfig, "the multicast group cannot be joined: %v", err)
		}
		l.udp = udp
		l.udp.from = from
	default:
		if ids := got.InterleavedIDs; ids != nil {
			for _, other := range c.legs {
				if other != l && other.channel == ids[0] {
					return s.fail(ErrProtocol, "the camera gives two tracks the same channel")
				}
			}
			l.channel = ids[0]
		}
	}
	return nil
}

// play starts the packets, which go to st, and returns when the camera has agreed.
func (c *connection) play(ctx context.Context, clk clock.Source, st *stream) error {
	byChannel := make(map[int]int)
	for i, l := range c.legs {
		byChannel[l.channel] = i
		if l.udp != nil {
			l.udp.punch()
			l.udp.start(clk,
				func(b []byte, at clock.Stamp) { st.rtp(i, b, at) },
				func(b []byte, at clock.Stamp) { st.rtcp(i, b, at) })
		}
	}
	c.d.frame = func(channel int, b []byte, at clock.Stamp) {
		if i, ok := byChannel[channel]; ok {
			st.rtp(i, b, at)
		} else if i, ok := byChannel[channel-1]; ok {
			st.rtcp(i, b, at)
		}
	}
	// Parrot's and some others' servers want a range.
	res, err := c.d.ask(ctx, &base.Request{Method: base.Play, URL: c.d.url, Header: base.Header{"Range": base.HeaderValue{"npt=0.000-"}}})
	if err != nil {
		return err
	}
	return c.d.check(res, base.Play)
}

// say sends a receiver report for each track; some cameras take it for the sign of life.
func (c *connection) say(reports [][]byte) error {
	var errs []error
	for i, b := range reports {
		switch l := c.legs[i]; {
		case b == nil:
		case l.udp == nil:
			errs = append(errs, c.d.interleaved(l.channel+1, b))
		case l.udp.peerRTCP != nil:
			_, _ = l.udp.rtcp.WriteToUDP(b, l.udp.peerRTCP) // the next one follows
		}
	}
	return errors.Join(errs...)
}
