package after

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

var sealed = seal.SHA256([]byte("a seal"))

func newKey(t testing.TB) seal.Key {
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "roomrec-test")
	require.NoError(t, err)
	return key
}

func written(t testing.TB, key seal.Key, n int) []byte {
	var b []byte
	head := Head{Hash: sealed}
	for i := range n {
		raw, next, err := Next(head, Entry{Type: "transcript.attached", Actor: "officer:li", Data: map[string]int{"n": i}, At: clock.Instant{Wall: clock.Wall(i)}}, key)
		require.NoError(t, err)
		b, head = append(b, raw...), next
	}
	return b
}

func TestReadFollowsTheSealAndTheChain(t *testing.T) {
	key := newKey(t)
	c := Read(written(t, key, 3), sealed, key.Verifier())
	require.NoError(t, c.Fault)
	require.Nil(t, c.Torn)
	require.Len(t, c.Lines, 3)
	require.EqualValues(t, 3, c.Head.Seq)
	require.Equal(t, sealed, c.Lines[0].Prev)

	require.ErrorIs(t, Read(written(t, key, 1), seal.SHA256([]byte("another")), key.Verifier()).Fault, ErrChain)
	require.ErrorIs(t, Read(written(t, key, 1), sealed, newKey(t).Verifier()).Fault, ErrSignature)
	require.ErrorIs(t, Read(written(t, key, 1), sealed).Fault, ErrSignature)
}

// Z38: no byte of what people said and added can be changed, no line taken out, none put in its place.
func TestZ38_EveryChangedByteOfTheAfterJournal(t *testing.T) {
	key := newKey(t)
	whole := written(t, key, 3)
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1
		c := Read(b, sealed, key.Verifier())
		require.True(t, c.Fault != nil || c.Torn != nil || i == len(whole)-1 && c.Open, "byte %d", i)
	}
	lines := bytes.SplitAfter(whole, []byte{'\n'})
	require.ErrorIs(t, Read(append(bytes.Clone(lines[0]), lines[2]...), sealed, key.Verifier()).Fault, ErrChain)
	require.ErrorIs(t, Read(append(bytes.Clone(lines[1]), lines[0]...), sealed, key.Verifier()).Fault, ErrChain)
}

func TestTornEnd(t *testing.T) {
	key := newKey(t)
	whole := written(t, key, 2)
	first := bytes.IndexByte(whole, '\n') + 1
	for cut := first + 1; cut < len(whole); cut++ {
		torn := Read(whole[:cut], sealed, key.Verifier())
		require.NoError(t, torn.Fault)
		if cut == len(whole)-1 {
			require.True(t, torn.Open, "only the newline is missing: the line counts")
			require.Len(t, torn.Lines, 2)
			continue
		}
		require.NotNil(t, torn.Torn, cut)
		require.Len(t, torn.Lines, 1)
	}
	// Two copies torn at different places: the lines that tell of both follow on each.
	var ends [2]Content
	for i, cut := range []int{first + 7, first + 90} {
		ends[i] = Read(whole[:cut], sealed, key.Verifier())
	}
	one, head, err := Next(ends[0].Head, Entry{Type: TypeTorn, Actor: "controller", Data: *ends[0].Torn}, key)
	require.NoError(t, err)
	two, head, err := Next(head, Entry{Type: TypeTorn, Actor: "controller", Data: *ends[1].Torn}, key)
	require.NoError(t, err)
	last, _, err := Next(head, Entry{Type: "other", Actor: "controller"}, key)
	require.NoError(t, err)
	for _, cut := range []int{first + 7, first + 90, first} {
		copied := bytes.Clone(whole[:cut])
		if cut > first {
			copied = append(copied, '\n')
		}
		got := Read(slices.Concat(copied, one, two, last), sealed, key.Verifier())
		require.NoError(t, got.Fault)
		require.Len(t, got.Lines, 4)
	}
	// A line that tells of it goes on; one that does not, or tells otherwise, does not.
	torn := Read(whole[:len(whole)-5], sealed, key.Verifier())
	for _, c := range []struct {
		data any
		typ  string
		good bool
	}{{*torn.Torn, TypeTorn, true}, {*torn.Torn, "other", false}, {Torn{Size: 1}, TypeTorn, false}} {
		raw, _, err := Next(torn.Head, Entry{Type: c.typ, Actor: "controller", Data: c.data}, key)
		require.NoError(t, err)
		got := Read(append(append(bytes.Clone(whole[:len(whole)-5]), '\n'), raw...), sealed, key.Verifier())
		require.Equal(t, c.good, got.Fault == nil, "%s %v: %v", c.typ, c.data, got.Fault)
	}
}

