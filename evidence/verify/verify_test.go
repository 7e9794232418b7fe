package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/after"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/tsa/tsatest"
)

const (
	seg1 = "room3/suspect/run-0001/0001.mp4"
	seg2 = "room3/suspect/run-0001/0002.mp4"
	run2 = "room3/suspect/run-0002/0001.mp4"
	over = "room3/overview/run-0001/0001.mp4"
)

func TestIntact(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	// One unbroken run only: nothing is missing.
	one := newSession(t, "20261122-140307-7f2k")
	dir := s.write()
	var told int64
	o := s.trusted()
	o.Progress = func(done, total int64) { told = done; require.LessOrEqual(t, done, total) }
	r := verified(t, o, dir)
	f := r.Folders[0]
	require.Equal(t, Gaps, f.Verdict, f.Findings)
	require.Equal(t, KeyTrusted, f.Key)
	require.True(t, *f.ClockTrusted)
	require.Len(t, f.Missing, 1, "between the runs")
	require.Equal(t, "restart", f.Missing[0].Cause)
	require.Equal(t, int64(18), f.Fragments)
	require.Equal(t, 0, r.ExitCode())
	size := int64(0)
	for _, b := range s.files {
		size += int64(len(b))
	}
	require.Equal(t, size, told)
	require.Equal(t, size, f.Bytes)

	r = verified(t, Options{}, dir)
	require.Equal(t, KeyUnknown, r.Folders[0].Key)
	require.Equal(t, 0, r.ExitCode())
	r = verified(t, one.trusted(), dir)
	require.Equal(t, KeyOther, r.Folders[0].Key)
	require.Equal(t, Gaps, r.Folders[0].Verdict, "the key is a fact beside the verdict")
	require.Equal(t, 1, r.ExitCode())

	var text bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "ANOTHER KEY")
	b, err := json.Marshal(r)
	require.NoError(t, err)
	require.Contains(t, string(b), `"verdict":"intact with declared gaps"`)

	delete(s.files, run2)
	s.s.Runs = s.s.Runs[:2]
	s.s.Runs[0].Cause = "closing"
	s.seal()
	r = verified(t, s.trusted(), s.write())
	require.Equal(t, Intact, r.Folders[0].Verdict, r.Folders[0].Findings)
}

