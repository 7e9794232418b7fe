// Package peers starts RTSP servers that no one here wrote, for tests: GStreamer's and VLC's. A test
// that needs one and finds it missing fails with the name of the Debian package; "make deps" installs
// them all.
package peers

import (
	"bytes"
	"context"
	_ "embed" // the GStreamer server's script
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTimeout is how long a server may take until it answers.
const startTimeout = 20 * time.Second

//go:embed gst_server.py
var gstServer string

// Peer is a running server.
type Peer struct {
	addr   string
	scheme string
	cmd    *exec.Cmd
	log    logBuffer
	exited chan struct{}
	once   sync.Once
}

// URL returns the address of a path.
func (p *Peer) URL(path string) string {
	return p.scheme + "://" + p.addr + "/" + strings.TrimPrefix(path, "/")
}

// Log returns what the server has written so far.
func (p *Peer) Log() string { return p.log.String() }

// Close ends the server and whatever it has started, and waits for it.
func (p *Peer) Close() {
	p.once.Do(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // its own process group; gone is as good
		<-p.exited
	})
}

// GStreamer describes a GStreamer server.
type GStreamer struct {
	Mounts         map[string]string // path without slash → pipeline with pay0, pay1, …; see [Pattern] and [File]
	Shared         []string          // paths whose viewers share one pipeline, as a camera's do
	Auth           string            // "", "basic" or "digest"
	User, Password string
	PEM            string // file with certificate and key: rtsps
}

// Start starts the server on loopback. The caller closes it.
func (g GStreamer) Start(ctx context.Context) (*Peer, error) {
	const python = "/usr/bin/python3" // Debian's own, which has the bindings
	if _, err := os.Stat(python); err != nil {
		return nil, errors.New("GStreamer RTSP server: install the Debian package python3")
	}
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	mounts := make(map[string]string)
	for path, pipeline := range g.Mounts {
		mounts["/"+strings.TrimPrefix(path, "/")] = pipeline
	}
	var shared []string
	for _, path := range g.Shared {
		shared = append(shared, "/"+strings.TrimPrefix(path, "/"))
	}
	conf, err := json.Marshal(map[string]any{
		"address": "127.0.0.1", "port": addr.Port, "mounts": mounts, "shared": shared,
		"auth": g.Auth, "user": g.User, "password": g.Password, "pem": g.PEM,
	})
	if err != nil {
		return nil, err
	}
	p := &Peer{addr: addr.String(), scheme: "rtsp"}
	if g.PEM != "" {
		p.scheme = "rtsps"
	}
	return p, p.start(ctx, "GStreamer RTSP server", exec.Command(python, "-c", gstServer, string(conf)))
}

// Pattern returns a live pipeline of a moving test picture and a tone. video is "h264" or "h265",
// audio "aac", "pcma", "pcmu" or "". The picture has a key picture every second.
func Pattern(video, audio string, width, height int) string {
	v := fmt.Sprintf("videotestsrc is-live=true pattern=ball ! video/x-raw,width=%d,height=%d,framerate=25/1 ! ", width, height)
	if video == "h265" {
		v += "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=1000 ! rtph265pay name=pay0 pt=96 config-interval=-1"
	} else {
		v += "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=1000 ! rtph264pay name=pay0 pt=96 config-interval=-1"
	}
	const tone = " audiotestsrc is-live=true wave=ticks ! audioconvert ! audioresample ! "
	switch audio {
	case "aac":
		v += tone + "audio/x-raw,rate=48000,channels=2 ! avenc_aac bitrate=96000 ! rtpmp4gpay name=pay1 pt=97"
	case "pcma":
		v += tone + "audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8"
	case "pcmu":
		v += tone + "audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0"
	}
	return v
}

// File returns a pipeline that plays an MP4 file once at its own pace, the coded pictures and frames
// as they stand in the file. video is "h264" or "h265", audio "aac", "pcma", "pcmu" or "".
func File(file, video, audio string) string {
	if video == "" {
		video = "h264"
	}
	p := fmt.Sprintf("filesrc location=%s ! qtdemux name=d d.video_0 ! queue ! %sparse ! rtp%spay name=pay0 pt=96", file, video, video)
	switch audio {
	case "aac":
		p += " d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97"
	case "pcma", "pcmu":
		p += " d.audio_0 ! queue ! rtp" + audio + "pay name=pay1"
	}
	return p
}

// VLC starts VLC serving a file over RTSP at the path, over and over, by UDP only.
func VLC(ctx context.Context, file, path string) (*Peer, error) {
	if _, err := exec.LookPath("cvlc"); err != nil {
		return nil, errors.New("VLC: install the Debian package vlc-bin (and vlc-plugin-base)")
	}
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	args := []string{
		"cvlc", "--no-audio-time-stretch", "--loop", file, "--sout-keep",
		"--sout", "#rtp{sdp=rtsp://" + addr.String() + "/" + strings.TrimPrefix(path, "/") + "}",
	}
	if os.Getuid() == 0 { // VLC refuses root
		if _, err := exec.LookPath("setpriv"); err != nil {
			return nil, errors.New("VLC as root: install the Debian package util-linux, for setpriv")
		}
		args = append([]string{"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"}, args...)
	}
	p := &Peer{addr: addr.String(), scheme: "rtsp"}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "HOME=/nonexistent")
	return p, p.start(ctx, "VLC", cmd)
}

// start starts the process and waits until it answers RTSP.
func (p *Peer) start(ctx context.Context, name string, cmd *exec.Cmd) error {
	p.cmd, p.exited = cmd, make(chan struct{})
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		_ = cmd.Wait() // its end is what matters; what it wrote is in the log
		close(p.exited)
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		select {
		case <-p.exited:
			if _, pkg, ok := strings.Cut(p.log.String(), "missing: "); ok {
				return fmt.Errorf("%s: install the Debian package %s", name, strings.TrimSpace(pkg))
			}
			return fmt.Errorf("%s ended: %s", name, p.log.String())
		case <-ctx.Done():
			p.Close()
			return fmt.Errorf("%s does not answer: %w: %s", name, ctx.Err(), p.log.String())
		case <-retry.C:
			if p.answers(ctx) {
				return nil
			}
		}
	}
}

// answers reports whether the server answers OPTIONS. With TLS it is enough that it listens.
func (p *Peer) answers(ctx context.Context) bool {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", p.addr)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }() // only asked
	if p.scheme == "rtsps" {
		return true
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if _, err := fmt.Fprintf(c, "OPTIONS rtsp://%s/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", p.addr); err != nil {
		return false
	}
	b := make([]byte, 8)
	n, err := c.Read(b)
	return err == nil && bytes.HasPrefix(b[:n], []byte("RTSP/1.0"))
}

func freePort() (*net.TCPAddr, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.Close() }() // only tried
	return l.Addr().(*net.TCPAddr), nil
}

// logBuffer keeps the end of what a server writes.
type logBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b = append(l.b, b...); len(l.b) > 1<<16 {
		l.b = append(l.b[:0], l.b[len(l.b)-1<<15:]...)
	}
	return len(b), nil
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}
