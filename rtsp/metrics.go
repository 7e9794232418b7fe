package rtsp

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics shows cameras to Prometheus. It reads their states when it is scraped and costs nothing in
// between. The label camera is [Options].Name.
type Metrics struct {
	mu      sync.Mutex
	cameras map[*Camera]struct{}
}

var (
	cameraLabel = []string{"camera"}
	trackLabels = []string{"camera", "track", "codec"}

	descConnected = prometheus.NewDesc("roomrec_camera_connected", "Whether the camera's stream is coming (1) or not (0).", cameraLabel, nil)
	descReconnect = prometheus.NewDesc("roomrec_camera_reconnects_total", "Connections to the camera that ended or failed.", cameraLabel, nil)
	descOffset    = prometheus.NewDesc("roomrec_camera_clock_offset_seconds", "The camera's clock minus the controller's, at the last sender report.", trackLabels, nil)
	descLast      = prometheus.NewDesc("roomrec_camera_last_unit_timestamp_seconds", "When the last whole picture or frame of sound arrived.", trackLabels, nil)
	descCounts    = []struct {
		desc  *prometheus.Desc
		value func(*Counts) uint64
	}{
		{perTrack("received_packets_total", "RTP packets that arrived."), func(c *Counts) uint64 { return c.Packets }},
		{perTrack("received_bytes_total", "Bytes of RTP packets that arrived."), func(c *Counts) uint64 { return c.Bytes }},
		{perTrack("lost_packets_total", "RTP packets that did not arrive in time."), func(c *Counts) uint64 { return c.Lost }},
		{perTrack("late_packets_total", "RTP packets that arrived after they had been given up."), func(c *Counts) uint64 { return c.Late }},
		{perTrack("duplicate_packets_total", "RTP packets that arrived twice."), func(c *Counts) uint64 { return c.Duplicate }},
		{perTrack("reordered_packets_total", "RTP packets that arrived out of order, in time."), func(c *Counts) uint64 { return c.Reordered }},
		{perTrack("units_total", "Pictures or frames of sound that were whole."), func(c *Counts) uint64 { return c.Units }},
		{perTrack("damaged_units_total", "Whole pictures that may refer to missing ones."), func(c *Counts) uint64 { return c.Damaged }},
		{perTrack("dropped_units_total", "Pictures or frames of sound that had begun but were not whole."), func(c *Counts) uint64 { return c.Dropped }},
		{perTrack("gaps_total", "Gaps."), func(c *Counts) uint64 { return c.Gaps }},
		{perTrack("jumps_total", "Jumps of the camera's own ticks."), func(c *Counts) uint64 { return c.Jumps }},
	}
)

func perTrack(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("roomrec_camera_"+name, help, trackLabels, nil)
}

// NewMetrics registers the metrics of all cameras that are given them.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{cameras: make(map[*Camera]struct{})}
	return m, reg.Register(m)
}

func (m *Metrics) add(c *Camera) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cameras[c] = struct{}{}
}

func (m *Metrics) remove(c *Camera) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.cameras, c)
}

// Describe is for the registry.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- descConnected
	ch <- descReconnect
	ch <- descOffset
	ch <- descLast
	for _, d := range descCounts {
		ch <- d.desc
	}
}

// Collect is for the registry.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	cameras := make([]*Camera, 0, len(m.cameras))
	for c := range m.cameras {
		cameras = append(cameras, c)
	}
	m.mu.Unlock()
	for _, c := range cameras {
		s, name := c.State(), c.opt.Name
		up := 0.0
		if s.Connected {
			up = 1
		}
		ch <- prometheus.MustNewConstMetric(descConnected, prometheus.GaugeValue, up, name)
		ch <- prometheus.MustNewConstMetric(descReconnect, prometheus.CounterValue, float64(s.Reconnects), name)
		for i := range s.Tracks {
			t := &s.Tracks[i]
			n := strconv.Itoa(i)
			for _, d := range descCounts {
				ch <- prometheus.MustNewConstMetric(d.desc, prometheus.CounterValue, float64(d.value(&t.Counts)), name, n, t.Codec.String())
			}
			if at := t.LastUnit.Wall; at != 0 {
				ch <- prometheus.MustNewConstMetric(descLast, prometheus.GaugeValue, float64(at)/float64(time.Second), name, n, t.Codec.String())
			}
			if t.Reported {
				ch <- prometheus.MustNewConstMetric(descOffset, prometheus.GaugeValue, t.Offset.Seconds(), name, n, t.Codec.String())
			}
		}
	}
}
