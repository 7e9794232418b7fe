package verify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
)

// onVolume writes the session to a volume whose station has logged it, and returns its folder.
func (s *session) onVolume(entries ...stationlog.Entry) (volume, dir string) {
	s.t.Helper()
	volume = s.t.TempDir()
	dir = filepath.Join(volume, "2026/11/22", s.id)
	for path, data := range s.files {
		put(s.t, dir, path, data)
	}
	s.logTo(volume, entries...)
	return volume, dir
}

// logTo writes entries to a volume's log, under one more head.
func (s *session) logTo(volume string, entries ...stationlog.Entry) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	log := stationlog.New(stationlog.Config{
		Dir: volume, Volumes: func() []string { return nil }, Clock: clock.NewSystem(),
		Key:    func() (seal.Key, error) { return s.key, nil },
		Report: func(err error) { require.NoError(s.t, err) },
	})
	for _, e := range entries {
		log.Add(e)
	}
	require.ErrorIs(s.t, log.Run(ctx), context.Canceled)
}

// logEntries are those that the station makes of the session.
func (s *session) logEntries() []stationlog.Entry {
	return []stationlog.Entry{
		{Kind: stationlog.Opened, Session: s.id, At: began, Hash: s.first},
		{Kind: stationlog.Sealed, Session: s.id, At: began, Hash: seal.SHA256(s.files[seal.FileName])},
	}
}

// The station's log says whether a session is the one that was opened and sealed, and who saw it.
func TestAgainstTheStationsLog(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	volume, dir := s.onVolume(s.logEntries()...)
	f := verified(t, s.trusted(), dir).Folders[0]
	require.Equal(t, Gaps, f.Verdict, f.Findings)
	require.Equal(t, []int64{0, 1}, []int64{*f.Log.Opened, *f.Log.Sealed})
	require.Equal(t, KeyTrusted, f.Log.Key)
	require.Empty(t, f.Log.Witnessed, "not witnessed")
	require.Equal(t, KeyUnknown, verified(t, Options{}, dir).Folders[0].Log.Key)

	// A witness, and whoever knows its key.
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "key"), "procuratorate")
	require.NoError(t, err)
	at := clock.Wall(1_795_400_000_000_000_000)
	_, err = stationlog.Cosign(filepath.Join(volume, "log"), t.TempDir(), key, []Key{s.trusted().Key}, at)
	require.NoError(t, err)
	w, err := stationlog.WitnessOf(key)
	require.NoError(t, err)
	o := s.trusted()
	o.Witnesses = []*Witness{w}
	f = verified(t, o, dir).Folders[0]
	require.Equal(t, []Seen{{"procuratorate", at.String(), at.String()}}, f.Log.Witnessed)

	// Elsewhere there is no log, unless it is given.
	away := s.write()
	require.Nil(t, verified(t, s.trusted(), away).Folders[0].Log)
	o.Log = volume
	require.NotNil(t, verified(t, o, away).Folders[0].Log.Sealed)
	o.Log = t.TempDir()
	_, err = Folders(context.Background(), []string{away}, o)
	require.ErrorIs(t, err, stationlog.ErrNoLog)
}

