package faults

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/faultdisk"
)

// One of two volumes fails: an alarm, no lock, and the other one has everything.
func TestOneOfTwoVolumesFails(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := faults[name](t)
			good := folder(t, "good")
			faultdisk.Tmpfs(t, good, 256<<20) // not to depend on how busy this machine's disk is
			r := record(t, options{to: []string{d.to, good}, free: d.free})
			r.await("questioning", func(l line) bool { return l.State == "Questioning" })
			r.safe(2)
			failing, surviving := volumeID(t, d.to), volumeID(t, good)
			began := time.Now()

			before := time.Now()
			d.fail()
			r.eventually("storage.degraded is in the journal of the survivor", func() bool {
				b, err := os.ReadFile(filepath.Join(sessionIn(t, good), "journal-0001.jsonl"))
				require.NoError(t, err)
				return strings.Contains(string(b), "storage.degraded")
			})
			took := time.Since(before)
			require.Less(t, took, d.patience+toLocked)
			measured(t, "%6d ms to storage.degraded", took.Milliseconds())

			survivor := func() (n int) {
				for _, a := range r.acks() {
					if a.Volume == surviving {
						n++
					}
				}
				return n
			}
			had := survivor()
			r.eventually("the survivor goes on", func() bool { return survivor() >= had+4 })
			whole := time.Since(began)
			r.interrupt()
			// A disk that hangs may hold the process, never what it has to do.
			sealed := r.await("sealed", func(l line) bool { return l.State == "Sealed" })
			if !within(patience/2, func() bool { return stopped(r) }) {
				t.Errorf("the program did not end although the survivor was sealed")
			}
			if d.free != nil {
				d.free()
			}
			require.Equal(t, 0, r.exit())
			r.neverLocked()
			require.Equal(t, []string{sessionIn(t, good)}, sealed.Folders)
			require.NotNil(t, sealed.Gaps)
			require.Zero(t, *sealed.Gaps)
			if d.check != nil {
				d.check()
			}

			requireAcked(t, r.acks(), surviving, good)
			requirePlayable(t, good)
			exit, v := verdict(t, sessionIn(t, good))
			require.Equal(t, 0, exit)
			require.Equal(t, verify.Intact, v.Verdict, "%+v %+v", v.Findings, v.Missing)
			requireUnbroken(t, good, whole)

			kept := d.kept()
			requireAcked(t, r.acks(), failing, kept)
			requirePlayable(t, kept)
			requireUnsealed(t, sessionIn(t, kept))
		})
	}
}

// holeMost is how far a fragment may begin from where the one before it ended: what a camera is late by
// that shares a busy machine with the program. More would need a declared gap.
const holeMost = 400 * time.Millisecond

// requireUnbroken says that under dir each camera has one run without a hole, at least as long as
// given: every picture's fragment follows the one before it in number, chain and time.
func requireUnbroken(t *testing.T, dir string, length time.Duration) {
	t.Helper()
	runs := make(map[string]time.Duration)
	var camera string
	var next uint32
	for _, name := range segments(t, dir) { // in the order of their names
		if run := filepath.Dir(name); run != camera {
			camera, next = run, 1
		}
		seg := scan(t, name)
		require.Nil(t, seg.Torn, name)
		require.Empty(t, seg.Breaks, name)
		for i, f := range seg.Fragments {
			require.Equal(t, next, f.Sequence, name)
			next++
			runs[camera] += time.Duration(f.End.Wall - f.Start.Wall)
			if i > 0 {
				require.Less(t, f.Start.Since(seg.Fragments[i-1].End), holeMost, "%s: fragment %d", name, f.Sequence)
			}
		}
	}
	require.Len(t, runs, len(cameras), "one run for each camera")
	for run, d := range runs {
		require.GreaterOrEqual(t, d, length-time.Second, run)
	}
}
