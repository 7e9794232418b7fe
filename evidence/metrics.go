package evidence

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"roomrec/media"
)

// Metrics are the numbers of all sessions together. No label names a case, a person or a camera.
type Metrics struct {
	fragments prometheus.Counter
	bytes     prometheus.Counter
	gaps      *prometheus.CounterVec
	first     prometheus.Histogram
	last      prometheus.Histogram
	left      prometheus.Counter
	joined    prometheus.Counter
	lost      prometheus.Counter
}

// Native histograms beside the classic ones: steps of 10 %, at most so many of them.
const (
	nativeFactor  = 1.1
	nativeBuckets = 100
)

// NewMetrics returns metrics registered with r.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	buckets := prometheus.ExponentialBuckets(0.001, 2, 15) // 1 ms to 16 s
	m := &Metrics{
		fragments: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roomrec_evidence_fragments_total", Help: "Fragments acknowledged on every volume of their set.",
		}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roomrec_evidence_bytes_total", Help: "Bytes of acknowledged fragments, once for all volumes.",
		}),
		gaps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_evidence_gaps_total", Help: "Declared gaps by cause.",
		}, []string{"cause"}),
		first: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "roomrec_evidence_first_unit_seconds", Help: "From the arrival of a fragment's first unit to its acknowledgement.", Buckets: buckets,
			NativeHistogramBucketFactor: nativeFactor, NativeHistogramMaxBucketNumber: nativeBuckets,
		}),
		last: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "roomrec_evidence_last_unit_seconds", Help: "From the arrival of a fragment's last unit to its acknowledgement.", Buckets: buckets,
			NativeHistogramBucketFactor: nativeFactor, NativeHistogramMaxBucketNumber: nativeBuckets,
		}),
		left: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roomrec_evidence_volumes_left_total", Help: "Volumes that left a session's set.",
		}),
		joined: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roomrec_evidence_volumes_joined_total", Help: "Volumes that joined the set of a session that was being recorded.",
		}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roomrec_evidence_storage_lost_total", Help: "Sessions whose last volume left the set.",
		}),
	}
	for _, cause := range media.Causes() {
		m.gaps.WithLabelValues(string(cause)) // a counter that is born at 1 has not grown, for whoever asks how much it has
	}
	for _, c := range []prometheus.Collector{m.fragments, m.bytes, m.gaps, m.first, m.last, m.left, m.joined, m.lost} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) acknowledged(bytes int, first, last time.Duration) {
	if m == nil {
		return
	}
	m.fragments.Inc()
	m.bytes.Add(float64(bytes))
	m.first.Observe(first.Seconds())
	m.last.Observe(last.Seconds())
}

func (m *Metrics) gap(cause media.Cause) {
	if m != nil {
		m.gaps.WithLabelValues(string(cause)).Inc()
	}
}

func (m *Metrics) volumeLeft(remaining int) {
	if m == nil {
		return
	}
	m.left.Inc()
	if remaining == 0 {
		m.lost.Inc()
	}
}

func (m *Metrics) volumeJoined() {
	if m != nil {
		m.joined.Inc()
	}
}
