package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/after"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
	"roomrec/evidence/tsa/tsatest"
	"roomrec/evidence/verify"
	"roomrec/panel"
)

// A seal gets its time-stamp once, from the authority that the settings name, on every disk, and on a disk that
// missed it later; what a power cut left half done is gone on with.
func TestC50_SealsAreTimeStamped(t *testing.T) {
	site, other := tsatest.New(t, "Site time"), tsatest.New(t, "Other time")
	server := site.Serve(t)
	p := newPapers(t)
	p.stop()
	p.setup.seal.Timestamp = &config.Timestamp{URL: server.URL, CAFile: site.CA, Timeout: 20 * time.Second}
	p.start()
	p.index.sealed = nil
	s, err := newStamper(p.station, p.index, p.transcripts)
	require.NoError(t, err)
	p.station.stamper = s
	one := shotAt("20261122-140307-7f2k", time.Date(2026, 11, 22, 6, 3, 7, 0, time.UTC), time.Hour)
	p.seal(one)
	dirs := p.dirs(one.id)
	roots, err := verify.ReadAuthorities(site.CA)
	require.NoError(t, err)
	judged := func() []verify.Folder {
		t.Helper()
		r, err := verify.Folders(t.Context(), dirs, verify.Options{Authorities: roots})
		require.NoError(t, err)
		return r.Folders
	}
	stamps := func(dir string) []string {
		found, err := filepath.Glob(filepath.Join(dir, after.TimestampFolder, "*.tst"))
		require.NoError(t, err)
		return found
	}

	require.Equal(t, panel.StampWaiting, p.proof(one.id).Stamp, "the page says that it is awaited")
	s.end(s.all()[0])
	require.Equal(t, panel.StampNone, p.proof(one.id).Stamp)
	site.Refuse.Store(true)
	require.ErrorIs(t, s.stamp(t.Context(), one.id), errAuthority)
	site.Refuse.Store(false)
	p.setup.seal.Timestamp.CAFile = other.CA
	require.ErrorIs(t, s.stamp(t.Context(), one.id), errAuthority, "a token by another authority is not kept")
	p.setup.seal.Timestamp.CAFile = site.CA
	for _, f := range judged() {
		require.Empty(t, f.Timestamps)
		require.Nil(t, f.After)
	}

	// A token that lies on one disk, of which no line tells: it is this one, and no other is asked for.
	note, err := os.ReadFile(filepath.Join(dirs[0], seal.FileName))
	require.NoError(t, err)
	token := site.Token(t, note)
	require.NoError(t, after.Put(dirs[0], after.TimestampFolder+"/"+seal.SHA256(token).String()+".tst", token))
	asked := site.Asked.Load()
	require.NoError(t, s.stamp(t.Context(), one.id))
	require.Equal(t, asked, site.Asked.Load())
	require.NoError(t, s.stamp(t.Context(), one.id), "once is enough")
	for _, f := range judged() {
		require.Equal(t, verify.Intact, f.After.Verdict, "%+v", f.After.Findings)
		require.Equal(t, 1, f.After.Lines)
		require.Equal(t, verify.StampTrusted, f.Timestamps[0].Status)
		require.Equal(t, "Site time", f.Timestamps[0].Authority)
	}

	// What the session's page says of it.
	seen := p.proof(one.id)
	require.Equal(t, panel.StampMade, seen.Stamp)
	require.Len(t, seen.Stamps, 1)
	require.Equal(t, panel.StampTrusted, seen.Stamps[0].Status)
	require.Equal(t, "Site time", seen.Stamps[0].Authority)
	require.Equal(t, judged()[0].Timestamps[0].At, seen.Stamps[0].At.Time().UTC().Format(time.RFC3339Nano))
	p.setup.seal.Timestamp.CAFile = other.CA
	require.Equal(t, panel.StampOther, p.proof(one.id).Stamps[0].Status)
	p.setup.seal.Timestamp.CAFile = filepath.Join(t.TempDir(), "gone")
	require.Equal(t, panel.StampUnchecked, p.proof(one.id).Stamps[0].Status)
	p.setup.seal.Timestamp.CAFile = site.CA
	require.NoError(t, os.Rename(stamps(dirs[0])[0], filepath.Join(t.TempDir(), "token")))
	require.Equal(t, panel.StampTrusted, p.proof(one.id).Stamps[0].Status, "the other disk has it")
	require.NoError(t, os.WriteFile(stamps(dirs[1])[0], token[:len(token)-1], 0o600))
	require.Equal(t, []panel.StampView{{Status: panel.StampWrong}}, p.proof(one.id).Stamps)
	require.NoError(t, after.Put(dirs[0], after.TimestampFolder+"/"+seal.SHA256(token).String()+".tst", token))

	// A disk that did not take it gets it later.
	require.NoError(t, os.Remove(stamps(dirs[1])[0]))
	require.NoError(t, s.stamp(t.Context(), one.id))
	require.Len(t, stamps(dirs[1]), 1)

	// What waits is found after a restart, and asked by the worker itself.
	two := shotAt("20261122-160307-8g3m", time.Date(2026, 11, 22, 8, 3, 7, 0, time.UTC), time.Hour)
	p.seal(two)
	dirs = p.dirs(two.id)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s.add(two.id)
	go func() { ended <- s.Run(ctx) }()
	require.Eventually(t, func() bool { return len(s.all()) == 0 }, time.Minute, 10*time.Millisecond)
	stop()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.Equal(t, verify.StampTrusted, judged()[0].Timestamps[0].Status)
	require.Equal(t, asked+1, site.Asked.Load())
}

