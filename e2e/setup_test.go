package e2e

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/onvif/onviftest"
	"roomrec/rtsp/rtsptest"
	"roomrec/session"
)

// TestSetup: from a camera by its management, one by its address and one that does not answer, setup writes
// settings with which the service runs, pins the device, and says what to change in each camera.
func TestSetup(t *testing.T) {
	t.Parallel()
	cameras := serve(t, map[string]*rtsptest.Stream{"Streaming/Channels/101": locked(camera()), "other": locked(camera()), "Streaming/Channels/301": locked(camera())})
	_, port, _ := strings.Cut(cameras.Addr(), ":")
	device := &onviftest.Device{User: "admin", Password: secret, Auth: onviftest.DigestMD5, Clock: clock.NewSystem(), Offset: -time.Hour, Port: must(strconv.Atoi(port))}
	management := httptest.NewServer(device)
	defer management.Close()
	dir := t.TempDir()
	password, config := filepath.Join(dir, "password"), filepath.Join(dir, "roomrec.yaml")
	require.NoError(t, os.WriteFile(password, []byte(secret+"\n"), 0o600))
	disks := []string{filepath.Join(dir, "disk-a"), filepath.Join(dir, "disk-b")}
	for _, d := range disks {
		require.NoError(t, os.Mkdir(d, 0o700))
	}
	host := strings.TrimPrefix(management.URL, "http://")
	args := []string{
		"setup", "--config", config, "--volume", disks[0], "--volume", disks[1], "--user", "admin", "--password-file", password, "--state-dir", filepath.Join(dir, "state"),
		"--device", "room-1/front=" + host, "--camera", "room-2/front=" + cameras.URL("other"), "--camera", "room-3/front=rtsp://127.0.0.1:1/none", "--camera", "room-4/front=hikvision://" + cameras.Addr() + "/3", "--listen", "127.0.0.1:0",
	}
	code, out, complaints := run(t, args)
	require.Equal(t, 1, code, out+complaints)
	require.Contains(t, complaints, "1 of 4 cameras cannot be used yet")
	for _, want := range []string{"room-3/front (rtsp://127.0.0.1:1/none): NOT USED", "nothing listens", "change: set its clock", "change: switch on its on-screen date", "change: switch ONVIF on, so that setup can pin the device"} {
		require.Contains(t, out, want)
	}
	text := string(must(os.ReadFile(config)))
	require.NotContains(t, out+complaints+text, secret)
	for _, want := range []string{`serial: "` + onviftest.Serial + `"`, `onvif: "` + host + `"`, "# change: set its clock", "#       - id: front", "sound: required", `vendor: "hikvision"`, "channel: 3 #"} {
		require.Contains(t, text, want)
	}
	code, _, complaints = run(t, args)
	require.Equal(t, 2, code)
	require.Contains(t, complaints, "nothing is overwritten")
	code, out, complaints = run(t, []string{"config", "check", "--config", config})
	require.Zero(t, code, complaints)
	require.Contains(t, out, "3 rooms, 3 cameras, 2 volumes")
	code, _, complaints = run(t, []string{"setup", "--config", config + "2", "--volume", disks[0], "--camera", "room-1/front=kodak://192.0.2.31/3"})
	require.Equal(t, 2, code)
	require.Contains(t, complaints, "hikvision, dahua")

	text = strings.Replace(text, "clock: {source: local}", "clock: {source: local, limit: 1m}\nsign_in: local", 1)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	s := open(t, []string{"serve", "--config", config})
	for _, room := range []string{"room-1", "room-2", "room-4"} {
		s.until("a room that is fit", room, patience, func(r session.RoomView) bool { return r.Fit })
	}
}

// TestSetupAsks: the same by questions; an empty answer takes what is proposed.
func TestSetupAsks(t *testing.T) {
	t.Parallel()
	cameras := serve(t, map[string]*rtsptest.Stream{"cam": locked(camera())})
	dir := t.TempDir()
	password, config, disk := filepath.Join(dir, "password"), filepath.Join(dir, "roomrec.yaml"), filepath.Join(dir, "disk")
	require.NoError(t, os.WriteFile(password, []byte(secret+"\n"), 0o600))
	require.NoError(t, os.Mkdir(disk, 0o700))
	answers := strings.Join([]string{disk, "admin", password, "", "Asia/Shanghai", "no", "room-7/front=" + cameras.URL("cam"), "", ""}, "\n")
	p := start(t, []string{"setup", "--ask", "--config", config}, func(p *program) { p.cmd.Stdin = strings.NewReader(answers) })
	require.Zero(t, p.code(patience))
	withoutSecret(t, p)
	require.Contains(t, p.out.String(), "room-7/front")
	require.Contains(t, string(must(os.ReadFile(config))), "Asia/Shanghai")
}

// TestSetupOfBrokenServers: forty cameras of which none does right do not hold a technician up.
func TestSetupOfBrokenServers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config, disk := filepath.Join(dir, "roomrec.yaml"), filepath.Join(dir, "disk")
	require.NoError(t, os.Mkdir(disk, 0o700))
	args := []string{"setup", "--config", config, "--volume", disk}
	all := brokenServers(t)
	for i, b := range all {
		address := b.listen(t)
		scheme := "rtsp"
		if b.tls != nil || b.secure {
			scheme = "rtsps"
		}
		id := strconv.Itoa(i)
		args = append(args, "--camera", "stream-"+id+"/front="+scheme+"://"+address+"/cam", "--device", "device-"+id+"/front="+address)
	}
	began := time.Now()
	p := start(t, args)
	peak := p.peak()
	require.Equal(t, 1, p.code(time.Minute))
	t.Logf("%d servers twice: %.1f s", len(all), time.Since(began).Seconds())
	require.Contains(t, p.err.String(), "no camera can be used yet")
	lines := 0
	for line := range strings.Lines(p.out.String()) {
		if !strings.Contains(line, "is written.") {
			lines++
			require.Contains(t, line, ": NOT USED: ")
			require.Less(t, len(line), 500)
			require.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f]`, line)
			t.Log(strings.TrimSpace(line))
		}
	}
	require.Equal(t, 2*len(all), lines, "one line for each")
	require.Less(t, time.Since(began), 40*time.Second)
	require.Less(t, <-peak, maxProbe, "KiB")
}