func TestNoSession(t *testing.T) {
	_, err := Folders(context.Background(), []string{t.TempDir()}, Options{})
	require.ErrorIs(t, err, ErrNoSession)
	_, err = Folders(context.Background(), []string{filepath.Join(t.TempDir(), "nowhere")}, Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Folders(ctx, []string{newSession(t, "s").write()}, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// Every kind of tampering gives the right verdict at the right place.
func TestTampering(t *testing.T) {
	const id = "20261122-140307-7f2k"
	// inside returns the place of the first box of the given type in the n-th fragment.
	inside := func(s *session, path string, n int, kind string) int {
		at := s.fragments[path][n]
		i := bytes.Index(s.files[path][at:], []byte(kind))
		require.Positive(t, i)
		return at + i
	}
	flip := func(s *session, path string, at int) { s.files[path][at] ^= 0x10 }
	type tamper struct {
		name string
		do   func(s *session)
		want Verdict
		file string // of a finding
		what string // in that finding
	}
	cases := []tamper{
		{"two fragments swapped", func(s *session) {
			p, b := s.fragments[seg2], s.files[seg2]
			one, two := bytes.Clone(b[p[1]:p[2]]), bytes.Clone(b[p[2]:p[3]])
			copy(b[p[1]:], append(two, one...))
		}, Altered, seg2, "where 5 must come"},
		{"a tail removed", func(s *session) { s.files[seg2] = s.files[seg2][:s.fragments[seg2][2]] }, Incomplete, seg2, "of them are whole fragments"},
		{"a tail removed inside a fragment", func(s *session) { s.files[seg2] = s.files[seg2][:s.fragments[seg2][2]+40] }, Incomplete, seg2, "of them are whole fragments"},
		{"a segment removed", func(s *session) { delete(s.files, seg2) }, Incomplete, seg2, "missing"},
		{"a first segment removed", func(s *session) { delete(s.files, seg1) }, Incomplete, seg1, "missing"},
		{"a run removed", func(s *session) { delete(s.files, run2) }, Incomplete, run2, "missing"},
		{"a fragment repeated", func(s *session) {
			p := s.fragments[seg1]
			s.files[seg1] = append(s.files[seg1], s.files[seg1][p[1]:p[2]]...)
		}, Altered, seg1, "that the seal does not list"},
		{"a fragment removed", func(s *session) {
			p := s.fragments[seg2]
			s.files[seg2] = append(bytes.Clone(s.files[seg2][:p[1]]), s.files[seg2][p[2]:]...)
		}, Altered, seg2, "where 5 must come"},
		{"a journal line edited", func(s *session) {
			s.files["journal-0001.jsonl"] = bytes.Replace(s.files["journal-0001.jsonl"], []byte("officer:li"), []byte("officer:wu"), 1)
		}, Altered, "journal-0001.jsonl", "does not follow"},
		{"the last journal line edited", func(s *session) {
			s.files["journal-0002.jsonl"] = bytes.Replace(s.files["journal-0002.jsonl"], []byte("session.sealing"), []byte("session.leaking"), 1)
		}, Altered, "journal-0002.jsonl", "the seal states"},
		{"a journal line removed", func(s *session) {
			s.files["journal-0001.jsonl"] = s.files["journal-0001.jsonl"][:bytes.IndexByte(s.files["journal-0001.jsonl"], '\n')+1]
		}, Incomplete, "journal-0001.jsonl", "cut off"},
		{"a journal line added", func(s *session) { s.line(2, journal.Entry{Type: "x", Actor: "y"}) }, Altered, "journal-0002.jsonl", "that the seal does not list"},
		{"a journal file removed", func(s *session) { delete(s.files, "journal-0001.jsonl") }, Incomplete, "journal-0001.jsonl", "missing"},
		{"a name edited in the seal", func(s *session) {
			s.files[seal.FileName] = bytes.Replace(s.files[seal.FileName], []byte("suspect"), []byte("suspekt"), 1)
		}, Altered, seal.FileName, ""},
		{"a file added", func(s *session) { s.files["room3/notes.txt"] = []byte("x") }, Altered, "room3/notes.txt", "added"},
		{"a segment added", func(s *session) { s.files["room3/suspect/run-0003/0001.mp4"] = s.files[run2] }, Altered, "room3/suspect/run-0003/0001.mp4", "added"},
		{"segments exchanged", func(s *session) { s.files[seg1], s.files[run2] = s.files[run2], s.files[seg1] }, Altered, seg1, "its header says"},
		{"a file renamed", func(s *session) { s.files["room3/suspect/run-0001/0003.mp4"] = s.files[seg2]; delete(s.files, seg2) }, Altered, "room3/suspect/run-0001/0003.mp4", "added"},
		{"the seal removed", func(s *session) { delete(s.files, seal.FileName) }, Unsealed, "", "there is no seal.note"},
		{"the seal removed and a fragment changed", func(s *session) {
			flip(s, seg1, inside(s, seg1, 1, "mdat")+9)
			delete(s.files, seal.FileName)
		}, Altered, seg1, "it names another fragment before it"},
		{"the seal removed and the version of a fragment changed", func(s *session) {
			flip(s, seg1, inside(s, seg1, 1, "uuid")+4+16)
			delete(s.files, seal.FileName)
		}, Altered, seg1, "another version than the segment's header"},
		{"an older seal put back", func(s *session) {
			old := bytes.Clone(s.files[seal.FileName])
			s.run("suspect", 3, 15*time.Second, "closing", 2)
			s.seal()
			s.files[seal.FileName] = old
		}, Altered, "room3/suspect/run-0003/0001.mp4", "added"},
		{"a second signature", func(s *session) {
			s.files[seal.FileName] = append(s.files[seal.FileName], s.files[seal.FileName][bytes.LastIndex(s.files[seal.FileName], []byte("\n\n"))+2:]...)
		}, Altered, seal.FileName, ""},
		{"a segment of another session", func(s *session) {
			s.files[over] = newSession(s.t, "20261122-150000-aaaa").files[over]
			s.s.Runs[1].LastLeaf = newSession(s.t, "20261122-150000-aaaa").s.Runs[1].LastLeaf
			s.seal()
		}, Altered, over, "it is of session"},
		{"a gap declared where none was, sealed anew", func(s *session) {
			p := s.fragments[seg2]
			s.files[seg2] = append(bytes.Clone(s.files[seg2][:p[1]]), s.files[seg2][p[2]:]...)
			s.s.Runs[0].Gaps = []seal.Gap{{Track: -1, Cause: "loss", From: instant(4 * time.Second), To: instant(5 * time.Second)}}
			s.s.Runs[0].Fragments--
			s.seal()
		}, Altered, seg2, "another fragment before it"},
		{"a run shortened, sealed anew", func(s *session) {
			s.files[over] = s.files[over][:s.fragments[over][3]]
			s.seal()
		}, Altered, over, "fragments, the seal states"},
		{"a whole header altered, sealed anew", func(s *session) {
			flip(s, seg1, bytes.Index(s.files[seg1], []byte("mvhd"))+8)
			s.seal()
		}, Altered, seg1, "it names another header"},
		{"a time text altered, sealed anew", func(s *session) {
			s.files[over][bytes.LastIndex(s.files[over], []byte("2026-11-22"))+12] ^= 1
			s.seal()
		}, Altered, over, "time text"},
		{"an undeclared gap", func(s *session) {
			*s = *plain(s.t, id)
			s.s.Runs = s.s.Runs[:2]
			delete(s.files, run2)
			s.files[over] = s.gappy()
			s.seal()
		}, Incomplete, over, "no gap is declared"},
		{"a gap declared for a part of the hole", func(s *session) {
			*s = *plain(s.t, id)
			s.s.Runs = s.s.Runs[:2]
			delete(s.files, run2)
			s.files[over] = s.gappy()
			s.s.Runs[1].Gaps = []seal.Gap{{Track: -1, Cause: "loss", From: instant(3 * time.Second), To: instant(3500 * time.Millisecond)}}
			s.seal()
		}, Incomplete, over, "1.5s of that are in no declared gap"},
		{"another root, sealed anew", func(s *session) {
			s.s.Runs[0].Root[3]++
			s.seal()
		}, Altered, seg2, "has the root"},
		{"a checkpoint of another beginning, sealed anew", func(s *session) {
			tree := s.trees["room3/overview/run-0001"]
			s.reopen()
			forked := seal.Tree{}
			for range tree.Size() {
				forked.Add(seal.Hash{1})
			}
			s.trees["room3/overview/run-0001"], s.stated["room3/overview/run-0001"] = forked, 5
			s.checkpoint(2, 15*time.Second, s.key)
			s.seal()
		}, Altered, "journal-0002.jsonl", "had 6 fragments before"},
		{"a checkpoint that takes back a fragment, sealed anew", func(s *session) {
			s.reopen()
			var fewer seal.Tree
			for range 5 {
				fewer.Add(seal.Hash{1})
			}
			s.trees["room3/overview/run-0001"], s.stated["room3/overview/run-0001"] = fewer, 0
			s.checkpoint(2, 15*time.Second, s.key)
			s.seal()
		}, Altered, "journal-0002.jsonl", "had 6 fragments before and has 5"},
		{"a run cut back to before a checkpoint, sealed anew", func(s *session) {
			tree := s.trees["room3/overview/run-0001"]
			tree.Add(seal.Hash{1})
			s.reopen()
			s.trees["room3/overview/run-0001"] = tree
			s.checkpoint(2, 15*time.Second, s.key)
			s.seal()
		}, Altered, "journal-0002.jsonl", "the checkpoint states 7 fragments of room3/overview/run-0001, the seal only 6"},
		{"a checkpoint edited, chained and sealed anew", func(s *session) {
			s.reopen()
			l := s.last(2)
			s.reopen()
			data := bytes.Replace(l.Data, []byte("run-0002 5"), []byte("run-0002 4"), 1)
			s.lineAt(2, journal.Entry{Type: l.Type, Actor: l.Actor, Data: json.RawMessage(data)}, l.At())
			s.seal()
		}, Altered, "journal-0002.jsonl", "checkpoint: seal's signature is not by the expected key"},
		{"the seal removed and a tail cut off", func(s *session) {
			s.files[over] = s.files[over][:s.fragments[over][4]]
			delete(s.files, seal.FileName)
		}, Unsealed, "journal-0001.jsonl", "cut off: the checkpoint states 6 fragments of room3/overview/run-0001, 4 are here"},
		{"the seal removed and a run removed", func(s *session) {
			delete(s.files, run2)
			delete(s.files, seal.FileName)
		}, Unsealed, "journal-0002.jsonl", "cut off: the checkpoint states 5 fragments of room3/suspect/run-0002, 0 are here"},
		{"a checkpoint forked, without a seal", func(s *session) {
			s.reopen()
			s.reopen()
			var forked seal.Tree
			for range 5 {
				forked.Add(seal.Hash{1})
			}
			s.trees["room3/suspect/run-0002"], s.stated["room3/suspect/run-0002"] = forked, 0
			s.checkpoint(2, 14*time.Second, s.key)
			delete(s.files, seal.FileName)
		}, Altered, "journal-0002.jsonl", "the checkpoint states other fragments of room3/suspect/run-0002"},
		{"a checkpoint's line of another time", func(s *session) {
			s.reopen()
			l := s.last(2)
			s.reopen()
			s.lineAt(2, journal.Entry{Type: l.Type, Actor: l.Actor, Data: l.Data}, instant(15*time.Second))
			delete(s.files, seal.FileName)
		}, Altered, "journal-0002.jsonl", "it was signed for"},
		{"a checkpoint moved, chained anew", func(s *session) {
			s.reopen()
			l := s.last(2)
			s.reopen()
			s.line(2, journal.Entry{Type: "x", Actor: "y"})
			s.lineAt(2, journal.Entry{Type: l.Type, Actor: l.Actor, Data: l.Data}, l.At())
			delete(s.files, seal.FileName)
		}, Altered, "journal-0002.jsonl", "it was signed after line 4"},
	}
	for _, kind := range []string{"prft", "uuid", "moof", "mfhd", "traf", "tfhd", "tfdt", "trun", "mdat"} {
		cases = append(cases, tamper{"a byte in " + kind, func(s *session) { flip(s, seg1, inside(s, seg1, 1, kind)+5) }, Altered, seg1, ""})
		cases = append(cases, tamper{"a byte of the type of " + kind, func(s *session) { flip(s, seg1, inside(s, seg1, 1, kind)) }, Altered, seg1, ""})
	}
	for _, kind := range []string{"ftyp", "moov", "mvhd", "trak", "tkhd", "mdia", "mdhd", "hdlr", "stsd", "ulaw", "tx3g", "mvex", "trex", "uuid"} {
		cases = append(cases, tamper{"a byte in " + kind, func(s *session) { flip(s, seg1, bytes.Index(s.files[seg1], []byte(kind))+5) }, Altered, seg1, ""})
	}
	key := newKey(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := makeSession(t, id, key, true)
			c.do(s)
			dir := s.write()
			f := verified(t, s.trusted(), dir).Folders[0]
			require.Equal(t, c.want, f.Verdict, f.Findings)
			found := false
			for _, x := range f.Findings {
				found = found || x.File == c.file && strings.Contains(x.What, c.what)
			}
			require.True(t, found, "%v", f.Findings)
		})
	}
}

// gappy returns the overview's segment with a second missing that nothing declares.
func (s *session) gappy() []byte {
	other := &session{t: s.t, id: s.id, files: map[string][]byte{}, fragments: map[string][]int{}, first: s.first}
	other.run("overview", 1, 0, "closing", 3)
	data := other.files[over]
	later := &session{t: s.t, id: s.id, files: map[string][]byte{}, fragments: map[string][]int{}, first: s.first}
	later.skip(other, 3, 5*time.Second)
	s.s.Runs[1].Fragments, s.s.Runs[1].LastLeaf, s.s.Runs[1].Last = 4, later.s.Runs[0].LastLeaf, later.s.Runs[0].Last
	tree := other.trees["room3/overview/run-0001"]
	tree.Add(s.s.Runs[1].LastLeaf)
	s.s.Runs[1].Root = tree.Root()
	return append(data, later.files[over]...)
}

// Any changed bit in any file of a sealed session is detected.
func TestRandomFlips(t *testing.T) { flips(t, 6) }

// flips changes a thousand bits, one at a time, and has both verifiers look at each.
func flips(t *testing.T, seed uint64) {
	s := newSession(t, "20261122-140307-7f2k")
	const document = "after/transcript/ab.docx"
	s.files[document] = bytes.Repeat([]byte("a transcript "), 20)
	line, _, err := after.Next(after.Head{Hash: seal.SHA256(s.files[seal.FileName])}, after.Entry{
		Type: "transcript.attached", Actor: "officer:li", Data: map[string]any{"file": document, "sha256": seal.SHA256(s.files[document])},
	}, s.key)
	require.NoError(t, err)
	s.files[after.JournalName] = line
	stamp := s.stamp(tsatest.New(t, "Site time"))
	dir := s.write()
	require.Equal(t, StampUnchecked, verified(t, Options{}, dir).Folders[0].Timestamps[0].Status)
	random := rand.New(rand.NewPCG(5, seed))
	all := paths(t, dir)
	for range 1000 {
		file := all[random.IntN(len(all))]
		good, err := os.ReadFile(file)
		require.NoError(t, err)
		bad := bytes.Clone(good)
		at := random.IntN(len(bad))
		bad[at] ^= 1 << random.IntN(8)
		require.NoError(t, os.WriteFile(file, bad, 0o600))
		r := verified(t, Options{}, dir)
		require.Equal(t, 1, r.ExitCode(), "%s byte %d: %v", file, at, r.Folders[0].Verdict)
		f := &r.Folders[0]
		name, err := filepath.Rel(dir, file)
		require.NoError(t, err)
		findings := f.Findings
		if f.After != nil {
			findings = slices.Concat(findings, f.After.Findings)
		}
		require.True(t, slices.ContainsFunc(findings, func(x Finding) bool { return x.File == name }), "%s byte %d: %v", file, at, findings)
		if strings.Contains(file, "/after/") {
			require.Equal(t, Gaps, f.Verdict, "%s byte %d: the recording is what it was", file, at)
			require.NotEqual(t, Intact, f.After.Verdict, "%s byte %d", file, at)
			if name == stamp {
				require.Equal(t, StampWrong, f.Timestamps[0].Status, "%s byte %d", file, at)
			}
		} else {
			require.Equal(t, Altered, f.Verdict, "%s byte %d", file, at)
		}
		require.NoError(t, os.WriteFile(file, good, 0o600))
	}
	require.Equal(t, Gaps, verified(t, Options{}, dir).Folders[0].Verdict)
}

func TestAbandonedTail(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	tail := []byte("written but never acknowledged")
	for i := range s.s.Files {
		if s.s.Files[i].Path == seg2 {
			s.s.Files[i].Abandoned = []seal.Tail{{Volume: "vol-a", Size: int64(len(tail)), SHA256: seal.SHA256(tail)}}
		}
	}
	s.seal()
	require.Equal(t, Gaps, verified(t, s.trusted(), s.write()).Folders[0].Verdict, "another volume has no tail")
	s.files[seg2] = append(s.files[seg2], tail...)
	f := verified(t, s.trusted(), s.write()).Folders[0]
	require.Equal(t, Gaps, f.Verdict, f.Findings)
	s.files[seg2][len(s.files[seg2])-1]++
	require.Equal(t, Altered, verified(t, s.trusted(), s.write()).Folders[0].Verdict)
}

func TestCopies(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	whole := s.write()
	cut := s.write()
	require.NoError(t, os.Truncate(filepath.Join(cut, seg2), 900))
	require.NoError(t, os.Remove(filepath.Join(cut, run2)))
	r := verified(t, s.trusted(), whole, cut)
	require.Equal(t, Gaps, r.Folders[0].Verdict)
	require.Equal(t, Incomplete, r.Folders[1].Verdict)
	require.Len(t, r.Together, 1)
	require.Equal(t, Gaps, r.Together[0].Verdict, r.Together[0].Findings)
	require.Equal(t, 1, r.ExitCode(), "one copy is not what it should be")

	// Each lacks something else: together they are whole.
	half := s.write()
	require.NoError(t, os.Remove(filepath.Join(half, over)))
	r = verified(t, s.trusted(), half, cut)
	require.Equal(t, Gaps, r.Together[0].Verdict, r.Together[0].Findings)

	require.NoError(t, os.Truncate(filepath.Join(half, seg2), 900))
	r = verified(t, s.trusted(), half, cut)
	require.Equal(t, Incomplete, r.Together[0].Verdict)

	// The disk with the whole copy failed when it was to take the seal: what it holds counts all the same,
	// if it is what the seal of the other states.
	require.NoError(t, os.Remove(filepath.Join(whole, seal.FileName)))
	r = verified(t, s.trusted(), whole, cut)
	require.Equal(t, Unsealed, r.Folders[0].Verdict)
	require.Equal(t, Incomplete, r.Folders[1].Verdict)
	require.Equal(t, Gaps, r.Together[0].Verdict, r.Together[0].Findings)
	other := s.write()
	require.NoError(t, os.Remove(filepath.Join(other, seal.FileName)))
	changed, err := os.ReadFile(filepath.Join(other, run2))
	require.NoError(t, err)
	changed[len(changed)-1]++
	require.NoError(t, os.WriteFile(filepath.Join(other, run2), changed, 0o600))
	r = verified(t, s.trusted(), other, cut)
	require.NotEqual(t, Gaps, r.Together[0].Verdict, r.Together[0].Findings)

	// A fork: both go on differently from the same beginning, without a seal.
	require.NoError(t, os.Remove(filepath.Join(cut, seal.FileName)))
	r = verified(t, Options{}, whole, cut)
	require.Equal(t, Unsealed, r.Together[0].Verdict, r.Together[0].Findings)
	require.Equal(t, Unsealed, r.Folders[0].Verdict)
	b, err := os.ReadFile(filepath.Join(cut, "journal-0001.jsonl"))
	require.NoError(t, err)
	_, err = journal.Parse(b[:bytes.IndexByte(b, '\n')+1])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(cut, "journal-0001.jsonl"), append(b[:len(b)-9:len(b)-9], "????????\n"...), 0o600))
	r = verified(t, Options{}, whole, cut)
	require.Equal(t, Altered, r.Together[0].Verdict)
}

