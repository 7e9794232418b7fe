package evidence

import (
	"context"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/journal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// everything is more than a file has, in bytes.
const everything = 1 << 40

func both(a, b *volumetest.Disk) []*volumetest.Disk { return []*volumetest.Disk{a, b} }

// spoil lets a file of the session be unreadable from a place on, or at all.
func spoil(d *volumetest.Disk, name string, from, n int64) {
	if from < 0 {
		from, n = 0, 0
	}
	d.Spoil(testFolder+"/"+name, from, n)
}

// A disk whose folder cannot be read at a restart is no disk that has nothing: it is named, it leaves the session
// and joins it when it can be read again. The others go on.
func TestDiskThatCannotBeReadIsNamedAndLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(5 * time.Second)
		r.kill()
		a, b := r.disks[0].Again(), r.disks[1].Again()
		b.Spoil(testFolder+"/r/c", 0, 0)
		before := len(r.files(a))

		_, err := Survey(context.Background(), testFolder, r.volumes[:0])
		require.Error(t, err)
		n, found := r.again(both(a, b))
		require.ErrorIs(t, found.Unread(), syscall.EIO)
		require.ErrorContains(t, found.Unread(), "vol-b")
		require.NotContains(t, found.Unread().Error(), "vol-a")
		require.False(t, n.e.Holds(n.volumes[1]))
		f.connect()
		require.NoError(t, n.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(5 * time.Second)
		require.Equal(t, 1, of[Safe](n)[0].Volumes)
		left := of[VolumeLeft](n)
		require.Len(t, left, 1)
		require.Equal(t, "vol-b", left[0].Volume)
		require.Equal(t, 1, left[0].Remaining)
		require.ErrorIs(t, left[0].Err, ErrUnread)
		require.Contains(t, types(n.lines(n.files(a))), TypeVolumeLeft)
		require.Greater(t, len(n.files(a)), before)

		// It is asked again, and taken in once it answers.
		require.ErrorIs(t, n.e.Join(context.Background(), n.volumes[1]), ErrUnread)
		b.Heal()
		require.NoError(t, n.e.Join(context.Background(), n.volumes[1]))
		f.play(5 * time.Second)
		n.seal()
		rep := n.folders(0, 1)
		require.Equal(t, verify.Gaps, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
		require.Equal(t, verify.Incomplete, rep.Folders[1].Verdict, "%v", rep.Folders[1].Findings)
		require.Equal(t, verify.Gaps, rep.Together[0].Verdict, "%v", rep.Together[0].Findings)
	})
}

// A disk that cannot be read, alone, is no reason to say that there is no such session.
func TestNothingThatCanBeReadIsNotNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		r.end()
		r.disks[0] = r.disks[0].Again()
		r.disks[0].Spoil(testFolder, 0, 0)
		r.mount()
		_, err := Survey(context.Background(), testFolder, r.volumes)
		require.ErrorIs(t, err, syscall.EIO)
		require.NotErrorIs(t, err, syscall.ENOENT)
		r.stopVol()
		_ = <-r.volRan
	})
}

// One copy of the journal that cannot be read stops nothing: what another disk has of it suffices.
func TestUnreadableJournalStopsNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		from int64
	}{{"not at all", -1}, {"from a line on", 700}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 2, nil)
				for range 5 {
					require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "said", Actor: "a"}))
				}
				r.kill()
				a, b := r.disks[0].Again(), r.disks[1].Again()
				spoil(b, journal.FileName(1), c.from, everything)
				n, found := r.again(both(a, b))
				require.Len(t, found.Lines, 6)
				require.ErrorIs(t, found.Unread(), syscall.EIO)
				require.ErrorContains(t, found.Unread(), journal.FileName(1))
				f := newFake(t, n.clock, card(true)...)
				require.NoError(t, n.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(3 * time.Second)
				require.False(t, n.e.Holds(n.volumes[1]))
				require.ErrorIs(t, n.e.Join(context.Background(), n.volumes[1]), ErrUnread)
				n.seal()
				rep := n.folders(0)
				require.Equal(t, verify.Intact, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
			})
		})
	}
}