// proof is what the page of a session says of others than the station.
func (p *papers) proof(id string) panel.ProofView {
	p.t.Helper()
	v, err := newProofs(p.station, p.transcripts).Proof(p.t.Context(), id)
	require.NoError(p.t, err)
	return v
}

// Who signed the station's log with a session's seal in it is told with when; whose key the settings do not name, as
// that; and a log that holds something else, as that.
func TestZ38_PageSaysWhoWitnessedTheLog(t *testing.T) {
	p := newPapers(t)
	keys := filepath.Join(t.TempDir(), "prosecutor")
	witness, err := seal.OpenKey(keys, "Prosecutor")
	require.NoError(t, err)
	public, err := stationlog.WitnessOf(witness)
	require.NoError(t, err)
	p.setup.seal.WitnessFiles = []string{keys + ".cosignature", filepath.Join(t.TempDir(), "gone")}
	require.NoError(t, os.WriteFile(keys+".cosignature", []byte(public.String()+"\n"), 0o600))
	p.stop()
	p.start()
	one, two := shotAt("20261122-140307-7f2k", noon, time.Hour), shotAt("20261122-160307-8g3m", noon.Add(2*time.Hour), time.Hour)
	p.seal(one)
	p.seal(two)
	require.Equal(t, panel.LogMissing, p.proof(one.id).Log.State)

	note, err := os.ReadFile(filepath.Join(p.dirs(one.id)[0], seal.FileName))
	require.NoError(t, err)
	p.station.sessions.Add(stationlog.Entry{Kind: stationlog.Opened, Session: one.id})
	p.station.sessions.Add(stationlog.Entry{Kind: stationlog.Sealed, Session: one.id, Hash: seal.SHA256(note)})
	p.station.sessions.Add(stationlog.Entry{Kind: stationlog.Sealed, Session: two.id, Hash: seal.SHA256([]byte("another seal"))})
	over, stop := context.WithCancel(t.Context())
	stop()
	require.ErrorIs(t, p.station.sessions.Run(over), context.Canceled) // what was asked for is written all the same
	require.Equal(t, panel.LoggedView{State: panel.LogHeld, Entry: 1}, p.proof(one.id).Log, "not witnessed")
	require.Equal(t, panel.LogOther, p.proof(two.id).Log.State)

	// The witness signs the copy on a disk, as somebody who comes with a stick does.
	own, err := p.station.sealKey()
	require.NoError(t, err)
	known, err := seal.ParseVerifier(own.Verifier())
	require.NoError(t, err)
	first := clock.WallOf(noon.Add(26 * time.Hour))
	log := filepath.Join(p.setup.volumes[1].Path, stationlog.Folder)
	_, err = stationlog.Cosign(log, t.TempDir(), witness, []seal.Verifier{known}, first)
	require.NoError(t, err)
	require.Equal(t, []panel.WitnessView{{By: "Prosecutor", First: first, Until: first}}, p.proof(one.id).Log.By)
	p.setup.seal.WitnessFiles = nil
	p.stop()
	p.start()
	require.Equal(t, panel.LoggedView{State: panel.LogHeld, Entry: 1, Unknown: 1}, p.proof(one.id).Log)

	// A head that somebody made up.
	head, err := filepath.Glob(filepath.Join(p.setup.stateDir, stationlog.Folder, "checkpoints", "*", "*3"))
	require.NoError(t, err)
	require.Len(t, head, 1)
	b, err := os.ReadFile(head[0])
	require.NoError(t, err)
	b[len(b)-8] ^= 1
	require.NoError(t, os.WriteFile(head[0], b, 0o600))
	require.Equal(t, panel.LogContradicted, p.proof(one.id).Log.State)
	_, err = newProofs(p.station, p.transcripts).Proof(t.Context(), "20261122-170307-none")
	require.ErrorIs(t, err, panel.ErrNotFound)
}

func TestDelaysBeforeATimeStampIsAskedAgain(t *testing.T) {
	for tries, want := range map[int]time.Duration{1: stampFirst, 2: 2 * stampFirst, 5: 16 * stampFirst, 9: 2560 * time.Second, 10: stampMost, 1000: stampMost} {
		require.Equal(t, want, stampDelay(tries), tries)
	}
}

// doctor asks the authority, and says what is wrong with it.
func TestDoctorAsksTheAuthority(t *testing.T) {
	site := tsatest.New(t, "Site time")
	server := site.Serve(t)
	cfg := config.Default()
	cfg.Seal.Timestamp = &config.Timestamp{URL: server.URL, CAFile: site.CA, Timeout: 20 * time.Second}
	asked := func(c *config.Config) diagnosis {
		d := &doctor{cfg: c, clock: clock.NewSystem()}
		d.authority(t.Context())
		require.Len(t, d.found, 1)
		return d.found[0]
	}
	require.Equal(t, "Site time stamps times", asked(cfg).Found)
	site.Refuse.Store(true)
	require.Contains(t, asked(cfg).Found, "503")
	d := &doctor{cfg: config.Default()}
	d.authority(t.Context())
	require.Empty(t, d.found, "a site without one is not asked")
}
