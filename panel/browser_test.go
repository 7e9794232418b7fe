package panel_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/access"
	"roomrec/catalog/people"
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

func TestBrowserEveryPageAndState(t *testing.T) {
	t.Parallel()
	for _, look := range [][2]string{{"en", "light"}, {"zh-CN", "dark"}} {
		t.Run(look[0]+" "+look[1], func(t *testing.T) {
			t.Parallel()
			_, url, _ := open(t)
			browse(t, "pages.mjs", url, look[0], look[1])
		})
	}
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
	s := newStationWith(t, (*paneltest.Backend).Handlers)
	o := paneltest.Officer // whose sessions the scenes are
	require.NoError(t, s.people.Add(t.Context(), "test", people.Person{ID: o.ID, Name: o.Name, Role: o.Role, Password: cheap.Hash(good)}))
	browse(t, "keyboard.mjs", s.url, l.lang, l.theme, l.width, l.height)
}

// Those who are not in the room: supervisor, reviewer, auditor, administrator, each by keyboard, in either
// language, with no other host asked.
func TestBrowserTheDaysOutsideTheRoom(t *testing.T) {
	t.Parallel()
	_, url, _ := open(t)
	browse(t, "day.mjs", url, "zh-CN")
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
	require.NoError(t, s.Set("room3", "ready"))
	browse(t, "wall.mjs", s.url, "zh-CN", "0417", "lead", good, os.Getenv("ROOMREC_WALL_PICTURE"))
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
