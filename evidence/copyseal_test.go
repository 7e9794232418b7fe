package evidence

import (
	"context"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// The program dies when the first volume has the seal and the second not yet.
func TestSecondCopyGetsItsSealAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		r.fail(2) // this one left before
		f.play(3 * time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		r.disks[1].Fail(volumetest.Create, volumetest.Fault{Hang: true})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := r.e.Seal(ctx, testKey(t), Facts{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		disks := r.disks
		found := make([]*volumetest.Disk, 0, len(disks))
		for _, d := range disks {
			found = append(found, d.Crash(nil))
		}
		for _, d := range disks {
			d.Release()
		}
		r.kill()

		n := &rig{t: t, clock: r.clock, disks: found}
		n.mount()
		one := n.files(n.disks[0])
		require.Contains(t, one, seal.FileName)
		require.NotContains(t, n.files(n.disks[1]), seal.FileName)
		n.disks[2].Spoil(testFolder, 0, 0)
		given, err := CopySeal(context.Background(), testFolder, n.volumes)
		require.ErrorIs(t, err, syscall.EIO, "a disk that cannot be read is told of")
		require.Equal(t, []string{"vol-b"}, given, "and keeps it from no other")
		n.disks[2].Heal()
		require.Equal(t, one, n.files(n.disks[1]))
		require.NotContains(t, n.files(n.disks[2]), seal.FileName, "what had left is no copy that the seal speaks for")
		given, err = CopySeal(context.Background(), testFolder, n.volumes)
		require.NoError(t, err)
		require.Empty(t, given, "once is enough")
		n.stopVol()
		for range n.volumes {
			_ = <-n.volRan
		}
		rep := n.folders(0, 1)
		require.Equal(t, verify.Intact, rep.Folders[1].Verdict)
		require.Equal(t, verify.Intact, rep.Together[0].Verdict)
	})
}

// A journal file of an earlier start lies on one disk alone; that disk leaves and returns.
func TestVolumeThatAloneHoldsAFileOfBeforeJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		r.kill()
		disks := []*volumetest.Disk{r.disks[0].Again(), r.disks[1].Again()}
		disks[0].Fail(volumetest.Create, volumetest.Fault{Err: errDisk})
		r, _ = r.again(disks) // the second journal file is on the second disk alone
		f.play(time.Second)
		r.kill()
		r, _ = r.again([]*volumetest.Disk{r.disks[0].Again(), r.disks[1].Again()})
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		r.fail(1)
		f.play(2 * time.Second)
		require.NoError(t, r.back(1))
		f.play(2 * time.Second)
		sealed := r.seal()
		for _, v := range sealed.Statement.Volumes {
			require.False(t, v.Complete, "neither was always there: %+v", v)
		}
		rep := r.folders(0, 1)
		for _, folder := range rep.Folders {
			require.Equal(t, verify.Incomplete, folder.Verdict, folder.Findings)
		}
		require.Equal(t, verify.Gaps, rep.Together[0].Verdict, rep.Together[0].Findings)
	})
}
