//go:build torture

package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/rtsp/rtsptest/peers"
	"roomrec/session"
	"roomrec/session/table"
)

// cleanRoot is where a clean Debian is kept for the next run; make clean takes it away.
const cleanRoot = "../.cache/debian-systemd"

// debian returns a clean Debian in a folder of its own, made by debootstrap from the sources of this host: what
// Debian calls required, apt and systemd.
// Where no mirror can be reached the root is a layer over the running system, which is not clean: the log
// says which it was.
func debian(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	if _, err := os.Stat(cleanRoot + "/etc/debian_version"); err != nil {
		part := cleanRoot + ".part"
		require.NoError(t, os.RemoveAll(part))
		require.NoError(t, os.MkdirAll(filepath.Dir(part), 0o755))
		cmd := exec.CommandContext(t.Context(), "debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus", "bookworm", part, "http://deb.debian.org/debian")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Logf("no clean root: debootstrap: %v: %s", err, out)
			return layered(t)
		}
		require.NoError(t, os.Rename(part, cleanRoot))
	}
	tool(t, "cp", "-a", cleanRoot, root)
	t.Log("a clean root by debootstrap")
	return root
}

// layered returns the running system with a layer over it that takes all changes.
func layered(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	tool(t, "mount", "-t", "tmpfs", "tmpfs", dir)
	t.Cleanup(func() { tool(t, "umount", "-l", dir) })
	for _, d := range []string{"up", "work", "root"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, d), 0o755))
	}
	root := filepath.Join(dir, "root")
	tool(t, "mount", "-t", "overlay", "-o", "lowerdir=/,upperdir="+dir+"/up,workdir="+dir+"/work", "overlay", root)
	t.Cleanup(func() { tool(t, "umount", "-l", root) })
	return root
}

// inside is the command line that runs a program in the root as a user. The root becomes a mount of its
// own, with a /proc, that goes with the program; the command becomes the program, so that signals reach it.
func inside(root, user string, args ...string) []string {
	script := `mount --bind "$0" "$0" && mount --bind /proc "$0/proc" && exec chroot --userspec="$1" "$0" "${@:2}"`
	return append([]string{"unshare", "-m", "bash", "-c", script, root, user}, args...)
}

func chrooted(t *testing.T, root string, args ...string) (code int, out string) {
	t.Helper()
	line := inside(root, "root:root", args...)
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"}
	b, err := cmd.CombinedOutput()
	var exited *exec.ExitError
	if !errors.As(err, &exited) {
		require.NoError(t, err, "%s", b)
	}
	return cmd.ProcessState.ExitCode(), string(b)
}

