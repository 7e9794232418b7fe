package e2e

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"roomrec/evidence/seal"
	"roomrec/rtsp/rtsptest"
)

// names returns the states of lines, in order.
func names(lines []stateLine) (all []string) {
	for _, l := range lines {
		all = append(all, l.State)
	}
	return all
}

// tree reads all files below a folder.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, relErr := filepath.Rel(dir, path)
		require.NoError(t, relErr)
		all[filepath.ToSlash(rel)] = b
		return err
	}))
	return all
}

// withoutSecret fails if the password is in what a program wrote or left behind, in any of its forms.
func withoutSecret(t *testing.T, p *program, dirs ...string) {
	t.Helper()
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), url.UserPassword("", secret).String()[1:], jsonForm(t, secret)}
	look := func(where string, b []byte) {
		for _, f := range forms {
			require.False(t, bytes.Contains(b, []byte(f)), "%s shows the password", where)
		}
	}
	look("standard output", []byte(p.out.String()))
	look("standard error", []byte(p.err.String()))
	for _, dir := range dirs {
		for name, b := range tree(t, dir) {
			look(name, b)
		}
	}
}

func jsonForm(t *testing.T, s string) string {
	b, err := json.Marshal(s)
	require.NoError(t, err)
	return strings.Trim(string(b), `"`)
}

// TestRecord makes one recording of two cameras on two volumes and looks at everything that it says
// and leaves behind.
func TestRecord(t *testing.T) {
	t.Parallel()
	cameras := serve(t, map[string]*rtsptest.Stream{"a": locked(camera()), "b": locked(camera())})
	one, two, acks, state := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "acks"), t.TempDir()
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte(secret+"\n"), 0o600))
	withUser := func(path string) string { return strings.Replace(cameras.URL(path), "rtsp://", "rtsp://admin@", 1) }
	done := took(t, "recording")
	p := start(t, []string{
		"record", "--camera", "cam-a=" + withUser("a"), "--camera", "b=" + withUser("b"), "--to", one, "--to", two,
		"--for", "4s", "--acks", acks, "--state-dir", state, "--password-file", password,
	}, with("CAM_A_PASSWORD="+secret))
	last := p.sealed(0)
	done()

	lines := states(t, p.out.String())
	require.Equal(t, []string{"Starting", "Standby", "Questioning", "Closing", "Sealed"}, names(lines))
	for _, l := range lines[1:] {
		require.Equal(t, lines[0].Session, l.Session)
		for _, name := range []string{"cam-a", "b"} {
			require.Equal(t, 2, l.Safe[name].Volumes)
			require.WithinDuration(t, l.At, l.Safe[name].Until, 6*time.Second)
		}
	}
	require.Len(t, last.Folders, 2)
	require.Zero(t, *last.Gaps)
	require.GreaterOrEqual(t, last.Safe["b"].Until.Sub(lines[1].Safe["b"].Until), 3*time.Second, "as long as was asked for")

	t.Run("copies", func(t *testing.T) {
		a, b := tree(t, last.Folders[0]), tree(t, last.Folders[1])
		require.Len(t, a, 4, "a journal, a segment for each camera, the seal")
		require.Equal(t, len(a), len(b))
		for name := range a {
			require.True(t, bytes.Equal(a[name], b[name]), name)
		}
	})
	t.Run("passwords", func(t *testing.T) { withoutSecret(t, p, one, two, state, filepath.Dir(acks), p.home) })
	t.Run("acknowledgements", func(t *testing.T) { checkAcks(t, acks, 2, one, two) })
	t.Run("pictures", func(t *testing.T) {
		for _, c := range []string{"cam-a", "b"} {
			for _, f := range segments(t, last.Folders[0], "record", c) {
				require.GreaterOrEqual(t, checkDecodes(t, f), 100)
				checkTimeText(t, f)
			}
		}
	})
	t.Run("verdict", func(t *testing.T) {
		requireWhole(t, last.Folders...)
	})
	t.Run("technical", func(t *testing.T) {
		require.Contains(t, string(tree(t, last.Folders[0])["seal.note"]), `"technical"`)
	})
}

