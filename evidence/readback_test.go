package evidence

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/evidence/volume"
	"roomrec/evidence/volume/volumetest"
)

// A disk that returns something else than was written leaves; the other goes on.
func TestDiskThatReturnsSomethingElseLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(35 * time.Second)
		require.Len(t, r.e.Status().Volumes, 2)
		require.True(t, r.e.Status().Volumes[1].InSet, "what is as it was written raises nothing")
		r.disks[1].Fail(volumetest.Write, volumetest.Fault{Corrupt: true})
		f.play(12 * time.Second)
		sealed := r.seal()
		left := of[VolumeLeft](r)
		require.Len(t, left, 1)
		require.Equal(t, "vol-b", left[0].Volume)
		require.ErrorIs(t, left[0].Err, volume.ErrMismatch)
		require.Equal(t, []string{"vol-a"}, sealed.Volumes)
		require.Equal(t, verify.Intact, r.folders(0).Folders[0].Verdict)
	})
}
