package rtsp

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"

	"roomrec/clock"
)

const (
	readBuffer       = 68 << 10 // holds the longest interleaved frame (4 + 65535 bytes)
	maxRedirects     = 3
	defaultKeepAlive = 30 * time.Second // half of RFC 2326's session time-out of 60 s
	userAgent        = "roomrec"
)

// dialogue is one RTSP connection. Requests are sent by one goroutine at a time; until reading is
// handed over to [dialogue.read], that goroutine also reads.
type dialogue struct {
	source Source
	conn   *stamped
	br     *bufio.Reader
	url    *base.URL
	frame  func(channel int, b []byte, at clock.Stamp)
	heard  bool // the peer has spoken RTSP

	mu        sync.Mutex // guards what follows, and writing
	cseq      int
	session   string
	sender    *auth.Sender
	keepAlive time.Duration
	methods   map[base.Method]bool
}

func openDialogue(ctx context.Context, s Source, clk clock.Source) (*dialogue, error) {
	u, err := s.parse()
	if err != nil {
		return nil, s.fail(ErrConfig, "%v", err)
	}
	return dialTo(ctx, s, clk, u)
}

func dialTo(ctx context.Context, s Source, clk clock.Source, u *url.URL) (*dialogue, error) {
	conn, err := s.dial(ctx, u, clk)
	if err != nil {
		return nil, err
	}
	bu, err := base.ParseURL(u.String())
	if err != nil {
		_ = conn.Close() // nothing was said on it
		return nil, s.fail(ErrConfig, "the address cannot be asked for; check it")
	}
	c := &stamped{Conn: conn, clk: clk, at: clk.Now()}
	return &dialogue{
		source: s, conn: c, br: bufio.NewReaderSize(c, readBuffer), url: bu,
		frame: func(int, []byte, clock.Stamp) {}, keepAlive: defaultKeepAlive,
	}, nil
}

func (d *dialogue) close() { _ = d.conn.Close() } // reading has its own error

func (d *dialogue) credentials() bool { return d.source.User != "" || d.source.Password != "" }

// write sends a request and returns its sequence number.
func (d *dialogue) write(req *base.Request) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if req.Header == nil {
		req.Header = make(base.Header)
	}
	d.cseq++
	seq := strconv.Itoa(d.cseq)
	req.Header["CSeq"] = base.HeaderValue{seq}
	req.Header["User-Agent"] = base.HeaderValue{userAgent}
	if d.session != "" {
		req.Header["Session"] = base.HeaderValue{d.session}
	}
	delete(req.Header, "Authorization")
	if d.sender != nil {
		d.sender.AddAuthorization(req)
	}
	b, err := req.Marshal()
	if err != nil {
		return "", err
	}
	return seq, d.send(b)
}

// send writes under d.mu; a peer that takes nothing ends the connection.
func (d *dialogue) send(b []byte) error {
	t := time.AfterFunc(requestTimeout, d.close)
	defer t.Stop()
	_, err := d.conn.Write(b)
	return err
}

// interleaved writes an RTCP packet into the connection.
func (d *dialogue) interleaved(channel int, payload []byte) error {
	b := append([]byte{'$', byte(channel), byte(len(payload) >> 8), byte(len(payload))}, payload...)
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.send(b)
}

// ask sends a request and waits for its response, with credentials if the camera demands them.
func (d *dialogue) ask(ctx context.Context, req *base.Request) (*base.Response, error) {
	stop := context.AfterFunc(ctx, d.close)
	defer stop()
	for tries := 0; ; tries++ {
		var late atomic.Bool
		t := time.AfterFunc(requestTimeout, func() { late.Store(true); d.close() })
		res, err := d.exchange(req)
		t.Stop()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case late.Load() && !d.heard:
			return nil, d.source.fail(ErrNotRTSP, "the port takes the connection but gives no RTSP answer within %v; check the port (RTSP is usually 554)", requestTimeout)
		case late.Load():
			return nil, d.source.fail(ErrNoAnswer, "the camera did not answer %s within %v; restart it if this goes on", req.Method, requestTimeout)
		case err != nil && !d.heard:
			return nil, d.source.classify(err, ErrNotRTSP)
		case err != nil:
			return nil, d.source.classify(err, ErrProtocol)
		}
		if res.StatusCode != base.StatusUnauthorized {
			return res, nil
		}
		if tries > 0 && !stale(res) || tries > 1 || !d.credentials() {
			return res, nil
		}
		if err := d.challenge(res); err != nil {
			return nil, err
		}
	}
}

// stale reports whether the camera refused only the age of a nonce (RFC 2617, 3.2.1).
func stale(res *base.Response) bool {
	for _, v := range res.Header["WWW-Authenticate"] {
		if strings.Contains(strings.ToLower(strings.ReplaceAll(v, `"`, "")), "stale=true") {
			return true
		}
	}
	return false
}

// challenge prepares credentials for what the camera demands.
func (d *dialogue) challenge(res *base.Response) error {
	s := &auth.Sender{WWWAuth: res.Header["WWW-Authenticate"], User: d.source.User, Pass: d.source.Password}
	if err := s.Initialize(); err != nil {
		return d.source.fail(ErrUnauthorized, "the camera demands a sign-in that is neither basic nor digest; switch one of these on in the camera")
	}
	d.mu.Lock()
	d.sender = s
	d.mu.Unlock()
	return nil
}

