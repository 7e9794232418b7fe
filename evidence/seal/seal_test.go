package seal_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

func instant(s int64) clock.Instant {
	return clock.Instant{Wall: clock.Wall(1_795_413_787_000_000_000 + s*1e9), Uncertainty: 500 * time.Millisecond}
}

func statement() seal.Statement {
	left := instant(30)
	return seal.Statement{
		Session: "20261122-140507-7f2k",
		Opened:  instant(0),
		Sealed:  instant(60),
		Zone:    "Asia/Shanghai",
		Clock:   seal.Clock{Source: "local", Reasons: []string{"no NTP server <configured>"}, Uncertainty: time.Second},
		Facts:   json.RawMessage(`{ "kind":"technical", "b":[1,2.50], "a":{"z":1,"y":"讯问 & <b>"} }`),
		Journal: seal.Journal{File: "journal-0001.jsonl", Lines: 12, SHA256: seal.SHA256([]byte("line"))},
		Files: []seal.File{
			{
				Path: "room3/suspect/run-0001/0001.mp4", Kind: seal.KindSegment, Size: 10, SHA256: seal.SHA256([]byte("x")),
				Abandoned: []seal.Tail{{Volume: "b", Size: 2}, {Volume: "a", Size: 1}},
			},
			{Path: "journal-0001.jsonl", Kind: seal.KindJournal, Size: 5},
		},
		Runs: []seal.Run{{
			Room: "room3", Camera: "suspect", Run: 1, Cause: "closing", First: instant(0), Last: instant(60),
			Segments: []string{"room3/suspect/run-0001/0001.mp4"}, Fragments: 60, LastLeaf: seal.SHA256(nil),
			Tracks: []seal.Track{{Codec: "H264", Units: 1500, Bytes: 30_000_000}},
			Gaps:   []seal.Gap{{Track: 0, Cause: "loss", From: instant(3), To: instant(4), Units: 2, Packets: 5, Count: 1}},
		}},
		Cameras: []seal.Camera{{Room: "room3", Camera: "suspect", Required: true, Offset: &seal.Offset{Reports: 3, First: -time.Second}}},
		Volumes: []seal.Volume{{ID: "b", Left: &left, Fault: "input/output error"}, {ID: "a", Complete: true}},
	}
}

func newKey(t testing.TB) seal.Key {
	t.Helper()
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "roomrec-test")
	require.NoError(t, err)
	return key
}

func TestSignedStatementReadsBack(t *testing.T) {
	key := newKey(t)
	b, err := seal.Sign(statement(), key)
	require.NoError(t, err)
	got, err := seal.Parse(b)
	require.NoError(t, err)
	require.Equal(t, "journal-0001.jsonl", got.Files[0].Path, "files by path")
	require.Equal(t, "a", got.Files[1].Abandoned[0].Volume)
	require.Equal(t, "a", got.Volumes[0].ID)
	require.Equal(t, seal.AlgorithmEd25519, got.Algorithm)
	require.Equal(t, key.Verifier(), got.Key)
	require.Equal(t, seal.HashSHA256, got.HashSuite)
	own, err := seal.OwnVerifier(got)
	require.NoError(t, err)
	verified, err := seal.Verify(b, own)
	require.NoError(t, err)
	require.Equal(t, got, verified)

	again, err := seal.Sign(got, key)
	require.NoError(t, err)
	require.Equal(t, string(b), string(again), "one statement has one form")
	require.Contains(t, string(b), "<b>", "no escapes that only HTML needs")
	require.Contains(t, string(b), "2.50", "numbers as written")
}

func TestTextIsSorted(t *testing.T) {
	b, err := seal.Sign(statement(), newKey(t))
	require.NoError(t, err)
	text, _, ok := strings.Cut(string(b), "\n\n")
	require.True(t, ok)
	first, body, _ := strings.Cut(text, "\n")
	require.Equal(t, seal.Version, first)
	last := map[int]string{}
	for _, line := range strings.Split(body, "\n") {
		depth := len(line) - len(strings.TrimLeft(line, " "))
		for d := range last {
			if d > depth {
				delete(last, d)
			}
		}
		name, _, ok := strings.Cut(strings.TrimSpace(line), `": `)
		if !ok {
			delete(last, depth) // a bracket: another object may begin
			continue
		}
		require.Less(t, last[depth], name, line)
		last[depth] = name
	}
}

func TestAlteredSealIsRefused(t *testing.T) {
	key := newKey(t)
	b, err := seal.Sign(statement(), key)
	require.NoError(t, err)
	v, err := seal.ParseVerifier(key.Verifier())
	require.NoError(t, err)
	for i := range b {
		if i < len(b)-200 && i%7 != 0 {
			continue // every byte of the signature, and samples of the text
		}
		bad := append([]byte(nil), b...)
		bad[i] ^= 1
		_, err := seal.Verify(bad, v)
		require.Error(t, err, "byte %d", i)
	}
	for _, cut := range []int{0, 1, len(b) / 2, len(b) - 1} {
		_, err := seal.Verify(b[:cut], v)
		require.ErrorIs(t, err, seal.ErrFormat)
	}
	_, err = seal.Verify(append(b, '\n'), v)
	require.Error(t, err)
}

func TestAnotherKeyIsNotTrusted(t *testing.T) {
	b, err := seal.Sign(statement(), newKey(t))
	require.NoError(t, err)
	other, err := seal.ParseVerifier(newKey(t).Verifier())
	require.NoError(t, err)
	_, err = seal.Verify(b, other)
	require.ErrorIs(t, err, seal.ErrSignature)
	_, err = seal.Verify(b)
	require.ErrorIs(t, err, seal.ErrSignature)
}

