//go:build torture

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/onvif/onviftest"
	"roomrec/rtsp/rtsptest"
	"roomrec/rtsp/rtsptest/peers"
	"roomrec/session"
	"roomrec/session/table"
)

// guideBlocks are the blocks of commands of the operator's guide, in their order. Those without a language
// are for other hosts than the controller.
func guideBlocks(t *testing.T, page string) (all []string) {
	text := string(must(os.ReadFile("../docs/operator/" + page)))
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// machine is a clean Debian that was booted: systemd is its first process, it has its own processes, mounts
// and devices, the host's network, and no right to set the host's clock.
type machine struct {
	t     *testing.T
	root  string
	first string // id of its first process, as the host counts
}

// bootScript becomes the machine's first process. The cgroup in which it stands is the machine's root.
const bootScript = `set -e
root=$0
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for d in null zero full random urandom tty "$@"; do
	touch "$root/dev/$d" && mount --bind "/dev/$d" "$root/dev/$d"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs tmpfs "$root/run"
hostname site
cd "$root"
exec env -i container=roomrec PATH=/usr/sbin:/usr/bin:/sbin:/bin setpriv --bounding-set=-sys_time,-sys_boot,-sys_module chroot . /lib/systemd/systemd`

// boot boots a root; the devices named are those of the host.
func boot(t *testing.T, root string, devices ...string) *machine {
	t.Helper()
	tree := ""
	for line := range strings.Lines(string(must(os.ReadFile("/proc/mounts")))) {
		if f := strings.Fields(line); f[2] == "cgroup2" {
			tree = f[1]
		}
	}
	if tree == "" { // systemd needs one
		tree = t.TempDir()
		tool(t, "mount", "-t", "cgroup2", "cgroup2", tree)
		t.Cleanup(func() { tool(t, "umount", "-l", tree) })
	}
	group := filepath.Join(tree, "roomrec-"+strconv.Itoa(os.Getpid()))
	require.NoError(t, os.MkdirAll(group, 0o755))
	args := append([]string{
		"-c", `echo $$ >"$0/cgroup.procs"; exec unshare --mount --pid --fork --uts --ipc --cgroup --kill-child bash -c "$@"`,
		group, bootScript, root,
	}, devices...)
	cmd := exec.Command("bash", args...)
	var said output
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed at the end
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // with it goes all that runs in the machine
		<-ended
		// The kernel takes the last of its processes from the groups a moment later.
		for range 200 {
			if exec.Command("find", group, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+").Run() == nil {
				break
			}
			<-time.After(20 * time.Millisecond)
		}
	})
	m := &machine{t: t, root: root}
	deadline := time.Now().Add(2 * time.Minute)
	for {
		select {
		case <-ended:
			require.Fail(t, "the machine ended", said.String())
		case <-time.After(100 * time.Millisecond):
		}
		if m.first == "" {
			m.first = strings.TrimSpace(string(must(os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid)))))
			continue
		}
		_, out := m.run("", "systemctl is-system-running --wait")
		if up := strings.TrimSpace(out); up == "running" || up == "degraded" {
			return m
		}
		require.True(t, time.Now().Before(deadline), "the machine does not come up: %s%s", out, said.String())
	}
}

// run types commands on the machine as root, with what is typed when they ask; the first that fails ends them.
func (m *machine) run(typed, commands string) (code int, out string) {
	ctx, cancel := context.WithTimeout(m.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "nsenter", "-t", m.first, "-m", "-p", "-u", "-i", "-C", "-r", "-w",
		"env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TERM=dumb", "bash", "-ec", "cd /root\n"+commands)
	cmd.Stdin = strings.NewReader(typed)
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		require.NoError(m.t, err)
	}
	return cmd.ProcessState.ExitCode(), string(b)
}

func (m *machine) must(commands string) string {
	m.t.Helper()
	code, out := m.run("", commands)
	require.Zero(m.t, code, "%s\n%s", commands, out)
	return out
}

