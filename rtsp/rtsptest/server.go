package rtsptest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"

	"roomrec/clock"
)

// Server serves streams over RTSP.
type Server struct {
	lib    *gortsplib.Server
	addr   string
	scheme string
	paths  map[string]*Stream
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	once   sync.Once
}

// Option changes how a server serves.
type Option func(*gortsplib.Server) error

// WithTLS serves rtsps with the given certificate.
func WithTLS(c tls.Certificate) Option {
	return func(s *gortsplib.Server) error {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
		return nil
	}
}

// WithBasic demands basic authentication, which sends the password readably, instead of offering
// digest too.
func WithBasic() Option {
	return func(s *gortsplib.Server) error {
		s.AuthMethods = []auth.VerifyMethod{auth.VerifyMethodBasic}
		return nil
	}
}

// WithDigest demands digest authentication with MD5.
func WithDigest() Option {
	return func(s *gortsplib.Server) error {
		s.AuthMethods = []auth.VerifyMethod{auth.VerifyMethodDigestMD5}
		return nil
	}
}

// WithUDP also serves over UDP and, with a range as in "239.1.1.0/24", over multicast.
func WithUDP(multicast string) Option {
	return func(s *gortsplib.Server) error {
		port, err := udpPair()
		if err != nil {
			return err
		}
		host, _, err := net.SplitHostPort(s.RTSPAddress)
		if err != nil {
			return err
		}
		s.UDPRTPAddress = net.JoinHostPort(host, fmt.Sprint(port))
		s.UDPRTCPAddress = net.JoinHostPort(host, fmt.Sprint(port+1))
		if multicast != "" {
			if port, err = udpPair(); err != nil {
				return err
			}
			s.MulticastIPRange, s.MulticastRTPPort, s.MulticastRTCPPort = multicast, port, port+1
		}
		return nil
	}
}

// udpPair finds an even port and the one after it that are free now.
func udpPair() (int, error) {
	for range 100 {
		port := 20000 + 2*rand.IntN(20000)
		a, err := net.ListenUDP("udp", &net.UDPAddr{Port: port})
		if err != nil {
			continue
		}
		b, err := net.ListenUDP("udp", &net.UDPAddr{Port: port + 1})
		_ = a.Close() // only tried
		if err == nil {
			_ = b.Close() // only tried
			return port, nil
		}
	}
	return 0, fmt.Errorf("no two free UDP ports in a row")
}

// Serve serves the streams at addr, as in "127.0.0.1:0", until ctx ends or Close is called. The keys
// of paths have no leading slash.
func Serve(ctx context.Context, addr string, paths map[string]*Stream, opts ...Option) (*Server, error) {
	for try := 1; ; try++ {
		s, err := serve(ctx, addr, paths, opts...)
		// Between the look for free ports and their use somebody else may have taken them.
		if !errors.Is(err, syscall.EADDRINUSE) || try == 20 {
			return s, err
		}
	}
}

func serve(ctx context.Context, addr string, paths map[string]*Stream, opts ...Option) (*Server, error) {
	s := &Server{paths: paths, scheme: "rtsp"}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.lib = &gortsplib.Server{
		RTSPAddress: addr, Handler: s, WriteQueueSize: 2048, DisableRTCPSenderReports: true,
		Listen: func(network, address string) (net.Listener, error) {
			l, err := net.Listen(network, address)
			if err != nil {
				return nil, err
			}
			s.addr = l.Addr().String()
			return batchListener{l}, nil
		},
	}
	for _, o := range opts {
		if err := o(s.lib); err != nil {
			s.cancel()
			return nil, err
		}
	}
	if s.lib.TLSConfig != nil {
		s.scheme = "rtsps"
	}
	if err := s.lib.Start(); err != nil {
		s.cancel()
		return nil, err
	}
	for name, st := range paths {
		if err := st.open(s.lib); err != nil {
			s.Close()
			return nil, fmt.Errorf("path %s: %w", name, err)
		}
	}
	for _, st := range paths {
		s.wg.Go(func() { st.run(s.ctx) })
	}
	s.wg.Go(func() {
		<-s.ctx.Done()
		s.lib.Close()
	})
	return s, nil
}

