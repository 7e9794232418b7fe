package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
	"roomrec/evidence/volume"
)

// logged is a volume with sessions and their log, written by the program's own parts.
type logged struct {
	t           *testing.T
	volume, key string
	k           seal.Key
}

const (
	one = "20261122-140507-aaaa"
	two = "20261122-150507-bbbb"
)

func newLogged(t *testing.T) *logged {
	l := &logged{t: t, volume: t.TempDir(), key: filepath.Join(t.TempDir(), "seal.key")}
	_, err := volume.Init(l.volume, clock.NewSystem())
	require.NoError(t, err)
	l.k, err = seal.OpenKey(l.key, keyName)
	require.NoError(t, err)
	l.session(one)
	l.session(two)
	l.append(one, two)
	return l
}

// session writes a session's folder, as far as the log looks at it.
func (l *logged) session(id string) string {
	at, ok := folderOf(id)
	require.True(l.t, ok)
	dir := filepath.Join(l.volume, filepath.FromSlash(at))
	require.NoError(l.t, os.MkdirAll(dir, 0o750))
	line, err := journal.NewChain(journal.Head{}).Next(journal.Entry{Type: "session.opened", Actor: "officer:li", Data: map[string]string{"session": id}}, clock.Instant{Wall: 1}, 1)
	require.NoError(l.t, err)
	require.NoError(l.t, os.WriteFile(filepath.Join(dir, journal.FileName(1)), line, 0o600))
	require.NoError(l.t, os.WriteFile(filepath.Join(dir, seal.FileName), []byte("the seal of "+id), 0o600))
	return dir
}

func (l *logged) append(ids ...string) {
	ctx, cancel := context.WithCancel(context.Background())
	log := stationlog.New(stationlog.Config{
		Dir: filepath.Dir(l.key), Volumes: func() []string { return []string{l.volume} }, Mark: volume.MarkerName, Clock: clock.NewSystem(),
		Key:    func() (seal.Key, error) { return l.k, nil },
		Report: func(err error) { require.NoError(l.t, err) },
	})
	for _, id := range ids {
		at, _ := folderOf(id)
		line, err := fs.ReadFile(os.DirFS(l.volume), at+"/"+journal.FileName(1))
		require.NoError(l.t, err)
		log.Add(stationlog.Entry{Kind: stationlog.Opened, Session: id, Hash: seal.SHA256(line)})
		sealed, err := seal.Find(os.DirFS(l.volume), at)
		require.NoError(l.t, err)
		log.Add(stationlog.Entry{Kind: stationlog.Sealed, Session: id, Hash: seal.SHA256(sealed.Note)})
	}
	cancel()
	require.ErrorIs(l.t, log.Run(ctx), context.Canceled)
}

func (l *logged) check(args ...string) (int, logReport, string) {
	l.t.Helper()
	var out, errs bytes.Buffer
	e := &env{ctx: context.Background(), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }}
	code := run(e, append([]string{"log", "check", "--json", "--key", l.key + seal.PublicSuffix, l.volume}, args...))
	var r logReport
	if out.Len() > 0 {
		require.NoError(l.t, json.Unmarshal(out.Bytes(), &r), out.String())
	}
	return code, r, errs.String()
}

// Z38: whoever takes a session away, puts one there, changes its beginning or its seal, is found out by
// the station's log.
func TestZ38_LogAgainstTheDisks(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(l *logged)
		args []string
		want string
	}{
		{"as it should be", func(*logged) {}, nil, ""},
		{"a session is held", func(*logged) {}, []string{"--session", two}, ""},
		{"a session that is not held", func(*logged) {}, []string{"--session", "20261122-160507-cccc"}, "the log does not hold it"},
		{"a whole session removed", func(l *logged) { require.NoError(l.t, os.RemoveAll(l.session(one))) }, nil, "session " + one + " was opened (entry 0) and is on none of these volumes"},
		{"a session put there", func(l *logged) { l.session("20261122-160507-cccc") }, nil, "the log has no opening of it: it was put there"},
		{"a seal taken away", func(l *logged) { require.NoError(l.t, os.Remove(filepath.Join(l.session(two), seal.FileName))) }, nil, "it was sealed and the seal is gone"},
		{"another seal", func(l *logged) {
			require.NoError(l.t, os.WriteFile(filepath.Join(l.session(two), seal.FileName), []byte("another"), 0o600))
		}, nil, two + "/seal.note: not what was logged (entry 3)"},
		{"another beginning", func(l *logged) {
			require.NoError(l.t, os.WriteFile(filepath.Join(l.session(two), journal.FileName(1)), []byte("another\n"), 0o600))
		}, nil, two + "/journal-0001.jsonl: not what was logged (entry 2)"},
		{"a log entry changed", func(l *logged) {
			name := filepath.Join(l.volume, "log/tile/entries/000.p/4")
			b, err := os.ReadFile(name)
			require.NoError(l.t, err)
			require.NoError(l.t, os.WriteFile(name, bytes.Replace(b, []byte(one), []byte("20261122-140507-aaab"), 1), 0o600))
		}, nil, "entry 0 is not what was logged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLogged(t)
			c.do(l)
			code, r, errs := l.check(c.args...)
			require.Empty(t, errs)
			if c.want == "" {
				require.Equal(t, exitGood, code, r.Findings)
				require.True(t, r.Good)
				require.Equal(t, "trusted", r.Logs[0].Key)
				require.Equal(t, 2, r.Logs[0].Sessions)
				return
			}
			require.Equal(t, exitNo, code)
			require.NotEmpty(t, r.Findings)
			require.Contains(t, joined(r.Findings), c.want)
		})
	}
}

