package verify

import (
	"context"
	"os"
	"path/filepath"
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
	return volume, dir
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
		require.Equal(t, Finding{Verdict: Altered, File: seal.FileName, What: "it is not the one that the station's log holds (entry 1)"}, f.Findings[0])
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
		require.Equal(t, 0, r.ExitCode(), "nobody asked")
		o := s.trusted()
		o.Log = volume
		r = verified(t, o, dir)
		require.Equal(t, 1, r.ExitCode())
	})
	t.Run("a log changed", func(t *testing.T) {
		s := newSession(t, id)
		volume, dir := s.onVolume(s.logEntries()...)
		name := filepath.Join(volume, "log/tile/entries/000.p/2")
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		b[len(b)-20] ^= 1
		require.NoError(t, os.WriteFile(name, b, 0o600))
		r := verified(t, s.trusted(), dir)
		require.Contains(t, r.Folders[0].Log.Findings[0], "entry 1")
		require.Equal(t, 1, r.ExitCode())
		require.Equal(t, Gaps, r.Folders[0].Verdict, "the session is what it was")
	})
}
