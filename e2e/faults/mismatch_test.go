package faults

import (
	"encoding/json"
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

// readBackEvery is how often a fragment of each camera is read back (docs/design/evidence.md).
const readBackEvery = 10 * time.Second

// corrupting are the ways in which a disk says that all is well and returns something else.
var corrupting = map[string]faultdisk.Fault{
	"writes other bytes":  {Call: faultdisk.Write, Corrupt: true, Name: "*.mp4"},
	"returns other bytes": {Call: faultdisk.Read, Corrupt: true, Name: "*.mp4"},
}

// The only disk silently returns other bytes than were written: reading back finds it, and the session
// locks, because no good copy is left. What lay there before is there, and verify says of the rest where
// it is not what was recorded.
func TestOnlyDiskReturnsSomethingElse(t *testing.T) {
	for name, fault := range corrupting {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := faultdisk.Start(t)
			r := record(t, options{to: []string{d.Dir}})
			r.await("questioning", func(l line) bool { return l.State == "Questioning" })
			r.safe(2)
			good := r.acks()
			id := volumeID(t, d.Dir)

			before := time.Now()
			d.Fail(fault)
			locked := r.locked("storage.mismatch")
			took := locked.Read.Sub(before)
			measured(t, "%6d ms to Locked", took.Milliseconds())
			require.Less(t, took, readBackEvery+toLocked)
			require.Contains(t, locked.Faults, "storage.mismatch "+id)
			r.interrupt()
			require.Equal(t, 3, r.exit())
			requireAcked(t, good, id, d.Backing)
			requireJudged(t, fault, sessionIn(t, d.Backing))
			if fault.Call == faultdisk.Read {
				requireAcked(t, r.acks(), id, d.Backing) // the disk is as it was; only what it said was not
				requirePlayable(t, d.Backing)
			}
		})
	}
}

// One disk of two does: an alarm, no lock, and the session is whole and sealed on the other.
func TestOneOfTwoDisksReturnsSomethingElse(t *testing.T) {
	for name, fault := range corrupting {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := faultdisk.Start(t)
			good := volume(t)
			r := record(t, options{to: []string{d.Dir, good}})
			r.await("questioning", func(l line) bool { return l.State == "Questioning" })
			r.safe(2)
			began := time.Now()
			id := volumeID(t, d.Dir)
			d.Fail(fault)
			r.eventually("storage.mismatch is in the journal of the survivor", func() bool {
				return slices.Contains(alarmsIn(t, sessionIn(t, good)), "storage.mismatch "+id)
			})
			took := time.Since(began)
			measured(t, "%6d ms to the alarm", took.Milliseconds())
			require.Less(t, took, readBackEvery+toLocked)
			r.safeOn(volumeID(t, good), 3)
			whole := time.Since(began)
			r.interrupt()
			sealed := r.await("sealed", func(l line) bool { return l.State == "Sealed" })
			require.Equal(t, 0, r.exit())
			r.neverLocked()
			require.Equal(t, []string{sessionIn(t, good)}, sealed.Folders, "nothing is sealed on a disk that cannot be believed")
			requireAcked(t, r.acks(), volumeID(t, good), good)
			requirePlayable(t, good)
			requireUnbroken(t, good, whole)
			exit, v := verdict(t, sessionIn(t, good))
			require.Equal(t, 0, exit)
			require.Equal(t, verify.Intact, v.Verdict, "%+v %+v", v.Findings, v.Missing)
			requireJudged(t, fault, sessionIn(t, d.Backing))
		})
	}
}

// requireJudged says that verify names the files in which a disk has written something else, and has
// nothing but the missing seal against one that only read something else.
func requireJudged(t *testing.T, fault faultdisk.Fault, session string) {
	t.Helper()
	if fault.Call == faultdisk.Read {
		requireUnsealed(t, session)
		return
	}
	exit, v := verdict(t, session)
	require.Equal(t, 1, exit)
	require.Equal(t, verify.Altered, v.Verdict)
	named := slices.ContainsFunc(v.Findings, func(f verify.Finding) bool {
		return f.Verdict == verify.Altered && strings.HasSuffix(f.File, ".mp4")
	})
	require.True(t, named, "%+v", v.Findings)
}

// alarmsIn returns code and subject of every alarm in a session's journal.
func alarmsIn(t *testing.T, session string) (all []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(session, "journal-0001.jsonl"))
	require.NoError(t, err)
	lines := strings.Split(string(b), "\n")
	for _, one := range lines[:len(lines)-1] { // the last one is being written, or is empty
		var l struct {
			Type string
			Data struct {
				Event struct {
					Fault struct{ Code, Subject string }
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(one), &l), one)
		if l.Type == "session.alarm" {
			all = append(all, l.Data.Event.Fault.Code+" "+l.Data.Event.Fault.Subject)
		}
	}
	return all
}

// One disk of two changes a bit of what is written and says nothing. Verify finds it, on that disk only,
// and names the file; the copies together are whole.
func TestSilentlyCorruptedBytes(t *testing.T) {
	t.Parallel()
	d := faultdisk.Start(t)
	good := volume(t)
	r := record(t, options{to: []string{d.Dir, good}})
	r.await("questioning", func(l line) bool { return l.State == "Questioning" })
	r.safe(2)
	d.Fail(faultdisk.Fault{Call: faultdisk.Write, Corrupt: true, Once: true, Name: "*.mp4"})
	r.safe(3)
	require.Equal(t, 1, d.Stats().Hits[faultdisk.Write].Calls)
	r.interrupt()
	r.exit() // 0, or 3 where reading back found it and the volume was given up
	exit, v := verdict(t, sessionIn(t, good))
	require.Equal(t, 0, exit, "%+v", v.Findings)
	exit, v = verdict(t, sessionIn(t, d.Backing))
	require.Equal(t, 1, exit)
	require.Contains(t, []verify.Verdict{verify.Altered, verify.Unsealed}, v.Verdict)
	if v.Verdict == verify.Altered {
		require.NotEmpty(t, v.Findings)
		require.Contains(t, v.Findings[0].File, ".mp4")
	}
}
