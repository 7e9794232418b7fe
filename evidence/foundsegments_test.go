package evidence

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/fragment"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// A segment that one disk holds whole counts after a restart, although that disk left once and the other,
// which never did, holds only its beginning: it is damaged there.
func TestSegmentCountsThatOneDiskAloneHoldsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(5 * time.Second)
		r.fail(1)
		f.play(3 * time.Second)
		require.NoError(t, r.back(1))
		f.play(50 * time.Second)
		r.kill()
		a, b := r.disks[0].Again(), r.disks[1].Again()
		names := segments(r.files(a), "r", "c")
		name := names[len(names)-1]
		whole := scan(t, r.files(b)[name])
		require.Greater(t, len(whole.Fragments), 5+behindMost)
		hit := whole.Fragments[4]
		a.Zero(testFolder+"/"+name, hit.Offset, 64)

		n, found := r.again([]*volumetest.Disk{a, b})
		last := found.segments[len(found.segments)-1]
		require.Equal(t, name, last.path)
		require.Len(t, last.on["vol-a"].infos, 4)
		require.EqualValues(t, len(whole.Fragments), last.count)
		sealed := n.seal()
		end := whole.Fragments[len(whole.Fragments)-1]
		require.Equal(t, end.Sequence, sealed.Statement.Runs[0].Fragments)
		require.Equal(t, end.End, sealed.Statement.Runs[0].Last)
		rep := n.folders(0, 1)
		require.Equal(t, verify.Incomplete, rep.Folders[1].Verdict, "as it was away: %v", rep.Folders[1].Findings)
		for _, x := range rep.Folders[1].Findings {
			require.NotEqual(t, name, x.File, x.What)
		}
	})
}

// What counted when a session went on with one disk alone, and was signed since, still counts when the other
// disk, which held less of it, is back at the next restart.
func TestDiskThatMissedARestartTakesNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(true)...)
		record := func() {
			require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		}
		record()
		f.play(6300 * time.Millisecond)
		r.disks[1].Fail(volumetest.Sync, volumetest.Fault{Delay: 4 * time.Second})
		f.play(3500 * time.Millisecond)
		a, b := r.disks[0].Crash(nil), r.disks[1].Crash(nil)
		r.kill()
		<-time.After(time.Second)

		r, found := r.again([]*volumetest.Disk{a})
		alone := found.runs[0].fragments
		f.connect()
		record()
		f.play(15 * time.Second) // a checkpoint states all of it
		r.disks = append(r.disks, b)
		joining := r.open(b)
		require.NoError(t, r.e.Join(context.Background(), joining))
		f.play(15 * time.Second)
		a, b = r.disks[0].Again(), r.disks[1].Again()
		r.kill()
		<-time.After(time.Second)

		r, found = r.again([]*volumetest.Disk{a, b})
		require.Less(t, len(found.segments[0].on["vol-b"].infos), int(alone), "it held less")
		require.Equal(t, alone, found.runs[0].fragments)
		f.connect()
		record()
		f.play(5 * time.Second)
		r.seal()
		rep := r.folders(0, 1)
		require.Equal(t, verify.Gaps, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
		require.Equal(t, verify.Incomplete, rep.Folders[1].Verdict, "%v", rep.Folders[1].Findings)
		require.Len(t, rep.Together, 1)
		require.Equal(t, verify.Gaps, rep.Together[0].Verdict, "%v", rep.Together[0].Findings)
	})
}

// What no disk had acknowledged when the last one left may lie in several segments. It is written anew when one is back,
// and counts once after a restart: there.
func TestWhatWasWrittenAnewCountsOnceAfterARestart(t *testing.T) {
	var files map[string][]byte
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Limits.SegmentLength = 2 * time.Second })
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3300 * time.Millisecond)
		r.disks[0].Fail(volumetest.Sync, volumetest.Fault{Delay: 4 * time.Second})
		f.play(14 * time.Second) // it is too slow
		require.Zero(t, r.e.set.mask())
		require.NoError(t, r.back(0))
		f.play(12 * time.Second) // a checkpoint states it
		a := r.disks[0].Again()
		r.kill()
		said := r.folders(0).Folders[0]
		require.Equal(t, verify.Unsealed, said.Verdict, "%v", said.Findings)
		<-time.After(time.Second)

		r, found := r.again([]*volumetest.Disk{a})
		superseded := 0
		for _, g := range found.segments {
			if on := g.on["vol-a"]; g.count == 0 && len(on.infos) > 0 && on.head.Prev != fragment.Hash(found.first) {
				superseded++
			}
		}
		require.GreaterOrEqual(t, superseded, 2, "whole segments were written anew")
		f.connect()
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		sealed := r.seal()
		require.Empty(t, sealed.Lacking)
		said = r.folders(0).Folders[0]
		require.Equal(t, verify.Gaps, said.Verdict, "%v", said.Findings)
		files = r.files(r.disks[0])
	})
	require.Equal(t, string(verify.Gaps), judgedInPython(t, files).Verdict)
}