// Addr returns the address that is listened on, as in "127.0.0.1:41234".
func (s *Server) Addr() string { return s.addr }

// URL returns the address of a path, without user and password.
func (s *Server) URL(path string) string {
	return s.scheme + "://" + s.addr + "/" + strings.TrimPrefix(path, "/")
}

// Close stops the server and waits until everything of it has ended.
func (s *Server) Close() {
	s.once.Do(func() {
		s.cancel()
		s.wg.Wait()
		s.lib.Close()
		for _, st := range s.paths {
			st.Silence(false)
			if st.server != nil {
				st.server.Close()
			}
		}
	})
}

// open prepares the stream for the server.
func (s *Stream) open(lib *gortsplib.Server) error {
	s.password, s.viewers, s.begin = s.Password, make(map[*gortsplib.ServerSession]bool), make(chan struct{})
	s.rng, s.sys = rand.New(rand.NewPCG(s.Seed, 1)), clock.NewSystem()
	s.desc = &description.Session{}
	for i, src := range s.Sources {
		m, p, err := announce(src.Track(), i, s.Sets, s.MarkSlices)
		if err != nil {
			return err
		}
		s.desc.Medias = append(s.desc.Medias, m)
		s.tracks = append(s.tracks, &sender{stream: s, n: i, source: src, media: m, pack: p})
	}
	if s.Extra != "" {
		m, err := extra(s.Extra)
		if err != nil {
			return err
		}
		s.desc.Medias = append(s.desc.Medias, m)
	}
	st := &gortsplib.ServerStream{Server: lib, Desc: s.desc}
	if err := st.Initialize(); err != nil {
		return err
	}
	s.server = st
	return nil
}

// find returns the stream of a path that a viewer may see, or the refusal.
func (s *Server) find(c *gortsplib.ServerConn, req *base.Request, path string) (*Stream, *base.Response, error) {
	st, ok := s.paths[strings.Trim(path, "/")]
	if !ok {
		return nil, &base.Response{StatusCode: base.StatusNotFound}, nil
	}
	st.answer(s.ctx)
	st.mu.Lock()
	user, password := st.User, st.password
	st.mu.Unlock()
	if user != "" && !c.VerifyCredentials(req, user, password) {
		return nil, &base.Response{StatusCode: base.StatusUnauthorized}, liberrors.ErrServerAuth{}
	}
	return st, &base.Response{StatusCode: base.StatusOK}, nil
}

// OnDescribe is for gortsplib.
func (s *Server) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	st, res, err := s.find(c.Conn, c.Request, c.Path)
	if st == nil {
		return res, nil, err
	}
	return res, st.server, nil
}

// OnSetup is for gortsplib.
func (s *Server) OnSetup(c *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	st, res, err := s.find(c.Conn, c.Request, c.Path)
	if st == nil {
		return res, nil, err
	}
	return res, st.server, nil
}

// OnPlay is for gortsplib.
func (s *Server) OnPlay(c *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	st, res, err := s.find(c.Conn, c.Request, c.Path)
	if st == nil {
		return res, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.viewers[c.Session] = true
	st.starting = append(st.starting, c.Conn)
	return res, nil
}

// OnResponse is for gortsplib. A stream that waits for its first viewer begins with the response to
// PLAY: before that gortsplib would drop the packets.
func (s *Server) OnResponse(c *gortsplib.ServerConn, _ *base.Response) {
	for _, st := range s.paths {
		st.mu.Lock()
		if slices.Contains(st.starting, c) && !st.begun {
			st.begun = true
			close(st.begin)
		}
		st.starting = slices.DeleteFunc(st.starting, func(o *gortsplib.ServerConn) bool { return o == c })
		st.mu.Unlock()
	}
}

// OnSessionClose is for gortsplib.
func (s *Server) OnSessionClose(c *gortsplib.ServerHandlerOnSessionCloseCtx) {
	for _, st := range s.paths {
		st.mu.Lock()
		delete(st.viewers, c.Session)
		st.mu.Unlock()
	}
}
