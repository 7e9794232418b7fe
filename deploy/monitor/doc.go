// Package monitor is what a site's own monitoring needs: the table of alerts with what each asks of a
// technician, and the dashboards. From it come the rules and their tests for Prometheus
// (deploy/prometheus), the dashboards for Grafana (deploy/grafana) and the runbook pages
// (docs/operator/runbooks). Its tests compare all of these with the table and write them anew with
// -update; they refuse any metric or label that the program does not have.
package monitor

import "roomrec/session"

// Text is a sentence in both languages.
type Text = session.Text

// Alert is something that a person must act on.
type Alert struct {
	Name     string // as in RoomrecDown
	Expr     string // PromQL; every series that it gives is one alert
	For      string // how long it must hold, as Prometheus writes lengths: 0s, 5m
	Severity session.Severity
	Title    Text   // {{ $labels.room }} and the like are filled in by Prometheus
	What     Text   // what it means
	Do       []Text // what to do, first action first
	Clause   string // row of docs/requirements.md; empty: none
	// The series of the test, each "name{labels} values" with a value a minute; the alert must fire on
	// Fires after 20 minutes from 1970-01-01T00:00:00Z on and must not on Quiet.
	Fires, Quiet []string
	Labels       map[string]string // of the alert that must fire, severity and name apart
}

// Record is a recording rule.
type Record struct{ Name, Expr string }

// Records are what alerts and dashboards share.
func Records() []Record {
	return []Record{
		{"roomrec:rooms:count", `count(roomrec_room_fit)`},
		{"roomrec:rooms_fit:sum", `sum(roomrec_room_fit)`},
		{"roomrec:sessions:by_state", `sum by (state) (roomrec_session_state)`},
		{"roomrec:faults:by_code", `sum by (fault) (roomrec_room_fault_open)`},
		{"roomrec:camera_loss:ratio5m", `sum by (camera) (rate(roomrec_camera_lost_packets_total[5m])) / clamp_min(sum by (camera) (rate(roomrec_camera_lost_packets_total[5m])) + sum by (camera) (rate(roomrec_camera_received_packets_total[5m])), 1e-9)`},
		{"roomrec:volume_sync_seconds:p99_5m", `histogram_quantile(0.99, sum by (volume, le) (rate(roomrec_volume_sync_seconds_bucket[5m])))`},
		{"roomrec:volume_write_seconds:p99_5m", `histogram_quantile(0.99, sum by (volume, le) (rate(roomrec_volume_write_seconds_bucket[5m])))`},
		{"roomrec:safe_delay_seconds:p99_5m", `histogram_quantile(0.99, sum by (le) (rate(roomrec_evidence_last_unit_seconds_bucket[5m])))`},
		{"roomrec:locks:increase1d", `sum by (cause) (increase(roomrec_session_locks_total[1d]))`},
		{"roomrec:locked_seconds:increase1d", `sum by (room) (increase(roomrec_session_locked_seconds_total[1d]))`},
	}
}
