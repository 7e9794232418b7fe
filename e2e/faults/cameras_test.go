package faults

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/faultdisk"
	"roomrec/rtsp/rtsptest"
)

// away is how long a required track may be missing before that locks (docs/design/faults.md).
const away = 2 * time.Second

// serve starts a camera server of the test's own.
func serve(t *testing.T, at string, streams map[string]*rtsptest.Stream, options ...rtsptest.Option) *rtsptest.Server {
	t.Helper()
	server, err := rtsptest.Serve(context.Background(), at, streams, options...)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return server
}

// volume returns a folder on a file system in memory: these tests are not about disks.
func volume(t *testing.T) string {
	t.Helper()
	dir := folder(t, "volume")
	faultdisk.Tmpfs(t, dir, 256<<20)
	return dir
}

// requireCameraLocks makes a camera called "bad" fail beside one that does not, and says that the session
// locks in time, that the survivor goes on without a hole, that what was acknowledged is there, and that
// the session is sealed with what is missing declared.
func requireCameraLocks(t *testing.T, r *recording, dir, code string, limit time.Duration, fail func()) {
	t.Helper()
	r.await("questioning", func(l line) bool { return l.State == "Questioning" })
	r.safe(2)
	stop := lagging(t)
	before := time.Now()
	fail()
	locked := r.locked(code)
	took := locked.Read.Sub(before)
	if heldUp := stop(); code == "camera.lost bad" {
		wasLate(t, cameraStalls, took-limit, heldUp)
	}
	measured(t, "%6d ms (%s)", took.Milliseconds(), code)
	require.Less(t, took, limit+toLocked)

	good := func() (n int) {
		for _, a := range r.acks() {
			if camera(a.File) == "good" {
				n++
			}
		}
		return n
	}
	had := good()
	r.eventually("the camera that works goes on, locked or not", func() bool { return good() >= had+3 })
	r.interrupt()
	require.Equal(t, 3, r.exit(), "it was locked")
	requireAcked(t, r.acks(), volumeID(t, dir), dir)
	requirePlayable(t, dir)
	exit, v := verdict(t, sessionIn(t, dir))
	require.Equal(t, 0, exit, "%+v", v.Findings)
	require.Equal(t, verify.Gaps, v.Verdict)
	for _, h := range v.Missing {
		require.NotEqual(t, "good", h.Camera, "the survivor lacks something: %s", h)
	}
	n := 0
	for _, name := range segments(t, dir) {
		if camera(filepath.ToSlash(name)) == "good" {
			n++
			require.Contains(t, name, "run-0001")
			requireNoHole(t, name)
		}
	}
	require.Equal(t, 1, n, "the survivor's segments")
}

func requireNoHole(t *testing.T, name string) {
	t.Helper()
	all := scan(t, name).Fragments
	for i := 1; i < len(all); i++ {
		require.Less(t, all[i].Start.Since(all[i-1].End), holeMost, "%s: fragment %d", name, all[i].Sequence)
	}
}

func TestCameraProcessKilled(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), cameraEnv+"=127.0.0.1:0")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close() // it may be gone
		_ = cmd.Wait()    // killed
	})
	at, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	dir := volume(t)
	r := record(t, options{to: []string{dir}, cameras: map[string]string{"bad": strings.TrimSpace(at), "good": cameras["room"]}})
	requireCameraLocks(t, r, dir, "camera.lost bad", away, func() { require.NoError(t, cmd.Process.Kill()) })
}

// The camera hangs: connections stay open, nothing comes.
func TestCameraHangs(t *testing.T) {
	t.Parallel()
	bad := newFront()
	server := serve(t, "127.0.0.1:0", map[string]*rtsptest.Stream{"bad": bad})
	dir := volume(t)
	r := record(t, options{to: []string{dir}, cameras: map[string]string{"bad": server.URL("bad"), "good": cameras["room"]}})
	requireCameraLocks(t, r, dir, "camera.lost bad", away, func() { bad.Silence(true) })
}

// One track of the camera stops, the other goes on: the picture is required.
func TestCameraPictureStops(t *testing.T) {
	t.Parallel()
	bad := newFront()
	server := serve(t, "127.0.0.1:0", map[string]*rtsptest.Stream{"bad": bad})
	dir := volume(t)
	r := record(t, options{to: []string{dir}, cameras: map[string]string{"bad": server.URL("bad"), "good": cameras["room"]}})
	requireCameraLocks(t, r, dir, "camera.lost bad", away, func() { bad.Freeze(0, true) })
}

