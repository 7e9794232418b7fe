package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"roomrec/deploy/monitor"
	"roomrec/faultdisk"
	"roomrec/media"
	"roomrec/session"
	"roomrec/session/table"
	"roomrec/watch"
)

// scraper is Debian's Prometheus while it scrapes a site.
type scraper struct {
	t    *testing.T
	base string
	http *http.Client
}

var listening = regexp.MustCompile(`msg="Listening on" address=(127\.0\.0\.1:\d+)`)

// scrape starts a Prometheus with the rules that a site installs, each of which fires at once.
func scrape(t *testing.T, s *site) *scraper {
	t.Helper()
	_, err := exec.LookPath("prometheus")
	require.NoError(t, err, "make deps brings it")
	dir := t.TempDir()
	rules := filepath.Join(dir, "short.rules.yml")
	shorten := exec.Command("../deploy/prometheus/shorten.sh")
	shorten.Stdin = bytes.NewReader(must(os.ReadFile("../deploy/prometheus/roomrec.rules.yml")))
	short, err := shorten.Output()
	require.NoError(t, err)
	require.NotContains(t, string(short), "for: 1m")
	require.NoError(t, os.WriteFile(rules, short, 0o600))
	config := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q]\nscrape_configs:\n  - job_name: roomrec\n    static_configs: [{targets: [%q]}]\n",
		rules, strings.TrimPrefix(s.base, "http://"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600))
	cmd := exec.Command("prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0")
	var log output
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // gone is as good
		if err := <-ended; err != nil || t.Failed() {
			t.Logf("prometheus (%v):\n%s", err, log.String())
		}
	})
	late := time.After(patience)
	for {
		text, more := log.next()
		if m := listening.FindStringSubmatch(text); m != nil {
			return &scraper{t: t, base: "http://" + m[1], http: s.http}
		}
		select {
		case <-more:
		case err := <-ended:
			ended <- err
			require.FailNow(t, "prometheus ended", "%v: %s", err, text)
		case <-late:
			require.FailNow(t, "prometheus does not listen", text)
		}
	}
}

// ask returns what the API answers; ok is false while it is not ready.
func (p *scraper) ask(path string, answer any) bool {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+path, nil)
	require.NoError(p.t, err)
	res, err := p.http.Do(req)
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, res.Body.Close()) }()
	return res.StatusCode == http.StatusOK && json.NewDecoder(res.Body).Decode(answer) == nil
}

type sample struct {
	Metric map[string]string
	Value  [2]any // when, and what as a text
}

// query returns the series that an expression gives now.
func (p *scraper) query(expr string) []sample {
	p.t.Helper()
	var a struct{ Data struct{ Result []sample } }
	if !p.ask("/api/v1/query?query="+url.QueryEscape(expr), &a) {
		return nil
	}
	return a.Data.Result
}

// firing returns the names of the alerts that fire.
func (p *scraper) firing() (out []string) {
	p.t.Helper()
	var a struct {
		Data struct {
			Alerts []struct {
				State  string
				Labels map[string]string
			}
		}
	}
	p.ask("/api/v1/alerts", &a)
	for _, one := range a.Data.Alerts {
		if one.State == "firing" {
			out = append(out, one.Labels["alertname"])
		}
	}
	return out
}

// wait waits until rest is empty.
func (p *scraper) wait(what string, limit time.Duration, rest func() []string) {
	p.t.Helper()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); ; <-tick.C {
		left := rest()
		if len(left) == 0 {
			return
		}
		require.False(p.t, time.Now().After(end), "%s: waited in vain for:\n%s", what, strings.Join(left, "\n"))
	}
}

// alerts waits until all of these alerts fire.
func (p *scraper) alerts(want ...string) {
	p.t.Helper()
	p.wait("alerts", 2*patience, func() []string {
		now := p.firing()
		return slices.DeleteFunc(slices.Clone(want), func(name string) bool { return slices.Contains(now, name) })
	})
}

