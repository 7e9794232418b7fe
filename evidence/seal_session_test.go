package evidence

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume/volumetest"
)

func TestSealCanBeAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		key := testKey(t)
		// One disk takes its time over the note, the caller does not.
		require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "x", Actor: "y"}))
		r.disks[1].Fail(volumetest.Create, volumetest.Fault{Delay: 3 * time.Second})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := r.e.Seal(ctx, key, Facts{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, r.e.Append(context.Background(), journal.Entry{Type: "late", Actor: "y"}), ErrClosed, "the journal has ended")
		sealed, err := r.e.Seal(context.Background(), key, Facts{})
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"vol-a", "vol-b"}, sealed.Volumes)
		r.halt()
		one, two := r.files(r.disks[0]), r.files(r.disks[1])
		require.Equal(t, one, two)
		require.Equal(t, sealed.Note, one[seal.FileName])
		require.Equal(t, sealed.Hash, seal.SHA256(one[seal.FileName]))
		for _, sf := range sealed.Statement.Files {
			require.Equal(t, sf.SHA256, seal.SHA256(one[sf.Path]), "%s is whole", sf.Path)
		}
	})
}

func TestVolumeThatFailsUnderTheSealIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		r.disks[1].Fail(volumetest.Create, volumetest.Fault{Err: syscall.EIO})
		sealed, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.NoError(t, err)
		require.Equal(t, []string{"vol-a"}, sealed.Volumes)
		r.halt()
		files := r.files(r.disks[0])
		for _, sf := range sealed.Statement.Files {
			require.Equal(t, sf.SHA256, seal.SHA256(files[sf.Path]), "no line came after the last one")
		}
	})
}

func TestLinesGoToTheSpoolWhileNoVolumeIsLeft(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Spool = dir })
		require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "one", Actor: "a"}))
		r.disks[0].Fail(volumetest.Write, volumetest.Fault{Err: syscall.EIO})
		require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "two", Actor: "a"}))
		require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "three", Actor: "a"}))
		require.NoError(t, r.e.Close(context.Background()))
		r.halt()
		onDisk := r.files(r.disks[0])["journal-0001.jsonl"]
		spooled, err := os.ReadFile(filepath.Join(dir, testSession+"-0001.jsonl"))
		require.NoError(t, err)
		// Put together they are one chain.
		all := r.lines(map[string][]byte{"journal-0001.jsonl": append(onDisk, spooled...)})
		got := types(all)
		require.Equal(t, []string{"session.opened", "one"}, got[:2])
		require.Contains(t, got, "two")
		require.Contains(t, got, "three")
		require.Contains(t, got, TypeVolumeLeft)

		// After a restart with the volume they are quoted in the journal, once.
		for i := range 2 {
			n := &rig{t: t, clock: r.clock, disks: []*volumetest.Disk{r.disks[0].Again()}, done: make(chan struct{}), ran: make(chan error, 1)}
			n.mount()
			found, err := Survey(context.Background(), testFolder, n.volumes)
			require.NoError(t, err)
			require.NoError(t, found.ReadSpool(dir, testSession))
			want := strings.Count(string(spooled), "\n")
			if i > 0 {
				want = 0 // the journal quotes them
			}
			require.Len(t, found.Spooled, want)
			require.GreaterOrEqual(t, found.Last.Wall, all[len(all)-1].Wall, "the timeline goes on after them")
			n.config(func(c *Config) { c.Spool = dir })
			n.cfg.Timeline = clock.ResumeTimeline(r.clock.Now(), 0, found.Last.Wall, r.clock.Now().Mono)
			e, err := Open(context.Background(), n.cfg, found)
			require.NoError(t, err)
			n.begin(e)
			n.end()
			quoted := 0
			for _, l := range n.lines(n.files(n.disks[0])) {
				if l.Type == TypeSpooled {
					quoted++
				}
			}
			require.Equal(t, strings.Count(string(spooled), "\n"), quoted)
			r = n
		}
	})
}

func TestSpoolFilesAreNeverOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "s-0001.jsonl"), []byte("before\n"), 0o600))
	s := newSpool(dir, "s")
	require.NoError(t, s.append([]byte("line\n")))
	require.NoError(t, s.close())
	b, err := os.ReadFile(filepath.Join(dir, "s-0001.jsonl"))
	require.NoError(t, err)
	require.Equal(t, "before\n", string(b))
	b, err = os.ReadFile(filepath.Join(dir, "s-0002.jsonl"))
	require.NoError(t, err)
	require.Equal(t, "line\n", string(b))
	require.ErrorIs(t, newSpool(filepath.Join(dir, "missing"), "s").append([]byte("x")), fs.ErrNotExist)
	full := newSpool("", "s")
	require.Error(t, full.append([]byte("x")))
	require.ErrorIs(t, full.append(make([]byte, maxKept)), errSpoolFull)
}

func TestCloseDoesNotWaitForAHungDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		r.disks[0].Fail(volumetest.Sync, volumetest.Fault{Hang: true})
		f.play(1500 * time.Millisecond)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		require.ErrorIs(t, r.e.Close(ctx), context.DeadlineExceeded)
		r.halt()
		r.disks[0].Release()
		synctest.Wait()
	})
}

func TestAppendWritesInOrderOnEveryVolume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		at := clock.Instant{Wall: r.clock.Now().Wall.Add(-time.Second), Uncertainty: 7}
		require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "past", Actor: "a", At: at, Mono: 42}))
		for range 20 {
			require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "n", Actor: "a"}))
			one := r.files(r.disks[0])["journal-0001.jsonl"]
			require.Equal(t, one, r.files(r.disks[1])["journal-0001.jsonl"])
			crash, err := fs.ReadFile(r.disks[0].Crash(nil).Files(), testFolder+"/journal-0001.jsonl")
			require.NoError(t, err)
			require.Equal(t, one, crash, "synced before Append returns")
		}
		err := r.e.Append(context.Background(), journal.Entry{Type: "bad", Actor: "a", Data: "no object"})
		require.ErrorContains(t, err, "not an object")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.Error(t, r.e.Append(ctx, journal.Entry{Type: "n", Actor: "a"}))
		r.end()
		lines := r.lines(r.files(r.disks[0]))
		require.Equal(t, at, lines[1].At())
		require.EqualValues(t, 42, lines[1].Mono)
		require.ErrorIs(t, r.e.Append(context.Background(), journal.Entry{Type: "n", Actor: "a"}), ErrClosed)
	})
}

func TestCreateFailsWhereNoVolumeHoldsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		r.end()
		r.disks = []*volumetest.Disk{volumetest.New(t, "vol-x")}
		r.disks[0].Fail(volumetest.Create, volumetest.Fault{Err: syscall.ENOSPC})
		r.mount()
		r.config(nil)
		_, err := Create(context.Background(), r.cfg, journal.Entry{Type: "session.opened", Actor: "a"})
		require.ErrorIs(t, err, ErrNoVolume)
		_, err = Create(context.Background(), r.cfg, journal.Entry{Type: "", Actor: "a"})
		require.Error(t, err)
		r.stopVol()
		require.True(t, errors.Is(<-r.volRan, syscall.ENOSPC))
	})
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	m, err := NewMetrics(reg)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, func(c *Config) { c.Metrics = m })
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(3 * time.Second)
		r.disks[1].Fail(volumetest.Write, volumetest.Fault{Err: syscall.EIO})
		f.play(3 * time.Second)
		r.end()
	})
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP roomrec_evidence_fragments_total Fragments acknowledged on every volume of their set.
# TYPE roomrec_evidence_fragments_total counter
roomrec_evidence_fragments_total 6
# HELP roomrec_evidence_volumes_left_total Volumes that left a session's set.
# TYPE roomrec_evidence_volumes_left_total counter
roomrec_evidence_volumes_left_total 1
`), "roomrec_evidence_fragments_total", "roomrec_evidence_volumes_left_total"))
	_, err = NewMetrics(reg)
	require.Error(t, err)
}
