package session

import (
	"fmt"
	"math"
	"strings"
	"time"

	"roomrec/clock"
	"roomrec/session/table"
)

// TypeSensor is the type of a line that says what a room's sensor measured; its data is a [Reading]. It
// changes no state, and replaying passes it over.
const TypeSensor = "room.sensor"

// Reading is what a room's sensor measured. What it does not measure is nil; nothing at all says that it is
// silent.
type Reading struct {
	Temperature *float64 `json:"temperature_c,omitempty" doc:"degrees Celsius"`
	Humidity    *float64 `json:"humidity_percent,omitempty" doc:"percent relative humidity"`
}

// Text is the reading as pictures show it, as in "23.4 °C  45 % RH"; empty if there is nothing.
func (r Reading) Text() string {
	var parts []string
	if r.Temperature != nil {
		parts = append(parts, fmt.Sprintf("%.1f °C", *r.Temperature))
	}
	if r.Humidity != nil {
		parts = append(parts, fmt.Sprintf("%.0f %% RH", *r.Humidity))
	}
	return strings.Join(parts, "  ")
}

const (
	// A reading is written down when it differs by so much from what was written last, and every sensorEvery.
	sensorDegrees = 0.5
	sensorPercent = 2
	sensorEvery   = 10 * time.Minute
)

// news reports whether a reading differs from one that was written down.
func (r Reading) news(before Reading) bool {
	far := func(a, b *float64, least float64) bool {
		return (a == nil) != (b == nil) || a != nil && math.Abs(*a-*b) >= least
	}
	return far(r.Temperature, before.Temperature, sensorDegrees) || far(r.Humidity, before.Humidity, sensorPercent)
}

// SetSensor replaces what a room's sensor measures; a reading without anything says that it is silent. It
// never waits.
func (m *Manager) SetSensor(roomID string, r Reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rm := m.room(roomID)
	if rm == nil {
		return
	}
	rm.sensor = &r
	rm.changed()
	if rm.runner != nil {
		rm.runner.box.put(sensing{roomID, r})
	}
}

// sensed is what a runner wrote down last of its room's sensor.
type sensed struct {
	reading Reading
	at      clock.Mono
	room    string
}

// senses writes a reading down when it is news.
func (r *runner) senses(now Reading) {
	t := r.decided.Table
	if r.stopping || t.Stopped || t.State == table.Sealed {
		return
	}
	at, mono := r.now()
	if r.sensed != nil && r.sensed.room == t.Room && !now.news(r.sensed.reading) && mono.Sub(r.sensed.at) < sensorEvery {
		return
	}
	r.sensed = &sensed{now, mono, t.Room}
	r.scribe.jobs.put(job{
		line: &Line{Type: TypeSensor, Actor: ActorController, At: at, Mono: mono, Data: now},
		then: func(error) {}, // the volumes say themselves what is wrong with them
	})
}
