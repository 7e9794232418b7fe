package config

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const minimal = `volumes:
  - path: /srv/a
rooms:
  - id: room3
    cameras:
      - id: suspect
        url: rtsp://192.0.2.31/main
`

func TestDefaultsFillIn(t *testing.T) {
	c, err := Parse("f", []byte(minimal))
	require.NoError(t, err)
	require.Equal(t, "/var/lib/roomrec", c.StateDir)
	require.Equal(t, Clock{Source: "ntp", Limit: time.Second, Poll: 64 * time.Second}, c.Clock)
	room := c.Rooms[0]
	require.Equal(t, Name{En: "room3", Zh: "room3"}, room.Name)
	require.Equal(t, "handling-area", room.Kind)
	require.Equal(t, 4*time.Hour, room.Planned)
	cam := room.Cameras[0]
	require.Equal(t, "tcp", cam.Transport)
	require.Equal(t, "offered", cam.Sound)
	require.Nil(t, cam.Live)
}

func TestTheLocalOfficerIsForThisMachineAlone(t *testing.T) {
	for text, want := range map[string]string{
		"listen: 0.0.0.0:443\nsign_in: local\n": "local officer",
		"tls: {cert_file: /a.pem}\n":            "belong together",
		"tls: {cert_file: a, key_file: /b}\n":   "not a whole path",
		"names: [Room_Rec]\n":                   "not a host name",
		"names: [\"roomrec.example:443\"]\n":    "not a host name",
		"sign_in: nobody\n":                     "people",
	} {
		_, err := Parse("f", []byte(text+minimal))
		require.ErrorContains(t, err, want, text)
	}
	_, err := Parse("f", []byte("listen: 0.0.0.0:443\nnames: [roomrec.station.example]\n"+minimal))
	require.NoError(t, err)
}

// TestZ5_CamerasAreRequiredUnlessTheFileSaysOtherwise: leaving cameras out of what is required takes a
// line of its own, and at least one stays.
func TestZ5_CamerasAreRequiredUnlessTheFileSaysOtherwise(t *testing.T) {
	c, err := Parse("f", []byte(minimal))
	require.NoError(t, err)
	require.True(t, c.Rooms[0].Cameras[0].Required)

	second := "      - {id: b, url: rtsp://192.0.2.32/, required: false}\n"
	c, err = Parse("f", []byte(minimal+second))
	require.NoError(t, err)
	require.False(t, c.Rooms[0].Cameras[1].Required)

	_, err = Parse("f", []byte(minimal+"        required: false\n"+second))
	require.ErrorContains(t, err, "no camera of this room is required")
}

// TestZ36_AnswersThisHostAloneUnlessToldOtherwise: without a line that says so nothing outside the
// host can reach it, and a line must name an address.
func TestZ36_AnswersThisHostAloneUnlessToldOtherwise(t *testing.T) {
	c, err := Parse("f", []byte(minimal))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8080", c.Listen)
	for _, listen := range []string{":8080", "8080", "*:8080", "localhost:8080", "panel.example:8080", ""} {
		_, err := Parse("f", []byte("listen: '"+listen+"'\n"+minimal))
		require.ErrorContains(t, err, "not an address to listen on", listen)
	}
}