// A disk took a seal and never said so, and the session was sealed anew on another: the log holds that one,
// which names the first. With both volumes at hand nothing is wrong; an older seal that it does not name is.
func TestZ38_LogKnowsASealThatWasGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		named bool
		code  int
	}{"named": {true, exitGood}, "not named": {false, exitNo}} {
		t.Run(name, func(t *testing.T) {
			l := newLogged(t)
			silent := t.TempDir()
			require.NoError(t, os.CopyFS(silent, os.DirFS(l.volume)))
			const id = "20261122-160507-cccc"
			dir := l.session(id)
			at, _ := folderOf(id)
			require.NoError(t, os.CopyFS(filepath.Join(silent, at), os.DirFS(dir)))
			first, err := os.ReadFile(filepath.Join(dir, seal.FileName))
			require.NoError(t, err)
			s := seal.Statement{
				Session: id, Zone: "Asia/Shanghai", Facts: json.RawMessage("{}"),
				Journal: seal.Journal{File: journal.FileName(1), Lines: 1},
				Files: []seal.File{
					{Path: journal.FileName(1), Kind: seal.KindJournal, Size: 1},
					{Path: seal.FileName, Kind: seal.KindAttempt, SHA256: seal.SHA256(nil)},
				},
			}
			if c.named {
				s.Files[1].Abandoned = []seal.Tail{{Volume: "vol-b", Size: int64(len(first)), SHA256: seal.SHA256(first)}}
			}
			note, err := seal.Sign(s, l.k)
			require.NoError(t, err)
			require.NoError(t, os.Remove(filepath.Join(dir, seal.FileName)))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "seal-2.note"), note, 0o600))
			l.append(id)
			code, r, errs := l.check(silent)
			require.Empty(t, errs)
			require.Equal(t, c.code, code, r.Findings)
			if !c.named {
				require.Contains(t, joined(r.Findings), "seal.note: not what was logged (entry 5)")
			}
		})
	}
}

func joined(all []string) string { return string(bytes.Join(bytesOf(all), []byte("\n"))) }

func bytesOf(all []string) (out [][]byte) {
	for _, s := range all {
		out = append(out, []byte(s))
	}
	return out
}

// A head that was kept, a witness with its own memory, and the answer for one session.
func TestZ38_LogGoesOnFromWhatWasKept(t *testing.T) {
	l := newLogged(t)
	kept := filepath.Join(t.TempDir(), "kept")
	b, err := os.ReadFile(filepath.Join(l.volume, "log/checkpoints/000000000/000000000004"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(kept, b, 0o600))
	memory := t.TempDir()
	witnessKey := filepath.Join(memory, "witness.key")
	witness := func() (int, string) {
		var out, errs bytes.Buffer
		e := &env{ctx: context.Background(), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }}
		code := run(e, []string{"log", "witness", "--json", "--key", witnessKey, "--name", "procuratorate", "--memory", memory, "--station", l.key + seal.PublicSuffix, l.volume})
		return code, out.String() + errs.String()
	}
	code, out := witness()
	require.Equal(t, exitGood, code, out)
	var said struct{ Witness string }
	require.NoError(t, json.Unmarshal([]byte(out), &said))
	public := filepath.Join(memory, "witness.pub")
	require.NoError(t, os.WriteFile(public, []byte(said.Witness+"\n"), 0o600))

	const three = "20261122-160507-cccc"
	l.session(three)
	l.append(three)
	code, r, _ := l.check("--old", kept, "--witness", public, "--session", two)
	require.Equal(t, exitGood, code, r.Findings)
	require.Equal(t, int64(6), r.Logs[0].Entries)
	require.Equal(t, []int64{2, 3}, []int64{r.Entry[0].Index, r.Entry[1].Index})
	require.Equal(t, "procuratorate", r.Entry[0].Witnessed[0].By)
	require.Equal(t, int64(4), r.Logs[0].Witnesses[0].Entries)

	// The station begins a second log under the same key, without the first session.
	require.NoError(t, os.RemoveAll(filepath.Join(l.volume, "log")))
	require.NoError(t, os.RemoveAll(filepath.Join(filepath.Dir(l.key), "log")))
	require.NoError(t, os.RemoveAll(l.session(one)))
	l.append(two, three)
	code, r, _ = l.check()
	require.Equal(t, exitGood, code, "by itself it is whole: %v", r.Findings)
	code, r, _ = l.check("--old", kept)
	require.Equal(t, exitNo, code)
	require.Contains(t, joined(r.Findings), "the log contradicts what it was")
	var text bytes.Buffer
	e := &env{ctx: context.Background(), stdout: &text, stderr: &text, getenv: func(string) string { return "" }}
	require.Equal(t, exitNo, run(e, []string{"log", "check", l.volume, "--old", kept}))
	require.Contains(t, text.String(), "not witnessed")
	require.Contains(t, text.String(), "WRONG: ")
}