func TestAddAndPut(t *testing.T) {
	key, dir := newKey(t), t.TempDir()
	lines := bytes.SplitAfter(written(t, key, 2), []byte{'\n'})
	c, err := Load(dir, sealed, key.Verifier())
	require.NoError(t, err)
	require.Empty(t, c.Lines)
	require.NoError(t, Add(dir, c, lines[0]))
	require.Error(t, Add(dir, c, lines[1]), "the file has grown since it was read")
	c, err = Load(dir, sealed, key.Verifier())
	require.NoError(t, err)
	require.NoError(t, Add(dir, c, lines[1]))
	c, err = Load(dir, sealed, key.Verifier())
	require.NoError(t, err)
	require.NoError(t, c.Fault)
	require.Len(t, c.Lines, 2)

	require.NoError(t, Put(dir, "after/transcript/ab.docx", []byte("one")))
	require.NoError(t, Put(dir, "after/transcript/ab.docx", []byte("one")))
	require.ErrorIs(t, Put(dir, "after/transcript/ab.docx", []byte("two")), fs.ErrExist)
	for _, bad := range []string{"seal.note", "after", "after/../seal.note", "/etc/x", "after/a/b/c"} {
		require.Error(t, Put(dir, bad, []byte("x")), bad)
	}
	b, err := os.ReadFile(filepath.Join(dir, "after/transcript/ab.docx"))
	require.NoError(t, err)
	require.Equal(t, "one", string(b))
	require.Error(t, Add(filepath.Join(dir, "none"), Content{}, lines[0]), "no session's folder is made")
}

func TestLongest(t *testing.T) {
	key := newKey(t)
	long, short := Read(written(t, key, 3), sealed, key.Verifier()), Read(written(t, key, 1), sealed, key.Verifier())
	i, err := Longest([]Content{short, long, {}})
	require.NoError(t, err)
	require.Equal(t, 1, i)
	raw, _, err := Next(Head{Hash: sealed}, Entry{Type: "other", Actor: "officer:li"}, key)
	require.NoError(t, err)
	_, err = Longest([]Content{long, Read(raw, sealed, key.Verifier())})
	require.ErrorIs(t, err, ErrFork)
}

func FuzzRead(f *testing.F) {
	key := newKey(f)
	whole := written(f, key, 2)
	f.Add(whole)
	f.Add(whole[:len(whole)-9])
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// The committed journals are signed by keys that nobody has any more: each line's own is taken.
		own := ReadBy(data, sealed, func(l *Line) bool { return l.SignedBy(l.Key) })
		require.Equal(t, int64(len(data)), own.Size)
		if own.Fault == nil && own.Torn == nil {
			raw, _, err := Next(own.Head, Entry{Type: "x", Actor: "y"}, key)
			require.NoError(t, err)
			end := ""
			if own.Open {
				end = "\n"
			}
			more := ReadBy(slices.Concat(data, []byte(end), raw), sealed, func(l *Line) bool { return l.SignedBy(l.Key) })
			require.NoError(t, more.Fault, "what can be read can be gone on from")
			require.Len(t, more.Lines, len(own.Lines)+1)
		}
		c := Read(data, sealed, key.Verifier())
		require.Equal(t, len(c.Lines), len(c.Raw))
		for i := range c.Lines {
			require.True(t, c.Lines[i].SignedBy(key.Verifier()))
			again, err := Parse(c.Raw[i])
			require.NoError(t, err)
			require.Equal(t, c.Lines[i], *again)
		}
	})
}