// An older seal put back, another session in its place, a seal taken away, a session that was never
// logged, a log that was changed: each shows, with its place.
func TestTamperingAgainstTheStationsLog(t *testing.T) {
	const id = "20261122-140307-7f2k"
	t.Run("an older seal put back with all that belongs to it", func(t *testing.T) {
		s := newSession(t, id)
		older := s.files[seal.FileName]
		s.run("suspect", 3, 15*time.Second, "closing", 2)
		s.seal()
		later := s.logEntries()
		delete(s.files, "room3/suspect/run-0003/0001.mp4")
		s.files[seal.FileName] = older
		_, dir := s.onVolume(later...)
		f := verified(t, s.trusted(), dir).Folders[0]
		require.Equal(t, Altered, f.Verdict)
		require.Equal(t, seal.FileName, f.Findings[0].File)
		require.Contains(t, f.Findings[0].What, "it is not the one that the station's log holds (entry 1)")
	})
	t.Run("another session under its name", func(t *testing.T) {
		s, other := newSession(t, id), newSession(t, "20261122-150307-aaaa")
		entries := other.logEntries()
		entries[0].Session, entries[1].Session = id, id
		entries[0].Hash[0]++
		_, dir := s.onVolume(entries...)
		f := verified(t, s.trusted(), dir).Folders[0]
		require.Equal(t, Altered, f.Verdict)
		require.Equal(t, "journal-0001.jsonl", f.Findings[0].File)
	})
	t.Run("the seal taken away", func(t *testing.T) {
		s := newSession(t, id)
		entries := s.logEntries()
		delete(s.files, seal.FileName)
		_, dir := s.onVolume(entries...)
		f := verified(t, s.trusted(), dir).Folders[0]
		require.Equal(t, Unsealed, f.Verdict)
		require.Contains(t, f.Findings, Finding{Verdict: Incomplete, File: seal.FileName, What: "missing; the station's log holds it (entry 1)"})
	})
	t.Run("never logged", func(t *testing.T) {
		s := newSession(t, id)
		volume, dir := s.onVolume(stationlog.Entry{Kind: stationlog.Opened, Session: "20261122-150307-aaaa"})
		r := verified(t, s.trusted(), dir)
		require.Nil(t, r.Folders[0].Log.Opened)
		require.Equal(t, 1, r.ExitCode(), "it was put there, or taken out of the log")
		o := s.trusted()
		o.Log = volume
		r = verified(t, o, dir)
		require.Equal(t, 1, r.ExitCode())
	})
	// What a hand can do to the log itself. The session is what it was; the log is not.
	head := "checkpoints/000000000/000000000002"
	places := map[string]string{
		"an entry changed": "entry 1 is not what was logged", "an entry taken out": "tile/entries/000.p/2: ", "the entries gone": "entries from 0 on are missing",
		"a tile of hashes changed": "tile/0/000.p/2: ", "a head changed": head + ": ", "a head of another size": "checkpoints/000000000/000000000003: it states 2",
		"a head by another key": head + ": not signed by a known key", "a forked head": "checkpoints/000000000/000000000001: it is of other entries",
		"a signature written otherwise": head + ": ",
	}
	for name, change := range map[string]func(t *testing.T, s *session, log string){
		"an entry changed": func(t *testing.T, _ *session, log string) {
			edit(t, log, "tile/entries/000.p/2", func(b []byte) []byte { b[len(b)-20] ^= 1; return b })
		},
		"an entry taken out": func(t *testing.T, _ *session, log string) {
			edit(t, log, "tile/entries/000.p/2", func(b []byte) []byte { return b[2+int(b[0])<<8+int(b[1]):] })
		},
		"the entries gone": func(t *testing.T, _ *session, log string) {
			require.NoError(t, os.Remove(filepath.Join(log, "tile/entries/000.p/2")))
		},
		"a tile of hashes changed": func(t *testing.T, _ *session, log string) {
			edit(t, log, "tile/0/000.p/2", func(b []byte) []byte { b[40] ^= 1; return b })
		},
		"a head changed": func(t *testing.T, _ *session, log string) {
			edit(t, log, head, func(b []byte) []byte { return bytes.Replace(b, []byte("\n2\n"), []byte("\n1\n"), 1) })
		},
		"a head of another size": func(t *testing.T, _ *session, log string) {
			b, err := os.ReadFile(filepath.Join(log, head))
			require.NoError(t, err)
			put(t, log, "checkpoints/000000000/000000000003", b)
		},
		"a head by another key": func(t *testing.T, _ *session, log string) {
			edit(t, log, head, func(b []byte) []byte {
				text, _, _ := bytes.Cut(b, []byte("\n\n"))
				return signAnything(t, newKey(t), append(text, '\n'))
			})
		},
		"a forked head": func(t *testing.T, s *session, log string) {
			edit(t, log, "checkpoints/000000000/000000000001", func(b []byte) []byte {
				lines := bytes.SplitN(b, []byte("\n"), 3)
				forged := bytes.Join([][]byte{lines[0], []byte("1"), []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))), nil}, []byte("\n"))
				return signAnything(t, s.key, forged)
			})
		},
		"a signature written otherwise": func(t *testing.T, _ *session, log string) {
			edit(t, log, head, func(b []byte) []byte {
				const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
				b[len(b)-3] = digits[strings.IndexByte(digits, b[len(b)-3])^1]
				return b
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, id)
			volume, dir := s.onVolume(s.logEntries()[0])
			s.logTo(volume, s.logEntries()[1])
			change(t, s, filepath.Join(volume, "log"))
			r := verified(t, s.trusted(), dir)
			require.NotEmpty(t, places[name])
			require.Contains(t, strings.Join(r.Folders[0].Log.Findings, "\n"), places[name])
			require.Equal(t, 1, r.ExitCode())
			require.Equal(t, Gaps, r.Folders[0].Verdict, "the session is what it was")
		})
	}
	t.Run("a session taken out of the log, which goes back to an earlier head", func(t *testing.T) {
		s := newSession(t, id)
		volume, dir := s.onVolume(stationlog.Entry{Kind: stationlog.Opened, Session: "20261122-130307-aaaa"})
		s.logTo(volume, s.logEntries()...)
		require.NoError(t, os.Remove(filepath.Join(volume, "log/checkpoints/000000000/000000000003")))
		o := s.trusted()
		o.Log = volume
		r := verified(t, o, dir)
		require.Nil(t, r.Folders[0].Log.Opened)
		require.Equal(t, 1, r.ExitCode())
	})
}