// reload changes the settings of the service that runs, by systemd: what is changed takes effect in the same
// process; what is wrong is refused, by systemctl before the service hears of it and by the service itself, and
// nothing changes.
func (m *machine) reload(s *site, settings string) {
	m.t.Helper()
	good := string(must(os.ReadFile(settings)))
	write := func(text string) { // its owner and mode stay
		m.t.Helper()
		f, err := os.OpenFile(settings, os.O_WRONLY|os.O_TRUNC, 0)
		require.NoError(m.t, err)
		_, err = f.WriteString(text)
		require.NoError(m.t, err)
		require.NoError(m.t, f.Close())
	}
	const who = "systemctl show --property MainPID,ActiveState,NRestarts roomrec"
	before := m.must(who)
	require.Contains(m.t, before, "ActiveState=active")
	require.Contains(m.t, good, "closing: 10s")
	write(strings.Replace(good, "closing: 10s", "closing: 11s", 1))
	m.must("systemctl reload roomrec")
	eleven := func(text string) bool { return strings.Contains(text, `"11s"`) }
	s.eventually("the changed setting", "/api/v1/station", eleven)

	write(strings.Replace(good, "closing: 10s", "closing: 12s\nno_such_key: 1", 1))
	code, out := m.run("", "systemctl reload roomrec")
	require.NotZero(m.t, code, out)
	m.must("systemctl kill --kill-who=main --signal=HUP roomrec")
	s.eventually("the refusal", "/metrics", func(text string) bool { return strings.Contains(text, "roomrec_settings_good 0\n") })
	require.Contains(m.t, m.must("journalctl --no-pager -u roomrec"), "no_such_key")
	s.eventually("the settings of before", "/api/v1/station", eleven)
	require.Equal(m.t, before, m.must(who), "the same process goes on")

	write(good)
	m.must("systemctl reload roomrec")
	s.eventually("the first settings", "/api/v1/station", func(text string) bool { return strings.Contains(text, `"10s"`) })
	s.until("a room that is fit", "room-1", 2*patience, func(r session.RoomView) bool { return r.Fit })
}

// ownFFmpeg puts this host's ffmpeg with its libraries into a root, where fetching Debian's would take minutes.
func ownFFmpeg(t *testing.T, root string) {
	t.Helper()
	program := strings.TrimSpace(string(tool(t, "which", "ffmpeg")))
	files := []string{program}
	loader := ""
	for _, m := range regexp.MustCompile(`(?m)(\S*/\S+) \(0x`).FindAllStringSubmatch(string(tool(t, "ldd", program)), -1) {
		files = append(files, m[1])
		if strings.Contains(m[1], "/ld-linux") {
			loader = filepath.Base(m[1])
		}
	}
	require.NotEmpty(t, loader)
	to := filepath.Join(root, "opt/ffmpeg")
	require.NoError(t, os.MkdirAll(to, 0o755))
	tool(t, "cp", append(append([]string{"-L"}, files...), to)...)
	script := fmt.Sprintf("#!/bin/sh\nexec /opt/ffmpeg/%s --library-path /opt/ffmpeg /opt/ffmpeg/ffmpeg \"$@\"\n", loader)
	require.NoError(t, os.WriteFile(filepath.Join(root, "usr/local/bin/ffmpeg"), []byte(script), 0o755))
}

// disk returns the name of a block device with an empty disk of its own.
func disk(t *testing.T, name string) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 32<<30)) // it holds nothing until something is written
	device := strings.TrimSpace(string(tool(t, "losetup", "--find", "--show", image)))
	t.Cleanup(func() { tool(t, "losetup", "--detach", device) })
	return strings.TrimPrefix(device, "/dev/")
}

