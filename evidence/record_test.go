package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
	"roomrec/media"
)

func testKey(t testing.TB) seal.Key {
	t.Helper()
	k, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "roomrec-test")
	require.NoError(t, err)
	return k
}

// same requires that what was recorded of a track is what was published of it, from a unit on.
func same(t testing.TB, f *fake, got [][]byte, track, skip int) {
	t.Helper()
	var want [][]byte
	for _, u := range f.sent {
		if u.Track == track {
			want = append(want, fragment.UnitData(u, f.tracks[track].Codec.Video()))
		}
	}
	want = want[skip:]
	require.Len(t, got, len(want))
	for i := range want {
		require.True(t, bytes.Equal(want[i], got[i]), "track %d, unit %d", track, i)
	}
}

func TestSessionIsRecordedBitForBitOnEveryVolume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		a, b := newFake(t, r.clock, card(true)...), newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "room3", ID: "suspect", Feed: a.feed, Required: true}))
		require.NoError(t, r.e.Record(Camera{Room: "room3", ID: "overview", Feed: b.feed}))
		require.NoError(t, r.e.Record(Camera{Room: "room3", ID: "overview", Feed: b.feed}), "again changes nothing")
		done := make(chan struct{})
		go func() { b.play(10 * time.Second); close(done) }()
		a.play(10 * time.Second)
		<-done
		require.NoError(t, r.e.StopRecording(context.Background()))
		key := testKey(t)
		sealed, err := r.e.Seal(context.Background(), key, Facts{Session: map[string]string{"kind": "technical"}})
		require.NoError(t, err)
		r.halt()

		one, two := r.files(r.disks[0]), r.files(r.disks[1])
		require.Equal(t, one, two, "both volumes hold the same bytes")
		require.Len(t, one, 4)
		same(t, a, recorded(t, one, "room3", "suspect", 0), 0, 0)
		same(t, a, recorded(t, one, "room3", "suspect", 1), 1, 0)
		same(t, b, recorded(t, one, "room3", "overview", 0), 0, 0)

		name := "room3/suspect/run-0001/0001.mp4"
		s := scan(t, one[name])
		require.Len(t, s.Fragments, 10, "a fragment each second")
		require.Equal(t, "suspect", s.Header.Camera)
		lines := bytes.SplitAfter(one["journal-0001.jsonl"], []byte{'\n'})
		require.Equal(t, fragment.Hash(sha256.Sum256(lines[0])), s.Header.Prev, "a run begins with the hash of the journal's first line")
		for i, f := range s.Fragments {
			require.True(t, f.Tracks[0].KeyFirst)
			require.Equal(t, 25, f.Tracks[0].Samples)
			require.EqualValues(t, i+1, f.Sequence)
			require.InDelta(t, 1e9, float64(f.End.Since(f.Start)), 30e6)
		}

		statement, err := seal.Parse(one[seal.FileName])
		require.NoError(t, err)
		require.Equal(t, sealed.Statement, statement)
		own, err := seal.OwnVerifier(statement)
		require.NoError(t, err)
		_, err = seal.Verify(one[seal.FileName], own)
		require.NoError(t, err)
		require.Len(t, statement.Files, 3)
		for _, f := range statement.Files {
			require.Len(t, one[f.Path], int(f.Size))
			require.Equal(t, f.SHA256, seal.SHA256(one[f.Path]), f.Path)
			require.Empty(t, f.Abandoned)
		}
		require.Len(t, statement.Runs, 2)
		run := statement.Runs[1]
		require.Equal(t, "suspect", run.Camera)
		require.Equal(t, EndClosing, run.Cause)
		require.EqualValues(t, 10, run.Fragments)
		require.Equal(t, seal.Hash(s.Last), run.LastLeaf)
		require.EqualValues(t, 250, run.Tracks[0].Units)
		require.InDelta(t, 10, run.Last.Since(run.First).Seconds(), 0.05)
		require.True(t, statement.Volumes[0].Complete)
		require.True(t, statement.Volumes[1].Complete)

		require.Equal(t, verify.Intact, r.verdict(t, r.disks[0]).Verdict, "%v", r.verdict(t, r.disks[0]).Findings)
		all := r.lines(one)
		require.Equal(t, statement.Journal.Lines, all[len(all)-1].Seq)
		require.Equal(t, []string{"session.opened", TypeRunBegan, TypeRunBegan}, types(all)[:3])
		require.Equal(t, TypeSealing, all[len(all)-1].Type)

		require.Len(t, of[FirstSafe](r), 3)
		require.Len(t, of[RunBegan](r), 2)
		require.Len(t, of[SegmentBegan](r), 2)
		require.Empty(t, of[GapDeclared](r))
		require.Len(t, r.acks, 40, "20 fragments on 2 volumes")
		line, err := json.Marshal(r.acks[0])
		require.NoError(t, err)
		require.Regexp(t, `^\{"volume":"vol-[ab]","file":"`+testFolder+`/room3/[a-z]+/run-0001/0001.mp4","end":\d+,"leaf":"[0-9a-f]{64}","at":"20[^"]+Z"\}$`, string(line))
		for _, ack := range r.acks {
			require.LessOrEqual(t, ack.Acknowledged.Sub(ack.First), 1100*time.Millisecond)
		}
		status := r.e.Status()
		require.Zero(t, status.Held)
		require.Equal(t, run.Last, status.Cameras[0].SafeUntil)
	})
}

func TestRunBeginsWithTheKeyPictureBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		f.play(3500 * time.Millisecond) // before anybody records
		before := len(f.sent)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		r.end()
		files := r.files(r.disks[0])
		pictures := recorded(t, files, "r", "c", 0)
		first := 0
		for i, u := range f.sent[:before] {
			if u.Key {
				first = i
			}
		}
		require.Equal(t, fragment.UnitData(f.sent[first], true), pictures[0])
		same(t, &fake{sent: f.sent[first:], tracks: f.tracks}, pictures, 0, 0)
		// Sound begins with the frame during which the picture was taken, which came before it.
		heard := first
		for f.sent[heard].Track != 1 {
			heard--
		}
		same(t, &fake{sent: f.sent[heard:], tracks: f.tracks}, recorded(t, files, "r", "c", 1), 1, 0)
		s := scan(t, files["r/c/run-0001/0001.mp4"])
		require.InDelta(t, 0, float64(s.Header.Origin.Wall-r.cfg.Timeline.At(f.sent[first].Arrival.Mono).Wall), 50e6)
	})
}

func TestDisconnectEndsARunAndTheReturnBeginsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2300 * time.Millisecond)
		f.disconnect(errors.New("connection reset"))
		<-time.After(5 * time.Second)
		f.connect()
		f.play(2 * time.Second)
		f.connect() // without an end
		f.play(2 * time.Second)
		r.end()
		files := r.files(r.disks[0])
		ended := of[RunEnded](r)
		require.Len(t, ended, 3)
		require.Equal(t, EndDisconnect, ended[0].Cause)
		require.ErrorContains(t, ended[0].Err, "connection reset")
		require.Equal(t, EndEpoch, ended[1].Cause)
		require.Equal(t, EndShutdown, ended[2].Cause)
		require.Equal(t, []string{"r/c/run-0001/0001.mp4", "r/c/run-0002/0001.mp4", "r/c/run-0003/0001.mp4"}, segments(files, "r", "c"))
		one := scan(t, files["r/c/run-0001/0001.mp4"])
		n := 0
		for _, fr := range one.Fragments {
			n += fr.Tracks[0].Samples
		}
		require.Equal(t, 58, n, "what came before the end is there")
	})
}

func TestVolumeThatFailsLeavesAndTheOtherGoesOn(t *testing.T) {
	for name, fault := range map[string]func(*volumetest.Disk){
		"write error":  func(d *volumetest.Disk) { d.Fail(volumetest.Write, volumetest.Fault{Err: syscall.EIO}) },
		"sync error":   func(d *volumetest.Disk) { d.Fail(volumetest.Sync, volumetest.Fault{Err: syscall.EIO}) },
		"full":         func(d *volumetest.Disk) { d.SetCapacity(1) },
		"hang":         func(d *volumetest.Disk) { d.Fail(volumetest.Sync, volumetest.Fault{Hang: true}) },
		"lazy unmount": func(d *volumetest.Disk) { d.Move() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 2, nil)
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
				f.play(3400 * time.Millisecond)
				fault(r.disks[1])
				f.play(10 * time.Second)
				require.NoError(t, r.e.StopRecording(context.Background()))
				sealed, err := r.e.Seal(context.Background(), testKey(t), Facts{})
				require.NoError(t, err)
				require.Equal(t, []string{"vol-a"}, sealed.Volumes)
				r.halt()
				r.disks[1].Release()

				files := r.files(r.disks[0])
				same(t, f, recorded(t, files, "r", "c", 0), 0, 0)
				same(t, f, recorded(t, files, "r", "c", 1), 1, 0)
				require.Equal(t, []string{"r/c/run-0001/0001.mp4", "r/c/run-0001/0002.mp4"}, segments(files, "r", "c"), "a new segment on the remaining volume")
				two := scan(t, files["r/c/run-0001/0002.mp4"])
				require.Equal(t, scan(t, files["r/c/run-0001/0001.mp4"]).Last, two.Header.Prev)
				require.True(t, two.Fragments[0].Tracks[0].KeyFirst)

				f0 := r.verdict(t, r.disks[0])
				require.Equal(t, verify.Intact, f0.Verdict, "%v", f0.Findings)
				left := of[VolumeLeft](r)
				require.Len(t, left, 1)
				require.Equal(t, "vol-b", left[0].Volume)
				require.Equal(t, 1, left[0].Remaining)
				require.Empty(t, of[StorageLost](r))
				require.Empty(t, of[GapDeclared](r))
				require.Contains(t, types(r.lines(files)), TypeVolumeLeft)
				require.False(t, sealed.Statement.Volumes[1].Complete)
				require.NotEmpty(t, sealed.Statement.Volumes[1].Fault)

				// What the failed volume was acknowledged for, it holds.
				for _, a := range r.acks {
					if a.Volume == "vol-b" {
						held := r.files(r.disks[1])[a.File[len(testFolder)+1:]]
						require.GreaterOrEqual(t, int64(len(held)), a.End)
						require.True(t, bytes.HasPrefix(files[a.File[len(testFolder)+1:]], held[:a.End]))
					}
				}
			})
		})
	}
}

