package evidence

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// A disk left and came back, the one that went on without it is dead after the restart. The session goes on
// with what the other has, and says what that is not.
func TestGoesOnWithoutTheLinesOfADeadDisk(t *testing.T) {
	tests := []struct {
		name   string
		away   func(r *rig, f *fake) // what A (disk 0) does not see; it is back afterwards
		joins  bool                  // the dead disk, when it is back after all
		lost   []string              // files that A lacks, or lacks a part of; with those that B may have begun before it left
		sized  []string              // of those: how long they were is known
		python bool
	}{
		{
			name: "the end of a segment", python: true, joins: true,
			away: func(r *rig, f *fake) {
				r.fail(0)
				f.play(1700 * time.Millisecond)
				r.fail(1)
				f.play(3 * time.Second)
			},
			lost: []string{"journal-0001.jsonl", "r/c/run-0001/0001.mp4"},
		},
		{
			name: "a whole segment", joins: true,
			away: func(r *rig, f *fake) {
				r.fail(0)
				f.play(12 * time.Second)
			},
			lost:  []string{"journal-0001.jsonl", "r/c/run-0001/0001.mp4", "r/c/run-0001/0002.mp4"},
			sized: []string{"journal-0001.jsonl"},
		},
		{
			name: "whole files of the journal", python: true,
			away: func(r *rig, f *fake) {
				r.fail(0)
				f.play(5 * time.Second)
				c := volumetest.New(r.t, "vol-c")
				r.disks = append(r.disks, c)
				require.NoError(r.t, r.e.Join(context.Background(), r.open(c)))
				f.play(5 * time.Second)
			},
			lost:  []string{"journal-0001.jsonl", "journal-0002.jsonl", "r/c/run-0001/0001.mp4", "r/c/run-0001/0002.mp4", "r/c/run-0001/0003.mp4"},
			sized: []string{"journal-0002.jsonl"},
		},
		{
			name: "a whole run", python: true,
			away: func(r *rig, f *fake) {
				r.fail(0)
				f.play(5 * time.Second)
				f.disconnect(errDisk)
				f.connect()
				f.play(5 * time.Second)
				f.disconnect(errDisk)
				f.connect()
			},
			lost:  []string{"journal-0001.jsonl", "r/c/run-0001/0001.mp4"},
			sized: []string{"journal-0001.jsonl"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var files map[string][]byte
			var want []string
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 2, nil)
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(5 * time.Second)
				test.away(r, f)
				require.NoError(t, r.back(0))
				f.play(20 * time.Second)
				a := r.disks[0].Crash(nil)
				other := r.disks[1].Crash(nil)
				r.kill()
				<-time.After(time.Second)
				found := r.files(a)

				r, survey := r.again([]*volumetest.Disk{a})
				require.Len(t, survey.Holes, 1)
				hole := survey.Holes[0]
				require.Equal(t, "journal-0001.jsonl", hole.File)
				require.LessOrEqual(t, hole.From, hole.To)
				f.connect()
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(5 * time.Second)

				// The dead one comes back: what it has stays as it is, and it is not taken in.
				kept := r.files(other)
				r.disks = append(r.disks, other)
				err := r.e.Join(context.Background(), r.open(other))
				if test.joins {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, ErrForked)
				}
				f.play(5 * time.Second)
				sealed := r.seal()
				files = r.files(r.disks[0])
				for p, b := range found {
					require.Equal(t, b, files[p], "%s is left as it was found", p)
				}
				for p, b := range kept {
					require.Equal(t, b, r.files(other)[p], "%s is left as it was", p)
				}
				require.Contains(t, types(r.linesFrom(files, hole.To)), TypeLinesMissing)
				want = slices.Clone(test.sized)
				for _, sf := range sealed.Statement.Files {
					if (sf.SHA256 == seal.Hash{}) {
						want = append(want, sf.Path)
					}
				}
				require.Subset(t, want, test.lost)
				rep := r.folders(0, len(r.disks)-1)
				said := rep.Folders[0]
				require.Equal(t, verify.Incomplete, said.Verdict, "%v", said.Findings)
				require.ElementsMatch(t, want, incomplete(said.Findings), "%v", said.Findings)
				if test.joins {
					require.Equal(t, verify.Incomplete, rep.Folders[1].Verdict, "%v", rep.Folders[1].Findings)
				} else {
					require.ElementsMatch(t, want, sealed.Lacking)
				}
				require.Equal(t, verify.Incomplete, rep.Together[0].Verdict, "%v", rep.Together[0].Findings)
			})
			if test.python {
				python := judgedInPython(t, files)
				require.Equal(t, string(verify.Incomplete), python.Verdict, "%v", python.Findings)
				require.ElementsMatch(t, want, incompleteInPython(python), "%v", python.Findings)
			}
		})
	}
}

// The copy of a disk that joined later, whose session was cut off before the seal, lacks what came before: that is
// missing there, not altered.
func TestLateCopyWithoutASeal(t *testing.T) {
	var files map[string][]byte
	var said verify.Folder
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(15 * time.Second)
		late := volumetest.New(t, "vol-b")
		r.disks = append(r.disks, late)
		require.NoError(t, r.e.Join(context.Background(), r.open(late)))
		f.play(15 * time.Second)
		r.kill()
		files = r.files(late)
		said = r.folders(1).Folders[0]
	})
	python := judgedInPython(t, files)
	require.Equal(t, verify.Unsealed, said.Verdict, "%v", said.Findings)
	require.Equal(t, string(verify.Unsealed), python.Verdict, "%v", python.Findings)
	require.ElementsMatch(t, incomplete(said.Findings), incompleteInPython(python))
	require.Contains(t, incomplete(said.Findings), "r/c/run-0001/0002.mp4")
}