// The log holds the seal that counts. A copy whose disk took an earlier one without saying so is right where
// the copy that names it as given up is judged with it, in whichever order; by itself, or beside one that
// names something else, it cannot be told from an older seal that was put back.
func TestSealThatWasGivenUpAgainstTheStationsLog(t *testing.T) {
	for name, c := range map[string]struct {
		names func(first []byte) []byte
		want  Verdict
	}{
		"named by the one that counts": {bytes.Clone, Gaps},
		"another is named":             {func(first []byte) []byte { return first[:900] }, Altered},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, "20261122-140307-7f2k")
			silentFiles, first := maps.Clone(s.files), bytes.Clone(s.files[seal.FileName])
			s.s.Sealed = instant(time.Hour)
			s.sealAgain(c.names(first))
			delete(s.files, seal.FileName)
			entries := s.logEntries()
			entries[1].Hash = seal.SHA256(s.files["seal-2.note"])
			_, counts := s.onVolume(entries...)
			s.files = silentFiles
			_, silent := s.onVolume(entries...)
			for _, dirs := range [][]string{{silent, counts}, {counts, silent}} {
				for _, f := range verified(t, s.trusted(), dirs...).Folders {
					if f.Dir == counts {
						require.Equal(t, Gaps, f.Verdict, f.Findings)
						continue
					}
					require.Equal(t, c.want, f.Verdict, f.Findings)
				}
			}
			require.Equal(t, Altered, verified(t, s.trusted(), silent).Folders[0].Verdict)
		})
	}
}