func TestLastVolumeLostIsSaidAtOnceAndMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Limits.CameraBytes = 100_000 })
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(3 * time.Second)
		r.disks[0].Fail(volumetest.Sync, volumetest.Fault{Err: syscall.EIO})
		began := time.Now()
		f.play(2 * time.Second)
		require.Less(t, time.Since(began), 3*time.Second)
		f.play(20 * time.Second)
		require.LessOrEqual(t, r.e.Status().Cameras[0].Held, int64(100_000))
		require.ErrorIs(t, r.e.StopRecording(context.Background()), ErrNoVolume)
		require.ErrorIs(t, r.e.Append(context.Background(), journal.Entry{Type: "x", Actor: "y"}), ErrNoVolume)
		_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.ErrorIs(t, err, ErrNoVolume)
		require.ErrorIs(t, r.e.Close(context.Background()), ErrNoVolume)
		r.halt()
		require.Len(t, of[StorageLost](r), 1)
		require.Less(t, of[StorageLost](r)[0].At.Mono.Sub(f.began.Mono), 4100*time.Millisecond)
		gaps := of[GapDeclared](r)
		require.NotEmpty(t, gaps, "what did not fit into memory is a gap")
		require.Equal(t, media.CauseStorage, gaps[0].Cause)
		require.Equal(t, EndStorage, of[RunEnded](r)[0].Cause)
	})
}

// With no disk for longer than memory lasts, what memory held is safe when a disk comes. It is from before what is
// missing: the camera is whole again only with what comes after that.
func TestZ29_1_WhatMemoryHeldIsFromBeforeWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Limits.CameraBytes = 80_000 })
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(5 * time.Second)
		r.fail(0)
		f.play(time.Minute)
		require.NoError(t, r.back(0))
		f.play(5 * time.Second)
		r.end()
		lost := r.cfg.Timeline.At(of[StorageLost](r)[0].At.Mono).Wall
		gaps := of[GapDeclared](r)
		i := slices.IndexFunc(gaps, func(g GapDeclared) bool { return g.Cause == media.CauseStorage })
		require.GreaterOrEqual(t, i, 0)
		missing := gaps[i]
		require.Greater(t, missing.To.Wall, missing.From.Wall.Add(50*time.Second))
		var before, behind, after int
		for _, s := range of[Safe](r) {
			switch {
			case s.Until.Wall <= lost && !s.Behind:
				before++
			case s.Behind:
				behind++
				require.LessOrEqual(t, s.Until.Wall, missing.From.Wall)
			default:
				after++
				require.Greater(t, s.Until.Wall, missing.To.Wall)
				require.Greater(t, s.From.Wall, missing.To.Wall.Add(-time.Second), "sound before the first picture")
			}
		}
		require.Positive(t, before)
		require.Positive(t, behind)
		require.Positive(t, after)
	})
}

func TestCameraThatWasStoppedCanBeRecordedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		cam := Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}
		require.NoError(t, r.e.Record(cam))
		f.play(2500 * time.Millisecond)
		r.disks[0].Fail(volumetest.Sync, volumetest.Fault{Delay: 500 * time.Millisecond})
		stopped := make(chan error, 1)
		go func() { stopped <- r.e.StopRecording(context.Background()) }()
		synctest.Wait() // it waits for the disk
		require.NoError(t, r.e.Record(cam), "while the last fragment is being written")
		f.play(2 * time.Second)
		require.NoError(t, <-stopped)
		require.NoError(t, r.e.StopRecording(context.Background()))
		sealed, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.NoError(t, err)
		r.halt()
		require.Len(t, sealed.Statement.Runs, 2)
		require.Len(t, sealed.Statement.Cameras, 1)
		files := r.files(r.disks[0])
		require.Len(t, segments(files, "r", "c"), 2)
		status := r.e.Status()
		require.Len(t, status.Cameras, 1)
		require.Equal(t, 2, status.Cameras[0].Run)
		require.EqualValues(t, sealed.Statement.Runs[0].Fragments+sealed.Statement.Runs[1].Fragments, status.Cameras[0].Fragments)
		f0 := r.verdict(t, r.disks[0])
		require.Contains(t, []verify.Verdict{verify.Intact, verify.Gaps}, f0.Verdict, "%v", f0.Findings)
	})
}
