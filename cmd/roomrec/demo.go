package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/volume"
	"roomrec/panel"
	"roomrec/rtsp"
	"roomrec/rtsp/rtsptest"
	"roomrec/rtsp/rtsptest/testcard"
	"roomrec/session"
)

type demoCmd struct {
	Dir    string `help:"Where the demo keeps its recordings, its key and its index." default:"demo" placeholder:"DIR"`
	Listen string `help:"The address to answer on. Only this machine is possible." default:"127.0.0.1:8080"`
	Quiet  bool   `help:"Write only errors to the log."`
}

// demoRoom is the room of the demo.
const demoRoom = "room-1"

// Run serves two simulated cameras over real RTSP on loopback and a whole controller over them.
func (c *demoCmd) Run(e *env) error {
	listener, err := listenDemo(e, c.Listen)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(e.stdout, "http://%s/\n", listener.Addr()); err != nil {
		return err
	}
	// They go on until the controller over them has ended, as real cameras do.
	cameras, switches, err := startDemoCameras(context.WithoutCancel(e.ctx))
	if err != nil {
		return failed(err)
	}
	defer cameras.Close()
	s, err := demoSetup(c.Dir, cameras)
	if err != nil {
		return err
	}
	level := "info"
	if c.Quiet {
		level = "error"
	}
	log := newLog(e.stderr, config.Log{Level: level, Format: "console"})
	log.Info().Str("recordings", s.volumes[0].Path).Msg("demo: two simulated cameras; stop with Ctrl-C")
	officer := session.Actor{ID: "demo", Name: "Demo officer", Role: "officer"}
	if err := serve(e.ctx, s, log, listener, front{
		officer:  officer,
		extra:    []panel.Extra{switches.page()},
		handlers: map[string]panel.Handler{"POST /demo/switch": {Action: access.Run, Handler: switches}},
	}); err != nil {
		return failed(err)
	}
	return nil
}

// listenDemo listens at address or, if that is taken, at any free port of the same host: whoever
// tries the demo should not have to know what else runs on the machine.
func listenDemo(e *env, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: want an address and a port, as in 127.0.0.1:8080", address)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(e.ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		l, err = lc.Listen(e.ctx, "tcp", net.JoinHostPort(host, "0"))
	}
	return l, err
}

// demoNames are the demo's cameras, by id.
var demoNames = []struct {
	id   string
	name session.Text
}{
	{"front", session.Text{En: "Front", Zh: "正面"}},
	{"room", session.Text{En: "Room", Zh: "全景"}},
}

// The demo's cameras: a frontal one with H.264 and AAC, one of the room with H.264 and G.711, and for
// each a lighter stream for live pictures.
func startDemoCameras(ctx context.Context) (*rtsptest.Server, *switchboard, error) {
	zone := clock.NewZone(config.Default().Location())
	clk := clock.NewSystem()
	sound := testcard.SoundOptions{Clock: clk}
	board := &switchboard{}
	streams := make(map[string]*rtsptest.Stream)
	for i, n := range demoNames {
		scene, hear := testcard.Front, testcard.NewSpeech
		if n.id == "room" {
			scene, hear = testcard.Room, testcard.NewRoomTone
		}
		c := &demoCamera{id: n.id, name: n.name, now: make(map[string]string)}
		for k, size := range []struct {
			path          string
			width, height int
		}{{n.id, 1280, 720}, {n.id + "/live", 640, 360}} {
			v := testcard.NewVideo(testcard.Options{
				Scene: scene, Name: strings.ToUpper(n.id), Card: uint8(2*i + k + 1), Width: size.width, Height: size.height, Clock: clk, Zone: zone,
			})
			a := hear(sound)
			s := &rtsptest.Stream{Live: true, Sources: []rtsptest.Source{v, a}}
			c.videos, c.sounds, c.streams = append(c.videos, v), append(c.sounds, a), append(c.streams, s)
			streams[size.path] = s
		}
		board.cameras = append(board.cameras, c)
	}
	server, err := rtsptest.Serve(ctx, "127.0.0.1:0", streams)
	return server, board, err
}

// demoSetup returns the demo's controller, with folders that are made if they are not there.
func demoSetup(dir string, cameras *rtsptest.Server) (setup, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return setup{}, err
	}
	defaults := config.Default()
	s := setup{
		zone: clock.NewZone(defaults.Location()), stateDir: filepath.Join(dir, "state"),
		volumes: []config.Volume{{Path: filepath.Join(dir, "disk-a")}, {Path: filepath.Join(dir, "disk-b")}},
		closing: 10 * time.Second, policy: config.Policy{Sample: 100}, faults: defaults.Faults, untrusted: true, clockSource: defaults.Clock.Source, clockLimit: defaults.Clock.Limit,
	}
	for _, v := range s.volumes {
		if err := makeVolume(v.Path); err != nil {
			return s, err
		}
	}
	room := roomSetup{RoomConfig: session.RoomConfig{
		ID: demoRoom, Name: session.Text{En: "Interrogation room 1", Zh: "第一讯问室"}, Kind: "handling-area",
	}}
	for _, c := range demoNames {
		main, err := rtsp.ParseSource(cameras.URL(c.id))
		if err != nil {
			return s, err
		}
		live, err := rtsp.ParseSource(cameras.URL(c.id + "/live"))
		if err != nil {
			return s, err
		}
		room.add(cameraSetup{id: c.id, name: c.name, source: main, live: &live, required: true, soundRequired: true})
	}
	s.rooms = []roomSetup{room}
	return s, nil
}

// makeVolume makes and marks a folder for evidence, if it is not marked already.
func makeVolume(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	_, err := volume.Init(dir, clock.NewSystem())
	return err
}