// ends waits until an alert no longer fires.
func (p *scraper) ends(alert string) {
	p.t.Helper()
	p.wait("the end of the alert", 3*patience, func() []string {
		if slices.Contains(p.firing(), alert) {
			return []string{alert + " still fires"}
		}
		return nil
	})
}

func (s *site) turn(camera, part, to string) {
	s.t.Helper()
	res, err := s.http.PostForm(s.base+"/demo/switch", url.Values{"camera": {camera}, "part": {part}, "to": {to}})
	require.NoError(s.t, err)
	require.NoError(s.t, res.Body.Close())
	require.Less(s.t, res.StatusCode, 400)
}

// attach adds the transcript in a file to a session.
func (s *site) attach(session, file string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.base+"/api/v1/sessions/"+session+"/transcripts", bytes.NewReader(must(os.ReadFile(file))))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Idempotency-Key", rand.Text())
	req.Header.Set("Document-Name", url.PathEscape(filepath.Base(file)))
	res, err := s.http.Do(req)
	require.NoError(s.t, err)
	said, err := io.ReadAll(res.Body)
	require.NoError(s.t, errors.Join(err, res.Body.Close()))
	require.Equal(s.t, http.StatusOK, res.StatusCode, "%s", said)
}

// TestZ8_PrometheusScrapesTheDemo: with a session that was sealed and one that locks, every query of
// every dashboard has an answer, and whoever is to be called is called: for a transcript that differs, a
// camera that is gone, a disk that fills up, that is full, that is gone. When the camera is back and the
// disk has room again, their alerts end. That of the clock is with the tests of the clock.
func TestZ8_PrometheusScrapesTheDemo(t *testing.T) {
	t.Parallel()
	const room = "room-1"
	dir := t.TempDir()
	small := filepath.Join(dir, "disk-b")
	require.NoError(t, os.Mkdir(small, 0o700))
	faultdisk.Tmpfs(t, small, 256<<20)
	s := open(t, []string{"demo", "--listen", "127.0.0.1:0", "--dir", dir})
	p := scrape(t, s)
	sealed := sealedDemo(t, s)
	s.begin(room)
	p.wait("scrapes", patience, func() []string {
		if len(p.query(`roomrec_session_state{room="room-1",state="Questioning"} == 1`)) == 0 {
			return []string{"the session's state"}
		}
		return nil
	})
	for _, name := range p.firing() {
		require.NotContains(t, []string{"RoomrecSessionLocked", "RoomrecFaultCameraLost", "RoomrecVolumeDegraded", "RoomrecTranscriptDiffers"}, name, "nothing is wrong yet")
	}
	p.alerts("RoomrecVolumeFillsUp")

	s.attach(sealed.ID, formOf(t, sealed, -5*time.Minute))
	p.alerts("RoomrecTranscriptDiffers")

	s.call("POST", "/api/v1/self-tests", http.StatusOK, map[string]any{"room": room, "length_ns": time.Second}, nil)
	s.turn("front", "cable", "out")
	s.inState(room, table.Locked, patience)
	p.alerts("RoomrecSessionLocked", "RoomrecFaultCameraLost")
	p.wait("the first lock, counted", 2*patience, func() []string {
		const locks = `increase(roomrec_session_locks_total{room="room-1",cause="camera.lost"}[1d]) > 0`
		if len(p.query(locks)) == 0 {
			return []string{locks}
		}
		return nil
	})
	p.wait("every query of every dashboard", 3*patience, func() (silent []string) {
		for _, d := range monitor.Dashboards() {
			for _, row := range d.Rows {
				for _, panel := range row {
					for _, q := range panel.Queries {
						if len(p.query(strings.ReplaceAll(q.Expr, "$room", ".+"))) == 0 {
							silent = append(silent, d.File+": "+q.Expr)
						}
					}
				}
			}
		}
		return silent
	})
	p.drawn(t)
	trusted := p.query(`roomrec_clock_trusted`)
	require.Len(t, trusted, 1)
	require.Equal(t, map[bool]string{true: "1", false: "0"}[s.room(room).Clock.Trusted], trusted[0].Value[1])

	if trusted[0].Value[1] == "0" { // as where nothing sets the host's clock
		p.alerts("RoomrecClockUntrusted")
	}
	s.turn("front", "cable", "in")
	p.ends("RoomrecFaultCameraLost")
	ballast := faultdisk.Fill(t, small)
	p.alerts("RoomrecVolumeDegraded", "RoomrecFaultStorageDegraded")
	s.until("the disk's problem on the page", room, patience, func(r session.RoomView) bool {
		return slices.ContainsFunc(r.Volumes, func(v session.VolumeView) bool { return v.Problem != nil && strings.Contains(v.Problem.En, "is full") })
	})
	require.NoError(t, os.Remove(ballast))
	p.ends("RoomrecVolumeDegraded")
	require.NoError(t, os.Rename(filepath.Join(dir, "disk-a"), filepath.Join(dir, "elsewhere")))
	p.alerts("RoomrecVolumeDegraded", "RoomrecFaultStorageDegraded")
}