// exchange sends a request and reads until its response.
func (d *dialogue) exchange(req *base.Request) (*base.Response, error) {
	seq, err := d.write(req)
	if err != nil {
		return nil, err
	}
	for {
		res, err := d.next()
		if err != nil {
			return nil, err
		}
		if res == nil {
			continue
		}
		if v := res.Header["CSeq"]; len(v) == 1 && strings.TrimSpace(v[0]) != seq {
			continue // of an earlier request
		}
		d.noteSession(res)
		return res, nil
	}
}

func (d *dialogue) noteSession(res *base.Response) {
	v, ok := res.Header["Session"]
	if !ok {
		return
	}
	var h headers.Session
	if h.Unmarshal(v) != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.session = h.Session
	if h.Timeout != nil && *h.Timeout > 0 {
		d.keepAlive = min(defaultKeepAlive, time.Duration(*h.Timeout)*time.Second/2)
	}
}

var errGarbage = errors.New("bytes that are not RTSP")

// next reads one thing: a response is returned, frames are handed on, requests are answered (nil,
// nil).
func (d *dialogue) next() (*base.Response, error) {
	b, err := d.br.Peek(4)
	if err != nil {
		return nil, err
	}
	switch {
	case b[0] == '$':
		size := 4 + (int(b[2])<<8 | int(b[3]))
		channel := int(b[1])
		if b, err = d.br.Peek(size); err != nil {
			return nil, err
		}
		d.frame(channel, b[4:], d.conn.at)
		_, err = d.br.Discard(size)
		return nil, err
	case string(b) == "RTSP":
		var res base.Response
		if err := res.Unmarshal(d.br); err != nil {
			return nil, err
		}
		d.heard = true
		return &res, nil
	case b[0] >= 'A' && b[0] <= 'Z' && d.heard:
		var req base.Request
		if err := req.Unmarshal(d.br); err != nil {
			return nil, err
		}
		return nil, d.answer(&req)
	case !d.heard:
		return nil, errGarbage
	}
	_, err = d.br.Discard(1) // some cameras send a stray line end
	return nil, err
}

// answer answers a request of the camera: some ask OPTIONS to see whether we are there.
func (d *dialogue) answer(req *base.Request) error {
	res := base.Response{StatusCode: base.StatusOK, Header: base.Header{}}
	switch req.Method {
	case base.Options, base.GetParameter, base.SetParameter:
	default:
		res.StatusCode = base.StatusNotImplemented
	}
	if v, ok := req.Header["CSeq"]; ok {
		res.Header["CSeq"] = v
	}
	b, err := res.Marshal()
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.send(b)
}

// read reads until the connection ends and says why it did.
func (d *dialogue) read() error {
	retried := false
	for {
		res, err := d.next()
		if err != nil {
			return err
		}
		if res == nil {
			continue
		}
		d.noteSession(res)
		switch {
		case res.StatusCode == base.StatusUnauthorized && !retried && d.credentials():
			// The nonce of the keep-alive was too old.
			retried = true
			if err := d.challenge(res); err != nil {
				return err
			}
			if err := d.ping(); err != nil {
				return err
			}
		case res.StatusCode == base.StatusSessionNotFound:
			return d.source.fail(ErrClosed, "the camera has forgotten the session")
		default:
			retried = false
		}
	}
}

// ping keeps the session alive without waiting for the answer.
func (d *dialogue) ping() error {
	method := base.Options
	if d.methods[base.GetParameter] {
		method = base.GetParameter
	}
	_, err := d.write(&base.Request{Method: method, URL: d.url})
	return err
}

// teardown says goodbye without waiting for the answer.
func (d *dialogue) teardown() {
	d.mu.Lock()
	begun := d.session != ""
	d.mu.Unlock()
	if begun {
		_, _ = d.write(&base.Request{Method: base.Teardown, URL: d.url}) // the connection ends in any case
	}
}

// check turns a refusal into an error.
func (d *dialogue) check(res *base.Response, method base.Method) error {
	switch res.StatusCode {
	case base.StatusOK:
		return nil
	case base.StatusUnauthorized, base.StatusForbidden:
		if !d.credentials() {
			return d.source.fail(ErrUnauthorized, "the camera demands a user and a password; give them")
		}
		return d.source.fail(ErrUnauthorized, "the camera refuses this user or password; correct them, or the user's rights in the camera")
	case base.StatusNotFound:
		return d.source.fail(ErrNotFound, "the camera has no stream at this path; take the path from the camera's manual or from ONVIF")
	case base.StatusUnsupportedTransport:
		return d.source.fail(ErrTransport, "the camera refuses the transport; choose another one of tcp, udp, multicast")
	case base.StatusNotEnoughBandwidth, base.StatusServiceUnavailable:
		return d.source.fail(ErrProtocol, "the camera serves as many viewers as it can (%d); close others, or raise its limit", res.StatusCode)
	}
	// Its words are left out: a camera may repeat the request in them, sign-in included.
	return d.source.fail(ErrProtocol, "the camera answered %s with RTSP status %d; restart it if this goes on", method, res.StatusCode)
}

// host returns the peer's address.
func (d *dialogue) host() net.IP {
	if a, ok := d.conn.RemoteAddr().(*net.TCPAddr); ok {
		return a.IP
	}
	return nil
}