// A disk that failed while it synced may hold as many bytes as count, but others at the end. The copy that
// has them all is no altered one for being as long.
func TestPartAsLongAsTheWhole(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	whole := s.files[run2]
	failed := slices.Clone(whole)
	clear(failed[len(failed)-50:])
	head := len(failed) - 50
	for i := range s.s.Files {
		if f := &s.s.Files[i]; f.Path == run2 {
			f.Partial = []seal.Part{{Volume: "vol-b", Size: int64(head), SHA256: sha256.Sum256(failed[:head]), Rest: 50, RestSHA256: sha256.Sum256(failed[head:])}}
		}
	}
	note, err := seal.Sign(s.s, s.key)
	require.NoError(t, err)
	s.files[seal.FileName] = note
	requireVerdicts := func(data []byte, want Verdict) {
		t.Helper()
		s.files[run2] = data
		f := verified(t, s.trusted(), s.write()).Folders[0]
		require.Equal(t, want, f.Verdict, f.Findings)
	}
	requireVerdicts(whole, Gaps)
	requireVerdicts(failed, Incomplete)
	failed[len(failed)-1]++
	requireVerdicts(failed, Altered)
}

// Two disks that failed may hold as many bytes of a file, and others behind what counts. Either is as the seal lists it.
func TestPartsOfTheSameLength(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	whole := s.files[run2]
	head := len(whole) - 100
	parts := [][]byte{slices.Clone(whole[:head+50]), slices.Clone(whole[:head+50])}
	clear(parts[0][head:])
	for i := range s.s.Files {
		for k, b := range parts {
			if f := &s.s.Files[i]; f.Path == run2 {
				f.Partial = append(f.Partial, seal.Part{
					Volume: []string{"vol-b", "vol-c"}[k], Size: int64(head), SHA256: sha256.Sum256(b[:head]), Rest: 50, RestSHA256: sha256.Sum256(b[head:]),
				})
			}
		}
	}
	note, err := seal.Sign(s.s, s.key)
	require.NoError(t, err)
	s.files[seal.FileName] = note
	other := slices.Clone(parts[0])
	other[head]++
	for _, c := range []struct {
		data []byte
		want Verdict
	}{{parts[0], Incomplete}, {parts[1], Incomplete}, {other, Altered}} {
		s.files[run2] = c.data
		f := verified(t, s.trusted(), s.write()).Folders[0]
		require.Equal(t, c.want, f.Verdict, f.Findings)
	}
}