// TestZ8_UntrustedClockCallsSomebody: a Prometheus is quiet about a site whose clock is set by people, and
// calls when the same site has time servers by which its clock is off, whatever keeps the host's clock: by one
// alert while the clock is believed all the same, by another when it is not.
func TestZ8_UntrustedClockCallsSomebody(t *testing.T) {
	t.Parallel()
	ntp := newNTPServer(t)
	ntp.set(3*time.Second, false)
	station := newStation(t)
	s := open(t, []string{"serve", "--config", station.config})
	p := scrape(t, s)
	trusted := func(value string) {
		t.Helper()
		p.wait("what is measured of the clock", 2*patience, func() []string {
			if len(p.query("roomrec_clock_trusted == "+value)) == 0 {
				return []string{"roomrec_clock_trusted " + value}
			}
			return nil
		})
	}
	trusted("1")
	require.NotContains(t, p.firing(), "RoomrecClockUntrusted")
	require.NotContains(t, p.firing(), monitor.FaultName(table.ClockUntrusted))

	// The site compares with a server all the same: its clock stays its own choice, and somebody is told.
	settings := string(must(os.ReadFile(station.config)))
	const local = "clock: {source: local, limit: 1m}"
	require.Contains(t, settings, local)
	source := func(name string) {
		text := strings.Replace(settings, local, fmt.Sprintf("clock: {source: %s, limit: 1s, servers: [%q], poll: 1s}", name, ntp.address), 1)
		require.NoError(t, os.WriteFile(station.config, []byte(text), 0o600))
	}
	source("local")
	s.p.signal(syscall.SIGHUP)
	p.alerts(monitor.FaultName(table.ClockUntrusted))
	require.NotContains(t, p.firing(), "RoomrecClockUntrusted")
	s.p.signal(syscall.SIGTERM)
	require.Zero(t, s.p.code(patience))

	source("ntp")
	s = open(t, []string{"serve", "--config", station.config})
	s.clockFault("room3", "offset", true, patience)
	trusted("0")
	p.alerts("RoomrecClockUntrusted")
}

// drawn has the site's dashboard drawn from what this Prometheus answers: no panel is empty, and nothing is
// cut off. With ROOMREC_DASHBOARD_PICTURES all dashboards are, and kept there, for someone to look at: make
// dashboards.
func (p *scraper) drawn(t *testing.T) {
	t.Helper()
	boards, folder := monitor.Dashboards(), os.Getenv("ROOMREC_DASHBOARD_PICTURES")
	if folder == "" {
		boards, folder = boards[:1], t.TempDir()
	}
	args := []string{p.base, "45", folder}
	for _, d := range boards {
		args = append(args, must(filepath.Abs("../deploy/grafana/"+d.File+".json")))
	}
	done := took(t, "pictures of the dashboards")
	var told []struct {
		Dashboard  string
		Panels     []struct{ Title string }
		Empty, Cut []string
	}
	require.NoError(t, json.Unmarshal(browse(t, "dashboard.mjs", args...), &told))
	done()
	require.Len(t, told, len(boards))
	for i, d := range boards {
		require.Equal(t, d.File, told[i].Dashboard)
		require.Len(t, told[i].Panels, len(slices.Concat(d.Rows...)))
		require.Empty(t, told[i].Empty, "%s: panels without an answer", d.File)
		require.Empty(t, told[i].Cut, "%s: panels that show only a part", d.File)
		b := must(os.ReadFile(filepath.Join(folder, d.File+".png")))
		require.Greater(t, must(png.DecodeConfig(bytes.NewReader(b))).Width, 1000)
	}
}

