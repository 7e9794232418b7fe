package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"roomrec/clock"
	"roomrec/panel"
	"roomrec/transcript"
)

// transcriptMetrics counts what became of transcripts. No label names a session or a person.
type transcriptMetrics struct {
	checks   *prometheus.CounterVec
	findings *prometheus.CounterVec
	beside   prometheus.Counter
}

func newTranscriptMetrics(reg prometheus.Registerer) (*transcriptMetrics, error) {
	m := &transcriptMetrics{
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_transcript_checks_total", Help: "Transcripts that were compared with their sessions, by verdict.",
		}, []string{"verdict"}),
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomrec_transcript_findings_total", Help: "Findings in transcripts that were compared, by code.",
		}, []string{"code"}),
		beside: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roomrec_looks_beside_total", Help: "Looks at sealed sessions that could not be written after the seal and are kept in state_dir.",
		}),
	}
	for _, v := range []transcript.Verdict{transcript.Agrees, transcript.Differs, transcript.Unreadable} {
		m.checks.WithLabelValues(string(v))
	}
	for _, c := range []prometheus.Collector{m.checks, m.findings, m.beside} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *transcriptMetrics) checked(r transcript.Result) {
	m.checks.WithLabelValues(string(r.Verdict)).Inc()
	for _, f := range r.Findings {
		m.findings.WithLabelValues(string(f.Code)).Inc()
	}
}

// transcriptCounts shows how many sealed sessions have which status of their transcript.
type transcriptCounts struct {
	index *index
	clock clock.Source
	desc  *prometheus.Desc
	byAge *prometheus.Desc
}

func newTranscriptCounts(x *index, c clock.Source) *transcriptCounts {
	return &transcriptCounts{
		index: x, clock: c,
		desc:  prometheus.NewDesc("roomrec_sessions_transcript", "Sealed sessions, by what is known of their transcript.", []string{"status"}, nil),
		byAge: prometheus.NewDesc("roomrec_sessions_without_transcript", "Sealed sessions without a transcript, by the time since their seal: under 1d, under 3d, under 7d, over 7d.", []string{"age"}, nil),
	}
}

// ages are the ages of what has no transcript, the youngest first; the last has no end.
var ages = []struct {
	name  string
	below time.Duration
}{{"under 1d", 24 * time.Hour}, {"under 3d", 3 * 24 * time.Hour}, {"under 7d", 7 * 24 * time.Hour}, {name: "over 7d"}}

// aged counts instants by their age at now: each in the first age that it is below.
func aged(sealed []clock.Wall, now clock.Wall) map[string]int {
	out := make(map[string]int, len(ages))
	for _, at := range sealed {
		for _, a := range ages {
			if a.below == 0 || now.Before(at.Add(a.below)) {
				out[a.name]++
				break
			}
		}
	}
	return out
}

// Describe implements prometheus.Collector.
func (c *transcriptCounts) Describe(to chan<- *prometheus.Desc) { to <- c.desc; to <- c.byAge }

// indexTime is for how long a scrape waits for the index.
const indexTime = 5 * time.Second

// Collect implements prometheus.Collector.
func (c *transcriptCounts) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), indexTime)
	defer cancel()
	sealed, err := c.index.c.Untranscribed(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(c.byAge, err)
		return
	}
	old := aged(sealed, c.clock.Now().Wall)
	for _, a := range ages {
		to <- prometheus.MustNewConstMetric(c.byAge, prometheus.GaugeValue, float64(old[a.name]), a.name)
	}
	counts, err := c.index.c.Transcripts(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(c.desc, err)
		return
	}
	counts[string(transcript.StatusNone)] += counts[""]
	for _, s := range transcript.Statuses() {
		to <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(counts[string(s)]), string(s))
	}
}

// inboxCounts shows how many files of the watch folder are in which state, and whether it can be read.
type inboxCounts struct {
	folder    *watchFolder
	files, up *prometheus.Desc
}

func newInboxCounts(w *watchFolder) *inboxCounts {
	return &inboxCounts{
		folder: w,
		files:  prometheus.NewDesc("roomrec_transcript_folder_files", "Files in the watch folder for transcripts, by state: waiting, doubt (a person has to name the session), filed.", []string{"state"}, nil),
		up:     prometheus.NewDesc("roomrec_transcript_folder_up", "Whether the watch folder can be read (1) or not (0); absent where the site has none.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *inboxCounts) Describe(to chan<- *prometheus.Desc) { to <- c.files; to <- c.up }

// Collect implements prometheus.Collector.
func (c *inboxCounts) Collect(to chan<- prometheus.Metric) {
	v := c.folder.view()
	if !v.Watched {
		return
	}
	up := 1.0
	if v.Problem != nil {
		up = 0
	}
	to <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, up)
	for _, s := range []panel.InboxState{panel.InboxWaiting, panel.InboxDoubt, panel.InboxFiled} {
		to <- prometheus.MustNewConstMetric(c.files, prometheus.GaugeValue, float64(v.Counts[s]), string(s))
	}
}
