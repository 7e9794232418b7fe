package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/onvif"
	"roomrec/onvif/onviftest"
)

// command runs roomrec with arguments and an environment of one password.
func command(t *testing.T, args ...string) (code int, out, complaints string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(&env{ctx: t.Context(), stdout: &stdout, stderr: &stderr, getenv: func(name string) string {
		return map[string]string{"CAMERA_PASSWORD": "secret-7"}[name]
	}}, args)
	return code, stdout.String(), stderr.String()
}

func TestCameraCommands(t *testing.T) {
	d := &onviftest.Device{User: "recorder", Password: "secret-7", Auth: onviftest.Token, Offset: time.Hour, Clock: clock.NewSystem()}
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	host := strings.TrimPrefix(s.URL, "http://")
	state := t.TempDir()

	code, out, complaints := command(t, "camera", "info", "--user", "recorder", host)
	require.Zero(t, code, complaints)
	require.Contains(t, out, onviftest.Serial)
	require.Contains(t, out, "rtsp://127.0.0.1:8554/Streaming/Channels/101")
	require.Regexp(t, `clock +\+3[56]\d\d\.\d s`, out)
	require.Contains(t, out, "set its clock")
	require.NotContains(t, out+complaints, "secret-7")

	code, out, complaints = command(t, "camera", "set-time", "--json", "--state-dir", state, "--user", "recorder", host)
	require.Zero(t, code, complaints)
	var set map[string]float64
	require.NoError(t, json.Unmarshal([]byte(out), &set))
	require.InDelta(t, 3600, set["before_s"], 10)
	require.InDelta(t, 0, set["after_s"], 3)
	require.Contains(t, complaints, "time server")

	code, out, complaints = command(t, "camera", "set-text", "--state-dir", state, "--user", "recorder", host)
	require.Zero(t, code, complaints)
	require.Contains(t, out, "in the picture: DateAndTime yyyy-MM-dd HH:mm:ss UpperLeft")
	code, out, complaints = command(t, "camera", "set-ntp", "--state-dir", state, "--user", "recorder", "--server", "192.0.2.9", host)
	require.Zero(t, code, complaints)
	require.Equal(t, "the camera asks: 192.0.2.9\n", out)

	// What was set is on record with who did it: that it is asked for, and what came of it. Reading is not.
	code, _, complaints = command(t, "camera", "set-ntp", "--state-dir", state, "--user", "someone", "--server", "192.0.2.9", host)
	require.Equal(t, exitFailed, code)
	require.Contains(t, complaints, "refuses the user or the password")
	b, err := os.ReadFile(filepath.Join(state, devicesLog))
	require.NoError(t, err)
	require.NotContains(t, string(b), "secret-7")
	var lines []deviceSetting
	for line := range strings.Lines(string(b)) {
		var one deviceSetting
		require.NoError(t, json.Unmarshal([]byte(line), &one))
		require.Equal(t, host, one.Camera)
		require.NotEmpty(t, one.By)
		require.Positive(t, one.At)
		require.Equal(t, len(lines)%2 == 0, one.Asked)
		lines = append(lines, one)
	}
	require.Len(t, lines, 8)
	require.Regexp(t, `^\+3[56]\d\d\.\d s off$`, lines[0].Before)
	require.Equal(t, "time", lines[1].Set)
	require.Regexp(t, `^[+-][012]\.\d s off$`, lines[1].After)
	require.Contains(t, lines[3].After, "DateAndTime yyyy-MM-dd HH:mm:ss UpperLeft")
	require.Equal(t, "192.0.2.9", lines[4].Wanted)
	require.Equal(t, "192.0.2.9", lines[5].After)
	require.Contains(t, lines[7].Problem, "refuses the user or the password")
	require.Empty(t, lines[7].After)
	// Where the record cannot be kept nothing is set; a machine that has none says so.
	d.Offset = time.Hour
	require.NoError(t, os.Remove(filepath.Join(state, devicesLog)))
	require.NoError(t, os.Mkdir(filepath.Join(state, devicesLog), 0o700))
	code, _, complaints = command(t, "camera", "set-time", "--state-dir", state, "--user", "recorder", host)
	require.Equal(t, exitUsage, code)
	require.Contains(t, complaints, "put on record")
	require.Equal(t, time.Hour, d.Offset)
	code, _, complaints = command(t, "camera", "set-time", "--state-dir", filepath.Join(state, "none"), "--user", "recorder", host)
	require.Zero(t, code, complaints)
	require.Contains(t, complaints, "on no record")

	code, _, complaints = command(t, "camera", "info", "--user", "someone", host)
	require.Equal(t, exitFailed, code)
	require.Contains(t, complaints, "refuses the user or the password")
	code, _, complaints = command(t, "camera", "info", "no host")
	require.Equal(t, exitUsage, code)
	require.Contains(t, complaints, "not a host")
}

func TestDiscoverCommandFindsNone(t *testing.T) {
	code, out, complaints := command(t, "discover", "--json", "--for", "50ms", "--to", "127.0.0.1:9")
	require.Contains(t, []int{exitNo, exitFailed}, code, "nobody is there, or the host says so")
	if code == exitNo {
		require.JSONEq(t, "[]", out)
		require.Contains(t, complaints, "no device answered")
	}
	code, _, complaints = command(t, "discover", "--for", "2h")
	require.Equal(t, exitUsage, code)
	require.Contains(t, complaints, "at most 1m")
}

func TestAdvice(t *testing.T) {
	yes, no := true, false
	good := deviceInfo{
		Servers: []string{"192.0.2.1"}, ShowsTime: &yes,
		Streams: []streamInfo{{Profile: onvif.Profile{Name: "main", Sound: "G711", Interval: 50}}, {}},
	}
	require.Empty(t, advice(good, onvif.Clock{Offset: time.Second, Uncertainty: time.Second}))
	bad := deviceInfo{ShowsTime: &no, Streams: []streamInfo{{Profile: onvif.Profile{Name: "main", Interval: 250}}}}
	all := strings.Join(advice(bad, onvif.Clock{Offset: -4 * time.Second, Uncertainty: time.Second}), "\n")
	for _, say := range []string{"set its clock", "time server", "Z26", "sound on", "key-frame", "second, smaller"} {
		require.Contains(t, all, say)
	}
	require.Len(t, advice(bad, onvif.Clock{Offset: -4 * time.Second, Uncertainty: time.Second}), 6)
}
