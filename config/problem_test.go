package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// with returns the minimal file with lines added to its camera, room or top.
func with(top, room, camera string) string {
	return top + "volumes:\n  - path: /srv/a\nrooms:\n  - id: room3\n" + indent(room, "    ") +
		"    cameras:\n      - id: suspect\n        url: rtsp://192.0.2.31/main\n" + indent(camera, "        ")
}

func indent(lines, by string) string {
	if lines == "" {
		return ""
	}
	return by + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", "\n"+by) + "\n"
}

func TestEveryMistakeIsNamedWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		at   string // line:column key
		says string // part of the problem, in any of its sentences
	}{
		"unknown key":             {with("listn: x\n", "", ""), "1:1 listn", "did you mean listen?"},
		"unknown key, far":        {with("frobnicate: x\n", "", ""), "1:1 frobnicate", "one of: site, language"},
		"key of another place":    {with("", "", "planned: 4h"), "8:9 rooms[0].cameras[0].planned", "unknown key"},
		"key twice":               {with("zone: UTC\nzone: UTC\n", "", ""), "2:1 zone", "first in line 1"},
		"no key":                  {"- a\n", "1:1 ", "is a list"},
		"key is no word":          {with("1: 2\n", "", ""), "1:1 ", "not a plain word"},
		"merge key":               {with("<<: {zone: UTC}\n", "", ""), "1:1 ", "not a plain word"},
		"text for number":         {with("faults: {camera_loss_percent: lots}\n", "", ""), "1:31 faults.camera_loss_percent", "a whole number"},
		"number for text":         {with("", "", "user: 1234"), "8:15 rooms[0].cameras[0].user", `put it in quotes: "1234"`},
		"number without unit":     {with("session: {planned: 4}\n", "", ""), "1:20 session.planned", "4m for minutes"},
		"yes for true":            {with("", "", "required: yes"), "8:19 rooms[0].cameras[0].required", "true or false"},
		"list for text":           {with("zone: [UTC]\n", "", ""), "1:7 zone", "is a list"},
		"text for list":           {"volumes: /srv/a\n", "1:10 volumes", "a list: one entry per line"},
		"text for group":          {with("clock: ntp\n", "", ""), "1:8 clock", "source, limit"},
		"empty value":             {with("zone:\n", "", ""), "1:6 zone", "no value"},
		"alias":                   {with("zone: &z UTC\n", "", ""), "1:7 zone", "write the value out"},
		"tag":                     {with("zone: !!str UTC\n", "", ""), "1:7 zone", "write the value out"},
		"number too small":        {with("faults: {camera_loss_percent: 0}\n", "", ""), "1:31 faults.camera_loss_percent", "from 1 to 50"},
		"number too large":        {with("faults: {camera_loss_percent: 99999999999999999999}\n", "", ""), "1:31 faults.camera_loss_percent", "from 1 to 50"},
		"length too long":         {with("faults: {camera_lost: 1h}\n", "", ""), "1:23 faults.camera_lost", "from 500ms to 10s"},
		"length negative":         {with("session: {closing: -5s}\n", "", ""), "1:20 session.closing", "from 10s to 10m"},
		"length not one":          {with("session: {closing: soon}\n", "", ""), "1:20 session.closing", "a length of time"},
		"alarm after the end":     {with("faults: {storage_slow: 9s}\n", "", ""), "1:24 faults.storage_slow", "less than storage_hung (5s)"},
		"alarm after the lock":    {with("faults: {camera_frozen_alarm: 40s}\n", "", ""), "1:31 faults.camera_frozen_alarm", "less than camera_frozen (30s)"},
		"level out of range":      {with("faults: {audio_low_dbfs: -90}\n", "", ""), "1:26 faults.audio_low_dbfs", "from -70 to -30"},
		"not a choice":            {with("language: zh\n", "", ""), "1:11 language", "en, zh-CN"},
		"zone unknown":            {with("zone: Asia/Shangai\n", "", ""), "1:7 zone", "IANA"},
		"zone of the host":        {with("zone: Local\n", "", ""), "1:7 zone", "IANA"},
		"listen without address":  {with(`listen: ":8080"`+"\n", "", ""), "1:9 listen", "not a name"},
		"listen by name":          {with("listen: panel.example:80\n", "", ""), "1:9 listen", "an IP address and a port"},
		"state folder":            {with("state_dir: lib/roomrec\n", "", ""), "1:12 state_dir", "whole path"},
		"watch folder relative":   {with("transcripts: {watch_folder: a}\n", "", ""), "1:29 transcripts.watch_folder", "begins with /"},
		"watch folder inside":     {with("transcripts: {watch_folder: /srv/a/in}\n", "", ""), "1:29 transcripts.watch_folder", "apart from state_dir"},
		"policy id":               {with("policy: {mandatory: [Big Crime]}\n", "", ""), "1:22 policy.mandatory[0]", "a-z"},
		"room id":                 {strings.Replace(minimal, "room3", "Room_3", 1), "4:9 rooms[0].id", "1 to 32 of"},
		"room id missing":         {strings.Replace(minimal, "id: room3", "kind: mobile", 1), "4:5 rooms[0].id", "missing"},
		"room id too long":        {strings.Replace(minimal, "room3", strings.Repeat("x", 33), 1), "4:9 rooms[0].id", "1 to 32 of"},
		"name of two lines":       {with("", `name: "a\nb"`, ""), "5:11 rooms[0].name", "one line"},
		"room kind":               {with("", "kind: cell", ""), "5:11 rooms[0].kind", "handling-area, mobile"},
		"camera id twice":         {minimal + "      - {id: suspect, url: 'rtsp://192.0.2.32/'}\n", "8:14 rooms[0].cameras[1].id", "first by rooms[0].cameras[0].id"},
		"camera name twice":       {with("", "", "name: A") + "      - {id: b, name: A, url: 'rtsp://192.0.2.32/'}\n", "9:23 rooms[0].cameras[1].name", "a name of its own"},
		"address twice":           {minimal + "      - {id: b, url: rtsp://192.0.2.31/main}\n", "8:22 rooms[0].cameras[1].url", "the address"},
		"address missing":         {strings.Replace(minimal, "url: rtsp://192.0.2.31/main", "user: x", 1), "6:9 rooms[0].cameras[0].url", "rtsp://"},
		"address not RTSP":        {strings.Replace(minimal, "rtsp:", "http:", 1), "7:14 rooms[0].cameras[0].url", "rtsp://"},
		"address without host":    {strings.Replace(minimal, "192.0.2.31", "", 1), "7:14 rooms[0].cameras[0].url", "names no host"},
		"address with bad escape": {strings.Replace(minimal, "/main", "/%zz", 1), "7:14 rooms[0].cameras[0].url", "not an address"},
		"address with bad port":   {strings.Replace(minimal, "2.31", "2.31:99999", 1), "7:14 rooms[0].cameras[0].url", "1 to 65535"},
		"address with fragment":   {strings.Replace(minimal, "/main", "/main#2", 1), "7:14 rooms[0].cameras[0].url", "%23"},
		"address with user":       {strings.Replace(minimal, "rtsp://", "rtsp://admin@", 1), "7:14 rooms[0].cameras[0].url", "move them to user"},
		"live address":            {with("", "", "live: {url: /x}"), "8:21 rooms[0].cameras[0].live.url", "rtsp://"},
		"plain password":          {with("", "", "password: hunter2"), "8:9 rooms[0].cameras[0].password", "password_file"},
		"password twice":          {with("", "", "user: a\npassword_file: /x\npassword_env: X"), "10:23 rooms[0].cameras[0].password_env", "remove one"},
		"password without user":   {with("", "", "password_env: X"), "6:9 rooms[0].cameras[0].user", "missing"},
		"user without password":   {with("", "", "user: a"), "8:15 rooms[0].cameras[0].user", "no password"},
		"password file":           {with("", "", "user: a\npassword_file: x"), "9:24 rooms[0].cameras[0].password_file", "whole path"},
		"TLS without TLS":         {with("", "", "tls: {server_name: x}"), "8:14 rooms[0].cameras[0].tls", "rtsps://"},
		"fingerprint":             {strings.Replace(with("", "", "tls: {fingerprint: abc}"), "rtsp:", "rtsps:", 1), "8:28 rooms[0].cameras[0].tls.fingerprint", "64 hexadecimal"},
		"no required camera":      {with("", "", "required: false"), "6:7 rooms[0].cameras", "required: true"},
		"no camera":               {"volumes: [{path: /a}]\nrooms:\n  - id: a\n    cameras: []\n", "4:14 rooms[0].cameras", "at least one camera"},
		"no volume":               {strings.TrimPrefix(minimal, "volumes:\n  - path: /srv/a\n"), "1:1 volumes", "- path: /srv/evidence-a"},
		"no room":                 {"volumes: [{path: /a}]\n", "1:1 rooms", "at least one room"},
		"volume relative":         {"volumes: [{path: a}]\n", "1:18 volumes[0].path", "begins with /"},
		"volume twice":            {"volumes: [{path: /a}, {path: /a}]\n", "1:30 volumes[1].path", "a folder of its own"},
		"volume id twice":         {"volumes: [{path: /a, id: x}, {path: /b, id: x}]\n", "1:45 volumes[1].id", "an id of its own"},
		"too many volumes":        {"volumes:\n" + strings.Repeat("  - path: /a\n", 17), "2:3 volumes", "at most 16"},
		"volume in another":       {"volumes: [{path: /a}, {path: /a/b}]\n", "1:30 volumes[1].path", "one inside the other"},
		"tab":                     {"zone:\n\t- x\n", "2:1 ", "not YAML"},
		"unclosed":                {"volumes: [{path: /a}\n", "1:10 ", "not YAML"},
		"second document":         {minimal + "---\nzone: UTC\n", "9:5 ", "one document"},
		"empty file":              {"", "0:0 volumes", "no volume"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("room.yaml", []byte(c.text))
			var e *Error
			require.ErrorAs(t, err, &e)
			var seen []string
			for _, p := range e.Problems {
				at := fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Key)
				seen = append(seen, at+"\n"+p.String())
				require.NotEmpty(t, p.Want)
				if at == c.at {
					require.Contains(t, p.String(), c.says)
					return
				}
			}
			require.Fail(t, "no problem at "+c.at, strings.Join(seen, "\n"))
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := Parse("room.yaml", []byte(with("zone: Nowhere\nlistn: x\n", "kind: cell\nplanned: 1", "transport: pigeon")))
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Problems, 5)
	for i := 1; i < len(e.Problems); i++ {
		require.LessOrEqual(t, e.Problems[i-1].Line, e.Problems[i].Line)
	}
	require.Contains(t, err.Error(), "room.yaml:1:7: zone: \"Nowhere\" is not a time zone\n    1 | zone: Nowhere\n      |       ^\n  expected: an IANA name")
}

