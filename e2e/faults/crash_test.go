package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence"
	"roomrec/evidence/verify"
	volumes "roomrec/evidence/volume"
	"roomrec/faultdisk"
)

// kill starts a recording on two volumes, kills it after the delay, and looks at what is left.
func kill(t *testing.T, to []string, delay time.Duration) {
	t.Helper()
	r := record(t, options{to: to})
	r.await("begun", func(l line) bool { return l.State != "" })
	<-time.After(delay)
	require.NoError(t, r.cmd.Process.Kill())
	r.exit()
	acks := r.acks()
	for _, dir := range to {
		lost, _ := missing(t, acks, volumeID(t, dir), dir)
		require.Empty(t, lost, "acknowledged, and not there")
		requireCrashed(t, sessionIn(t, dir))
	}
	if len(acks) > 0 {
		requirePlayable(t, to[0])
		requirePlayable(t, to[1])
	}
	if len(segments(t, to[0])) == 0 || len(segments(t, to[1])) == 0 {
		return // killed before a file had a name
	}
	// The two are copies: neither contradicts the other.
	cmd := exec.Command(program, "verify", "--json", sessionIn(t, to[0]), sessionIn(t, to[1]))
	out, _ := cmd.Output() // its exit code is 1: unsealed
	var v verify.Report
	require.NoError(t, json.Unmarshal(out, &v))
	require.Len(t, v.Together, 1)
	require.Equal(t, verify.Unsealed, v.Together[0].Verdict, "%+v", v.Together[0])
	t.Logf("killed %v after it began: %d acknowledgements are there", delay.Round(time.Millisecond), len(acks))
}

// requireCrashed says that verify calls a session unsealed and nothing worse, and says of every file
// that has a torn end how much of it is whole.
func requireCrashed(t *testing.T, session string) {
	t.Helper()
	exit, f := verdict(t, session)
	require.Equal(t, 1, exit)
	if f.Verdict != verify.Unsealed {
		describe(t, session)
	}
	require.Equal(t, verify.Unsealed, f.Verdict, "%+v", f.Findings)
	whole := int64(0)
	for _, name := range segments(t, session) {
		seg := scan(t, name)
		whole += int64(len(seg.Fragments))
		if seg.Torn == nil {
			continue
		}
		at := slices.IndexFunc(f.Findings, func(x verify.Finding) bool { return filepath.Join(session, x.File) == name })
		require.GreaterOrEqual(t, at, 0, "%s is torn", name)
		require.Contains(t, f.Findings[at].What, fmt.Sprintf("the first %d of %d bytes, are whole", seg.Whole, seg.Size))
	}
	require.Equal(t, whole, f.Fragments, "verify counts the whole fragments")
}

// inMemory returns a folder on a file system of its own that no disk slows down.
func inMemory(t *testing.T, name string) string {
	t.Helper()
	dir := folder(t, name)
	faultdisk.Tmpfs(t, dir, 64<<20)
	return dir
}

// kill -9 in the middle of a recording; then one of the two disks does not give what it holds.
func TestKilled(t *testing.T) {
	t.Parallel()
	d := faultdisk.Start(t)
	to := []string{inMemory(t, "a"), d.Dir}
	kill(t, to, 2500*time.Millisecond)
	bad := volumeID(t, d.Dir)
	survey := func() *evidence.Found {
		t.Helper()
		var list []*volumes.Volume
		for _, dir := range to {
			v, err := openVolume(dir)
			require.NoError(t, err)
			list = append(list, v)
		}
		at, err := filepath.Rel(to[0], sessionIn(t, to[0]))
		require.NoError(t, err)
		found, err := evidence.Survey(t.Context(), filepath.ToSlash(at), list)
		require.NoError(t, err)
		return found
	}
	all := survey()
	require.NoError(t, all.Unread())
	require.NotZero(t, all.LastSafe)

	d.Fail(faultdisk.Fault{Call: faultdisk.Read, Name: "*.mp4", Err: syscall.EIO})
	found := survey()
	require.GreaterOrEqual(t, found.LastSafe.Wall, all.LastSafe.Wall, "the other disk has all of it, and may have more")
	require.NoError(t, found.Unread(), "the journal is there")
	require.True(t, slices.ContainsFunc(found.Files, func(f evidence.FoundFile) bool {
		return f.Volume == bad && strings.Contains(f.Why, "cannot be read") && f.Whole == 0
	}), "%+v", found.Files)
	exit, f := verdict(t, sessionIn(t, d.Dir))
	require.Equal(t, 1, exit)
	require.Equal(t, verify.Unsealed, f.Verdict, "%+v", f.Findings)
	require.True(t, slices.ContainsFunc(f.Findings, func(f verify.Finding) bool {
		return f.Verdict == verify.Incomplete && strings.Contains(f.What, "cannot be read")
	}), "%+v", f.Findings)

	d.Fail(faultdisk.Fault{Call: faultdisk.Read, Name: "journal-*.jsonl", Err: syscall.EIO})
	found = survey()
	// What the last moment wrote may be on one of them alone.
	require.NotEmpty(t, found.Lines)
	require.Equal(t, all.Lines[:len(found.Lines)], found.Lines)
	require.ErrorIs(t, found.Unread(), syscall.EIO)
	require.ErrorContains(t, found.Unread(), bad)
	d.Release()
}