// TestTortureTheGuideAsItStands: somebody new follows the operator's guide on a clean Debian, command by
// command: every block of it is typed in its order into a machine that was booted with systemd, and does what
// the guide says. What is put in place of the guide's examples stands in one table; beyond the guide the test
// only says yes where apt asks, allows for the host's clock, and lets sign in without a password.
func TestTortureTheGuideAsItStands(t *testing.T) {
	blocks := guideBlocks(t, "guide.md")
	require.Equal(t, blocks, guideBlocks(t, "guide.zh-CN.md"), "both languages have the same commands")
	done := took(t, "clean root")
	root := debian(t)
	done()
	for name, version := range map[string]string{"roomrec.deb": "v1.0.0", "roomrec-new.deb": "v1.1.0"} {
		cmd := exec.CommandContext(t.Context(), "../deploy/deb/build.sh", built, version, filepath.Join(root, "root", name))
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", text)
	}
	for _, dir := range []string{"media/safe", "media/stick", "srv/evidence-c"} { // mounted by whoever follows
		require.NoError(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	ownFFmpeg(t, root)
	disks := []string{disk(t, "b"), disk(t, "c")}

	// A camera with ONVIF, and a recorder that is a server no one here wrote.
	own, small := camera(), camera()
	for _, c := range []*rtsptest.Stream{own, small} {
		c.User, c.Password = "recorder", secret
	}
	cameras := serve(t, map[string]*rtsptest.Stream{"Streaming/Channels/101": own, "Streaming/Channels/102": small})
	_, port, _ := strings.Cut(cameras.Addr(), ":")
	device := &onviftest.Device{User: "recorder", Password: secret, Auth: onviftest.DigestMD5, Clock: clock.NewSystem(), Port: must(strconv.Atoi(port))}
	management := httptest.NewServer(device)
	t.Cleanup(management.Close)
	channel := peers.Pattern("h264", "aac", 640, 360)
	recorder, err := peers.GStreamer{
		Mounts: map[string]string{"Streaming/Channels/301": channel, "Streaming/Channels/302": channel},
		Shared: []string{"Streaming/Channels/301", "Streaming/Channels/302"}, Auth: "digest", User: "recorder", Password: secret,
	}.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(recorder.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	recorderHost := strings.TrimSuffix(strings.TrimPrefix(recorder.URL(""), "rtsp://"), "/")

	instead := []struct{ example, ours string }{
		{"/dev/sdb", "/dev/" + disks[0]},
		{"/dev/sdc", "/dev/" + disks[1]},
		{"apt install ./roomrec.deb ffmpeg chrony", "apt install -y --no-install-recommends ./roomrec.deb"}, // the other two are Debian's own, and take minutes to fetch
		{"apt install ./roomrec-new.deb", "apt install -y --no-install-recommends ./roomrec-new.deb"},
		{"apt remove", "apt remove -y"},
		{"--time-server 192.0.2.1 ", "--listen " + address + " "}, // no time server answers here; the port is one that is free
		{"192.0.2.31", strings.TrimPrefix(management.URL, "http://")},
		{"192.0.2.40", recorderHost},
	}
	all := strings.Join(blocks, "")
	for _, i := range instead {
		require.Contains(t, all, i.example, "the guide has it no more")
	}
	typed := map[string]string{"read -rsp": secret + "\n", "roomrec user add": "a long password\n"}

	done = took(t, "boot")
	m := boot(t, root, disks...)
	done()
	s := &site{t: t, base: "http://" + address, http: &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}}
	id := ""
	before := map[string]func(){
		"roomrec volume add": func() { id = s.begin("room-1") }, // a session runs, as where a room is locked
		"roomrec backup create": func() {
			s.do(id, session.Command{Name: session.ActEnd, Ending: table.Signed})
			s.inState("room-1", table.Sealed, 2*patience)
		},
		"roomrec backup restore": func() { // a new host: nothing is there
			m.must("systemctl disable --now roomrec; mkdir /root/old; mv /var/lib/roomrec /etc/roomrec/roomrec.yaml /root/old/")
		},
		"--no-install-recommends ./roomrec-new.deb": func() {
			running := s.begin("room-1")
			code, out := m.run("", "apt install -y ./roomrec-new.deb")
			require.NotZero(t, code, out)
			require.Contains(t, out, "a session runs in room-1")
			require.Contains(t, m.must("dpkg-query -W -f '${db:Status-Status} ${Version}' roomrec"), "installed 1.0.0")
			s.do(running, session.Command{Name: session.ActEnd, Ending: table.Signed})
			s.inState("room-1", table.Sealed, 2*patience)
		},
	}
	const hashes = "cd /srv; find evidence-? -type f | sort | xargs sha256sum"
	recordings := ""
	before["apt remove -y roomrec"] = func() {
		m.must("systemctl stop roomrec") // so that nothing more is written
		recordings = m.must(hashes)
		require.Contains(t, recordings, "seal.note")
	}
	settings := filepath.Join(root, "etc/roomrec/roomrec.yaml")
	after := map[string]func(out string){
		"roomrec setup": func(out string) {
			require.Contains(t, out, "change: switch on its on-screen date")
			b := must(os.ReadFile(settings))
			require.Contains(t, string(b), `serial: "`+onviftest.Serial+`"`)
			b = bytes.Replace(b, []byte("clock: {source: local}"), []byte("clock: {source: local, limit: 1m}\nsign_in: local\nsession: {closing: 10s}"), 1)
			f, err := os.OpenFile(settings, os.O_WRONLY|os.O_TRUNC, 0) // its owner and mode stay
			require.NoError(t, err)
			_, err = f.Write(b)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		},
		"roomrec config check": func(out string) { require.Contains(t, out, "1 rooms, 2 cameras, 2 volumes") },
		"systemctl status":     func(out string) { require.Contains(t, out, "active (running)") },
		"roomrec user add":     func(string) { require.Contains(t, m.must("roomrec user list"), "900001") },
		"roomrec self-test": func(out string) {
			require.Contains(t, out, "passed")
			m.reload(s, settings)
		},
		"roomrec camera info": func(string) { require.Contains(t, device.Calls(), "SetNTP") },
		"roomrec volume add":  func(out string) { require.Contains(t, out, "in use as volume") },
		"roomverify":          func(out string) { require.Contains(t, out, "INTACT") },
		"roomrec backup restore": func(string) {
			s.until("a room that is fit", "room-1", 2*patience, func(r session.RoomView) bool { return r.Fit })
		},
		"roomrec reindex": func(out string) { require.Contains(t, out, "1 sessions listed") },
		"./roomrec-new.deb": func(string) {
			require.Contains(t, m.must("dpkg-query -W -f '${Version}' roomrec"), "1.1.0")
			s.until("a room that is fit", "room-1", 2*patience, func(r session.RoomView) bool { return r.Fit })
		},
		"apt remove -y roomrec": func(string) {
			require.NoFileExists(t, filepath.Join(root, "usr/bin/roomrec"))
			require.Equal(t, recordings, m.must(hashes), "removal keeps every byte")
			m.must("test -f /var/lib/roomrec/seal.key -a -f /etc/roomrec/roomrec.yaml")
		},
	}
	met := map[string]bool{}
	for _, b := range blocks {
		for _, i := range instead {
			b = strings.ReplaceAll(b, i.example, i.ours)
		}
		stdin := ""
		for key, text := range typed {
			if strings.Contains(b, key) {
				stdin = text
			}
		}
		for key, do := range before {
			if strings.Contains(b, key) {
				met["before "+key] = true
				do()
			}
		}
		done := took(t, strings.SplitN(b, "\n", 2)[0])
		code, out := m.run(stdin, b)
		done()
		require.NotContains(t, out, secret)
		if code != 0 {
			t.Log(m.must("journalctl --no-pager -u roomrec | tail -50; true"))
		}
		require.Zero(t, code, "%s\n%s", b, out)
		for key, look := range after {
			if strings.Contains(b, key) {
				met["after "+key] = true
				look(out)
			}
		}
	}
	require.Len(t, met, len(before)+len(after), "each of the test's own steps had its block")
}