func TestCaretStandsBelowWideCharacters(t *testing.T) {
	_, err := Parse("f", []byte("site: {en: 枣庄, zh: x}\n"+minimal))
	require.ErrorContains(t, err, "    1 | site: {en: 枣庄, zh: x}\n      | "+strings.Repeat(" ", 17)+"^\n")
}

func TestC54_NoErrorShowsAPassword(t *testing.T) {
	for name, camera := range map[string]string{
		"key":                  "password: hunter2",
		"key with comma":       "password: a,hunter2",
		"quoted":               `"password": "hunter2 hunter2"`,
		"capital":              "Password: hunter2",
		"over lines":           "password: |\n  hunter2\n  x: [",
		"folded":               "password: x\n  hunter2",
		"as variable":          "user: a\npassword_env: hunter2!",
		"as file":              "user: a\npassword_file: hunter2",
		"as number for user":   "pass: hunter2\nuser: 12",
		"broken after it":      "password: hunter2: x",
		"broken flow":          "live: {url: rtsp://a:hunter2@h/, password: hunter2",
		"second address":       "live: {url: 'http://a:hunter2@h/'}",
		"slash in it":          "live: {url: 'http://a:x/hunter2@h/'}",
		"space in it":          "live: {url: 'http://a:x hunter2@h/'}",
		"at in it":             "live: {url: 'rtsp://a:x@hunter2@h:99999/'}",
		"no scheme":            "live: {url: 'a:hunter2@h/'}",
		"opaque":               "live: {url: 'rtsp:a:hunter2@h/'}",
		"in query":             "live: {url: 'http://h/?user=a&password=hunter2&x=1'}",
		"in path":              "live: {url: 'http://h/user=a_password=hunter2_channel=1'}",
		"in RTSP path":         "live: {url: 'rtsp://h/user=a_password=hunter2_channel=1'}",
		"address in wrong key": "transport: rtsp://a:hunter2@h/",
		"address as key":       "rtsp://a:hunter2@h/: x",
		"address as file":      "user: a\npassword_file: rtsp://a:hunter2@h/",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("f", []byte(with("", "", camera)))
			require.Error(t, err)
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, fmt.Sprintf("%+v", errors.Unwrap(err)), "hunter2")
		})
	}
}