func openVolume(dir string) (*volumes.Volume, error) {
	return volumes.Open(dir, volumes.Options{Clock: clock.NewSystem()})
}

// cutAt makes a copy of a disk as a power cut now would leave it, and checks it against what was
// acknowledged before. It returns what is missing of that, and by how much each camera's recording
// ends before the cut.
type cutResult struct {
	lost, acked int
	late        map[string]time.Duration
}

// rig is a real file system on a disk that keeps account of its flushes.
type rig struct {
	disk    *faultdisk.Disk
	kind    string
	dir     string
	options []string
}

func newRig(t *testing.T, kind string) *rig {
	t.Helper()
	g := &rig{disk: faultdisk.Start(t), kind: kind, dir: folder(t, "volume")}
	if kind == "xfs" {
		g.options = []string{"nouuid"} // a cut has the id of the disk that it is of
	}
	faultdisk.Mkfs(t, filepath.Join(g.disk.Backing, "image"), kind, imageSize(kind))
	faultdisk.Loop(t, filepath.Join(g.disk.Dir, "image"), g.dir, g.options...)
	return g
}

// cut lets the power fail now, in a copy, and lets the file system recover.
func (g *rig) cut(t *testing.T, r *recording, seed uint64, all bool) cutResult {
	t.Helper()
	before := r.acks() // what has been said until now must be there
	at := time.Now()
	to, again := filepath.Join(t.TempDir(), "cut"), folder(t, "again")
	g.disk.Cut(faultdisk.Cut{To: to, Seed: seed, All: all})
	faultdisk.Loop(t, filepath.Join(to, "image"), again, g.options...)
	defer func() {
		faultdisk.Unmount(t, again)
		require.NoError(t, os.RemoveAll(to))
	}()
	lost, n := missing(t, before, volumeID(t, g.dir), again)
	res := cutResult{lost: len(lost), acked: n, late: make(map[string]time.Duration)}
	if res.lost > 0 {
		return res
	}
	for _, name := range segments(t, again) {
		if seg := scan(t, name); len(seg.Fragments) > 0 {
			end := seg.Fragments[len(seg.Fragments)-1].End.Wall.Time()
			res.late[camera(filepath.ToSlash(name))] = at.Sub(end)
		}
	}
	if n > 0 {
		requirePlayable(t, again)
		requireCrashed(t, sessionIn(t, again))
	}
	return res
}

// powerCuts cuts the power of a recording at random moments.
func powerCuts(t *testing.T, kind string, seed uint64, cuts int) (late []time.Duration) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 3))
	g := newRig(t, kind)
	r := record(t, options{to: []string{g.dir}})
	r.await("begun", func(l line) bool { return l.State != "" })
	acked := 0
	for i := range cuts {
		// The first one early: files and folders have just been made.
		wait := time.Duration(rng.Int64N(int64(1500 * time.Millisecond)))
		<-time.After(wait)
		res := g.cut(t, r, seed*1000+uint64(i), i%5 == 4)
		require.Zero(t, res.lost, "of %d acknowledged fragments are not on the disk after cut %d of seed %d", res.acked, i, seed)
		acked = res.acked
		for cam, d := range res.late {
			if acked > 0 {
				late = append(late, d)
			}
			t.Logf("%s cut %d: %d acknowledged fragments are there, %s ends %v before", kind, i, acked, cam, d.Round(time.Millisecond))
		}
	}
	require.Positive(t, acked, "nothing was acknowledged: nothing is proved")
	return late
}

