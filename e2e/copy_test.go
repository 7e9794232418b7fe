package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/playback/copies"
	"roomrec/rtsp/rtsptest"
)

// copyPatience is how long a copy of some seconds may take: it is made at the lowest priority.
const copyPatience = 5 * time.Minute

// TestZ33_CopyOfAnOriginal makes a copy of a recording with the program: by whose approval and why is on
// record on both disks before and after, the original stays what it was, and an altered one gives none.
func TestZ33_CopyOfAnOriginal(t *testing.T) {
	t.Parallel()
	cameras := serve(t, map[string]*rtsptest.Stream{"a": camera(), "b": camera()})
	state, one, two := t.TempDir(), t.TempDir(), t.TempDir()
	last := start(t, []string{
		"record", "--camera", "front=" + cameras.URL("a"), "--camera", "room=" + cameras.URL("b"), "--to", one, "--to", two, "--for", "3s", "--state-dir", state,
	}).sealed(0)
	require.Len(t, last.Folders, 2)
	before := tree(t, last.Folders[0])
	ask := []string{
		"copy", "--json", "--camera", "front", "--inset", "record/room", "--by", "0101", "--reason", "for the prosecution",
		"--approval", "county head, Li, 2026-17", "--also", last.Folders[1], "--state-dir", state,
	}
	p := start(t, append(ask, last.Folders[0]))
	require.Zero(t, p.code(copyPatience), p.err.String())
	var made copies.Copy
	require.NoError(t, json.Unmarshal([]byte(p.out.String()), &made))
	require.Equal(t, last.Seal, made.Seal)
	require.Equal(t, "copy, not an original", made.Copy)
	file := filepath.Join(one, "copies", last.Session, made.File)
	require.Positive(t, checkDecodes(t, file))
	require.NoDirExists(t, filepath.Join(two, "copies"))

	for _, dir := range last.Folders {
		now := tree(t, dir)
		journal := string(now["after/journal.jsonl"])
		require.Equal(t, 1, strings.Count(journal, `"type":"copy.requested"`))
		require.Equal(t, 1, strings.Count(journal, `"type":"copy.made"`))
		for _, words := range []string{"operator:0101", "for the prosecution", "county head, Li, 2026-17", made.SHA256} {
			require.Contains(t, journal, words)
		}
		if dir == last.Folders[0] {
			delete(now, "after/journal.jsonl")
			require.Equal(t, before, now, "nothing else of the original has changed")
		}
	}
	requireVerdict(t, 0, verify.Intact, last.Folders...)

	p = start(t, append(ask, last.Folders[0]))
	require.Equal(t, 1, p.code(copyPatience))
	require.Contains(t, p.err.String(), "there already")

	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no approval":      {[]string{"copy", "--camera", "front", "--reason", "x", last.Folders[0]}, 2, "--approval"},
		"no such camera":   {[]string{"copy", "--camera", "door", "--reason", "x", "--approval", "y", "--state-dir", state, last.Folders[0]}, 2, "record/front, record/room"},
		"no key to record": {[]string{"copy", "--camera", "front", "--reason", "x", "--approval", "y", "--state-dir", t.TempDir(), last.Folders[0]}, 2, "signed with the station's key"},
	} {
		p := start(t, c.args)
		require.Equal(t, c.code, p.code(copyPatience), name)
		require.Contains(t, p.err.String(), c.says, name)
	}

	segment := filepath.Join(last.Folders[1], "record/front/run-0001/0001.mp4")
	b, err := os.ReadFile(segment)
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(segment, b, 0o600))
	p = start(t, []string{"copy", "--camera", "front", "--reason", "x", "--approval", "y", "--state-dir", state, last.Folders[1]})
	require.Equal(t, 1, p.code(copyPatience))
	require.Contains(t, p.err.String(), "altered")
}
