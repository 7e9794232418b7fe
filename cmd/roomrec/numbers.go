package main

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"roomrec/catalog"
	"roomrec/session"
)

// numbers registers the metrics that belong to no stage alone: what the pages show, what the index
// holds, what the disks owe, and which program this is.
func (st *station) numbers(x *index) error {
	v := buildVersion()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "roomrec_build_info", Help: "1; its labels say which program this is.",
		ConstLabels: prometheus.Labels{"version": v.Version, "commit": v.Commit, "go": v.Go},
	})
	build.Set(1)
	reserved := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "roomrec_volume_reserved_bytes", Help: "Bytes that every volume must keep free for the sessions that run, to their planned length.",
	}, func() float64 { return float64(owed(st.recorder.promised())) })
	return errors.Join(
		st.metrics.Register(build), st.metrics.Register(reserved),
		st.metrics.Register(session.NewCollector(st.manager)), st.metrics.Register(catalog.NewCollector(x.c)),
	)
}
