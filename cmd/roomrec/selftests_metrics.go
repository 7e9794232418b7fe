package main

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"roomrec/selftest"
)

// testMetrics are the numbers of self-tests.
type testMetrics struct {
	passed, daily, last, level, brightness *prometheus.GaugeVec
	total                                  *prometheus.CounterVec
}

func newTestMetrics(reg prometheus.Registerer) (*testMetrics, error) {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "roomrec_selftest_" + name, Help: help}, labels)
	}
	m := &testMetrics{
		passed:     gauge("passed", "1 if the room's last self-test found nothing wrong, 0 if it did.", "room"),
		daily:      gauge("daily_timestamp_seconds", "When the room's last daily self-test ended, in Unix time; 0 before the first.", "room"),
		last:       gauge("last_timestamp_seconds", "When the room's last self-test of any kind ended, in Unix time; absent before the first.", "room"),
		level:      gauge("sound_dbfs", "Level of the sound in the camera's last self-test, in decibels of full scale.", "camera"),
		brightness: gauge("brightness_ratio", "Mean brightness of the pictures in the camera's last self-test, 0 black and 1 white.", "camera"),
		total:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "roomrec_selftest_total", Help: "Self-tests of rooms, by occasion and result."}, []string{"why", "result"}),
	}
	for _, why := range []selftest.Why{selftest.Daily, selftest.Opening, selftest.Asked} {
		m.total.WithLabelValues(string(why), "passed")
		m.total.WithLabelValues(string(why), "failed")
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.passed, m.daily, m.last, m.level, m.brightness, m.total} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}

func (m *testMetrics) count(r selftest.Result) {
	result := "failed"
	if r.Passed {
		result = "passed"
	}
	m.total.WithLabelValues(string(r.Why), result).Inc()
}

// forget drops what is shown of a room. How many tests there were stays.
func (m *testMetrics) forget(room string) {
	for _, g := range []*prometheus.GaugeVec{m.passed, m.daily, m.last} {
		g.DeletePartialMatch(prometheus.Labels{"room": room})
	}
}

func (m *testMetrics) result(r selftest.Result) {
	passed := 0.0
	if r.Passed {
		passed = 1
	}
	m.passed.WithLabelValues(r.Room).Set(passed)
	m.last.WithLabelValues(r.Room).Set(float64(r.Ended) / 1e9)
	for _, c := range r.Cameras {
		name := r.Room + "/" + c.Camera
		m.brightness.WithLabelValues(name).Set(c.Brightness / 255)
		if c.Level != nil {
			m.level.WithLabelValues(name).Set(*c.Level)
		}
	}
}