// A disk that joined is a copy that somebody made of another one a while before. After a restart it takes nothing back
// that was acknowledged since.
func TestCopyThatJoinedTakesNothingBack(t *testing.T) {
	for name, d := range map[string]struct{ segment, after time.Duration }{
		"in the last segment":   {8 * time.Second, 300 * time.Millisecond},
		"in one long before it": {4 * time.Second, 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { copyJoins(t, d.segment, d.after) })
		})
	}
}

func copyJoins(t *testing.T, segment, after time.Duration) {
	r := newRig(t, 2, func(c *Config) { c.Limits.SegmentLength = segment })
	f := newFake(t, r.clock, card(true)...)
	require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
	f.play(3300 * time.Millisecond)
	c := r.disks[0].Again()
	c.Mark(t, "vol-c")
	f.play(4 * time.Second)
	r.disks = append(r.disks, c)
	require.NoError(t, r.e.Join(context.Background(), r.open(c)))
	f.play(after)
	var acked int64
	r.ackMu.Lock()
	for _, a := range r.acks {
		if a.Volume == "vol-b" && a.File == testFolder+"/r/c/run-0001/0001.mp4" {
			acked = a.End
		}
	}
	r.ackMu.Unlock()
	b, c := r.disks[1].Again(), r.disks[2].Again()
	r.kill()
	<-time.After(time.Second)

	r, found := r.again([]*volumetest.Disk{b, c})
	require.Less(t, found.segments[0].on["vol-c"].size, acked)
	require.GreaterOrEqual(t, found.segments[0].size, acked)
	sealed := r.seal()
	require.Empty(t, sealed.Lacking)
	rep := r.folders(0, 1)
	require.Equal(t, verify.Gaps, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
	require.Contains(t, incomplete(rep.Folders[1].Findings), "r/c/run-0001/0001.mp4")
}

// What one disk had written and not acknowledged was written anew on another, and the journal states the first as a
// tail. It is none of the run after the next restart either, though the other disk is dead.
func TestTailStaysATailWithoutWhatWentOn(t *testing.T) {
	var files map[string][]byte
	synctest.Test(t, func(t *testing.T) {
		change := func(c *Config) { c.Limits.Checkpoint = 3 * time.Second }
		r := newRig(t, 1, change)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3300 * time.Millisecond)
		r.disks[0].Fail(volumetest.Sync, volumetest.Fault{Delay: 4 * time.Second})
		f.play(14 * time.Second) // it is too slow
		require.Zero(t, r.e.set.mask())
		r.disks = append(r.disks, volumetest.New(t, "vol-b"))
		require.NoError(t, r.e.Join(context.Background(), r.open(r.disks[1])))
		f.play(8 * time.Second)
		a, b := r.disks[0].Again(), r.disks[1].Again()
		r.kill()
		<-time.After(time.Second)

		r, found := r.againWith([]*volumetest.Disk{a, b}, change)
		counted := found.segments[0].count
		require.Less(t, int(counted), len(scan(t, r.files(a)["r/c/run-0001/0001.mp4"]).Fragments))
		f.connect()
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(8 * time.Second)
		a = r.disks[0].Again()
		r.kill()
		<-time.After(time.Second)

		r, found = r.againWith([]*volumetest.Disk{a}, change)
		require.Equal(t, counted, found.segments[0].count)
		f.connect()
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		r.seal()
		said := r.folders(0).Folders[0]
		require.Equal(t, verify.Incomplete, said.Verdict, "%v", said.Findings)
		files = r.files(r.disks[0])
	})
	require.Equal(t, string(verify.Incomplete), judgedInPython(t, files).Verdict)
}
