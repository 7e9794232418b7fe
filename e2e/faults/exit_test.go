package faults

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/faultdisk"
)

// A disk that hangs holds a thread of the program beyond every signal, but never the program: the second
// SIGINT ends it at once, even before anyone found out that the disk hangs.
func TestSecondSignalEndsAProgramWithAHungDisk(t *testing.T) {
	for name, fault := range map[string]faultdisk.Fault{
		"while it records": {Call: faultdisk.Write, Hang: true},
		"while it begins":  {Call: faultdisk.Sync, Hang: true, Name: "roomrec-volume.json"},
		"while it opens":   {Call: faultdisk.Sync, Hang: true, Name: "journal-0001.jsonl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := faultdisk.Start(t)
			if name != "while it records" {
				d.Fail(fault)
			}
			r := record(t, options{to: []string{d.Dir}, free: d.Release})
			if name == "while it records" {
				r.await("questioning", func(l line) bool { return l.State == "Questioning" })
				d.Fail(fault)
			}
			eventually(t, "the disk hangs", func() bool { return d.Stats().Hanging > 0 })
			r.interrupt()
			// The second one must be told from the first: the program has heard that.
			within(500*time.Millisecond, func() bool { return stopped(r) })
			before := time.Now()
			if !stopped(r) {
				r.interrupt()
			}
			require.True(t, within(patience, func() bool { return stopped(r) }), "it still runs")
			measured(t, "%6d ms from the second SIGINT to the end", time.Since(before).Milliseconds())
			d.Release()
			require.Equal(t, 3, r.exit())
		})
	}
}

// SIGINT alone ends a program whose only disk hangs, within the time in which a hung disk is found out.
func TestOneSignalEndsAProgramWithAHungDisk(t *testing.T) {
	t.Parallel()
	d := faultdisk.Start(t)
	r := record(t, options{to: []string{d.Dir}, free: d.Release})
	r.await("questioning", func(l line) bool { return l.State == "Questioning" })
	d.Fail(faultdisk.Fault{Call: faultdisk.Write, Hang: true})
	eventually(t, "the disk hangs", func() bool { return d.Stats().Hanging > 0 })
	r.interrupt()
	before := time.Now()
	require.True(t, within(20*time.Second, func() bool { return stopped(r) }), "it waits for a disk that never answers")
	measured(t, "%6d ms from SIGINT to the end", time.Since(before).Milliseconds())
	d.Release()
	require.Equal(t, 3, r.exit())
}

// SIGTERM in the middle of a full disk's fault loses nothing either.
func TestTerminatedWhileTheDiskFails(t *testing.T) {
	t.Parallel()
	d := faultdisk.Start(t)
	r := record(t, options{to: []string{d.Dir}, free: d.Release})
	r.await("questioning", func(l line) bool { return l.State == "Questioning" })
	r.safe(1)
	id := volumeID(t, d.Dir)
	d.Fail(faultdisk.Fault{Call: faultdisk.SyncDir, Err: syscall.EIO})
	d.Fail(faultdisk.Fault{Call: faultdisk.Sync, Err: syscall.EIO})
	require.NoError(t, r.cmd.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 3, r.exit())
	requireAcked(t, r.acks(), id, d.Backing)
	requireUnsealed(t, sessionIn(t, d.Backing))
}