// What a witness signed holds the station to what it saw, before both verifiers: an entry that is gone, other
// entries, another log. A cosignature that was changed is none; one by nobody that is known says nothing.
func TestWhatWitnessesSigned(t *testing.T) {
	const id, cosigned = "20261122-140307-7f2k", "cosigned/000000000002-"
	key, witness := newKey(t), newKey(t)
	w, err := stationlog.WitnessOf(witness)
	require.NoError(t, err)
	other, err := stationlog.WitnessOf(newKey(t))
	require.NoError(t, err)
	first, later := clock.Wall(1_795_400_000_000_000_000), clock.Wall(1_795_500_000_000_000_000)
	file := cosigned + fmt.Sprintf("%08x", w.KeyHash())
	sign := func(t *testing.T, s *session, log string, at clock.Wall) {
		_, err := stationlog.Cosign(log, t.TempDir(), witness, []Key{s.trusted().Key}, at)
		require.NoError(t, err)
	}
	seen := []Seen{{w.Name(), first.String(), first.String()}}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, s *session, volume, log string)
		knows  []*Witness
		seen   []Seen
		wrong  string // what is said of the log, nothing if it is right
	}{
		{"as it is", func(*testing.T, *session, string, string) {}, []*Witness{w}, seen, ""},
		{"beside another", func(*testing.T, *session, string, string) {}, []*Witness{other, w}, seen, ""},
		{"by nobody that is known", func(*testing.T, *session, string, string) {}, []*Witness{other}, []Seen{}, ""},
		{"seen again later", func(t *testing.T, s *session, volume, log string) {
			s.logTo(volume, stationlog.Entry{Kind: stationlog.Opened, Session: "20261122-150307-aaaa"})
			sign(t, s, log, later)
		}, []*Witness{w}, []Seen{{w.Name(), first.String(), later.String()}}, ""},
		{"its time changed", func(t *testing.T, _ *session, _, log string) {
			edit(t, log, file, func(b []byte) []byte { return recoded(b, func(raw []byte) { raw[10]++ }) })
		}, []*Witness{w}, []Seen{}, file},
		{"its signature changed", func(t *testing.T, _ *session, _, log string) {
			edit(t, log, file, func(b []byte) []byte { return recoded(b, func(raw []byte) { raw[30]++ }) })
		}, []*Witness{w}, []Seen{}, file},
		{"cut short", func(t *testing.T, _ *session, _, log string) {
			edit(t, log, file, func(b []byte) []byte { return b[:len(b)-9] })
		}, []*Witness{w}, []Seen{}, file},
		{"of an entry that is gone", func(t *testing.T, _ *session, _, log string) {
			require.NoError(t, os.Remove(filepath.Join(log, "checkpoints/000000000/000000000002")))
		}, []*Witness{w}, []Seen{}, file + ": a witness saw 2 entries, 1 are here"},
		{"of other entries", func(t *testing.T, s *session, _, log string) {
			origin := originOf(t, log)
			text := fmt.Sprintf("%s\n1\n%s\n", origin, base64.StdEncoding.EncodeToString(make([]byte, 32)))
			put(t, log, "cosigned/000000000001-00000000", cosign(t, witness, text, first))
		}, []*Witness{w}, nil, "cosigned/000000000001-00000000: it is of other entries"},
		{"of another log", func(t *testing.T, s *session, _, log string) {
			text := fmt.Sprintf("elsewhere\n1\n%s\n", base64.StdEncoding.EncodeToString(make([]byte, 32)))
			put(t, log, "cosigned/000000000001-00000000", cosign(t, witness, text, first))
		}, []*Witness{w}, seen, "cosigned/000000000001-00000000: a witness saw the log elsewhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := makeSession(t, id, key, true)
			volume, dir := s.onVolume(s.logEntries()[0])
			log := filepath.Join(volume, "log")
			s.logTo(volume, s.logEntries()[1])
			sign(t, s, log, first)
			c.change(t, s, volume, log)
			o := s.trusted()
			o.Witnesses = c.knows
			r := verified(t, o, dir)
			l := r.Folders[0].Log
			if c.wrong == "" {
				require.Empty(t, l.Findings)
				require.Equal(t, 0, r.ExitCode())
				require.Equal(t, c.seen, l.Witnessed)
				return
			}
			require.Contains(t, strings.Join(l.Findings, "\n"), c.wrong)
			require.Equal(t, 1, r.ExitCode())
			if c.seen != nil && len(c.seen) < 2 {
				require.Equal(t, c.seen, l.Witnessed)
			}
		})
	}
}

func originOf(t *testing.T, log string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(log, "checkpoints/000000000/000000000001"))
	require.NoError(t, err)
	origin, _, _ := strings.Cut(string(b), "\n")
	return origin
}

// recoded changes the last signature of a note as bytes.
func recoded(b []byte, change func(raw []byte)) []byte {
	at := bytes.LastIndexByte(b, ' ') + 1
	raw, err := base64.StdEncoding.DecodeString(string(b[at : len(b)-1]))
	if err != nil {
		panic(err)
	}
	change(raw)
	return append(base64.StdEncoding.AppendEncode(bytes.Clone(b[:at]), raw), '\n')
}

// cosign is what a witness makes of any text.
func cosign(t *testing.T, key seal.Key, text string, at clock.Wall) []byte {
	t.Helper()
	w, err := stationlog.WitnessOf(key)
	require.NoError(t, err)
	seconds := at.Time().Unix()
	sig, err := key.Sign(fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, text))
	require.NoError(t, err)
	raw := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, w.KeyHash()), uint64(seconds))
	return fmt.Appendf(nil, "%s\n— %s %s\n", text, w.Name(), base64.StdEncoding.EncodeToString(append(raw, sig...)))
}

// edit changes a file that is there.
func edit(t *testing.T, dir, name string, change func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), change(b), 0o600))
}
