package volume

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the numbers of all volumes. Their only label is the volume's id.
type Metrics struct {
	write          *prometheus.HistogramVec
	sync           *prometheus.HistogramVec
	bytes          *prometheus.CounterVec
	queued         *prometheus.GaugeVec
	degraded       *prometheus.GaugeVec
	reads, misread *prometheus.CounterVec
}

// Native histograms beside the classic ones: steps of 10 %, at most so many of them.
const (
	nativeFactor  = 1.1
	nativeBuckets = 100
)

// NewMetrics returns metrics registered with r.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	label := []string{"volume"}
	buckets := prometheus.ExponentialBuckets(0.0001, 2.5, 13) // 0.1 ms to 6 s
	m := &Metrics{
		write: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "roomrec_volume_write_seconds", Help: "How long one write to the volume took.", Buckets: buckets,
			NativeHistogramBucketFactor: nativeFactor, NativeHistogramMaxBucketNumber: nativeBuckets,
		}, label),
		sync: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "roomrec_volume_sync_seconds", Help: "How long it took to sync one group of files and folders.", Buckets: buckets,
			NativeHistogramBucketFactor: nativeFactor, NativeHistogramMaxBucketNumber: nativeBuckets,
		}, label),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_volume_acknowledged_bytes_total", Help: "Bytes written and synced on the volume.",
		}, label),
		queued: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "roomrec_volume_queued_bytes", Help: "Bytes that wait to be written and synced.",
		}, label),
		degraded: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "roomrec_volume_degraded", Help: "1 if the volume has failed and left, or does not answer; else 0.",
		}, label),
		reads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_volume_read_backs_total", Help: "Pieces of what was written that were read back from the disk and compared.",
		}, label),
		misread: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_volume_read_back_errors_total", Help: "Pieces that could not be read back, or were not what was written.",
		}, label),
	}
	for _, c := range []prometheus.Collector{m.write, m.sync, m.bytes, m.queued, m.degraded, m.reads, m.misread} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// volumeMetrics are one volume's; nil measures nothing.
type volumeMetrics struct {
	write, sync      prometheus.Observer
	bytes            prometheus.Counter
	queued, degraded prometheus.Gauge
	reads, misread   prometheus.Counter
}

func (m *Metrics) of(volume string) *volumeMetrics {
	if m == nil {
		return nil
	}
	v := &volumeMetrics{
		write: m.write.WithLabelValues(volume), sync: m.sync.WithLabelValues(volume),
		bytes: m.bytes.WithLabelValues(volume), queued: m.queued.WithLabelValues(volume),
		degraded: m.degraded.WithLabelValues(volume),
		reads:    m.reads.WithLabelValues(volume), misread: m.misread.WithLabelValues(volume),
	}
	v.degraded.Set(0)
	return v
}

func (m *volumeMetrics) wrote(d time.Duration) {
	if m != nil {
		m.write.Observe(d.Seconds())
	}
}

func (m *volumeMetrics) synced(d time.Duration) {
	if m != nil {
		m.sync.Observe(d.Seconds())
	}
}

func (m *volumeMetrics) acknowledged(bytes int64) {
	if m != nil {
		m.bytes.Add(float64(bytes))
	}
}

func (m *volumeMetrics) waiting(bytes int64) {
	if m != nil {
		m.queued.Set(float64(bytes))
	}
}

// readBack counts a piece that was read back; err says that it was not what was written.
func (m *volumeMetrics) readBack(err error) {
	if m == nil {
		return
	}
	m.reads.Inc()
	if err != nil {
		m.misread.Inc()
	}
}

func (m *volumeMetrics) healthy(ok bool) {
	switch {
	case m == nil:
	case ok:
		m.degraded.Set(0)
	default:
		m.degraded.Set(1)
	}
}
