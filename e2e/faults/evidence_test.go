package faults

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/fragment"
	"roomrec/evidence/verify"
	"roomrec/faultdisk"
)

// volumeID returns the id that a folder was marked with.
func volumeID(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "roomrec-volume.json"))
	require.NoError(t, err)
	var m struct{ ID string }
	require.NoError(t, json.Unmarshal(b, &m))
	require.NotEmpty(t, m.ID)
	return m.ID
}

// scan reads a segment.
func scan(t *testing.T, name string) *fragment.Segment {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	info, err := f.Stat()
	require.NoError(t, err)
	seg, err := fragment.Scan(f, info.Size())
	require.NoError(t, err)
	return seg
}

// requireAcked says that everything that was acknowledged for a volume lies in the folder dir: every
// fragment, with its leaf, at the place where it was when it was acknowledged. It returns how many.
func requireAcked(t *testing.T, acks []ack, volume, dir string) int {
	t.Helper()
	lost, n := missing(t, acks, volume, dir)
	require.Empty(t, lost, "acknowledged, and not there")
	require.Positive(t, n, "nothing was acknowledged: nothing is proved")
	return n
}

// missing returns what was acknowledged for the volume and is not in dir, and how many there were.
func missing(t *testing.T, acks []ack, volume, dir string) (lost []ack, n int) {
	t.Helper()
	leaves := make(map[string]map[int64]string) // by file and end
	for _, a := range acks {
		if a.Volume != volume {
			continue
		}
		n++
		name := filepath.Join(dir, filepath.FromSlash(a.File))
		if leaves[a.File] == nil {
			leaves[a.File] = make(map[int64]string)
			_, err := os.Stat(name)
			if err == nil {
				for _, f := range scan(t, name).Fragments {
					leaves[a.File][f.Offset+f.Size] = hex.EncodeToString(f.Leaf[:])
				}
			} else {
				require.ErrorIs(t, err, fs.ErrNotExist)
			}
		}
		if leaves[a.File][a.End] != a.Leaf {
			lost = append(lost, a)
		}
	}
	return lost, n
}

// segments returns the segments under dir.
func segments(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".mp4") {
			names = append(names, name)
		}
		return err
	}))
	return names
}

// requirePlayable says that ffprobe reads every segment under dir that holds a whole fragment, and
// finds in it at least the pictures of all whole fragments. It returns how many segments.
//
// Of a file that was torn in the middle of a moof ffmpeg reads nothing at all, because it reads all of
// them first; it is given what is whole, as players in the page are.
func requirePlayable(t *testing.T, dir string) (n int) {
	t.Helper()
	faultdisk.Need(t, "ffprobe", "ffmpeg")
	for _, name := range segments(t, dir) {
		seg := scan(t, name)
		if len(seg.Fragments) == 0 {
			continue
		}
		n++
		pictures := 0
		for _, f := range seg.Fragments {
			pictures += f.Tracks[0].Samples
		}
		got, err := packets(name)
		if err != nil && seg.Torn != nil {
			t.Logf("torn after %d of %d bytes, and refused by ffprobe as it is: %v", seg.Whole, seg.Size, err)
			got, err = packets(fmt.Sprintf("subfile,,start,0,end,%d,,:%s", seg.Whole, name))
		}
		require.NoError(t, err)
		require.GreaterOrEqual(t, got, pictures, name)
	}
	require.Positive(t, n, "nothing to play under %s", dir)
	return n
}

// packets returns how many pictures ffprobe finds.
func packets(input string) (int, error) {
	var out, errs bytes.Buffer
	cmd := exec.Command("ffprobe", "-v", "error", "-select_streams", "v:0", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", input)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("ffprobe %s: %w: %s", input, err, errs.String())
	}
	return strconv.Atoi(strings.Trim(out.String(), "\n, "))
}

// sessionIn returns the one session's folder on a volume.
func sessionIn(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "2*", "*", "*", "*"))
	require.NoError(t, err)
	require.Len(t, found, 1, "sessions in %s", dir)
	return found[0]
}

// verdict runs `roomrec verify` on one session's folder.
func verdict(t *testing.T, dir string) (exit int, f verify.Folder) {
	t.Helper()
	cmd := exec.Command(program, "verify", "--json", dir)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	var r verify.Report
	require.NoError(t, json.Unmarshal(out, &r), "%s%s", out, errs.String())
	require.Len(t, r.Folders, 1)
	return cmd.ProcessState.ExitCode(), r.Folders[0]
}

// requireUnsealed says that verify calls the session unsealed and nothing worse, and names how much of
// each segment is whole.
func requireUnsealed(t *testing.T, dir string) {
	t.Helper()
	exit, f := verdict(t, dir)
	require.Equal(t, 1, exit)
	require.Equal(t, verify.Unsealed, f.Verdict, "%+v", f.Findings)
}

// describe logs what a session's segments hold.
func describe(t *testing.T, session string) {
	t.Helper()
	for _, name := range segments(t, session) {
		seg := scan(t, name)
		for _, f := range seg.Fragments {
			t.Logf("%s %d: %s to %s", name, f.Sequence, f.Start.Wall, f.End.Wall)
			for i, tr := range f.Tracks {
				t.Logf("   track %d: %d samples, decode %d, %d ticks, raw %d, first arrived %s", i, tr.Samples, tr.Decode, tr.Duration, tr.RawFirst, tr.Arrival.Wall)
			}
		}
	}
}