func TestUnknownVersion(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	note := bytes.Replace(s.files[seal.FileName], []byte("roomrec-seal/1"), []byte("roomrec-seal/2"), 1)
	s.files[seal.FileName] = note
	r := verified(t, Options{}, s.write())
	require.Equal(t, Altered, r.Folders[0].Verdict, "a changed version is damage: the signature is not right")

	text, _, _ := bytes.Cut(note, []byte("\n\n"))
	s.files[seal.FileName] = signAnything(t, s.key, append(text, '\n'))
	r = verified(t, Options{}, s.write())
	require.Equal(t, Unknown, r.Folders[0].Verdict)
	require.Equal(t, 2, r.ExitCode())

	s = newSession(t, "20261122-140307-7f2k")
	b := s.files[over]
	b[bytes.Index(b, []byte{0x40, 0xa7, 0xd3, 0x01})+4]++ // the version of the header's private box
	s.seal()
	r = verified(t, Options{}, s.write())
	require.Equal(t, Unknown, r.Folders[0].Verdict, r.Folders[0].Findings)
}

func TestAfterIsNotOfTheSeal(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	s.files["after/journal.jsonl"] = []byte("{}\n")
	require.Equal(t, Gaps, verified(t, Options{}, s.write()).Folders[0].Verdict)
	dir := s.write()
	require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(dir, "link")))
	require.Equal(t, Altered, verified(t, Options{}, dir).Folders[0].Verdict)
}

