package house

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// layer says what the packages of one folder, and those below it that have no layer of their own, may
// import of ours: the folders named and what lies below them. A folder may always import what lies
// below itself.
type layer struct {
	folder string
	may    []string
	why    string
}

// layers is the house, from the ground up. Tests, and packages for tests (their names end so), may
// import more: they put stages together.
var layers = []layer{
	{"clock", nil, "time is the ground: everything stands on it"},
	{"clock/timeserver", []string{"clock"}, "asking other clocks needs a network, which the ground must not"},
	{"config", nil, "settings are plain values; whoever wires the program hands them on"},
	{"access", nil, "who may do what is a table; it knows no request, no file and no clock"},
	{"media", []string{"clock"}, "what a camera gives is known by its time alone, not by how it came or where it goes"},
	{"rtsp", []string{"media", "clock"}, "the way in knows nothing of recording"},
	{"rtsp/rtsptest", []string{"rtsp", "media", "clock"}, "a simulated camera knows what a camera gives"},
	{"watch", []string{"media", "clock"}, "detectors look at units; what follows from a fault is the session's affair"},
	{"watch/stills", []string{"media", "clock"}, "it decodes what it is given; what to make of a picture is the detectors' affair"},
	{"evidence", []string{"media", "clock"}, "the recorder takes units from anywhere and knows no session rules"},
	{"evidence/fragment", []string{"media", "clock"}, "bytes of a file are a pure function of units and times"},
	{"evidence/volume", []string{"clock"}, "a volume writes bytes and need not know what they are"},
	{"evidence/jsonform", nil, "how data are written depends on nothing that they say"},
	{"evidence/journal", []string{"clock", "evidence/jsonform"}, "lines and their chain do not depend on what they say"},
	{"evidence/stationlog", []string{"clock", "evidence/seal"}, "the log knows of a session its id and two hashes"},
	{"evidence/seal", []string{"clock", "evidence/jsonform"}, "a statement and its signature do not depend on how the files were made"},
	{"evidence/after", []string{"clock", "evidence/seal", "evidence/jsonform"}, "what comes after a seal follows it, and need not know what it says"},
	{"evidence/tsa", nil, "a token is over a hash; what was hashed is the caller's affair"},
	{"evidence/handover", []string{"evidence/seal"}, "a package is files and a signed list of them; what they are is the caller's affair"},
	{
		"evidence/verify",
		[]string{"clock", "session/table", "evidence/fragment", "evidence/jsonform", "evidence/journal", "evidence/seal", "evidence/after", "evidence/stationlog", "evidence/tsa"},
		"a verdict rests on the formats and on the table of states, never on the program that wrote them",
	},
	{"session", []string{"clock"}, "the runner drives others through small interfaces of its own, so that each can be replaced by a simulation"},
	{"session/table", []string{"clock"}, "Step is pure: the same state and event always give the same answer"},
	{"session/policy", []string{"session/table"}, "policy is data about the kinds and states of the table"},
	{"selftest", []string{"clock", "media", "evidence", "watch/stills"}, "it tests the recorder and the disks as a session uses them, and knows no session"},
	{"transcript", []string{"clock"}, "a document is compared with times, wherever these come from"},
	{"playback", []string{"media", "clock", "evidence/fragment"}, "what is shown is derived from the files' format, never from the recorder"},
	{"catalog", []string{"clock", "session/table"}, "an index of folders, which can be thrown away and made again"},
	{"catalog/people", []string{"catalog", "clock"}, "who signs in is kept like the index, and apart from it"},
	{"onvif", []string{"clock"}, "a camera's management speaks of its time and nothing else of ours"},
	{
		"panel",
		[]string{"access", "session", "session/table", "session/policy", "catalog", "transcript", "playback", "clock"},
		"pages show and command sessions; they reach no camera and no disk",
	},
	{"deploy/monitor", []string{"clock", "session", "session/table"}, "alerts are about what the program calls a fault; whoever watches a site needs nothing else of it"},
	{"cmd/roomverify", []string{"evidence/verify"}, "the checker for a court contains nothing that records"},
	{"docs", nil, "pages that the program hands over are no code"},
	{"bench", []string{"clock", "media", "rtsp/rtsptest", "rtsp/rtsptest/testcard", "evidence/seal"}, "what measures the program stands outside it"},
	{"e2e", nil, "tests of the whole program drive it from outside; what they import, only tests do"},
	{"sim", nil, "a simulation stands around the program; what it imports, only tests do"},
	{"faultdisk", []string{"clock"}, "a disk that fails on command knows nothing of what is written to it"},
	{"house", nil, "rules are not used by what they rule"},
}

// wiring is where everything meets: it may import all.
const wiring = "cmd/roomrec"

func layerOf(name string) (layer, bool) {
	for ; name != ""; name = name[:max(strings.LastIndexByte(name, '/'), 0)] {
		if i := slices.IndexFunc(layers, func(l layer) bool { return l.folder == name }); i >= 0 {
			return layers[i], true
		}
	}
	return layer{}, false
}

func below(name, folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }

