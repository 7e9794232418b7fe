package session

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"roomrec/clock"
	"roomrec/session/table"
)

// Collector shows Prometheus what the rooms' pages show, read when it is scraped: it costs nothing in
// between and never differs from what officers see. No label names a case or a person.
type Collector struct{ manager *Manager }

// NewCollector returns a collector over m's rooms.
func NewCollector(m *Manager) *Collector { return &Collector{manager: m} }

var (
	roomLabel = []string{"room"}

	descFit   = prometheus.NewDesc("roomrec_room_fit", "1 if nothing keeps the room from recording, whether or not a session runs there; else 0.", roomLabel, nil)
	descFault = prometheus.NewDesc("roomrec_room_fault_open", "1 for every open fault, by code and by the camera or volume it concerns; 0 with an empty subject where none is open.", []string{"room", "fault", "subject"}, nil)
	descSound = prometheus.NewDesc("roomrec_room_sound_level", "How loud it is at a microphone, 0 to 1 as the page's meter shows it; absent where it cannot be judged.", []string{"room", "camera"}, nil)
	descSince = prometheus.NewDesc("roomrec_session_state_since_timestamp_seconds", "Since when the room's session is in its state; absent without a session.", roomLabel, nil)
	descSafe  = prometheus.NewDesc("roomrec_session_safe_until_timestamp_seconds", "Until when all required cameras of the room's session are written and synced on every volume of its set; absent while nothing is.", roomLabel, nil)
	descRest  = prometheus.NewDesc("roomrec_session_last_rest_timestamp_seconds", "When the last rest or meal of the questioning in the room ended, or its start if there was none; absent when nobody is questioned.", roomLabel, nil)
	descLock  = prometheus.NewDesc("roomrec_session_locked_seconds_total", "How long sessions in the room were locked since the program started.", roomLabel, nil)

	descAsked = prometheus.NewDesc("roomrec_camera_management_clock_offset_seconds", "The camera's clock minus the controller's, as its management (ONVIF) answered last; absent without an answer for 25 minutes.", []string{"camera"}, nil)

	descFree    = prometheus.NewDesc("roomrec_volume_free_bytes", "Bytes that the volume still takes; absent while it cannot be asked.", []string{"volume"}, nil)
	descLeft    = prometheus.NewDesc("roomrec_volume_left_seconds", "Time until the volume is full if all cameras were recorded at the measured rate; absent while unknown.", []string{"volume"}, nil)
	descVolume  = prometheus.NewDesc("roomrec_volume_info", "Always 1; name is what people call the volume, the last part of its path, or its id where that is not known.", []string{"volume", "name"}, nil)
	descTrusted = prometheus.NewDesc("roomrec_clock_trusted", "1 if the controller's clock is disciplined and its error within the limit; else 0.", nil, nil)
	descError   = prometheus.NewDesc("roomrec_clock_max_error_seconds", "The largest error that the controller's clock may have.", nil, nil)
)

// Describe is for the registry.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descFit, descFault, descSound, descSince, descSafe, descRest, descLock, descAsked, descFree, descLeft, descVolume, descTrusted, descError,
	} {
		ch <- d
	}
}

// Collect is for the registry.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	m := c.manager
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.cfg.Clock.Now()
	for _, rm := range m.list() {
		id := rm.cfg.ID
		gauge(descFit, truth(len(m.unfit(rm)) == 0), id)
		rm.collectFaults(now.Mono, m.volumes, func(f FaultView, v float64) { gauge(descFault, v, id, f.Code, f.Subject) })
		for _, cam := range rm.cameraViews() {
			if cam.Sound != nil {
				gauge(descSound, *cam.Sound, id, cam.ID)
			}
		}
		for _, cam := range rm.cfg.Cameras {
			if at, ok := rm.times[cam.ID]; ok && now.Mono.Sub(at.asked) < cameraTimeOld {
				gauge(descAsked, at.Offset.Seconds(), id+"/"+cam.ID)
			}
		}
		ch <- prometheus.MustNewConstMetric(descLock, prometheus.CounterValue, rm.locked.until(now.Mono).Seconds(), id)
		s := rm.session
		if s == nil || s.State == table.Sealed {
			continue
		}
		gauge(descSince, unix(s.Since), id)
		if at := rm.safe(); at != 0 {
			gauge(descSafe, unix(at), id)
		}
		if at := rested(s, now.Wall); at != 0 {
			gauge(descRest, unix(at), id)
		}
	}
	for _, v := range m.volumes {
		gauge(descVolume, 1, v.ID, cmp.Or(v.Name, v.ID))
		if v.Healthy && v.Problem == nil {
			gauge(descFree, float64(v.FreeBytes), v.ID)
		}
		if v.HoursLeft >= 0 {
			gauge(descLeft, v.HoursLeft*3600, v.ID)
		}
	}
	gauge(descTrusted, truth(m.clock.Trusted))
	gauge(descError, m.clock.MaxError.Seconds())
}

// collectFaults gives every open fault, and one of value 0 for each code that is not open.
func (r *room) collectFaults(now clock.Mono, volumes []VolumeView, give func(FaultView, float64)) {
	open := make(map[string]bool)
	for _, f := range r.faultViews(now, volumes) {
		give(f, 1)
		open[f.Code] = true
	}
	for _, code := range table.Codes() {
		if !open[string(code)] {
			give(FaultView{Code: string(code)}, 0)
		}
	}
}

// safe returns until when the room's required cameras are safe, 0 if one of them is not at all.
func (r *room) safe() clock.Wall {
	var at clock.Wall
	for _, c := range r.cfg.Cameras {
		if !c.Required {
			continue
		}
		to := r.progress[c.ID].To.Wall
		if to == 0 {
			return 0
		}
		if at == 0 || to < at {
			at = to
		}
	}
	return at
}

// rested returns when the person questioned rested or ate last: now while they do, 0 if there is no
// questioning (Z28).
func rested(s *SessionView, now clock.Wall) clock.Wall {
	if s.Started == 0 || s.Ended != 0 {
		return 0
	}
	since, resting := restless(s.Started, s.Markers)
	if resting {
		return now
	}
	return since
}

// lockTime adds up how long a room was locked.
type lockTime struct {
	on    bool
	since clock.Mono
	total time.Duration
}

func (l *lockTime) set(on bool, now clock.Mono) {
	if l.on && !on {
		l.total += now.Sub(l.since)
	}
	if on && !l.on {
		l.since = now
	}
	l.on = on
}

func (l *lockTime) until(now clock.Mono) time.Duration {
	if l.on {
		return l.total + now.Sub(l.since)
	}
	return l.total
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(w clock.Wall) float64 { return float64(w) / float64(time.Second) }