// What the design allows a power cut to cost each camera, and what a busy machine adds at most.
const (
	costs     = 2500 * time.Millisecond
	costsBusy = 4 * time.Second
)

func requireCheap(t *testing.T, late []time.Duration) {
	t.Helper()
	require.NotEmpty(t, late)
	slices.Sort(late)
	median, worst := late[len(late)/2], late[len(late)-1]
	measured(t, "a power cut cost %d ms, at most %d ms (%d cameras cut)", median.Milliseconds(), worst.Milliseconds(), len(late))
	require.LessOrEqual(t, median, costs)
	require.LessOrEqual(t, worst, costs+costsBusy)
}

func TestPowerCut(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			requireCheap(t, powerCuts(t, kind, 1, 3))
		})
	}
}

// The first control: on a disk that ignores flushes the same cuts lose what was acknowledged. If they
// did not, the tests above would prove nothing.
func TestPowerCutControlLyingDisk(t *testing.T) {
	t.Parallel()
	g := newRig(t, "ext4")
	g.disk.IgnoreSyncs()
	r := record(t, options{to: []string{g.dir}})
	r.await("begun", func(l line) bool { return l.State != "" })
	r.safe(2)
	res := g.cut(t, r, 1, true)
	require.Positive(t, res.acked)
	require.Positive(t, res.lost, "a disk that ignores flushes must lose something")
	measured(t, "lost %d of %d acknowledged fragments, as it must", res.lost, res.acked)
}

// The second control: so does a build of the program that never syncs, on an honest disk.
func TestPowerCutControlNoSync(t *testing.T) {
	t.Parallel()
	unsynced := filepath.Join(t.TempDir(), "roomrec")
	require.NoError(t, build(unsynced, "-overlay", withoutSync(t)))
	g := newRig(t, "ext4")
	r := record(t, options{program: unsynced, to: []string{g.dir}})
	r.await("begun", func(l line) bool { return l.State != "" })
	r.safe(2)
	res := g.cut(t, r, 1, true)
	require.Positive(t, res.acked)
	require.Positive(t, res.lost, "a program that never syncs must lose something")
	measured(t, "lost %d of %d acknowledged fragments, as it must", res.lost, res.acked)
}

// withoutSync returns an overlay for go build in which a volume's calls to sync do nothing.
func withoutSync(t *testing.T) string {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("..", "..", "evidence", "volume", "disk.go"))
	require.NoError(t, err)
	b, err := os.ReadFile(source)
	require.NoError(t, err)
	text := string(b)
	for call, instead := range map[string]string{
		"err := call(h.fd)": "err := error(nil)\n\t\t_ = call",
		"return f.Sync()":   "return nil",
		"err := unix.SyncFileRange(h.fd, 0, 0, unix.SYNC_FILE_RANGE_WRITE)": "err := error(nil)",
	} {
		require.Equal(t, 1, strings.Count(text, call), "%s: %s: this test must change with it", source, call)
		text = strings.Replace(text, call, instead, 1)
	}
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, "disk.go"), filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(changed, []byte(text), 0o644))
	b, err = json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, b, 0o644))
	return overlay
}

// An unsynced folder's name: what a real file system happens to save, the strict disk does not. The
// program itself syncs every name that leads to what it acknowledges.
func TestPowerCutOfNames(t *testing.T) {
	t.Parallel()
	d := faultdisk.Start(t)
	r := record(t, options{to: []string{d.Dir}})
	r.await("begun", func(l line) bool { return l.State != "" })
	r.safe(1)
	for seed := range uint64(3) {
		acks := r.acks()
		to := filepath.Join(t.TempDir(), "cut")
		d.Cut(faultdisk.Cut{To: to, Seed: seed, All: seed == 0})
		requireAcked(t, acks, volumeID(t, d.Dir), to)
		requireCrashed(t, sessionIn(t, to))
	}
	r.interrupt()
	require.Equal(t, 0, r.exit())
	to := filepath.Join(t.TempDir(), "cut")
	d.Cut(faultdisk.Cut{To: to, All: true})
	exit, v := verdict(t, sessionIn(t, to))
	require.Equal(t, 0, exit, "a session that is sealed stays sealed: %+v", v.Findings)
}