func TestC54_NoErrorShowsAPasswordOfDigits(t *testing.T) {
	for _, key := range []string{"password", "password_env", "password_file", "pass"} {
		_, err := Parse("f", []byte(with("", "", "user: a\n"+key+": 86420975")))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "86420975")
	}
}

func TestFileThatIsNoListOfSettingsIsRefusedQuickly(t *testing.T) {
	for name, text := range map[string]string{
		"large":        strings.Repeat("# a comment\n", maxSize/12+1),
		"many":         strings.Repeat("- a\n", maxTokens),
		"deep flow":    strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"deep mapping": "a: " + strings.Repeat("{a: ", 1000) + strings.Repeat("}", 1000),
		"deep entries": strings.Repeat("- ", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("f", []byte(text))
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Contains(t, e.Problems[0].What, "the file is")
		})
	}
}

func TestLoadLooksAtTheHost(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	open := filepath.Join(dir, "open")
	require.NoError(t, os.WriteFile(open, []byte("pw\n"), 0o600))
	require.NoError(t, os.Chmod(open, 0o644))
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))

	path := filepath.Join(dir, "roomrec.yaml")
	load := func(text string) error {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := Load(path)
		return err
	}
	at := func(folder string) string { return strings.Replace(minimal, "/srv/a", folder, 1) }

	require.NoError(t, load(at(dir)))
	require.ErrorContains(t, load(at(dir+"/gone")), "no such file or directory")
	require.ErrorContains(t, load(at(file)), "is not a folder")
	require.ErrorContains(t, load(at(dir+"\n  - path: "+link)), "are the same folder")
	require.ErrorContains(t, load(at(dir)+"        user: a\n        password_file: "+dir+"/gone\n"), "no such file or directory")
	require.ErrorContains(t, load(at(dir)+"        user: a\n        password_file: "+open+"\n"), "chmod 0640")
	require.ErrorContains(t, load(strings.Replace(at(dir), "rtsp:", "rtsps:", 1)+"        tls: {ca_file: "+dir+"/gone}\n"), "no such file or directory")

	_, err := Load(filepath.Join(dir, "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Load(dir)
	require.ErrorContains(t, err, dir)
}

func TestReadPassword(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "pw")
	cam := Camera{ID: "a", PasswordFile: file}
	read := func(text string) (string, error) {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return cam.ReadPassword()
	}
	for text, want := range map[string]string{"pw\n": "pw", "pw": "pw", "p w\r\nmore\n": "p w", " pw\n": " pw"} {
		got, err := read(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "\n", strings.Repeat("hunter2", 1000)} {
		_, err := read(text)
		require.ErrorContains(t, err, file)
		require.NotContains(t, err.Error(), "hunter2")
	}
	t.Setenv("ROOM3_PASSWORD", "")
	cam = Camera{ID: "a", PasswordEnv: "ROOM3_PASSWORD"}
	_, err := cam.ReadPassword()
	require.ErrorContains(t, err, "ROOM3_PASSWORD is not set")
	t.Setenv("ROOM3_PASSWORD", "hunter2")
	got, err := cam.ReadPassword()
	require.NoError(t, err)
	require.Equal(t, "hunter2", got)
	got, err = (&Camera{}).ReadPassword()
	require.NoError(t, err)
	require.Empty(t, got)
}
