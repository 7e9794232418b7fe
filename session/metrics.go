package session

import (
	"github.com/prometheus/client_golang/prometheus"

	"roomrec/session/policy"
	"roomrec/session/table"
)

// Metrics are the numbers of this package. Labels name rooms and causes, never cases or people.
type Metrics struct {
	state     *prometheus.GaugeVec
	locks     *prometheus.CounterVec
	approvals *prometheus.CounterVec
	refusals  *prometheus.CounterVec
	calls     prometheus.Counter
	pending   *prometheus.GaugeVec
}

// NewMetrics registers the package's metrics with reg; nil keeps them unregistered.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		state: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "roomrec_session_state",
			Help: "1 for the state of the room's session, 0 for the others; all 0 without a session.",
		}, []string{"room", "state"}),
		locks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_session_locks_total",
			Help: "How often sessions locked, by the code of the fault.",
		}, []string{"room", "cause"}),
		approvals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_session_unrecorded_approvals_total",
			Help: "How often an approver let questioning in the room go on unrecorded, by the key of the reason.",
		}, []string{"room", "reason"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_session_unrecorded_refusals_total",
			Help: "How often an approver refused that questioning in the room goes on unrecorded.",
		}, []string{"room"}),
		calls: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roomrec_session_supervisor_calls_total",
			Help: "How often a supervisor was called because a session stayed locked, or went on unrecorded.",
		}),
		pending: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "roomrec_session_journal_lines_waiting",
			Help: "Journal lines of the room's session that are not on the volumes yet.",
		}, []string{"room"}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.state, m.locks, m.approvals, m.refusals, m.calls, m.pending} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// born shows a room that has had no session: a counter that is born at 1 has not grown, for whoever asks how
// much it has.
func (m *Metrics) born(room string, reasons []policy.Choice) {
	m.show(room, table.None, 0)
	for _, f := range Faults() {
		if f.Locks {
			m.locks.WithLabelValues(room, string(f.Code))
		}
	}
	m.locks.WithLabelValues(room, causeMandatory)
	m.refusals.WithLabelValues(room)
	for _, r := range reasons {
		m.approvals.WithLabelValues(room, r.Key)
	}
}

func (m *Metrics) locked(room string, cause table.Code) {
	m.locks.WithLabelValues(room, string(cause)).Inc()
}

func (m *Metrics) approved(room, reason string) {
	m.approvals.WithLabelValues(room, reason).Inc()
}

func (m *Metrics) refused(room string) {
	m.refusals.WithLabelValues(room).Inc()
}

// forget drops what is shown of a room that is no more. Its counters stay.
func (m *Metrics) forget(room string) {
	label := prometheus.Labels{"room": room}
	m.state.DeletePartialMatch(label)
	m.pending.DeletePartialMatch(label)
}

// show sets the room's state; None if there is no session.
func (m *Metrics) show(room string, state table.State, waiting int) {
	for _, s := range table.States() {
		v := 0.0
		if s == state {
			v = 1
		}
		m.state.WithLabelValues(room, string(s)).Set(v)
	}
	m.pending.WithLabelValues(room).Set(float64(waiting))
}
