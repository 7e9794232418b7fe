package panel

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the panel's own. No label holds a case, a person or an address.
type metrics struct {
	requests *prometheus.CounterVec
	viewers  *prometheus.GaugeVec
	skipped  prometheus.Counter
	refused  *prometheus.CounterVec
}

// How someone tried to sign in, and why it was refused.
const (
	meansPassword = "password"
	meansPIN      = "pin"
	meansToken    = "token"
	causeWrong    = "wrong"
	causeWait     = "wait"
)

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_panel_requests_total",
			Help: "Requests answered by pages and API, by method and status class.",
		}, []string{"method", "status"}),
		viewers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "roomrec_panel_viewers",
			Help: "Open event streams and live views.",
		}, []string{"kind"}),
		skipped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roomrec_panel_live_skipped_pieces_total",
			Help: "Pieces of live pictures that a viewer was too slow for.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_sign_in_failures_total",
			Help: "Sign-ins that were refused, by means (password, pin, token) and by cause: wrong, or wait (too many failures before it).",
		}, []string{"means", "cause"}),
	}
	for _, means := range []string{meansPassword, meansPIN} {
		m.refused.WithLabelValues(means, causeWrong)
		m.refused.WithLabelValues(means, causeWait)
	}
	m.refused.WithLabelValues(meansToken, causeWrong)
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.requests, m.viewers, m.skipped, m.refused} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("panel: register metrics: %w", err)
		}
	}
	return m, nil
}

// count counts answers. The status is taken where the header is written.
func (m *metrics) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &counted{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(c, r)
		m.requests.WithLabelValues(knownMethod(r.Method), strconv.Itoa(c.status/100)+"xx").Inc()
	})
}

func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost:
		return m
	}
	return "other"
}

type counted struct {
	http.ResponseWriter
	status int
}

func (c *counted) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController and the WebSocket upgrade reach the connection.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