// The password is changed and the camera restarts: it refuses.
func TestCameraRefuses(t *testing.T) {
	t.Parallel()
	bad := newFront()
	bad.User, bad.Password = "admin", "before"
	server := serve(t, "127.0.0.1:0", map[string]*rtsptest.Stream{"bad": bad})
	dir := volume(t)
	at := strings.Replace(server.URL("bad"), "rtsp://", "rtsp://admin:before@", 1)
	r := record(t, options{to: []string{dir}, cameras: map[string]string{"bad": at, "good": cameras["room"]}})
	requireCameraLocks(t, r, dir, "camera.refused bad", away, func() {
		bad.SetPassword("after")
		bad.Disconnect()
	})
	require.NotContains(t, r.logged(), "before", "the password reaches no log")
}

// sized returns a camera of 25 pictures a second with a key picture each second. A picture takes size
// bytes, a key picture three times as many; a packet takes 1,400 or so.
func sized(t *testing.T, size int) *rtsptest.Stream {
	t.Helper()
	script, err := rtsptest.NewScript(strings.Repeat("I"+strings.Repeat("P", 24), 200), size)
	require.NoError(t, err)
	return &rtsptest.Stream{Live: true, Seed: 7, Sources: []rtsptest.Source{script}}
}

// Pictures of two packets, as of a camera with half a megabit a second, and of fifteen, as of one with
// four megabits.
const (
	smallPicture = 2500
	largePicture = 20000
)

// Loss over UDP that leaves at least four fifths of the pictures: declared gaps and no lock. What that is
// in packets depends on how many of them a picture takes (docs/decisions/0009-lost-pictures.md).
func TestCameraLossThatIsDeclared(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		loss float64
	}{
		"5 % of a small picture's packets":        {smallPicture, 0.05}, // a tenth of the pictures
		"one in 500 of a large picture's packets": {largePicture, 0.002},
		"one in 200 of a large picture's packets": {largePicture, 0.005}, // 8 % of the pictures; most of the others refer to one
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := sized(t, c.size)
			server := serve(t, "127.0.0.1:0", map[string]*rtsptest.Stream{"bad": bad}, rtsptest.WithUDP(""))
			dir := volume(t)
			r := record(t, options{to: []string{dir}, cameras: map[string]string{"bad": server.URL("bad")}, args: []string{"--transport", "udp"}})
			r.await("questioning", func(l line) bool { return l.State == "Questioning" })
			bad.SetLoss(c.loss)
			<-time.After(12 * time.Second) // longer than the window over which loss is counted
			r.interrupt()
			require.Equal(t, 0, r.exit())
			r.neverLocked()
			requireAcked(t, r.acks(), volumeID(t, dir), dir)
			requirePlayable(t, dir)
			exit, v := verdict(t, sessionIn(t, dir))
			require.Equal(t, 0, exit, "%+v", v.Findings)
			require.Equal(t, verify.Gaps, v.Verdict)
			require.NotEmpty(t, v.Missing, "what was lost is declared")
			measured(t, "no lock; %d gaps declared", len(v.Missing))
		})
	}
}

// Loss of more than a fifth of the pictures locks: 30 % of the packets of any camera, 5 % of those of a
// camera whose pictures take fifteen, of which hardly half the pictures are there.
func TestCameraLossThatLocks(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		loss float64
	}{
		"30 % of a small picture's packets": {smallPicture, 0.30},
		"5 % of a large picture's packets":  {largePicture, 0.05},
		"30 % of a large picture's packets": {largePicture, 0.30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := sized(t, c.size)
			server := serve(t, "127.0.0.1:0", map[string]*rtsptest.Stream{"bad": bad, "good": sized(t, smallPicture)}, rtsptest.WithUDP(""))
			dir := volume(t)
			r := record(t, options{
				to: []string{dir}, cameras: map[string]string{"bad": server.URL("bad"), "good": server.URL("good")}, args: []string{"--transport", "udp"},
			})
			requireCameraLocks(t, r, dir, "camera.loss bad", 10*time.Second, func() { bad.SetLoss(c.loss) })
		})
	}
}