// Z38: what came after the seal is judged too, apart from what was recorded.
func TestZ38_AfterTheSeal(t *testing.T) {
	const document = "after/transcript/ab.docx"
	s := newSession(t, "20261122-140307-7f2k")
	paper := []byte("a transcript")
	var whole [][]byte
	head := after.Head{Hash: seal.SHA256(s.files[seal.FileName])}
	for _, e := range []after.Entry{
		{Type: "transcript.attached", Actor: "officer:li", Data: map[string]any{"file": document, "sha256": seal.SHA256(paper)}},
		{Type: "transcript.explained", Actor: "officer:li", Data: map[string]any{"text": "the wall clock was slow"}},
	} {
		raw, next, err := after.Next(head, e, s.key)
		require.NoError(t, err)
		whole, head = append(whole, raw), next
	}
	all := bytes.Join(whole, nil)
	for _, c := range []struct {
		name    string
		journal []byte
		files   map[string]string
		want    Verdict
		code    int
	}{
		{"as it was written", all, map[string]string{document: "a transcript"}, Intact, 0},
		{"the document changed", all, map[string]string{document: "another"}, Altered, 1},
		{"the document gone", all, nil, Incomplete, 1},
		{"a document that nobody signed for", all, map[string]string{document: "a transcript", "after/transcript/x.txt": "x"}, Unsealed, 1},
		{"a line changed", bytes.Replace(all, []byte("slow"), []byte("fast"), 1), map[string]string{document: "a transcript"}, Altered, 1},
		{"a line taken out", whole[1], nil, Altered, 1},
		{"a torn end", all[:len(all)-9], map[string]string{document: "a transcript"}, Incomplete, 1},
	} {
		s.files["after/journal.jsonl"] = c.journal
		dir := s.write()
		for name, text := range c.files {
			put(t, dir, name, []byte(text))
		}
		r := verified(t, s.trusted(), dir)
		require.Equal(t, Gaps, r.Folders[0].Verdict, "%s: the recording is what it was", c.name)
		require.NotNil(t, r.Folders[0].After, c.name)
		require.Equal(t, c.want, r.Folders[0].After.Verdict, "%s: %v", c.name, r.Folders[0].After.Findings)
		require.Equal(t, c.code, r.ExitCode(), c.name)
	}
	// Copies may differ by one having less; not otherwise.
	s.files["after/journal.jsonl"], s.files[document] = all, paper
	long := s.write()
	s.files["after/journal.jsonl"] = whole[0]
	r := verified(t, s.trusted(), long, s.write())
	require.Equal(t, Gaps, r.Together[0].Verdict, r.Together[0].Findings)
	fork, _, err := after.Next(after.Head{Seq: 1, Hash: seal.SHA256(whole[0])}, after.Entry{Type: "other", Actor: "officer:wu"}, s.key)
	require.NoError(t, err)
	s.files["after/journal.jsonl"] = append(bytes.Clone(whole[0]), fork...)
	r = verified(t, s.trusted(), long, s.write())
	require.Equal(t, Altered, r.Together[0].Verdict)
}