// checkAcks holds every line of --acks to what the disks hold.
func checkAcks(t *testing.T, file string, volumes int, dirs ...string) {
	t.Helper()
	byID := make(map[string]string)
	for _, d := range dirs {
		var mark struct {
			ID string `json:"id"`
		}
		b, err := os.ReadFile(filepath.Join(d, "roomrec-volume.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &mark))
		byID[mark.ID] = d
	}
	require.Len(t, byID, volumes)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	type key struct{ volume, file string }
	ends := make(map[key]map[int64]string)
	total := 0
	for line := range strings.Lines(string(b)) {
		var a struct {
			Volume, File, Leaf string
			End                int64
			At                 time.Time
		}
		require.NoError(t, json.Unmarshal([]byte(line), &a), line)
		require.Contains(t, byID, a.Volume)
		require.False(t, a.At.IsZero())
		k := key{a.Volume, a.File}
		if ends[k] == nil {
			ends[k] = make(map[int64]string)
		}
		require.NotContains(t, ends[k], a.End, "acknowledged twice")
		ends[k][a.End] = a.Leaf
		total++
	}
	require.Positive(t, total)
	checked := 0
	for k, want := range ends {
		s := scan(t, filepath.Join(byID[k.volume], filepath.FromSlash(k.file)))
		require.Equal(t, s.Size, s.Whole)
		require.Len(t, want, len(s.Fragments), "as many acknowledgements as fragments in %s", k.file)
		for _, f := range s.Fragments {
			require.Equal(t, hex.EncodeToString(f.Leaf[:]), want[f.Offset+f.Size], "leaf of what ends at %d of %s", f.Offset+f.Size, k.file)
			checked++
		}
	}
	t.Logf("%d acknowledgements checked", checked)
	require.Equal(t, total, checked)
}

// TestRecordEndsBySignal: either signal seals and exits 0, without --for.
func TestRecordEndsBySignal(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			cameras := serve(t, map[string]*rtsptest.Stream{"a": camera()})
			p := start(t, []string{"record", "--camera", "a=" + cameras.URL("a"), "--to", t.TempDir()})
			p.state("Questioning", patience)
			began := time.Now()
			p.signal(s)
			last := p.sealed(0)
			t.Logf("sealed %v after the signal", time.Since(began).Round(time.Millisecond))
			requireWhole(t, last.Folders...)
		})
	}
}

// TestRecordSecondSignal exits at once, although something holds the end up: nobody takes what it
// prints.
func TestRecordSecondSignal(t *testing.T) {
	t.Parallel()
	cameras := serve(t, map[string]*rtsptest.Stream{"a": camera()})
	to := t.TempDir()
	var pipe [2]int
	require.NoError(t, unix.Pipe2(pipe[:], unix.O_CLOEXEC))
	r, w := os.NewFile(uintptr(pipe[0]), "r"), os.NewFile(uintptr(pipe[1]), "w")
	defer func() { require.NoError(t, r.Close()) }()
	size, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096)
	require.NoError(t, err)
	_, err = w.Write(make([]byte, size)) // full
	require.NoError(t, err)
	p := start(t, []string{"record", "--camera", "a=" + cameras.URL("a"), "--to", to}, func(p *program) { p.cmd.Stdout = w })
	require.NoError(t, w.Close())
	require.Eventually(t, func() bool {
		all, err := filepath.Glob(filepath.Join(to, "*/*/*/*/record/a/run-0001/0001.mp4"))
		return err == nil && len(all) == 1
	}, patience, 20*time.Millisecond)
	p.signal(syscall.SIGINT)
	p.signal(syscall.SIGTERM) // not the same: two of one kind may become one
	began := time.Now()
	require.Equal(t, 3, p.code(patience))
	require.Less(t, time.Since(began), 20*time.Second)
	seals, err := filepath.Glob(filepath.Join(to, "*/*/*/*/seal.note"))
	require.NoError(t, err)
	require.Empty(t, seals)
}

// TestRecordLocksWhenACameraDies: it says so in time, goes on with the others, and exits 3 with what
// there is sealed.
func TestRecordLocksWhenACameraDies(t *testing.T) {
	t.Parallel()
	dying := camera()
	cameras := serve(t, map[string]*rtsptest.Stream{"a": camera(), "b": dying})
	acks := filepath.Join(t.TempDir(), "acks")
	to := t.TempDir()
	p := start(t, []string{
		"record", "--camera", "a=" + cameras.URL("a"), "--camera", "b=" + cameras.URL("b"), "--to", to, "--for", "9s", "--acks", acks,
	})
	p.state("Questioning", patience)
	dying.Silence(true)
	silent := time.Now()
	line := p.state("Locked", patience)
	seen := time.Since(silent)
	require.Contains(t, line.Faults, "camera.lost b")
	last := p.sealed(3)
	require.Equal(t, []string{"Starting", "Standby", "Questioning", "Locked", "Closing", "Sealed"}, slices.Compact(names(states(t, p.out.String()))))

	segmentsB := segments(t, last.Folders[0], "record", "b")
	s := scan(t, segmentsB[len(segmentsB)-1])
	lastGood := s.Fragments[len(s.Fragments)-1].End.Wall.Time()
	t.Logf("Locked %.2f s after the last picture, printed %.2f s after the camera fell silent", line.At.Sub(lastGood).Seconds(), seen.Seconds())
	require.Greater(t, line.At.Sub(lastGood), 1900*time.Millisecond, "not before the threshold")
	require.Less(t, line.At.Sub(lastGood), 2500*time.Millisecond+busy, "threshold plus half a second")
	// The other camera goes on until the end.
	require.Greater(t, last.Safe["a"].Until.Sub(line.At), time.Second)
	require.WithinDuration(t, last.At, last.Safe["a"].Until, 5*time.Second)
	for _, f := range segments(t, last.Folders[0], "record", "a") {
		checkDecodes(t, f)
	}
	checkAcks(t, acks, 1, to)
	requireVerdict(t, 0, "intact with declared gaps", last.Folders...)
}

