package evidence

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// stopped returns a session on so many disks that is recorded and only to be sealed.
func stopped(t *testing.T, disks int, before func(*rig, *fake)) *rig {
	r := newRig(t, disks, nil)
	f := newFake(t, r.clock, card(false)...)
	require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
	f.play(3300 * time.Millisecond)
	if before != nil {
		before(r, f)
	}
	require.NoError(t, r.e.StopRecording(context.Background()))
	return r
}

// The only disk takes the note and then cannot sync its folder. When it is back the session is sealed by
// that very note.
func TestDiskThatWentAwayUnderTheSealIsBackWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := stopped(t, 1, nil)
		r.disks[0].Fail(volumetest.SyncDir, volumetest.Fault{Err: errDisk})
		_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.ErrorIs(t, err, ErrNoVolume)
		require.ErrorIs(t, r.back(0), ErrSealed)
		sealed, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.NoError(t, err)
		r.halt()
		require.Equal(t, []string{"vol-a"}, sealed.Volumes)
		require.Equal(t, string(sealed.Note), string(r.files(r.disks[0])[seal.FileName]))
		rep := r.folders(0)
		require.Equal(t, verify.Intact, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
	})
}

// A disk takes the note and never says so; the session is sealed anew on another. That seal names the
// first one by its hash, so that nobody takes the two for a forgery.
func TestSealNamesTheOneThatADiskTookSilently(t *testing.T) {
	for _, whole := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := stopped(t, 2, func(r *rig, f *fake) {
				r.fail(1)
				f.play(2 * time.Second)
			})
			call := volumetest.Create // nothing of the note is there
			if whole {
				call = volumetest.SyncDir
			}
			r.disks[0].Fail(call, volumetest.Fault{Err: errDisk})
			_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
			require.ErrorIs(t, err, ErrNoVolume)
			require.NoError(t, r.back(1))
			sealed, err := r.e.Seal(context.Background(), testKey(t), Facts{})
			require.NoError(t, err)
			r.halt()
			require.Equal(t, []string{"vol-b"}, sealed.Volumes)
			require.Equal(t, string(sealed.Note), string(r.files(r.disks[1])[seal.AttemptName(2)]))
			first := r.files(r.disks[0])[seal.FileName]
			require.Equal(t, whole, seal.GivenUp(sealed.Note, first))
			require.False(t, seal.GivenUp(first, sealed.Note))

			rep := r.folders(0, 1)
			require.Equal(t, verify.Incomplete, rep.Folders[1].Verdict, "%v", rep.Folders[1].Findings)
			require.Equal(t, verify.Intact, rep.Together[0].Verdict, "%v", rep.Together[0].Findings)
			if whole {
				require.Equal(t, verify.Intact, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
			}

			// Another start that finds both leaves both as they are.
			n := &rig{t: t, clock: r.clock, disks: []*volumetest.Disk{r.disks[0].Again(), r.disks[1].Again()}}
			n.mount()
			given, err := CopySeal(context.Background(), testFolder, n.volumes)
			require.NoError(t, err)
			require.Empty(t, given)
			n.stopVol()
			require.NoError(t, <-n.volRan)
			require.NoError(t, <-n.volRan)
		})
	}
}