func TestUnknownVersionIsSaid(t *testing.T) {
	b, err := seal.Sign(statement(), newKey(t))
	require.NoError(t, err)
	for _, r := range [][2]string{
		{"roomrec-seal/1\n{", "roomrec-seal/2\n{"},
		{`"hash_suite": "SHA-256"`, `"hash_suite": "SM3"`},
		{`"algorithm": "Ed25519"`, `"algorithm": "SM2"`},
	} {
		_, err := seal.Parse([]byte(strings.Replace(string(b), r[0], r[1], 1)))
		require.ErrorIs(t, err, seal.ErrVersion, r[1])
	}
	for _, r := range [][2]string{
		{"roomrec-seal/1\n{", "other\n{"},
		{`"session": `, `"session":  `},
		{`"session": `, `"extra": 1,` + "\n" + ` "session": `},
		{`"runs": [`, `"runs": null, "x": [`},
	} {
		_, err := seal.Parse([]byte(strings.Replace(string(b), r[0], r[1], 1)))
		require.ErrorIs(t, err, seal.ErrFormat, r[1])
	}
}

func TestSignRefuses(t *testing.T) {
	key := newKey(t)
	for name, change := range map[string]func(*seal.Statement){
		"no session":        func(s *seal.Statement) { s.Session = "" },
		"facts a list":      func(s *seal.Statement) { s.Facts = json.RawMessage("[]") },
		"facts no JSON":     func(s *seal.Statement) { s.Facts = json.RawMessage("{") },
		"outside":           func(s *seal.Statement) { s.Files[0].Path = "../x.mp4" },
		"absolute":          func(s *seal.Statement) { s.Files[0].Path = "/x.mp4" },
		"not clean":         func(s *seal.Statement) { s.Files[0].Path = "a//x.mp4" },
		"twice":             func(s *seal.Statement) { s.Files[0] = s.Files[1] },
		"unknown kind":      func(s *seal.Statement) { s.Files[0].Kind = "x" },
		"negative size":     func(s *seal.Statement) { s.Files[0].Size = -1 },
		"empty tail":        func(s *seal.Statement) { s.Files[0].Abandoned[0].Size = 0 },
		"no journal":        func(s *seal.Statement) { s.Journal.File = "journal-0002.jsonl" },
		"run without file":  func(s *seal.Statement) { s.Runs[0].Segments = []string{"room3/x.mp4"} },
		"run twice":         func(s *seal.Statement) { s.Runs = append(s.Runs, s.Runs[0]) },
		"volume tail twice": func(s *seal.Statement) { s.Files[0].Abandoned[1].Volume = "b" },
	} {
		s := statement()
		change(&s)
		_, err := seal.Sign(s, key)
		require.Error(t, err, name)
	}
}

func TestKeyIsMadeOnceAndKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seal.key")
	key, err := seal.OpenKey(file, "roomrec-here")
	require.NoError(t, err)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	v, err := seal.ReadVerifier(file + seal.PublicSuffix)
	require.NoError(t, err)
	require.Equal(t, key.KeyHash(), v.KeyHash())
	require.Equal(t, "roomrec-here", v.Name())

	again, err := seal.OpenKey(file, "another-name")
	require.NoError(t, err)
	require.Equal(t, key.Verifier(), again.Verifier())

	secret, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprintf("%v", key), fmt.Sprintf("%+v", key), fmt.Sprintf("%#v", key), fmt.Sprint(key)} {
		require.NotContains(t, shown, strings.TrimSpace(string(secret)))
		require.NotContains(t, shown, "PRIVATE")
	}
}

func TestExposedKeyIsRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o644, 0o666} {
		file := filepath.Join(t.TempDir(), "seal.key")
		_, err := seal.OpenKey(file, "k")
		require.NoError(t, err)
		require.NoError(t, os.Chmod(file, mode))
		_, err = seal.OpenKey(file, "k")
		require.ErrorIs(t, err, seal.ErrExposed)
		require.ErrorContains(t, err, "chmod 600")
	}
}

func TestDamagedKeysAreSaidWithoutTheSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seal.key")
	_, err := seal.OpenKey(file, "k")
	require.NoError(t, err)
	secret, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, secret[:len(secret)-10], 0o600))
	_, err = seal.OpenKey(file, "k")
	require.ErrorContains(t, err, "damaged")
	require.NotContains(t, err.Error(), string(secret[20:40]))

	require.NoError(t, os.WriteFile(file, secret, 0o600))
	other, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "k")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file+seal.PublicSuffix, []byte(other.Verifier()+"\n"), 0o644))
	_, err = seal.OpenKey(file, "k")
	require.ErrorContains(t, err, "does not belong")

	_, err = seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "white space")
	require.ErrorContains(t, err, "name")
	_, err = seal.OpenKey(filepath.Join(t.TempDir(), "no", "such", "folder"), "k")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzParse(f *testing.F) {
	b, err := seal.Sign(statement(), newKey(f))
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte("roomrec-seal/1\n{}\n\n— k AAAAAAAA\n"))
	key := newKey(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := seal.Parse(b)
		if err != nil {
			return
		}
		s.Key = key.Verifier()
		again, err := seal.Sign(s, key)
		require.NoError(t, err)
		t2, err := seal.Parse(again)
		require.NoError(t, err)
		require.Equal(t, s, t2)
	})
}