// grown matches a counter of which a rule or dashboard asks how much it has grown.
var grown = regexp.MustCompile(`(?:increase|rate)\((roomrec_\w+_total)`)

// TestScrape: every counter of which a rule or a dashboard asks how much it has grown is there before anything has
// happened, at each of its values: one that is born at 1 has not grown. A scrape gives every metric the type that
// the page of metrics gives it. Histograms are classic ones, and beside that native ones for who asks for them.
func TestScrape(t *testing.T) {
	t.Parallel()
	s, _ := demo(t)
	s.until("a room that is fit", "room-1", patience, func(r session.RoomView) bool { return r.Fit })
	text := s.text("/metrics")
	var asked []string
	for _, r := range monitor.Records() {
		asked = append(asked, r.Expr)
	}
	for _, a := range monitor.Alerts() {
		asked = append(asked, a.Expr)
	}
	for _, d := range monitor.Dashboards() {
		for _, panel := range slices.Concat(d.Rows...) {
			for _, q := range panel.Queries {
				asked = append(asked, q.Expr)
			}
		}
	}
	counters := make(map[string]bool)
	for _, m := range grown.FindAllStringSubmatch(strings.Join(asked, "\n"), -1) {
		counters[m[1]] = true
		require.Regexp(t, `(?m)^`+m[1]+`[{ ]`, text)
	}
	require.Greater(t, len(counters), 10)
	none := func(name string) { require.Contains(t, text, "\n"+name+" 0\n") }
	for _, f := range session.Faults() {
		if f.Locks {
			none(fmt.Sprintf("roomrec_session_locks_total{cause=%q,room=%q}", f.Code, "room-1"))
		}
	}
	none(`roomrec_session_locks_total{cause="mandatory",room="room-1"}`)
	for _, cause := range media.Causes() {
		none(fmt.Sprintf("roomrec_evidence_gaps_total{cause=%q}", cause))
	}
	for _, code := range watch.Codes() {
		require.Contains(t, text, fmt.Sprintf("\nroomrec_watch_findings_total{camera=\"front\",fault=%q,room=\"room-1\"} ", code))
	}

	s.begin("room-1")
	page, text := string(must(os.ReadFile("../docs/metrics.md"))), s.text("/metrics")
	seen := 0
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (roomrec_\w+) (\w+)$`).FindAllStringSubmatch(text, -1) {
		require.Contains(t, page, "| `"+m[1]+"` | "+m[2]+" |")
		seen++
	}
	require.Greater(t, seen, 40)

	const synced = "roomrec_volume_sync_seconds"
	require.Regexp(t, `(?m)^`+synced+`_bucket\{volume="[^"]+",le="\+Inf"\} [1-9]`, text, "classic")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/metrics", nil)
	require.NoError(t, err)
	req.Header.Set("Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	res, err := s.http.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	require.Equal(t, expfmt.TypeProtoDelim, expfmt.ResponseFormat(res.Header).FormatType())
	families := expfmt.NewDecoder(res.Body, expfmt.ResponseFormat(res.Header))
	histograms := 0
	for {
		var f dto.MetricFamily
		if err := families.Decode(&f); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		for _, m := range f.GetMetric() {
			h := m.GetHistogram()
			if h == nil || !strings.HasPrefix(f.GetName(), "roomrec_") {
				continue
			}
			require.NotEmpty(t, h.GetBucket(), "%s: classic", f.GetName())
			if h.GetSampleCount() > 0 {
				require.NotEmpty(t, h.GetPositiveSpan(), "%s: native", f.GetName())
				histograms++
			}
		}
	}
	require.GreaterOrEqual(t, histograms, 6, "of every volume, of evidence, of the catalogue")
}