// every sets every key there is.
const every = `site: {en: Site, zh-CN: 站点}
language: zh-CN
zone: Asia/Shanghai
listen: "[::1]:9000"
names: [roomrec.station.example]
tls: {cert_file: /etc/roomrec/cert.pem, key_file: /etc/roomrec/key.pem}
sign_in: local
sign_in_idle: 20m
state_dir: /var/lib/other
clock: {source: local, limit: 500ms, servers: [192.0.2.1, "ntp.example:1123"], poll: 16s}
volumes:
  - {id: a, path: /srv/a}
  - id: b
    path: /srv/b
rooms:
  - id: room3
    name: Room "3" \ 三
    kind: mobile
    planned: 2h
    sensor: {url: "http://192.0.2.40/readings", temperature: data.temp, humidity: data.1.hum}
    cameras:
      - id: suspect
        name: {zh-CN: 被讯问人}
        url: rtsps://192.0.2.31:322/main?channel=1
        onvif: 192.0.2.31:8000
        serial: DS-1
        mac: 00:11:22:33:44:55
        live: {url: "rtsps://192.0.2.31:322/sub"}
        transport: udp
        user: recorder
        password_env: ROOM3_PASSWORD
        tls:
          server_name: cam.example
          ca_file: /etc/ca.pem
          fingerprint: AA:bbccddeeff00112233445566778899aabbccddeeff00112233445566778899
        required: true
        sound: required
      - id: overview
        url: rtsp://[2001:db8::1]/x
        user: recorder
        password_file: /etc/roomrec/pw
        required: false
session: {planned: 3h, closing: 90s}
standing_copies: {rank: head of the county organ, name: "Li", document: 2026-17, beside: true}
faults:
  camera_lost: 1500ms
  audio_lost: 3s
  camera_loss_percent: 15
  camera_frozen_alarm: 8s
  camera_frozen: 25s
  camera_dark: 12s
  camera_moved: 1m
  camera_sync_alarm: 300ms
  camera_sync: 2s
  camera_sync_for: 4s
  camera_clock: 3s
  audio_dead_alarm: 20s
  audio_dead: 3m
  audio_low_dbfs: -45
  audio_range: 90s
  room_unopened: 2m
  stills: 10s
  storage_slow: 1s
  storage_hung: 4s
  storage_backlog: 6s
self_test: {daily: "06:45"}
policy:
  mandatory: [fraud, bribery]
  sample_percent: 8
transcripts: {watch_folder: /srv/transcripts}
seal: {algorithm: sm2, passphrase_file: /etc/roomrec/passphrase, timestamp: {url: "http://192.0.2.50/tsa", ca_file: /etc/roomrec/tsa.pem, timeout: 5s}, witness_files: [/etc/roomrec/prosecutor.pub]}
log: {level: debug, format: console}
`

func TestEveryKeyIsRead(t *testing.T) {
	c, err := Parse("f", []byte(every))
	require.NoError(t, err)
	// What equals the default proves nothing, so no value may.
	requireAllSet(t, "", reflect.ValueOf(c).Elem(), reflect.ValueOf(Default()).Elem())
	require.Equal(t, strings.Repeat("aabbccddeeff00112233445566778899", 2), c.Rooms[0].Cameras[0].TLS.Fingerprint)
	require.Equal(t, "被讯问人", c.Rooms[0].Cameras[0].Name.In("en"), "one language serves for both")
}

func requireAllSet(t *testing.T, path string, v, std reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if v.Field(i).Kind() == reflect.Struct && f.Type != nameType {
			requireAllSet(t, path+f.Name+".", v.Field(i), std.Field(i))
			continue
		}
		require.NotEqual(t, std.Field(i).Interface(), v.Field(i).Interface(), path+f.Name)
	}
}

func TestPrintedSettingsReadBackTheSame(t *testing.T) {
	for _, text := range []string{minimal, every} {
		c, err := Parse("f", []byte(text))
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, c.Print(&b))
		again, err := Parse("printed", b.Bytes())
		require.NoError(t, err, b.String())
		require.Equal(t, c, again)
	}
}

func TestSampleFileLoads(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "deploy", "roomrec.yaml"))
	require.NoError(t, err)
	dir := t.TempDir()
	for _, sub := range []string{"evidence-a", "evidence-b"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, sub), 0o750))
	}
	secret := filepath.Join(dir, "room3.password")
	require.NoError(t, os.WriteFile(secret, []byte("s3cr3t\n"), 0o600))
	here := strings.NewReplacer("/srv/", dir+"/", "/etc/roomrec/", dir+"/").Replace(string(text))
	path := filepath.Join(dir, "roomrec.yaml")
	require.NoError(t, os.WriteFile(path, []byte(here), 0o600))

	c, err := Load(path)
	require.NoError(t, err)
	require.Len(t, c.Volumes, 2)
	require.Equal(t, "三号讯问室", c.Rooms[0].Name.In("zh-CN"))
	password, err := c.Rooms[0].Cameras[0].ReadPassword()
	require.NoError(t, err)
	require.Equal(t, "s3cr3t", password)

	var printed bytes.Buffer
	require.NoError(t, c.Print(&printed))
	require.NotContains(t, printed.String(), "s3cr3t")
}

func TestZoneOfTheHostIsAKnownName(t *testing.T) {
	t.Setenv("TZ", "Asia/Shanghai")
	require.Equal(t, "Asia/Shanghai", Default().Zone)
	t.Setenv("TZ", ":Europe/Oslo")
	require.Equal(t, "Europe/Oslo", Default().Zone)
	t.Setenv("TZ", "nowhere/at-all")
	_, err := time.LoadLocation(Default().Zone)
	require.NoError(t, err)
}
