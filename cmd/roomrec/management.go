package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"roomrec/clock"
	"roomrec/onvif"
	"roomrec/session"
	"roomrec/session/table"
)

const (
	// managementEvery is how often a camera's management is asked for its clock and its on-screen text.
	managementEvery = 10 * time.Minute
	// managementAgain is when it is asked once more after it said something new, or nothing.
	managementAgain = 15 * time.Second
	managementTime  = 10 * time.Second
	// managementLook is how often it is seen whether the camera has come back.
	managementLook = time.Second
)

// management asks what a camera says of itself by another way than its stream: who it is, how far its clock
// is off, and whether it writes date and 24-hour time into its picture. It asks at every connection of the
// stream, since only then a device can have been put in the place of another, when a session is opened, and
// every ten minutes. It sets nothing.
type management struct {
	station *station
	camera  *camera
	client  *onvif.Client
	// wanted is asked for by a session that is opened. Capacity 1: one that waits already is as good.
	wanted chan struct{}

	epoch int  // the connection of the stream at which it was asked
	owed  bool // who it is has not been answered since it was last demanded

	asked, off bool // whether it was, and whether its clock was off then
	missing    bool // its picture shows no time

	mu       sync.Mutex
	since    clock.Stamp // when the connection was noticed at which it was asked last
	other    string      // how it differs from the device in the settings; empty: it does not, as far as is known
	accepted bool        // a named officer took it for the right camera, for the session that runs
}

// managements returns what has to run for the cameras of a room that name their management.
func (st *station) managements(r *room) ([]stage, error) {
	var all []stage
	for _, c := range r.cameras {
		if c.setup.onvif == "" {
			continue
		}
		client, err := onvif.New(c.setup.onvif, c.setup.source.User, c.setup.source.Password, st.clock)
		if err != nil {
			return nil, fmt.Errorf("room %s: camera %s: onvif: %w", c.room, c.setup.id, err)
		}
		m := &management{station: st, camera: c, client: client, wanted: make(chan struct{}, 1)}
		c.management = m
		all = append(all, stage{"management " + c.room + "/" + c.setup.id, m.run})
	}
	return all, nil
}

// identify has the cameras of a room asked who they are, for a session that is opened. It never waits.
func (r *room) identify() {
	if r == nil {
		return
	}
	for _, c := range r.cameras {
		if c.management == nil {
			continue
		}
		select {
		case c.management.wanted <- struct{}{}:
		default: // it is asked already
		}
	}
}

// run asks until ctx ends.
func (m *management) run(ctx context.Context) error {
	look := time.NewTicker(managementLook)
	defer look.Stop()
	var due clock.Mono // when it is asked anyway
	demanded := true
	for {
		if st := m.camera.main.State(); st.Connected && st.Epoch != m.epoch {
			m.epoch, demanded = st.Epoch, true
			m.connected(m.station.clock.Now())
		}
		if demanded || m.station.clock.Now().Mono >= due {
			m.owed = m.owed || demanded
			wait := managementEvery
			if again := m.ask(ctx); again || m.owed {
				wait = managementAgain
			}
			demanded, due = false, m.station.clock.Now().Mono.Add(wait)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.wanted:
			demanded = true
		case <-look.C:
		}
	}
}

// connected notes when the camera's stream came.
func (m *management) connected(at clock.Stamp) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since = at
}

// ask asks once, and reports whether it is to be asked again soon. What one question is not answered does not
// keep the others from being asked, unless the device refuses: many bar an address after some attempts.
func (m *management) ask(ctx context.Context) (again bool) {
	log := m.station.log.With().Str("room", m.camera.room).Str("camera", m.camera.setup.id).Logger()
	again, err := m.time(ctx)
	switch {
	case ctx.Err() != nil:
		return false
	case errors.Is(err, onvif.ErrRefused):
		m.owed = false
		log.Warn().Err(err).Msg("the camera's clock cannot be asked for")
		return false
	case err != nil:
		log.Warn().Err(err).Msg("the camera's clock cannot be asked for")
	}
	m.identity(ctx, log)
	m.overlay(ctx, log)
	return again
}