// A refused read says nothing of a session.
func TestRefusedRead(t *testing.T) {
	if os.Geteuid() == 0 {
		// Root is refused nothing by a file's mode; a folder in a file's place is refused to all.
		dir := newSession(t, "s").write()
		tr, err := list(dir)
		require.NoError(t, err)
		require.NoError(t, os.Remove(filepath.Join(dir, seg1)))
		require.NoError(t, os.Mkdir(filepath.Join(dir, seg1), 0o755))
		c := &check{ctx: context.Background(), tree: tr, meter: &meter{}, f: Folder{held: map[string]held{}}}
		require.Error(t, c.run())
		return
	}
	dir := newSession(t, "s").write()
	require.NoError(t, os.Chmod(filepath.Join(dir, seg1), 0))
	_, err := Folders(context.Background(), []string{dir}, Options{})
	require.ErrorIs(t, err, os.ErrPermission)
}

// A file that a disk does not give is incomplete there, and the rest is judged.
func TestFileThatADiskDoesNotGive(t *testing.T) {
	for _, name := range []string{seg1, "journal-0001.jsonl", "seal.note"} {
		dir := newSession(t, "s").write()
		tr, err := list(dir)
		require.NoError(t, err)
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
		require.NoError(t, os.Symlink("/proc/self/mem", filepath.Join(dir, name))) // which answers with EIO
		c := &check{ctx: context.Background(), tree: tr, meter: &meter{}, f: Folder{Verdict: Intact, held: map[string]held{}}}
		require.NoError(t, c.run())
		want := Incomplete
		if name == "seal.note" {
			want = Unsealed
		}
		require.Equal(t, want, c.f.Verdict, "%v", c.f.Findings)
		require.Equal(t, name, c.f.Findings[0].File)
		require.Contains(t, c.f.Findings[0].What, "cannot be read")
		require.NotContains(t, c.f.held, name)
	}
}