func TestImportsFollowTheHouse(t *testing.T) {
	for _, p := range tree(t) {
		if below(p.Name, wiring) {
			continue
		}
		l, ok := layerOf(p.Name)
		switch {
		case !ok:
			t.Errorf("%s has no place in the house: add a row to layers with its reason, and to docs/design/architecture.md", p.Name)
			continue
		case forTests(p.Name) && !forTests(l.folder):
			continue
		}
		for _, imp := range p.Imports {
			ours, isOurs := strings.CutPrefix(imp, module+"/")
			if isOurs && !below(ours, l.folder) && !allowed(l, ours) {
				t.Errorf("%s imports %s, but %s may import only %v: %s", p.Name, ours, l.folder, l.may, l.why)
			}
			if isOurs && forTests(ours) && !forTests(p.Name) && !slices.Contains(l.may, ours) {
				t.Errorf("%s imports %s, which is for tests", p.Name, ours)
			}
		}
	}
}

func allowed(l layer, imp string) bool {
	return slices.ContainsFunc(l.may, func(m string) bool { return below(imp, m) })
}

// forTests reports whether a package is one that only tests import: its name, or that of a folder
// above, ends in "test".
func forTests(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(dir string) bool { return strings.HasSuffix(dir, "test") })
}

// edge says where code of others may be used.
type edge struct {
	module string // prefix of import paths
	only   []string
	why    string
}

var edges = []edge{
	{"github.com/bluenviron/gortsplib", []string{"rtsp", "bench"}, "a move to its next version changes one package"},
	{"github.com/bluenviron/mediacommon", []string{"rtsp", "bench"}, "it belongs to gortsplib"},
	{"github.com/pion", []string{"rtsp", "bench"}, "RTP and RTCP end where units begin"},
	{"github.com/Eyevinn/mp4ff", []string{"evidence/fragment", "playback"}, "one package owns the bytes of a recording, one reads them to show them"},
	{"modernc.org/sqlite", []string{"catalog"}, "the index is no one else's business"},
	{"github.com/pressly/goose", []string{"catalog"}, "it migrates the index"},
	{"database/sql", []string{"catalog"}, "the index is no one else's business"},
	{"github.com/danielgtaylor/huma", []string{"panel"}, "it serves the API"},
	{"github.com/alexedwards/scs", []string{"panel"}, "it keeps sign-ins"},
	{"github.com/coder/websocket", []string{"panel"}, "it carries live pictures"},
	{"rsc.io/qr", []string{"panel"}, "the number to sign is shown as a code"},
	{"github.com/makiuchi-d/gozxing", nil, "it reads codes back in tests"},
	{"github.com/coreos/go-systemd", []string{"cmd/roomrec"}, "only a service is supervised"},
	{"github.com/icholy/digest", []string{"onvif"}, "only devices ask for passwords this way"},
	{"github.com/alecthomas/kong", []string{"cmd"}, "only a program has a command line"},
	{"github.com/goccy/go-yaml", []string{"config"}, "settings are read in one place"},
	{"github.com/rs/zerolog", []string{"cmd", "session", "panel", "rtsp", "evidence"}, "packages return errors; what goes on after one (a runner, a server, a connection, a recorder) logs it, once"},
	{"github.com/beevik/ntp", []string{"clock/timeserver"}, "one package speaks NTP"},
	{"golang.org/x/mod", []string{"evidence/seal", "evidence/stationlog", "evidence/verify"}, "signed notes are the form of seals and of the log's heads"},
	{"filippo.io/age", []string{"evidence/handover"}, "what leaves the house is encrypted in one place"},
	{"github.com/emmansun/gmsm", []string{"evidence/seal"}, "SM2 and SM3 are one suite of signatures among others"},
	{"github.com/stretchr/testify", nil, "assertions belong to tests"},
	{"go.uber.org/goleak", nil, "it looks at tests"},
	{"pgregory.net/rapid", nil, "it makes random tests"},
	{"github.com/hanwen/go-fuse", []string{"faultdisk"}, "only a disk that fails on command is made of it"},
}

func TestImportsOfOthersStopAtTheEdge(t *testing.T) {
	for _, p := range tree(t) {
		if forTests(p.Name) {
			continue
		}
		for _, imp := range p.Imports {
			for _, e := range edges {
				if below(imp, e.module) && !slices.ContainsFunc(e.only, func(f string) bool { return below(p.Name, f) }) {
					t.Errorf("%s imports %s, which only %v may: %s", p.Name, imp, e.only, e.why)
				}
			}
		}
	}
}

// pure packages see neither disk nor network nor chance: the same arguments give the same result.
var pure = []string{"evidence/fragment", "session/table", "session/policy"}

func TestImportsOfPurePackages(t *testing.T) {
	impure := []string{"os", "net", "net/http", "syscall", "math/rand", "math/rand/v2", "log", "log/slog", "golang.org/x/sys/unix", "os/exec"}
	for _, p := range tree(t) {
		if forTests(p.Name) || !slices.ContainsFunc(pure, func(f string) bool { return below(p.Name, f) }) {
			continue
		}
		for _, imp := range p.Imports {
			if slices.Contains(impure, imp) {
				t.Errorf("%s imports %s, but it is pure", p.Name, imp)
			}
		}
	}
}

func TestC50_CheckerOfACourtHasNoNetwork(t *testing.T) {
	for _, p := range tree(t) {
		if !below(p.Name, "evidence/verify") && !below(p.Name, "cmd/roomverify") {
			continue
		}
		for _, dep := range p.Deps {
			require.NotContains(t, []string{"net/http", "crypto/tls", "os/exec"}, dep, p.Name)
		}
	}
}
