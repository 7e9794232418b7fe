package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
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

// A place that cannot be read in the end of a segment, as a power cut may leave one, takes nothing with it of what
// lies before: that counts, the rest is journalled and sealed with its length as it was found, and whatever a copy of
// the disk has there later, both verifiers say what is true.
func TestUnreadableEndOfASegmentStaysAsItWasFound(t *testing.T) {
	const name = "r/c/run-0001/0001.mp4"
	for _, c := range []struct {
		name   string
		disks  int
		back   int   // fragments before the end
		into   int64 // bytes of that one that can be read
		counts int   // fragments before the end that do not count
		one    verify.Verdict
	}{
		{"the last fragment", 1, 1, 900, 1, verify.Gaps},
		{"what was acknowledged", 1, 9, 900, 9, verify.Incomplete},
		{"on one of two disks", 2, 5, 900, 0, verify.Incomplete},
		{"at the front of one of two disks", 2, 1000, 10, 0, verify.Incomplete},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, c.disks, nil)
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(12500 * time.Millisecond)
				r.kill()
				for i := range r.disks {
					r.disks[i] = r.disks[i].Again()
				}
				bad, vol := r.disks[c.disks-1], []string{"vol-a", "vol-b"}[c.disks-1]
				b := r.files(bad)[name]
				whole := scan(t, b)
				n := len(whole.Fragments)
				at := c.into
				if c.back < n {
					at += whole.Fragments[n-c.back].Offset
				}
				spoil(bad, name, at, 1024)

				r, found := r.again(r.disks)
				require.EqualValues(t, n-c.counts, found.segments[0].count)
				var line FoundFile
				for _, one := range found.Files {
					if one.File == name && one.Volume == vol {
						line = one
					}
				}
				require.Equal(t, int64(len(b))-at, line.Unread, "%+v", found.Files)
				require.EqualValues(t, len(b), line.Whole+line.Torn, "its whole length")
				require.Equal(t, seal.SHA256(b[line.Whole:at]), line.TornSHA256)
				require.Contains(t, line.Why, "cannot be read")
				f.connect()
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(3 * time.Second)
				sealed := r.seal()
				hurt := of[VolumeDamaged](r)
				require.Len(t, hurt, 1)
				require.Equal(t, vol, hurt[0].Volume)
				require.ErrorContains(t, hurt[0].Err, name)
				require.Empty(t, of[VolumeLeft](r), "what it takes it takes")
				require.EqualValues(t, n-c.counts, sealed.Statement.Runs[0].Fragments)
				require.Equal(t, c.disks == 1, sealed.Statement.Volumes[c.disks-1].Complete)

				bad.Heal()
				healed := c.one
				if c.disks > 1 {
					healed = verify.Gaps // it has all
				}
				require.Equal(t, healed, r.folders(c.disks - 1).Folders[0].Verdict)
				bad.Zero(testFolder+"/"+name, at, int64(len(b))-at)
				r.bothSay(t, c.one, c.disks-1)
				if c.disks > 1 {
					rep := r.folders(0, 1)
					require.Equal(t, verify.Gaps, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
					require.Equal(t, verify.Gaps, rep.Together[0].Verdict, "%v", rep.Together[0].Findings)
				}
				bad.Flip(testFolder+"/"+name, line.Whole+1)
				require.Equal(t, verify.Altered, r.folders(c.disks - 1).Folders[0].Verdict, "no more is passed over than that")
			})
		})
	}
}

