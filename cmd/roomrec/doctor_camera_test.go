package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/onvif/onviftest"
)

// Z5: doctor says whether a camera is the device that the settings pin, and what to write where none is pinned.
func TestZ5_DoctorLooksAtTheDevices(t *testing.T) {
	d := &onviftest.Device{User: "recorder", Password: "secret-7", Auth: onviftest.Token, Clock: clock.NewSystem(), Hours: "HH:mm:ss"}
	served := httptest.NewServer(d)
	t.Cleanup(served.Close)
	host := strings.TrimPrefix(served.URL, "http://")
	nobody := httptest.NewServer(nil)
	away := strings.TrimPrefix(nobody.URL, "http://")
	nobody.Close() // nothing listens there any more
	for name, c := range map[string]struct {
		camera   config.Camera
		password string
		level    string
		says     string // of what was found and what to do
	}{
		"the one that is pinned":   {config.Camera{ONVIF: host, Serial: strings.ToLower(onviftest.Serial)}, "secret-7", levelGood, "the one that the settings say"},
		"another serial number":    {config.Camera{ONVIF: host, Serial: "DS-of-before"}, "secret-7", levelBad, `another than the settings say: serial number "` + onviftest.Serial + `", want "DS-of-before"`},
		"another MAC":              {config.Camera{ONVIF: host, MAC: "00:00:00:00:00:01"}, "secret-7", levelBad, "want 00:00:00:00:00:01"},
		"pinned, and silent":       {config.Camera{ONVIF: away, Serial: onviftest.Serial}, "secret-7", levelWarn, "cannot be asked: "},
		"pinned, and refused":      {config.Camera{ONVIF: host, Serial: onviftest.Serial}, "wrong-one", levelWarn, "cannot be asked: "},
		"not pinned":               {config.Camera{ONVIF: host}, "secret-7", levelWarn, `write into the settings onvif: "` + host + `", serial: "` + onviftest.Serial + `"`},
		"not pinned, and refused":  {config.Camera{ONVIF: host}, "wrong-one", levelWarn, "give its management this user and password"},
		"not pinned, and no ONVIF": {config.Camera{URL: "rtsp://" + away + "/one"}, "secret-7", levelWarn, "switch ONVIF on in it"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := &doctor{clock: clock.NewSystem()}
			c.camera.User = "recorder"
			doc.device(t.Context(), "camera room-1/front", c.camera, c.password)
			require.Len(t, doc.found, 1)
			got := doc.found[0]
			require.Equal(t, c.level, got.Level, "%+v", got)
			require.Equal(t, "camera room-1/front device", got.What)
			require.Contains(t, got.Found+" "+got.Do, c.says)
			require.NotContains(t, got.Found+got.Do, c.password)
			require.Equal(t, c.level == levelGood, got.Do == "", "who finds something wrong says what to do")
		})
	}
	for _, call := range d.Calls() {
		require.True(t, strings.HasPrefix(call, "Get"), "%s: doctor sets nothing", call)
	}
}

// The user under whom the service runs may lack what root has: doctor asks as that user, and names every file and
// folder that it cannot read or write, once.
func TestDoctorAsksAsTheServicesUser(t *testing.T) {
	require.Zero(t, os.Geteuid(), "only root can ask as another user: run the tests as root")
	service := owner{65534, 65534} // nobody, on every Linux
	dir := t.TempDir()
	// Whoever asks must be able to come here at all.
	for at := dir; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		require.NoError(t, os.Chmod(at, 0o755)) //nolint:gosec // a folder of this test
	}
	file := func(name string, mode os.FileMode) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, []byte("x\n"), 0o600))
		require.NoError(t, os.Chmod(p, mode))
		return p
	}
	folder := func(name string, own bool) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.Mkdir(p, 0o700))
		if own {
			require.NoError(t, os.Chown(p, service.uid, service.gid))
		}
		return p
	}
	open, shut := file("open", 0o644), file("shut", 0o600)
	mine, roots := folder("mine", true), folder("roots", false)
	look := func(settings, password, state, volume string) []diagnosis {
		two := []config.Camera{{ID: "front", PasswordFile: password}, {ID: "side", PasswordFile: password}}
		d := &doctor{cfg: &config.Config{StateDir: state, Volumes: []config.Volume{{Path: volume}}, Rooms: []config.Room{{ID: "room-1", Cameras: two}}}}
		d.allowed(t.Context(), settings, service)
		for _, f := range d.found {
			require.Equal(t, "permissions", f.What)
		}
		return d.found
	}
	all := look(open, open, mine, mine)
	require.Len(t, all, 1)
	require.Equal(t, levelGood, all[0].Level)

	all = look(open, shut, mine, roots)
	require.Len(t, all, 2, "a file that two cameras share is named once: %+v", all)
	require.Equal(t, levelBad, all[0].Level)
	require.Contains(t, all[0].Found, shut+": the user roomrec, under whom the service runs, cannot read it")
	require.Contains(t, all[0].Do, "chgrp roomrec and chmod 0640")
	require.Contains(t, all[1].Found, roots+": ")
	require.Contains(t, all[1].Found, "cannot write there")

	all = look(shut, open, roots, filepath.Join(dir, "none"))
	require.Len(t, all, 2, "a volume that is not there is said elsewhere: %+v", all)
	require.Contains(t, all[0].Found, shut)
	require.Contains(t, all[1].Found, roots)
}
