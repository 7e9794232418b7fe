package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/config"
	"roomrec/session"
)

var update = flag.Bool("update", false, "write docs/metrics.md and docs/openapi.json anew")

const metricsPage = "../../docs/metrics.md"

// metric is one of ours, as the registry describes it.
type metric struct {
	name, kind, help string
	labels           []string
}

var described = regexp.MustCompile(`^Desc\{fqName: "([^"]*)", help: "((?:[^"\\]|\\.)*)", unit: "[^"]*", constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}\}$`)

// registered returns every metric that a station registers, Go's and the process's own aside.
func registered(t *testing.T, reg *prometheus.Registry) []metric {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	kinds := make(map[string]string)
	for _, f := range families {
		kinds[f.GetName()] = strings.ToLower(f.GetType().String())
	}
	descriptions := make(chan *prometheus.Desc, 16) // read below until all are told
	go func() {
		defer close(descriptions)
		reg.Describe(descriptions)
	}()
	var out []metric
	for d := range descriptions {
		m := described.FindStringSubmatch(d.String())
		require.NotNil(t, m, "the library describes metrics differently: %s", d)
		if !strings.HasPrefix(m[1], "roomrec_") {
			continue
		}
		one := metric{name: m[1], kind: kinds[m[1]], help: m[2]}
		for _, pair := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[3], -1) {
			one.labels = append(one.labels, pair[1])
		}
		if m[4] != "" {
			one.labels = append(one.labels, strings.Split(m[4], ",")...)
		}
		if one.kind == "" { // of what nothing has happened yet
			one.kind = "gauge"
			if strings.HasSuffix(one.name, "_total") {
				one.kind = "counter"
			}
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b metric) int { return cmp.Compare(a.name, b.name) })
	return out
}

// idleStation is the demo's controller with its pages, of which nothing runs. fronts build other pages in
// place of the demo's.
func idleStation(t *testing.T, fronts ...func(*station, *index)) *station {
	t.Helper()
	cameras, _, err := startDemoCameras(t.Context())
	require.NoError(t, err)
	t.Cleanup(cameras.Close)
	s, err := demoSetup(t.TempDir(), cameras)
	require.NoError(t, err)
	reg := prometheus.NewRegistry()
	x, err := openIndex(t.Context(), t.TempDir(), reg)
	require.NoError(t, err)
	st, err := newStation(s, doors{log: zerolog.Nop(), index: x, metrics: reg})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, st.release())
		require.NoError(t, x.Close())
	})
	require.NoError(t, st.numbers(x))
	for _, f := range fronts {
		f(st, x)
	}
	if len(fronts) == 0 {
		_, err = st.site(x, front{officer: session.Actor{ID: "demo", Name: "Demo officer", Role: "officer"}})
		require.NoError(t, err)
	}
	_ = st.lookAtCameras()
	return st
}

// TestMetricsAreDocumented: docs/metrics.md is what the program registers.
func TestMetricsAreDocumented(t *testing.T) {
	st := idleStation(t)
	require.NoError(t, (&settings{now: config.Default()}).attach(st))
	all := registered(t, st.metrics)
	require.Greater(t, len(all), 40)
	var b strings.Builder
	b.WriteString(metricsHead)
	for _, m := range all {
		require.NotContains(t, m.help, "|")
		labels := "–"
		if len(m.labels) > 0 {
			labels = "`" + strings.Join(m.labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, m.kind, labels, m.help)
		for _, l := range m.labels {
			require.NotContains(t, []string{"session", "case", "person", "officer", "user", "suspect", "address"}, l, "%s names cases or people", m.name)
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(metricsPage, []byte(b.String()), 0o644))
	}
	have, err := os.ReadFile(metricsPage)
	require.NoError(t, err)
	require.Equal(t, b.String(), string(have), "run: go test ./cmd/roomrec -run TestMetricsAreDocumented -update")
	problems, err := testutil.GatherAndLint(st.metrics)
	require.NoError(t, err)
	require.Empty(t, problems)
}

const metricsHead = `# Metrics

Generated from the program's registry; a test keeps this page true.

` + "`/metrics`" + ` answers Prometheus on the service's address. All values are in base units: seconds,
bytes. No label names a case, a session, a person or an address. ` + "`camera`" + ` is the room's id, a slash and
the camera's; the stream for live pictures has ` + "`/live`" + ` after it, and its loss costs no recording. In
` + "`roomrec_room_sound_level`" + ` and in what begins with ` + "`roomrec_watch`" + ` it is the camera's id alone, beside
the room's. Histograms are classic ones and, for a server that asks for them, native ones.

Beside these there are the Go runtime's and the process's own (` + "`go_…`, `process_…`" + `). Recording and
alerting rules are in ` + "`deploy/prometheus/`" + `, dashboards in ` + "`deploy/grafana/`" + `.

| metric | type | labels | meaning |
|---|---|---|---|
`
