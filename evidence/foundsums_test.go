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

// A session goes on after a restart on disk A; another disk joins, and A dies for good. It can be sealed,
// and says what is not there.
func TestSealAfterTheFoundDiskHasDied(t *testing.T) {
	const before = "r/c/run-0001/0001.mp4"
	tests := []struct {
		name   string
		other  bool                         // the disk that joins held everything before the restart, too
		damage func(joins *volumetest.Disk) // of the disk that joins
		unread bool                         // A dies before what it held was read
		gives  bool                         // A takes nothing any more, and still gives what it has
		python bool                         // the other verifier judges it, too
		whole  bool                         // the disk that joins holds what was recorded before the restart
		known  bool                         // the hash of what was recorded before the restart
		part   bool                         // the disk that joined holds a part of it
	}{
		{name: "the other holds all", other: true, whole: true, known: true},
		{name: "the other holds all, not read in time", other: true, unread: true, whole: true, known: true},
		{name: "the other holds nothing", known: true},
		{name: "the other holds nothing, not read in time", unread: true, python: true},
		{name: "the other holds nothing, not read in time, but can be read", unread: true, gives: true, known: true},
		{
			name: "the other is damaged", other: true, known: true, part: true,
			damage: func(d *volumetest.Disk) { d.Flip(testFolder+"/"+before, 9000) },
		},
		{
			name: "the other is damaged, not read in time", python: true, other: true, unread: true, part: true,
			damage: func(d *volumetest.Disk) { d.Flip(testFolder+"/"+before, 9000) },
		},
		{
			name: "the other's header is damaged, not read in time", other: true, unread: true, part: true,
			damage: func(d *volumetest.Disk) { d.Flip(testFolder+"/"+before, 60) },
		},
		{
			name: "the other lost it, not read in time", other: true, unread: true,
			damage: func(d *volumetest.Disk) { d.Remove(testFolder + "/" + before) },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var files map[string][]byte
			var said verify.Folder
			var lacking []string
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 2, nil)
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(6 * time.Second)
				require.NoError(t, r.e.Close(context.Background()))
				r.halt()
				a, b := r.disks[0].Again(), r.disks[1].Again()
				if !test.other {
					b = volumetest.New(t, "vol-c")
				}
				if test.damage != nil {
					test.damage(b)
				}
				<-time.After(time.Second)
				r, _ = r.againWith([]*volumetest.Disk{a}, func(c *Config) {
					if test.unread {
						c.Limits.FoundBytes = 1
					}
				})
				f.connect()
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(5 * time.Second)
				r.disks = append(r.disks, b)
				require.NoError(t, r.e.Join(context.Background(), r.open(b)))
				f.play(5 * time.Second)
				if !test.gives {
					a.Spoil(testFolder+"/"+before, 0, 1<<30)
				}
				r.fail(0)
				f.play(5 * time.Second)
				sealed := r.seal()
				for _, sf := range sealed.Statement.Files {
					if sf.Path == before {
						require.Equal(t, test.known, sf.SHA256 != seal.Hash{})
						require.Len(t, sf.Partial, map[bool]int{true: 1}[test.part])
					}
				}
				lacking = sealed.Lacking
				said = r.folders(1).Folders[0]
				files = r.files(r.disks[1])
			})
			require.Equal(t, verify.Incomplete, said.Verdict, "%v", said.Findings)
			// What was recorded on A alone after the restart is not there in any case.
			missing := []string{"journal-0002.jsonl", "r/c/run-0002/0001.mp4"}
			if !test.whole {
				missing = append(missing, before)
			}
			if !test.other {
				missing = append(missing, "journal-0001.jsonl")
			}
			require.ElementsMatch(t, missing, incomplete(said.Findings), "%v", said.Findings)
			require.ElementsMatch(t, missing, lacking)
			if !test.python {
				return
			}
			python := judgedInPython(t, files)
			require.Equal(t, string(verify.Incomplete), python.Verdict, "%v", python.Findings)
			require.ElementsMatch(t, missing, incompleteInPython(python), "%v", python.Findings)
		})
	}
}

func incomplete(list []verify.Finding) (files []string) {
	for _, f := range list {
		if f.Verdict == verify.Incomplete {
			files = append(files, f.File)
		}
	}
	return files
}

func incompleteInPython(f pythonFolder) (files []string) {
	for _, f := range f.Findings {
		if f["verdict"] == string(verify.Incomplete) {
			files = append(files, f["file"].(string))
		}
	}
	return files
}

// A copy that is damaged where nobody looked after the restart is not taken for what was recorded.
func TestSealAfterARestartReadsTheGoodCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(40 * time.Second)
		require.NoError(t, r.e.Close(context.Background()))
		r.halt()
		a, b := r.disks[0].Again(), r.disks[1].Again()
		a.Flip(testFolder+"/r/c/run-0001/0001.mp4", 30_000)
		r, _ = r.again([]*volumetest.Disk{a, b})
		f.connect()
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		sealed := r.seal()
		require.Empty(t, sealed.Lacking)
		said := r.folders(0, 1).Folders
		require.Equal(t, verify.Gaps, said[1].Verdict, "%v", said[1].Findings)
		require.Equal(t, verify.Incomplete, said[0].Verdict, "%v", said[0].Findings)
		require.Equal(t, []string{"r/c/run-0001/0001.mp4"}, incomplete(said[0].Findings))
	})
}