// busy is what a machine with other work may add to a limit of time.
const busy = 3 * time.Second

// TestRecordRefusesBadUsage exits 2 with a sentence that says what is wrong, before anything is made.
func TestRecordRefusesBadUsage(t *testing.T) {
	t.Parallel()
	to := filepath.Join(t.TempDir(), "to")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	good := []string{"--camera", "a=rtsp://127.0.0.1/x", "--to", to}
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"no camera":            {[]string{"--to", to}, "--camera"},
		"no folder":            {[]string{"--camera", "a=rtsp://127.0.0.1/x"}, "--to"},
		"no name":              {[]string{"--camera", "rtsp://127.0.0.1/x", "--to", to}, "--camera"},
		"bad name":             {[]string{"--camera", "A_1=rtsp://127.0.0.1/x", "--to", to}, "a-z, 0-9"},
		"not RTSP":             {[]string{"--camera", "a=http://127.0.0.1/x", "--to", to}, "rtsp://"},
		"slash in a password":  {[]string{"--camera", "a=rtsp://u:" + secret + "@127.0.0.1/x", "--to", to}, "percent-encode"},
		"bad length":           {append(slices.Clone(good), "--for", "soon"), "--for"},
		"negative length":      {append(slices.Clone(good), "--for", "-3s"), "--for"},
		"bad transport":        {append(slices.Clone(good), "--transport", "pigeon"), "--transport"},
		"no such password":     {append(slices.Clone(good), "--password-file", to), "--password-file"},
		"a file as folder":     {[]string{"--camera", "a=rtsp://127.0.0.1/x", "--to", file}, "--to"},
		"unknown flag":         {append(slices.Clone(good), "--pause"), "--pause"},
		"the same folder":      {append(slices.Clone(good), "--to", to), "--to"},
		"acks in a bad folder": {append(slices.Clone(good), "--acks", file+"/acks"), "--acks"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, append([]string{"record", "--state-dir", t.TempDir()}, tc.args...))
			require.Equal(t, 2, p.code(patience))
			require.Empty(t, p.out.String())
			require.Contains(t, p.err.String(), tc.says)
			withoutSecret(t, p)
		})
	}
}

// Whatever is wrong with the key is said apart, with what to do, before anything is recorded, and no other key is
// made in its place.
func TestRecordSaysWhatIsWrongWithTheKey(t *testing.T) {
	t.Parallel()
	words := func(t *testing.T, text string) string {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "roomrec-seal.passphrase"), []byte(text+"\n"), 0o400))
		return dir
	}
	right := func() (string, error) { return "right", nil }
	for name, tc := range map[string]struct {
		options seal.KeyOptions
		change  func(t *testing.T, key string)
		words   string // that systemd hands over
		says    []string
	}{
		"readable by everyone": {
			change: func(t *testing.T, key string) { require.NoError(t, os.Chmod(key, 0o644)) },
			says:   []string{"private key is open to others", "0644", "chmod 600"},
		},
		"missing": {
			change: func(t *testing.T, key string) { require.NoError(t, os.Remove(key)) },
			says:   []string{"private key is missing", "restore it from its backup"},
		},
		"damaged": {
			change: func(t *testing.T, key string) { require.NoError(t, os.Truncate(key, 30)) },
			says:   []string{"damaged", "restore it from its backup"},
		},
		"wrong passphrase": {options: seal.KeyOptions{Passphrase: right}, words: "wrong", says: []string{"wrong passphrase", "not damaged"}},
		"no passphrase":    {options: seal.KeyOptions{Passphrase: right}, says: []string{"locked with a passphrase", "seal.passphrase_file"}},
	} {
		t.Run(name, func(t *testing.T) {
			state, to := t.TempDir(), filepath.Join(t.TempDir(), "to")
			key := filepath.Join(state, "seal.key")
			tc.options.Name = "roomrec"
			_, err := seal.OpenKeyWith(key, tc.options)
			require.NoError(t, err)
			if tc.change != nil {
				tc.change(t, key)
			}
			before := tree(t, state)
			var options []option
			if tc.words != "" {
				options = append(options, with("CREDENTIALS_DIRECTORY="+words(t, tc.words)))
			}
			p := start(t, []string{"record", "--state-dir", state, "--camera", "a=rtsp://127.0.0.1:1/x", "--to", to, "--for", "1s"}, options...)
			require.Equal(t, 2, p.code(patience), p.err.String())
			require.Empty(t, p.out.String(), "no state: nothing was recorded")
			for _, part := range tc.says {
				require.Contains(t, p.err.String(), part)
			}
			require.NotContains(t, p.err.String(), "right")
			after := tree(t, state)
			require.Equal(t, before["seal.key"], after["seal.key"])
			require.Equal(t, before["seal.key.pub"], after["seal.key.pub"])
		})
	}
}