// A place in what was acknowledged long before, which nobody reads at a restart, is found before the session is
// sealed. Where another disk has the file whole, that one is sealed by; otherwise the seal says how far it could be
// read. It is named either way.
func TestUnreadablePlaceInAnEarlierSegment(t *testing.T) {
	const name = "r/c/run-0001/0001.mp4"
	for _, c := range []struct {
		name  string
		disks int
		into  int64 // bytes of the fragment that can be read
	}{{"alone", 1, 900}, {"one of two", 2, 900}, {"alone, what leads to the rest", 1, 10}} {
		disks := c.disks
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, disks, func(c *Config) { c.Limits.SegmentLength = 5 * time.Second })
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(17 * time.Second)
				r.kill()
				for i := range r.disks {
					r.disks[i] = r.disks[i].Again()
				}
				bad := r.disks[0]
				b := r.files(bad)[name]
				at := scan(t, b).Fragments[2].Offset + c.into
				spoil(bad, name, at, 1024)

				r, found := r.again(r.disks)
				front := c.into < 100
				require.Equal(t, front, len(found.Files) > 0, "%+v", found.Files)
				f.connect()
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(3 * time.Second)
				require.NoError(t, r.e.StopRecording(context.Background()))
				if disks == 1 && !front {
					for range sealRefusals {
						_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
						require.ErrorIs(t, err, syscall.EIO, "it may pass")
						require.ErrorContains(t, err, name)
					}
				}
				st := r.seal().Statement
				hurt := of[VolumeDamaged](r)
				require.Len(t, hurt, 1)
				require.Equal(t, "vol-a", hurt[0].Volume)
				require.ErrorContains(t, hurt[0].Err, name)
				require.Equal(t, disks, hurt[0].Members)
				require.False(t, st.Volumes[0].Complete)
				i := slices.IndexFunc(st.Files, func(f seal.File) bool { return f.Path == name })
				require.Len(t, st.Files[i].Partial, 1)
				part := st.Files[i].Partial[0]
				require.Equal(t, "vol-a", part.Volume)
				require.Equal(t, int64(len(b))-at, part.RestUnread)
				require.EqualValues(t, len(b), part.Size+part.Rest)
				require.Equal(t, seal.SHA256(b[:part.Size]), part.SHA256)
				require.Equal(t, disks == 1, st.Files[i].SHA256 == seal.Hash{}, "nobody could read all of it")

				bad.Heal()
				bad.Zero(testFolder+"/"+name, at, 1024)
				r.bothSay(t, verify.Incomplete, 0)
				if disks == 2 {
					rep := r.folders(0, 1)
					require.Equal(t, verify.Gaps, rep.Folders[1].Verdict, "%v", rep.Folders[1].Findings)
					require.Equal(t, verify.Gaps, rep.Together[0].Verdict, "%v", rep.Together[0].Findings)
				}
			})
		})
	}
}

// A disk of which nobody can say at the seal what lies there is named, and keeps no other from being sealed. The last
// one is no exception to that rule: it is asked again.
func TestDiskThatCannotBeReadAtTheSealIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(5 * time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		for _, d := range r.disks {
			d.Spoil(testFolder, 0, 0)
		}
		_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.ErrorIs(t, err, ErrUnread)
		require.ErrorContains(t, err, "vol-b")
		r.disks[1].Heal()
		sealed := r.seal()
		require.Equal(t, []string{"vol-b"}, sealed.Volumes)
		require.Contains(t, sealed.Statement.Volumes[0].Fault, "input/output error")
		require.Nil(t, sealed.Statement.Volumes[1].Left)
		require.Len(t, of[VolumeLeft](r), 1)
		r.bothSay(t, verify.Intact, 1)
	})
}

// The same of the journal: what can be read of its only copy counts.
func TestUnreadableEndOfTheOnlyJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		for range 5 {
			require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "said", Actor: "a"}))
		}
		r.kill()
		name := journal.FileName(1)
		r.disks[0] = r.disks[0].Again()
		size := int64(len(r.files(r.disks[0])[name]))
		spoil(r.disks[0], name, size-100, everything)
		r, found := r.again(r.disks)
		require.Len(t, found.Lines, 5)
		require.NoError(t, found.Unread(), "it is the best there is")
		require.EqualValues(t, 100, found.last[0].Unread)
		require.Equal(t, size, found.last[0].Whole+found.last[0].Torn)
		r.seal()
		require.Len(t, of[VolumeDamaged](r), 1)
		r.disks[0].Heal()
		require.Equal(t, verify.Intact, r.folders(0).Folders[0].Verdict)
		r.disks[0].Zero(testFolder+"/"+name, size-100, 100)
		r.bothSay(t, verify.Intact, 0)
	})
}

// bothSay requires that both verifiers say the same of a disk's copy.
func (r *rig) bothSay(t *testing.T, want verify.Verdict, disk int) {
	t.Helper()
	rep := r.folders(disk)
	require.Equal(t, want, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
	out, err := exec.CommandContext(t.Context(), "python3", "../testdata/verifier/verify.py", rep.Folders[0].Dir).Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	var other struct {
		Folders []struct{ Verdict verify.Verdict }
	}
	require.NoError(t, json.Unmarshal(out, &other), "%s", out)
	require.Equal(t, want, other.Folders[0].Verdict, "%s", out)
}
