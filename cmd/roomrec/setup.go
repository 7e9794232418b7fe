package main

import (
	"time"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/rtsp"
	"roomrec/session"
)

// setup is what a controller is built from, whoever says it: a configuration, the demo, or the flags
// of record.
type setup struct {
	zone     clock.Zone
	stateDir string
	volumes  []config.Volume
	rooms    []roomSetup
	closing  time.Duration // recording after End; 0: the default
	faults   config.Faults
	policy   config.Policy
	// untrusted lets sessions open while the host's clock is not trusted (demo and record).
	untrusted bool
	// ledger refuses to open what the disks do not hold for its planned length (serve).
	ledger bool
	// tests is when rooms are tested daily, as in 05:30; empty: rooms are not tested by themselves.
	tests string
	// degraded starts without a disk that cannot be opened, as long as another one can (serve).
	degraded     bool
	clockSource  string
	clockLimit   time.Duration
	clockServers []string
	clockPoll    time.Duration
	seal         config.Seal
	watchFolder  string           // that transcripts are dropped into; empty: none
	standing     *config.Standing // by which copies of all sessions are made; nil: none are
}

type roomSetup struct {
	session.RoomConfig
	cameras []cameraSetup
	sensor  *sensorSetup // nil: the room has none
}

// sensorSetup is where a room's temperature and humidity are read: a file or an address with JSON, and
// where the two stand in it.
type sensorSetup struct{ file, url, temperature, humidity string }

type cameraSetup struct {
	id          string
	name        session.Text
	source      rtsp.Source
	live        *rtsp.Source
	serial, mac string // of the device that was set up; empty: any
	onvif       string // host or host:port of its management; empty: it is not asked
	// password is read again before every start, nil if the source has it.
	password      func() (string, error)
	required      bool
	soundRequired bool
}

// fromConfig returns the setup of a configuration that was loaded and checked.
func fromConfig(c *config.Config) (setup, error) {
	s := setup{
		zone: clock.NewZone(c.Location()), stateDir: c.StateDir, volumes: c.Volumes, closing: c.Session.Closing,
		ledger: true, degraded: true, tests: c.SelfTest.Daily, faults: c.Faults, policy: c.Policy, clockSource: c.Clock.Source, clockLimit: c.Clock.Limit,
		clockServers: c.Clock.Servers, clockPoll: c.Clock.Poll, standing: c.StandingCopies, watchFolder: c.Transcripts.WatchFolder, seal: c.Seal,
	}
	for _, r := range c.Rooms {
		room := roomSetup{RoomConfig: session.RoomConfig{ID: r.ID, Name: text(r.Name), Kind: r.Kind, Planned: r.Planned}}
		if x := r.Sensor; x != nil {
			room.sensor = &sensorSetup{x.File, x.URL, x.Temperature, x.Humidity}
		}
		for _, cam := range r.Cameras {
			one := cameraSetup{
				id: cam.ID, name: text(cam.Name), password: cam.ReadPassword, onvif: cam.ONVIF, serial: cam.Serial, mac: cam.MAC,
				required: cam.Required, soundRequired: cam.Required && cam.Sound == "required",
			}
			var err error
			if one.source, err = source(cam, cam.URL); err != nil {
				return s, err
			}
			if cam.Live != nil {
				live, err := source(cam, cam.Live.URL)
				if err != nil {
					return s, err
				}
				one.live = &live
			}
			room.add(one)
		}
		s.rooms = append(s.rooms, room)
	}
	return s, nil
}

func (r *roomSetup) add(c cameraSetup) {
	r.cameras = append(r.cameras, c)
	r.Cameras = append(r.Cameras, session.CameraConfig{ID: c.id, Name: c.name, Required: c.required})
}

func source(c config.Camera, url string) (rtsp.Source, error) {
	s, err := rtsp.ParseSource(url)
	if err != nil {
		return s, err
	}
	s.User, s.Transport = c.User, rtsp.Transport(c.Transport)
	if c.TLS != nil {
		s.TLS = rtsp.TLS{ServerName: c.TLS.ServerName, CAFile: c.TLS.CAFile, Fingerprint: c.TLS.Fingerprint}
	}
	return s, nil
}

func text(n config.Name) session.Text { return session.Text{En: n.En, Zh: n.Zh} }