// TestTortureInstall: the whole way of a technician on a clean Debian: the package installs, setup finds a
// server that no one here wrote, doctor is content with the disks, the service runs as its own user, a
// session is recorded and verified; an upgrade is refused while it runs and done after it; removal and
// purge leave every byte that was recorded.
func TestTortureInstall(t *testing.T) {
	done := took(t, "clean root")
	root := debian(t)
	done()
	for name, version := range map[string]string{"old.deb": "v1.0.0", "new.deb": "v1.1.0"} {
		cmd := exec.CommandContext(t.Context(), "../deploy/deb/build.sh", built, version, filepath.Join(root, name))
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", text)
	}
	in := func(want int, args ...string) string {
		t.Helper()
		code, out := chrooted(t, root, args...)
		require.Equal(t, want, code, "%v: %s", args, out)
		return out
	}
	require.Contains(t, in(0, "dpkg", "-i", "/old.deb"), "roomrec setup")
	in(0, "install", "-d", "-o", "roomrec", "-g", "roomrec", "-m", "0700", "/var/lib/roomrec")
	in(0, "install", "-d", "/srv/evidence-a", "/srv/evidence-b")

	server, err := peers.GStreamer{Mounts: map[string]string{"cam": peers.Pattern("h264", "aac", 640, 360)}, Shared: []string{"cam"}}.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(server.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	t.Log(in(0, "roomrec", "setup", "--volume", "/srv/evidence-a", "--volume", "/srv/evidence-b", "--camera", "room-1/front="+server.URL("cam"), "--listen", address))
	settings := filepath.Join(root, "etc/roomrec/roomrec.yaml")
	text := strings.Replace(string(must(os.ReadFile(settings))), "clock: {source: local}", "clock: {source: local, limit: 1m}\nsign_in: local", 1)
	text += "session: {closing: 10s}\n"
	f, err := os.OpenFile(settings, os.O_WRONLY|os.O_TRUNC, 0)
	require.NoError(t, err)
	_, err = fmt.Fprint(f, text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Contains(t, in(0, "roomrec", "config", "check"), "1 rooms, 1 cameras, 2 volumes")

	service := inside(root, "roomrec:roomrec", "/usr/bin/roomrec", "serve", "--config", "/etc/roomrec/roomrec.yaml")
	s := open(t, []string{"serve"}, func(p *program) {
		p.cmd.Path, p.cmd.Args = must(exec.LookPath(service[0])), service
		p.cmd.Env = append(p.cmd.Env, "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
	})
	doctor := in(0, "roomrec", "doctor", "--for", "1s", "--size", "2")
	require.Contains(t, doctor, "2 MiB written")
	require.Contains(t, doctor, "the service answers")
	t.Log(doctor)

	id := s.begin("room-1")
	refused := in(1, "dpkg", "-i", "/new.deb")
	require.Contains(t, refused, "a session runs in room-1")
	require.Contains(t, in(0, "dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "roomrec"), "installed 1.0.0")
	refused = in(1, "dpkg", "-r", "roomrec")
	require.Contains(t, refused, "refused, nothing was changed")
	s.inState("room-1", table.Questioning, patience)

	s.do(id, session.Command{Name: session.ActEnd, Ending: table.Signed})
	s.inState("room-1", table.Sealed, 2*patience)
	found, err := filepath.Glob(filepath.Join(root, "srv/evidence-*/*/*/*", id))
	require.NoError(t, err)
	require.Len(t, found, 2)
	for _, folder := range found {
		// The station's log has the seal a moment after the page says so.
		require.Eventually(t, func() bool {
			code, _ := chrooted(t, root, "roomverify", strings.TrimPrefix(folder, root))
			return code == 0
		}, patience, 200*time.Millisecond)
		in(0, "roomverify", strings.TrimPrefix(folder, root))
		code, out, complaints := run(t, []string{"verify", folder, "--json"})
		require.Zero(t, code, out+complaints)
		require.Contains(t, []string{string(verify.Intact), string(verify.Gaps)}, verdictOf(t, out))
	}
	before := []map[string][]byte{tree(t, found[0]), tree(t, found[1])}
	require.Contains(t, in(0, "dpkg", "-i", "/new.deb"), "upgraded from 1.0.0")
	require.Contains(t, in(0, "dpkg-query", "-W", "-f", "${Version}", "roomrec"), "1.1.0")
	require.NoError(t, s.p.cmd.Process.Signal(os.Interrupt))
	require.Zero(t, s.p.code(patience))
	in(0, "dpkg", "-r", "roomrec")
	in(0, "dpkg", "-P", "roomrec")
	require.NoFileExists(t, filepath.Join(root, "usr/bin/roomrec"))
	for i, folder := range found {
		require.Equal(t, before[i], tree(t, folder), "removal keeps every byte")
	}
	require.FileExists(t, filepath.Join(root, "var/lib/roomrec/seal.key"), "and the key")
}

// verdictOf returns the verdict of the one folder that was verified.
func verdictOf(t *testing.T, out string) string {
	t.Helper()
	_, rest, ok := strings.Cut(out, `"verdict":`)
	require.True(t, ok, out)
	parts := strings.SplitN(rest, `"`, 3)
	require.Len(t, parts, 3)
	return parts[1]
}