// linesFrom reads the lines of the journal files that go on after the one with the given number.
func (r *rig) linesFrom(files map[string][]byte, last uint64) (out []journal.Line) {
	r.t.Helper()
	for n := 1; n < 10; n++ {
		b := files[journal.FileName(n)]
		head, ok, err := journal.Before(bytes.NewReader(b))
		require.NoError(r.t, err)
		if !ok || head.Seq < last {
			continue
		}
		c, err := journal.Read(bytes.NewReader(b), head, func(l *journal.Line, _ []byte) error {
			out = append(out, *l)
			return nil
		})
		require.NoError(r.t, err)
		require.NoError(r.t, c.Fault)
	}
	return out
}

// The one disk fails when a run begins, and nothing of its first segment is anywhere. In the copy of the disk that joins
// then the journal's beginning is missing, and nothing of the run is.
func TestRunThatBeginsInItsSecondSegment(t *testing.T) {
	var files map[string][]byte
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		r.fail(0)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(4 * time.Second)
		require.Zero(t, r.e.set.mask())
		r.disks = append(r.disks, volumetest.New(t, "vol-b"))
		require.NoError(t, r.e.Join(context.Background(), r.open(r.disks[1])))
		f.play(4 * time.Second)
		sealed := r.seal()
		require.Equal(t, []string{"journal-0001.jsonl"}, sealed.Lacking)
		require.Equal(t, "r/c/run-0001/0002.mp4", sealed.Statement.Runs[0].Segments[0])
		require.EqualValues(t, 1, scan(t, r.files(r.disks[1])["r/c/run-0001/0002.mp4"]).Fragments[0].Sequence)
		files = r.files(r.disks[1])
		said := r.folders(1).Folders[0]
		require.Equal(t, sealed.Lacking, incomplete(said.Findings), "%v", said.Findings)
	})
	require.Equal(t, []string{"journal-0001.jsonl"}, incompleteInPython(judgedInPython(t, files)))
}

// A disk has lost what it had said to be on it, and what a checkpoint states. Where another one has it it counts; where
// none has, it is missing, and nothing is altered.
func TestDiskLostWhatACheckpointStates(t *testing.T) {
	for _, disks := range []int{1, 2} {
		t.Run(fmt.Sprint(disks), func(t *testing.T) {
			const name = "r/c/run-0001/0001.mp4"
			var files map[string][]byte
			var want verify.Verdict
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, disks, nil)
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(13 * time.Second)
				var again []*volumetest.Disk
				for _, d := range r.disks {
					again = append(again, d.Again())
				}
				r.kill()
				whole := scan(t, r.files(again[0])[name])
				hit := whole.Fragments[5]
				again[0].Zero(testFolder+"/"+name, hit.Offset, hit.Size)
				<-time.After(time.Second)

				r, found := r.again(again)
				f.connect()
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(3 * time.Second)
				sealed := r.seal()
				stated := found.stated()["r/c/run-0001"]
				require.Greater(t, stated, uint64(6))
				require.GreaterOrEqual(t, sealed.Statement.Runs[0].Fragments, uint32(stated))
				rep := r.folders(0)
				require.Equal(t, verify.Incomplete, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
				require.Equal(t, []string{name}, incomplete(rep.Folders[0].Findings))
				want = verify.Incomplete
				if disks == 2 {
					rep := r.folders(0, 1)
					require.Equal(t, verify.Gaps, rep.Together[0].Verdict, "%v", rep.Together[0].Findings)
				} else {
					require.Equal(t, []string{name}, sealed.Lacking)
				}
				files = r.files(r.disks[0])
			})
			require.Equal(t, string(want), judgedInPython(t, files).Verdict)
		})
	}
}

// What a run's first segment held is on a dead disk alone; of the other one's only its name is left, as file systems
// leave it after a power cut.
func TestFirstSegmentIsEmptyOnTheDiskThatIsLeft(t *testing.T) {
	var files map[string][]byte
	const name = "r/c/run-0001/0001.mp4"
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, func(c *Config) { c.Limits.SegmentLength = 4 * time.Second })
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(7 * time.Second)
		a := r.disks[0].Again()
		r.kill()
		<-time.After(time.Second)
		a.Put(testFolder+"/"+name, nil)

		r, _ = r.again([]*volumetest.Disk{a})
		f.connect()
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		require.Contains(t, r.seal().Lacking, name)
		said := r.folders(0).Folders[0]
		require.Equal(t, verify.Incomplete, said.Verdict, "%v", said.Findings)
		require.Equal(t, []string{name}, incomplete(said.Findings))
		files = r.files(r.disks[0])
	})
	python := judgedInPython(t, files)
	require.Equal(t, string(verify.Incomplete), python.Verdict, "%v", python.Findings)
	require.Equal(t, []string{name}, incompleteInPython(python))
}
