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
	"roomrec/evidence/tsa/tsatest"
	"roomrec/evidence/verify"
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
