package watch

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the numbers of this package. One Metrics serves every camera.
type Metrics struct {
	findings *prometheus.CounterVec
	open     *prometheus.GaugeVec
}

// NewMetrics registers the package's metrics with reg; nil keeps them unregistered.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	labels := []string{"room", "camera", "fault"}
	m := &Metrics{
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_watch_findings_total", Help: "Faults that were found with a camera, by code.",
		}, labels),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "roomrec_watch_fault_open", Help: "1 while a fault of a camera is open, by code.",
		}, labels),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.findings, m.open} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Forget drops the open faults of a camera that is watched no more. How many there were stays.
func (m *Metrics) Forget(room, camera string) {
	if m != nil {
		m.open.DeletePartialMatch(prometheus.Labels{"room": room, "camera": camera})
	}
}

// found counts a finding.
// born shows every fault of a camera before there is one: a counter that is born at 1 has not grown, for whoever
// asks how much it has.
func (m *Metrics) born(cfg Config) {
	if m == nil {
		return
	}
	for _, code := range Codes() {
		m.findings.WithLabelValues(cfg.Room, cfg.Camera, code)
		m.open.WithLabelValues(cfg.Room, cfg.Camera, code).Set(0)
	}
}

func (m *Metrics) found(cfg Config, f Finding) {
	if m == nil {
		return
	}
	if f.Raised {
		m.findings.WithLabelValues(cfg.Room, cfg.Camera, f.Code).Inc()
		m.open.WithLabelValues(cfg.Room, cfg.Camera, f.Code).Set(1)
		return
	}
	m.open.WithLabelValues(cfg.Room, cfg.Camera, f.Code).Set(0)
}
