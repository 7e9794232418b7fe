package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"roomrec/playback/copies"
	"roomrec/session"
)

const (
	// sensorEvery is how often a room's sensor is read, sensorTime how long it may take.
	sensorEvery = 30 * time.Second
	sensorTime  = 10 * time.Second
	// maxReading is the longest answer that is taken, in bytes.
	maxReading = 64 << 10
)

// sensor reads a room's temperature and humidity. Nothing of a session depends on it.
type sensor struct {
	sensorSetup
	room string
	tell func(roomID string, r session.Reading)
	log  zerolog.Logger

	silent bool
}

// sensorOf returns what has to run for a room, if it has a sensor.
func (st *station) sensorOf(r *room) []stage {
	if r.setup.sensor == nil {
		return nil
	}
	s := &sensor{sensorSetup: *r.setup.sensor, room: r.setup.ID, tell: st.manager.SetSensor, log: st.log}
	return []stage{{"sensor " + s.room, func(ctx context.Context) error {
		return every(ctx, sensorEvery, func() { s.look(ctx) })
	}}}
}

// look reads once. A sensor that says nothing is told of as one.
func (s *sensor) look(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, sensorTime)
	defer stop()
	r, err := s.read(ctx)
	if (err != nil) != s.silent {
		s.silent = err != nil
		s.log.Warn().Err(err).Str("room", s.room).Bool("silent", s.silent).Msg("temperature and humidity")
	}
	s.tell(s.room, r)
}

func (s *sensor) read(ctx context.Context) (session.Reading, error) {
	var r io.ReadCloser
	if s.file != "" {
		f, err := os.Open(s.file)
		if err != nil {
			return session.Reading{}, err
		}
		r = f
	} else {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
		if err != nil {
			return session.Reading{}, err
		}
		answer, err := sensorClient.Do(req)
		if err != nil {
			return session.Reading{}, err
		}
		r = answer.Body
		if answer.StatusCode != http.StatusOK {
			return session.Reading{}, errors.Join(fmt.Errorf("the sensor answers %s", answer.Status), r.Close())
		}
	}
	b, err := io.ReadAll(io.LimitReader(r, maxReading+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return session.Reading{}, err
	}
	return parseReading(b, s.temperature, s.humidity)
}

// sensorClient asks no proxy and follows no one elsewhere: the only address is the configured one.
var sensorClient = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// What a room can have. Beyond it a sensor is broken, or counts in another unit.
const (
	coldest, hottest = -40, 80
)

// parseReading finds temperature and humidity in JSON, each at a path of names and places in lists with dots
// between them. One of the two may be absent.
func parseReading(b []byte, temperature, humidity string) (session.Reading, error) {
	var none session.Reading
	if len(b) > maxReading {
		return none, fmt.Errorf("the reading is over %d bytes", maxReading)
	}
	var doc any
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&doc); err != nil {
		return none, errors.New("the reading is no JSON")
	}
	t, h := numberAt(doc, temperature), numberAt(doc, humidity)
	switch {
	case t == nil && h == nil:
		return none, fmt.Errorf("the reading has a number neither at %s nor at %s", temperature, humidity)
	case t != nil && (*t < coldest || *t > hottest):
		return none, fmt.Errorf("the temperature is not between %d and %d degrees Celsius", coldest, hottest)
	case h != nil && (*h < 0 || *h > 100):
		return none, errors.New("the humidity is not between 0 and 100 percent")
	}
	return session.Reading{Temperature: t, Humidity: h}, nil
}

// numberAt returns the number at a path, also one that is written as text; nil if there is none.
func numberAt(doc any, path string) *float64 {
	for _, name := range strings.Split(path, ".") {
		switch in := doc.(type) {
		case map[string]any:
			doc = in[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			doc = in[i]
		default:
			return nil
		}
	}
	switch v := doc.(type) {
	case float64:
		return &v
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return &f
		}
	}
	return nil
}

// readingsOf returns what a session's journal tells of the sensor of a room, for the pictures of its cameras; with ""
// of whatever room the session was in. A session that moves leaves the sensor behind.
func readingsOf(f *folder, room string) []copies.Reading {
	var out []copies.Reading
	in := room
	if rooms := f.record.Table.Rooms; len(rooms) > 0 {
		in = rooms[0]
	}
	for _, l := range f.lines {
		var moved session.Data
		if l.Type == session.TypeMoveRoom && json.Unmarshal(l.Data, &moved) == nil {
			if n := len(out); n > 0 && out[n-1].Text != "" {
				out = append(out, copies.Reading{At: l.At.Wall})
			}
			in = moved.Event.Room
		}
		var r session.Reading
		if l.Type == session.TypeSensor && (room == "" || in == room) && json.Unmarshal(l.Data, &r) == nil {
			out = append(out, copies.Reading{At: l.At.Wall, Text: r.Text()})
		}
	}
	return out
}
