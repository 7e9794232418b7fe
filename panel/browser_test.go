package panel_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/panel/paneltest"
)

const browserDir = "../testdata/browser"

// browse runs one of the scripts in testdata/browser against a site and returns what it printed.
func browse(t *testing.T, script string, args ...string) string {
	t.Helper()
	for _, need := range []string{"node", "chromium"} {
		_, err := exec.LookPath(need)
		require.NoError(t, err, "browser tests need %s: make deps", need)
	}
	for _, need := range []string{"playwright-core", "@axe-core/playwright"} {
		_, err := os.Stat(filepath.Join(browserDir, "node_modules", need))
		require.NoError(t, err, "browser tests need their Node packages: npm ci --prefix testdata/browser")
	}
	cmd := exec.CommandContext(t.Context(), "node", append([]string{script}, args...)...)
	cmd.Dir = browserDir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s", &stderr)
	return stdout.String()
}

// everyPage looks at every second page and state, from the first or the second on, in a look.
func everyPage(t *testing.T, l look, part string) {
	t.Helper()
	_, url, _ := open(t)
	browse(t, "pages.mjs", url, l.lang, l.theme, l.width, l.height, openSigned(t), part)
}

// Every page and state once, in one of two looks; the long form has the others.
func TestBrowserEveryPageAndState(t *testing.T) {
	t.Parallel()
	for part, l := range map[string]look{"1/2": {lang: "en", theme: "light"}, "2/2": {lang: "zh-CN", theme: "dark"}} {
		t.Run(l.lang+" "+l.theme, func(t *testing.T) {
			t.Parallel()
			everyPage(t, l, part)
		})
	}
}

// openSigned serves a site where people sign in, beside one that knows nobody yet, and returns its address.
func openSigned(t *testing.T) string {
	t.Helper()
	nobody, first := serveSigned(t, "")
	s, url := serveSigned(t, first+nobody.First)
	require.NoError(t, s.Staff(t.Context()))
	return url
}

func serveSigned(t *testing.T, first string) (*paneltest.Signed, string) {
	t.Helper()
	s, err := paneltest.NewSigned(t.Context(), zerolog.New(io.Discard), filepath.Join(t.TempDir(), "people.db"), first)
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(nil)
	srv.Config, err = s.Panel.HTTPServer("127.0.0.1:0", false)
	require.NoError(t, err)
	srv.Start()
	t.Cleanup(func() {
		s.Panel.Stop()
		srv.Close()
		require.NoError(t, s.Close())
	})
	return s, srv.URL
}

// What the first camera lacks is played from the others, not passed over.
func TestBrowserPlaysWhatOthersRecordedInAGap(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "gaps.mjs", url, "4", "a gap")
}

// Where a session went to another room its first room's cameras lack nothing, and what they do not show the others do.
func TestBrowserDrawsASessionThatMoved(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "gaps.mjs", url, "4", "on the timeline")
}

// A page that stayed open over an upgrade is loaded anew, once, where nobody works on it.
func TestBrowserAPageOfAnOlderVersion(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "anew.mjs", url)
}

// A marker is set again once the one whose answer was lost is a minute ago: it is another then. What else a page keeps
// of what was entered the long form has.
func TestBrowserAMarkerAfterALostAnswer(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "kept.mjs", url, url, "a marker")
}

// LOCKED cannot be silenced, only lowered for a while.
func TestBrowserTheSoundOfLocked(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "tone.mjs", url)
}

// C39, Z30: what is asked before anything is recorded, and the way back after LOCKED.
func TestBrowserAnOfficersSession(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "story.mjs", url)
}

// An officer's day from signing in to signing out by the keyboard alone.
func TestBrowserAnOfficersDayByKeyboardAlone(t *testing.T) {
	t.Parallel()
	byKeyboard(t, look{"en", "light", "1280", "800"})
}

// look is how a person sees the pages.
type look struct{ lang, theme, width, height string }

func (l look) String() string {
	return strings.Join([]string{l.lang, l.theme, l.width + "x" + l.height}, " ")
}