// One line goes to every folder; one that lags gets what it lacks, one with a torn end tells of it, and one
// that refuses is named.
func TestAppend(t *testing.T) {
	key := newKey(t)
	lines := bytes.SplitAfter(written(t, key, 2), []byte{'\n'})
	whole, lags, torn := t.TempDir(), t.TempDir(), t.TempDir()
	gone := filepath.Join(t.TempDir(), "none")
	require.NoError(t, Add(whole, Content{}, append(bytes.Clone(lines[0]), lines[1]...)))
	require.NoError(t, Add(lags, Content{}, lines[0]))
	require.NoError(t, Add(torn, Content{}, append(bytes.Clone(lines[0]), lines[1][:20]...)))
	dirs := []string{lags, gone, torn, whole}
	load := func(dirs ...string) (out []Content) {
		for _, d := range dirs {
			c, err := Load(d, sealed, key.Verifier())
			require.NoError(t, err)
			require.NoError(t, c.Fault)
			out = append(out, c)
		}
		return out
	}
	failed, err := Append(dirs, load(dirs...), Entry{Type: "copy.made", Actor: "officer:li"}, "controller", key)
	require.NoError(t, err)
	for i, dir := range dirs {
		require.Equal(t, dir == gone, failed[i] != nil, dir)
	}
	got := load(lags, torn, whole)
	for _, c := range got {
		require.Equal(t, got[2].Head, c.Head)
		require.Len(t, c.Lines, 4)
		require.Equal(t, TypeTorn, c.Lines[2].Type)
		require.Equal(t, "copy.made", c.Lines[3].Type)
	}
	_, err = Append([]string{gone}, []Content{{Head: Head{Hash: sealed}}}, Entry{Type: "copy.made", Actor: "officer:li"}, "controller", key)
	require.ErrorIs(t, err, ErrNowhere)
	raw, _, err := Next(Head{Hash: sealed}, Entry{Type: "other", Actor: "officer:li"}, key)
	require.NoError(t, err)
	_, err = Append([]string{whole, lags}, []Content{load(whole)[0], Read(raw, sealed, key.Verifier())}, Entry{Type: "x", Actor: "officer:li"}, "controller", key)
	require.ErrorIs(t, err, ErrFork)
}

// A command and the service both read the journal and both write: whoever comes second writes nowhere, in
// whatever order it was given the folders, and the copies stay one journal.
func TestAppendBesideAnotherWriter(t *testing.T) {
	key := newKey(t)
	a, b := t.TempDir(), t.TempDir()
	dirs := []string{max(a, b), min(a, b)}
	load := func() (out []Content) {
		for _, d := range dirs {
			c, err := Load(d, sealed, key.Verifier())
			require.NoError(t, err)
			out = append(out, c)
		}
		return out
	}
	read := load()
	raw, _, err := Next(Head{Hash: sealed}, Entry{Type: "session.viewed", Actor: "officer:li"}, key)
	require.NoError(t, err)
	require.NoError(t, Add(dirs[1], read[1], raw)) // the other writer is half way
	failed, err := Append(dirs, read, Entry{Type: "copy.made", Actor: "officer:li"}, "controller", key)
	require.ErrorIs(t, err, ErrNowhere)
	for i := range dirs {
		require.ErrorIs(t, failed[i], ErrElsewhere)
	}
	require.NoError(t, Add(dirs[0], read[0], raw))
	_, err = Longest(load())
	require.NoError(t, err)
}
