package evidence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// notes returns the checkpoints in a journal.
func notes(t testing.TB, file []byte) (out []seal.Checkpoint) {
	t.Helper()
	var head journal.Head
	if before, ok, err := journal.Before(bytes.NewReader(file)); err == nil && ok {
		head = before
	}
	_, err := journal.Read(bytes.NewReader(file), head, func(l *journal.Line, _ []byte) error {
		if l.Type == seal.TypeCheckpoint {
			var d checkpointData
			require.NoError(t, json.Unmarshal(l.Data, &d))
			c, err := seal.ParseCheckpoint([]byte(d.Note))
			require.NoError(t, err)
			require.Equal(t, l.Wall, c.At)
			out = append(out, c)
		}
		return nil
	})
	require.NoError(t, err)
	return out
}

func TestCheckpointEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(35 * time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		sealed, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.NoError(t, err)
		r.halt()
		files := r.files(r.disks[0])
		points := notes(t, files["journal-0001.jsonl"])
		require.Len(t, points, 3)
		s, err := fragment.Scan(bytes.NewReader(files["r/c/run-0001/0001.mp4"]), int64(len(files["r/c/run-0001/0001.mp4"])))
		require.NoError(t, err)
		var tree seal.Tree
		roots := map[uint64]seal.Hash{}
		for _, i := range s.Fragments {
			tree.Add(seal.Hash(i.Leaf))
			roots[tree.Size()] = tree.Root()
		}
		for i, c := range points {
			require.Equal(t, testSession, c.Session)
			require.Len(t, c.Runs, 1)
			require.Equal(t, "r/c/run-0001", c.Runs[0].Path)
			require.Equal(t, roots[c.Runs[0].Fragments], c.Runs[0].Root)
			if i > 0 {
				require.Equal(t, 10*time.Second, c.At.Time().Sub(points[i-1].At.Time()))
				require.GreaterOrEqual(t, c.Runs[0].Fragments, points[i-1].Runs[0].Fragments+9)
			}
		}
		require.Equal(t, tree.Root(), sealed.Statement.Runs[0].Root)
		v := r.verdict(t, r.disks[1])
		require.Equal(t, verify.Intact, v.Verdict, v.Findings)
		require.Equal(t, 3, v.Checkpoints)
	})
}

// After a power cut the tree goes on from what the files hold, and a seal over both verifies.
func TestTreeGoesOnAfterAPowerCut(t *testing.T) {
	var cut, sealed map[string][]byte
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Limits.SegmentLength = 4 * time.Second })
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(25 * time.Second)
		disks := []*volumetest.Disk{r.disks[0].Crash(rand.New(rand.NewPCG(1, 2)))}
		r.kill()
		cut = r.files(disks[0])
		v := r.verdict(t, disks[0])
		require.Equal(t, verify.Unsealed, v.Verdict)
		for _, x := range v.Findings {
			require.Equal(t, verify.Unsealed, x.Verdict, "a power cut is not more than that: %s", x)
		}
		require.Equal(t, 2, v.Checkpoints)
		require.Equal(t, verify.KeyUnknown, v.Key, "the checkpoints are signed")

		r, _ = r.again(disks)
		f.connect()
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(15 * time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.NoError(t, err)
		r.halt()
		points := notes(t, r.files(disks[0])["journal-0002.jsonl"])
		require.Len(t, points[0].Runs, 2, "the first one states what was found, too")
		v = r.verdict(t, disks[0])
		require.Equal(t, verify.Gaps, v.Verdict, v.Findings)
		sealed = r.files(disks[0])
	})
	require.Equal(t, string(verify.Unsealed), inPython(t, cut))
	require.Equal(t, string(verify.Gaps), inPython(t, sealed))
}