func byKeyboard(t *testing.T, l look) {
	t.Helper()
	browse(t, "keyboard.mjs", openSigned(t), l.lang, l.theme, l.width, l.height)
}

// shortLooks are those in which the short form plays the days outside the room.
var shortLooks = []look{{"zh-CN", "dark", "1280", "800"}}

// Those who are not in the room: supervisor, reviewer, auditor, administrator, each by keyboard, in either
// language, with no other host asked.
func TestBrowserTheDaysOutsideTheRoom(t *testing.T) {
	t.Parallel()
	for _, l := range shortLooks {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			outsideTheRoom(t, l)
		})
	}
}

func outsideTheRoom(t *testing.T, l look) {
	t.Helper()
	_, url, _ := open(t)
	browse(t, "day.mjs", url, l.lang, l.theme, l.width, l.height, openSigned(t))
}

// Contact is lost by a controller that stops, a network that is silent, a machine that sleeps.
func TestBrowserContactIsLostAndComesBack(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "contact.mjs", url)
}

// Z23: a clock in the room that is a minute or more off needs a supervisor's reason and sign-in.
func TestZ23_BrowserAWallClockFarOff(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	s.add("0417", access.Officer)
	s.add("lead", access.Supervisor)
	require.NoError(t, s.Set("room3", "morning"))
	browse(t, "wall.mjs", s.url, "zh-CN", "0417", "lead", good, os.Getenv("ROOMREC_WALL_PICTURE"))
}

// Z36: what ships for the browser of a room's screen lets it ask nobody but the controller.
func TestZ36_TheKiosksBrowserIsToldToAskNobody(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../deploy/kiosk/roomrec.json")
	require.NoError(t, err)
	var policy map[string]any
	require.NoError(t, json.Unmarshal(text, &policy))
	require.Equal(t, []any{"*"}, policy["URLBlocklist"])
	require.Equal(t, []any{"https://192.0.2.10:8443"}, policy["URLAllowlist"], "the address that the guide tells to change")
	for _, off := range []string{
		"AlternateErrorPagesEnabled", "BackgroundModeEnabled", "ComponentUpdatesEnabled", "DomainReliabilityAllowed", "MetricsReportingEnabled",
		"SearchSuggestEnabled", "SpellCheckServiceEnabled", "TranslateEnabled",
		"AutofillAddressEnabled", "AutofillCreditCardEnabled", "PasswordManagerEnabled", "PasswordLeakDetectionEnabled", "EnableMediaRouter",
		"AudioCaptureAllowed", "VideoCaptureAllowed", "ScreenCaptureAllowed",
	} {
		require.Equal(t, false, policy[off], off)
	}
	require.Equal(t, true, policy["SyncDisabled"])
	for name, want := range map[string]float64{"BrowserSignin": 0, "SafeBrowsingProtectionLevel": 0, "NetworkPredictionOptions": 2, "ChromeVariations": 2, "DeveloperToolsAvailability": 2, "IncognitoModeAvailability": 1} {
		require.InDelta(t, want, policy[name], 0, name)
	}
}

// Z36: the browser's own log of what it asked of the network, over every page that each office sees.
func TestZ36_BrowserAsksNoOtherHost(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	s.add("lead", access.Supervisor)
	s.add("admin", access.Administrator)
	s.add("aud", access.Auditor)
	require.NoError(t, s.Set("van1", "questioning"))
	require.NoError(t, s.Set("room3", "sealed"))
	v, _ := s.Room("room3")
	var seen struct {
		Pages, Events int
		Hosts         map[string][]string
	}
	out := browse(t, "hosts.mjs", s.url, filepath.Join(t.TempDir(), "net.json"), v.Session.ID)
	require.NoError(t, json.Unmarshal([]byte(out), &seen))
	require.Greater(t, seen.Pages, 12)
	require.Greater(t, seen.Events, 100)
	require.Contains(t, seen.Hosts, "127.0.0.1", "the log holds what was asked")
	delete(seen.Hosts, "127.0.0.1")
	require.Empty(t, seen.Hosts)
}