// The network drops packets without a word: the connection stays, nothing arrives, nothing is refused.
func TestCameraNetworkDrops(t *testing.T) {
	t.Parallel()
	outside, netns, _ := namespace(t)
	server := serve(t, net.JoinHostPort(outside, "0"), map[string]*rtsptest.Stream{"bad": newFront()})
	other := serve(t, net.JoinHostPort(outside, "0"), map[string]*rtsptest.Stream{"good": newRoom()})
	dir := volume(t)
	r := record(t, options{to: []string{dir}, netns: netns, cameras: map[string]string{"bad": server.URL("bad"), "good": other.URL("good")}})
	u, err := url.Parse(server.URL("bad"))
	require.NoError(t, err)
	requireCameraLocks(t, r, dir, "camera.lost bad", away, func() {
		in := []string{"netns", "exec", netns, "nft"}
		faultdisk.Run(t, "ip", append(in, "add", "rule", "inet", "faults", "in", "tcp", "sport", u.Port(), "drop")...)
	})
}

// A cable that carries less than the camera gives: over TCP nothing is lost but everything comes later
// and later, until the camera gives up the connection. Locked or declared, never silent.
func TestCameraBehindABottleneck(t *testing.T) {
	t.Parallel()
	faultdisk.Need(t, "tc", "iproute2")
	outside, netns, here := namespace(t)
	server := serve(t, net.JoinHostPort(outside, "0"), map[string]*rtsptest.Stream{"bad": newFront()})
	dir := volume(t)
	r := record(t, options{to: []string{dir}, netns: netns, cameras: map[string]string{"bad": server.URL("bad")}})
	r.await("questioning", func(l line) bool { return l.State == "Questioning" })
	r.safe(2)
	before := time.Now()
	// A fifth of what comes.
	faultdisk.Run(t, "tc", "qdisc", "add", "dev", here, "root", "tbf", "rate", "300kbit", "burst", "16kb", "latency", "50ms")
	locked := r.locked("camera.")
	measured(t, "%6d ms (%s)", locked.Read.Sub(before).Milliseconds(), strings.Join(locked.Faults, ", "))
	r.interrupt()
	require.Equal(t, 3, r.exit())
	requireAcked(t, r.acks(), volumeID(t, dir), dir)
	requirePlayable(t, dir)
	exit, v := verdict(t, sessionIn(t, dir))
	require.Equal(t, 0, exit, "%+v", v.Findings)
	require.Equal(t, verify.Gaps, v.Verdict)
}

// namespaces counts those of this process: the kernel takes its time to forget a cable, so that its name
// is not used again soon.
var namespaces atomic.Int64

// namespace makes a network namespace with one cable to this one, and a table to drop packets in. It
// returns the address and the name of this end.
func namespace(t *testing.T) (outside, netns, here string) {
	t.Helper()
	faultdisk.Require(t)
	faultdisk.Need(t, "ip", "iproute2")
	faultdisk.Need(t, "nft", "nftables")
	n, id := int(namespaces.Add(1))%64, os.Getpid()%10000
	netns = fmt.Sprintf("rrfaults%d-%d", id, n)
	here, there := fmt.Sprintf("rrf%d-%da", id, n), fmt.Sprintf("rrf%d-%db", id, n)
	outside = fmt.Sprintf("10.%d.%d.%d", 200+id/250%50, id%250, 4*n+1)
	inside := fmt.Sprintf("10.%d.%d.%d", 200+id/250%50, id%250, 4*n+2)
	faultdisk.Run(t, "ip", "netns", "add", netns)
	t.Cleanup(func() { faultdisk.Run(t, "ip", "netns", "delete", netns) }) // the cable goes with it
	for _, c := range []string{
		"ip link add " + here + " type veth peer name " + there + " netns " + netns,
		"ip address add " + outside + "/30 dev " + here,
		"ip link set " + here + " up",
		"ip -n " + netns + " address add " + inside + "/30 dev " + there,
		"ip -n " + netns + " link set " + there + " up",
		"ip -n " + netns + " link set lo up",
		"ip netns exec " + netns + " nft add table inet faults",
		"ip netns exec " + netns + " nft add chain inet faults in { type filter hook input priority 0 ; }",
	} {
		f := strings.Fields(c)
		faultdisk.Run(t, f[0], f[1:]...)
	}
	return outside, netns, here
}