// A run that had ended and was stated before a restart is stated no second time: numbers of a run only grow.
func TestCheckpointAfterARestartStatesWhatGrew(t *testing.T) {
	var sealed map[string][]byte
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(4 * time.Second)
		f.disconnect(nil)
		<-time.After(30 * time.Second)
		f.connect()
		f.play(14 * time.Second)
		r.kill()
		<-time.After(5 * time.Second)
		r, _ = r.again([]*volumetest.Disk{r.disks[0].Again()})
		f.connect()
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(25 * time.Second)
		r.seal()
		sealed = r.files(r.disks[0])
		stated := map[string]uint64{}
		for _, name := range []string{"journal-0001.jsonl", "journal-0002.jsonl"} {
			for _, c := range notes(t, sealed[name]) {
				for _, p := range c.Runs {
					require.Greater(t, p.Fragments, stated[p.Path], "%s in %s", p.Path, name)
					stated[p.Path] = p.Fragments
				}
			}
		}
		require.Len(t, stated, 3)
		v := r.verdict(t, r.disks[0])
		require.Equal(t, verify.Gaps, v.Verdict, v.Findings)
	})
	require.Equal(t, string(verify.Gaps), inPython(t, sealed))
}

// inPython has a session's files judged by the verifier that was written from docs/format.md alone, and
// requires that nothing is missing or altered.
func inPython(t *testing.T, files map[string][]byte) string {
	said := judgedInPython(t, files)
	for _, f := range said.Findings {
		require.NotContains(t, []any{"altered", "incomplete"}, f["verdict"], f)
	}
	return said.Verdict
}

type pythonFolder struct {
	Verdict  string           `json:"verdict"`
	Findings []map[string]any `json:"findings"`
}

func judgedInPython(t *testing.T, files map[string][]byte) pythonFolder {
	dir := filepath.Join(t.TempDir(), testSession)
	for p, b := range files {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(p)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, p), b, 0o640))
	}
	out, err := exec.CommandContext(t.Context(), "python3", "../testdata/verifier/verify.py", dir).Output()
	var no *exec.ExitError
	if !errors.As(err, &no) || no.ExitCode() != 1 {
		require.NoError(t, err)
	}
	var said struct {
		Folders []pythonFolder `json:"folders"`
	}
	require.NoError(t, json.Unmarshal(out, &said))
	require.Len(t, said.Folders, 1)
	return said.Folders[0]
}

// Without a seal, what is cut off behind a checkpoint shows; a power cut cannot do that.
func TestCutTailShowsWithoutASeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(25 * time.Second)
		r.kill()
		whole := r.verdict(t, r.disks[0])
		require.NotContains(t, verdicts(whole), verify.Incomplete)

		const seg = "r/c/run-0001/0001.mp4"
		files := r.files(r.disks[0])
		b := files[seg]
		s, err := fragment.Scan(bytes.NewReader(b), int64(len(b)))
		require.NoError(t, err)
		files[seg] = b[:s.Fragments[12].Offset]
		v := judge(t, files)
		require.Contains(t, verdicts(v), verify.Incomplete)
		require.Contains(t, v.Findings[len(v.Findings)-1].What, "12 are here")
	})
}

func verdicts(f verify.Folder) (out []verify.Verdict) {
	for _, x := range f.Findings {
		out = append(out, x.Verdict)
	}
	return out
}

// A key that is not there stops nothing: the journal says it once, and the seal comes later.
func TestMissingKeyStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var key seal.Key
		r := newRig(t, 1, func(c *Config) {
			c.Key = func() (seal.Key, error) {
				if key == nil {
					return nil, errors.New("private key is not there")
				}
				return key, nil
			}
		})
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(35 * time.Second)
		synctest.Wait()
		journalFile := r.files(r.disks[0])["journal-0001.jsonl"]
		require.Equal(t, 1, bytes.Count(journalFile, []byte(TypeKeyMissing)))
		require.Empty(t, notes(t, journalFile))
		key = testKey(t)
		f.play(10 * time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		_, err := r.e.Seal(context.Background(), key, Facts{})
		require.NoError(t, err)
		r.halt()
		require.Len(t, notes(t, r.files(r.disks[0])["journal-0001.jsonl"]), 1)
		v := r.verdict(t, r.disks[0])
		require.Equal(t, verify.Intact, v.Verdict, v.Findings)
	})
}