// So is what lies in a folder that a disk does not give.
func TestFolderThatADiskDoesNotGive(t *testing.T) {
	for _, sealed := range []bool{true, false} {
		s := newSession(t, "s")
		dir := s.write()
		room, _, _ := strings.Cut(seg1, "/")
		info, err := os.Stat(filepath.Join(dir, room))
		require.NoError(t, err)
		require.NoError(t, os.RemoveAll(filepath.Join(dir, room)))
		if !sealed {
			require.NoError(t, os.Remove(filepath.Join(dir, "seal.note")))
		}
		tr, err := list(dir)
		require.NoError(t, err)
		entry := fs.FileInfoToDirEntry(info)
		require.ErrorIs(t, tr.add(room, entry, fs.ErrPermission), fs.ErrPermission, "that says nothing")
		require.ErrorIs(t, tr.add(".", entry, syscall.EIO), syscall.EIO)
		require.NoError(t, tr.add(room, entry, syscall.EIO))
		c := &check{ctx: context.Background(), tree: tr, meter: &meter{}, f: Folder{Verdict: Intact, held: map[string]held{}}}
		require.NoError(t, c.run())
		want, file := Unsealed, room
		if sealed {
			want, file = Incomplete, seg1
		}
		require.Equal(t, want, c.f.Verdict, "%v", c.f.Findings)
		require.True(t, slices.ContainsFunc(c.f.Findings, func(f Finding) bool {
			return f.File == file && f.Verdict == Incomplete && strings.Contains(f.What, "cannot be read: input/output error")
		}), "%v", c.f.Findings)
	}
}

// BenchmarkFolders prints how fast a folder is judged; compare with sha256sum of the same files.
func BenchmarkFolders(b *testing.B) {
	s := newSession(b, "20261122-140307-7f2k")
	s.s.Runs, s.files = nil, map[string][]byte{"journal-0001.jsonl": s.files["journal-0001.jsonl"]}
	s.chain = journal.NewChain(journal.Head{})
	delete(s.files, "journal-0001.jsonl")
	s.line(1, journal.Entry{Type: "session.opened", Actor: "x"})
	s.first = seal.SHA256(s.files["journal-0001.jsonl"])
	s.payload = 100_000
	s.run("suspect", 1, 0, "closing", 120)
	s.seal()
	dir := s.write()
	size := int64(0)
	for _, f := range s.files {
		size += int64(len(f))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		r, err := Folders(context.Background(), []string{dir}, Options{})
		require.NoError(b, err)
		require.Equal(b, Intact, r.Folders[0].Verdict, r.Folders[0].Findings)
	}
}
