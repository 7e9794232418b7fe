package verify

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

// What can become of a session without anybody's hand in it: each verifies as what it is, before both
// verifiers.
func TestEachSessionVerifiesAsWhatItIs(t *testing.T) {
	const id = "20261122-140307-7f2k"
	key := newKey(t)
	at := func(seconds int) *clock.Instant { i := instant(time.Duration(seconds) * time.Second); return &i }
	judged := func(s *session) *Folder {
		f := verified(t, s.trusted(), s.write()).Folders[0]
		return &f
	}
	t.Run("cut by a crash, and never sealed", func(t *testing.T) {
		s := makeSession(t, id, key, true)
		delete(s.files, seal.FileName)
		delete(s.files, "journal-0002.jsonl")
		delete(s.files, run2)
		s.files[seg2] = s.files[seg2][:len(s.files[seg2])-70]
		s.stated = nil
		f := judged(s)
		require.Equal(t, Unsealed, f.Verdict, f.Findings)
		require.Equal(t, KeyTrusted, f.Key, "by its checkpoints")
	})
	t.Run("cut by a crash, and sealed after it", func(t *testing.T) {
		f := judged(makeSession(t, id, key, true))
		require.Equal(t, Gaps, f.Verdict, f.Findings)
		require.Len(t, f.Missing, 1)
		require.Equal(t, "restart", f.Missing[0].Cause)
	})
	t.Run("whose first checkpoint after a restart states what was stated before it", func(t *testing.T) {
		s := makeSession(t, id, key, true)
		s.stated = map[string]uint64{}
		s.reopen()
		s.checkpoint(2, 15*time.Second, key)
		s.seal()
		f := judged(s)
		require.Equal(t, Gaps, f.Verdict, f.Findings)
		require.Empty(t, f.Findings)
		require.Equal(t, 3, f.Checkpoints)
		delete(s.files, seal.FileName)
		for _, x := range judged(s).Findings {
			require.Equal(t, Unsealed, x.Verdict, x.What)
		}
	})
	t.Run("with interruptions", func(t *testing.T) {
		s := makeSession(t, id, key, true)
		s.s.Interruptions = []seal.Interruption{
			{Cause: "camera.lost", MissingFrom: at(7), MissingTo: at(9), SuspendedFrom: at(8), SuspendedTo: at(12)},
			{Cause: "storage.lost", SuspendedFrom: at(14)},
		}
		s.seal()
		f := judged(s)
		require.Equal(t, Gaps, f.Verdict, f.Findings)
		require.Len(t, f.Missing, 3)
		require.Equal(t, Hole{Cause: "camera.lost", From: at(7).Wall.String(), To: at(9).Wall.String()}, f.Missing[0])
		require.Equal(t, Hole{Cause: "storage.lost", From: at(14).Wall.String(), To: s.s.Sealed.Wall.String()}, f.Missing[1])
	})
	t.Run("crossed rooms", func(t *testing.T) {
		s := makeSession(t, id, key, true)
		s.room = "room5"
		s.run("suspect", 1, 15*time.Second, "closing", 4)
		s.s.Cameras = append(s.s.Cameras, seal.Camera{Room: "room5", Camera: "suspect", Required: true})
		s.s.Interruptions = []seal.Interruption{{Cause: "camera.lost", MissingFrom: at(14), MissingTo: at(15)}}
		s.seal()
		f := judged(s)
		require.Equal(t, Gaps, f.Verdict, f.Findings)
		require.EqualValues(t, 22, f.Fragments)
		// The second room's runs belong to it as the first's do.
		delete(s.files, "room5/suspect/run-0001/0001.mp4")
		require.Equal(t, Incomplete, judged(s).Verdict)
	})
	t.Run("on two volumes, of which one lost its tail", func(t *testing.T) {
		s := makeSession(t, id, key, true)
		s.s.Volumes = append(s.s.Volumes, seal.Volume{ID: "vol-b", Joined: at(16)})
		whole := bytes.Clone(s.files[run2])
		head := whole[:s.fragments[run2][3]]
		rest := []byte("half a fragment")
		s.seal()
		for i := range s.s.Files {
			if f := &s.s.Files[i]; f.Path == run2 {
				f.Partial = []seal.Part{{Volume: "vol-b", Size: int64(len(head)), SHA256: seal.SHA256(head), Rest: int64(len(rest)), RestSHA256: seal.SHA256(rest)}}
			}
		}
		note, err := seal.Sign(s.s, key)
		require.NoError(t, err)
		s.files[seal.FileName] = note
		one := s.write()
		require.Equal(t, Gaps, judged(s).Verdict)
		s.files[run2] = append(bytes.Clone(head), rest...)
		two := s.write()
		require.Equal(t, Incomplete, judged(s).Verdict)
		r := verified(t, s.trusted(), one, two)
		require.Len(t, r.Together, 1)
		require.Equal(t, Gaps, r.Together[0].Verdict, r.Together[0].Findings)
	})
}
