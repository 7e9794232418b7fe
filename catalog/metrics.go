package catalog

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the numbers of this package.
type Metrics struct {
	errors  prometheus.Counter
	seconds prometheus.Histogram
}

// NewMetrics registers the package's metrics with reg; nil keeps them unregistered.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		errors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roomrec_catalog_errors_total", Help: "Transactions of the catalogue that failed.",
		}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "roomrec_catalog_transaction_seconds", Help: "How long transactions of the catalogue take.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 7), NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
		}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.errors, m.seconds} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// begin starts to measure a transaction; the function that it returns ends it.
func (m *Metrics) begin() func(error) {
	timer := prometheus.NewTimer(m.seconds)
	return func(err error) {
		timer.ObserveDuration()
		if err != nil {
			m.errors.Inc()
		}
	}
}