// time asks for the camera's clock, and reports whether that is to be asked for again soon.
func (m *management) time(ctx context.Context) (again bool, err error) {
	ctx, stop := context.WithTimeout(ctx, managementTime)
	defer stop()
	at, err := m.client.Clock(ctx)
	if err != nil {
		return false, err
	}
	m.station.manager.SetCameraTime(session.CameraTime{
		Room: m.camera.room, Camera: m.camera.setup.id, Offset: at.Offset, Uncertainty: at.Uncertainty,
	})
	// One answer alone may be of the moment at which the clock was set: the watcher believes the second.
	if m.camera.watcher != nil {
		// It may be off by what it cut off and by what the answer took; the limit is not to be met by that.
		offset := at.Offset
		switch {
		case offset > at.Uncertainty:
			offset -= at.Uncertainty
		case offset < -at.Uncertainty:
			offset += at.Uncertainty
		default:
			offset = 0
		}
		m.camera.watcher.CameraClock(offset)
		again = !m.asked || offset.Abs() >= m.station.setup.faults.CameraClock != m.off
		m.asked, m.off = true, offset.Abs() >= m.station.setup.faults.CameraClock
	}
	return again, nil
}

// overlay asks whether the camera's picture shows date and time.
func (m *management) overlay(ctx context.Context, log zerolog.Logger) {
	ctx, stop := context.WithTimeout(ctx, managementTime)
	defer stop()
	texts, err := m.client.Texts(ctx)
	switch {
	case errors.Is(err, onvif.ErrUnsupported):
		return // it does not tell
	case err != nil:
		log.Warn().Err(err).Msg("the camera's on-screen text cannot be asked for")
		return
	}
	missing, said := overlayOf(texts)
	if missing != m.missing {
		m.missing = missing
		log.Warn().Bool("missing", missing).Str("text", said).Msg("the camera's on-screen time")
		m.station.manager.Report(m.camera.room, session.FaultEvent{
			Code: table.OverlayMissing, Subject: m.camera.setup.id, Raised: missing, Alarm: true, At: m.station.clock.Now(), Detail: said,
		})
	}
}

// identity compares the device with the one that was set up.
func (m *management) identity(ctx context.Context, log zerolog.Logger) {
	ctx, stop := context.WithTimeout(ctx, managementTime)
	defer stop()
	s := m.camera.setup
	if s.serial == "" && s.mac == "" {
		m.owed = false
		return
	}
	who, err := m.client.Identity(ctx)
	if err == nil || errors.Is(err, onvif.ErrRefused) {
		m.owed = false
	}
	if err != nil {
		log.Warn().Err(err).Msg("the camera cannot be asked who it is")
		return // that it does not answer is no proof that it is another
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	other := otherDevice(s.serial, s.mac, who)
	if other == m.other {
		return
	}
	m.other, m.accepted = other, false
	log.Error().Bool("exchanged", other != "").Str("device", other).Msg("the camera's device")
	m.tell()
}

// tell says how it is with the device. It locks a session: what is recorded comes from another camera than the
// one that was set up. What came since the connection began is the other's. The caller holds the mutex.
func (m *management) tell() {
	m.station.manager.Report(m.camera.room, session.FaultEvent{
		Code: table.CameraExchanged, Subject: m.camera.setup.id, Raised: m.other != "", Alarm: m.accepted,
		At: m.station.clock.Now(), LastGood: m.since, Detail: m.other,
	})
}

// accept takes the device for the right camera as long as it is this one and the session runs: it stays an
// alarm, which bars the next session until the settings name it. It never waits.
func (m *management) accept() { m.take(true) }

// forget ends what was accepted: the session is over.
func (m *management) forget() { m.take(false) }

func (m *management) take(accepted bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.other == "" || m.accepted == accepted {
		return
	}
	m.accepted = accepted
	m.tell()
}

// otherDevice says how a device differs from the one with this serial number and MAC; empty: it does not,
// as far as it tells.
func otherDevice(serial, mac string, who onvif.Identity) string {
	same := func(s string) string {
		return strings.ToLower(strings.NewReplacer(":", "", "-", "", ".", "", " ", "").Replace(s))
	}
	switch {
	case serial != "" && same(serial) != same(who.Serial):
		return fmt.Sprintf("serial number %q, want %q", who.Serial, serial)
	case mac != "" && who.MAC != "" && same(mac) != same(who.MAC):
		return fmt.Sprintf("MAC %s, want %s", who.MAC, mac)
	}
	return ""
}

// overlayOf says whether date and 24-hour time are missing among what a camera writes into its picture, and
// what there is: its format and place.
func overlayOf(texts []onvif.Text) (missing bool, said string) {
	var all []string
	missing = !onvif.TimeShown(texts)
	for _, t := range texts {
		if t.Kind == "Plain" {
			continue // a name: it may be of a case
		}
		all = append(all, strings.Join(strings.Fields(t.Kind+" "+t.Date+" "+t.Time+" "+t.Place), " "))
	}
	if len(all) == 0 {
		return true, "no date and time in the picture"
	}
	return missing, strings.Join(all, "; ")
}
