// Package config owns the site's settings: one strict YAML file that says which rooms, cameras and
// volumes there are, and the few things a site may choose.
//
// [Load] promises that what it returns is complete and consistent: every key is known, every number
// in range, every id unique, every named folder there. What is wrong is reported all at once, each
// with file, line and column, what was expected and what to do. Secrets are never part of a Config:
// a camera names the file or the environment variable that holds its password, and
// [Camera.ReadPassword] reads it when it is needed. The keys are described for their users in
// docs/operator/config.md.
package config

import (
	"time"
	_ "time/tzdata" // zones are known on a host without the tzdata package too
)

// A Config says everything that a site sets. The tags are the keys of the file; "enum", "min" and
// "max" are checked when it is read.
type Config struct {
	// Site is the name that pages and records show for the whole place.
	Site Name `yaml:"site"`
	// Language is the language of pages before a person chooses.
	Language string `yaml:"language" enum:"en,zh-CN"`
	// Zone is the IANA name of the zone in which times are shown. Stored times are UTC.
	Zone string `yaml:"zone"`
	// Listen is the only address that answers: an IP address and a port.
	Listen string `yaml:"listen"`
	// Names are the host names under which the controller is reached, besides its address.
	Names []string `yaml:"names"`
	// TLS is the certificate to serve with. Without it one is made at the first start, where Listen is
	// not a loopback address.
	TLS *ServerTLS `yaml:"tls"`
	// SignIn is "people" where people sign in; "local" makes whoever sits at this machine the local
	// officer, for a trial, on a loopback address only.
	SignIn string `yaml:"sign_in" enum:"people,local"`
	// SignInIdle is after how long without a deed a person is asked again who they are. It ends no
	// recording. At a room's panel it is ten minutes at most, while no session of that person runs there.
	SignInIdle time.Duration `yaml:"sign_in_idle" min:"10s" max:"12h"`
	// StateDir holds the index, keys, locks and the spool, on the local system disk.
	StateDir string `yaml:"state_dir"`

	Clock   Clock    `yaml:"clock"`
	Volumes []Volume `yaml:"volumes"`
	Rooms   []Room   `yaml:"rooms"`
	Session Session  `yaml:"session"`
	// SelfTest says when rooms are tested.
	SelfTest SelfTest `yaml:"self_test"`
	// StandingCopies is the approval by which a viewing copy of every session is made; without it copies are
	// made on request alone (Z33).
	StandingCopies *Standing   `yaml:"standing_copies"`
	Faults         Faults      `yaml:"faults"`
	Policy         Policy      `yaml:"policy"`
	Transcripts    Transcripts `yaml:"transcripts"`
	Seal           Seal        `yaml:"seal"`
	Log            Log         `yaml:"log"`
}

// ServerTLS names the certificate that the pages are served with: PEM files.
type ServerTLS struct {
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

// Clock says what disciplines the host's clock.
type Clock struct {
	// Source is "ntp" where the site has a time server, "local" where it says that it has none.
	Source string `yaml:"source" enum:"ntp,local"`
	// Limit is the largest error that is trusted.
	Limit time.Duration `yaml:"limit" min:"10ms" max:"60s"`
	// Servers are the site's time servers, host or host:port, that the host's clock is compared with. They
	// set nothing: the host's NTP client does.
	Servers []string `yaml:"servers"`
	// Poll is how often they are asked.
	Poll time.Duration `yaml:"poll" min:"1s" max:"1h"`
}

// Volume is a folder that holds evidence. It must have been marked by `roomrec volume init`.
type Volume struct {
	// ID, if given, must be the one that the folder is marked with.
	ID string `yaml:"id"`
	// Path is the whole path of the folder, usually a mount point or a folder in one.
	Path string `yaml:"path"`
}

// Room is a place with named cameras and microphones.
type Room struct {
	ID   string `yaml:"id"`
	Name Name   `yaml:"name"`
	// Kind is "handling-area" for fixed equipment there, "mobile" for equipment that travels (Z22).
	Kind string `yaml:"kind" enum:"handling-area,mobile"`
	// Planned is the length of a session that the form proposes; 0 in the file means
	// [Session.Planned], which [Load] fills in.
	Planned time.Duration `yaml:"planned" min:"10m" max:"24h"`
	// Sensor, if given, measures temperature and humidity in the room.
	Sensor  *Sensor  `yaml:"sensor"`
	Cameras []Camera `yaml:"cameras"`
}

// Sensor says where JSON with a room's temperature and humidity is read: exactly one of File and URL.
type Sensor struct {
	File string `yaml:"file"`
	URL  string `yaml:"url"` // http or https, without user and password
	// Temperature and Humidity are where the numbers stand in the JSON, as in "data.temp": degrees Celsius
	// and percent relative humidity. [Load] fills in "temperature" and "humidity".
	Temperature string `yaml:"temperature"`
	Humidity    string `yaml:"humidity"`
}

// Camera is one stream that is recorded, and how to reach it.
type Camera struct {
	ID   string `yaml:"id"`
	Name Name   `yaml:"name"`
	// Vendor, Host and Channel name the streams where URL does not: see [Streams]. Channel is that of a
	// recorder (NVR), counted from 1 as it labels them; 0 is a camera by itself.
	Vendor  string `yaml:"vendor" enum:"hikvision,dahua,uniview,axis,hanwha,tiandy,generic"`
	Host    string `yaml:"host"`
	Channel int    `yaml:"channel" min:"0" max:"256"`
	// URL is the RTSP or RTSPS address of the stream to record, without user or password.
	URL string `yaml:"url"`
	// ONVIF, if given, is host or host:port of the camera's management, where its clock and what it writes
	// into its picture are read. Nothing is set there without a command.
	ONVIF string `yaml:"onvif"`
	// Serial and MAC pin the device: another one at this address is a fault. They need ONVIF, or a vendor and
	// host, whose management is then asked; either may be left out.
	Serial string `yaml:"serial"`
	MAC    string `yaml:"mac"`
	// Live, if given, is a second stream of the same camera for live pictures.
	Live *Live `yaml:"live"`
	// Transport is how packets travel. TCP loses none.
	Transport string `yaml:"transport" enum:"tcp,udp,multicast"`
	User      string `yaml:"user"`
	// PasswordFile and PasswordEnv name where the password is; at most one is given.
	PasswordFile string `yaml:"password_file"`
	PasswordEnv  string `yaml:"password_env"`
	// TLS says whom to believe at an rtsps address.
	TLS *TLS `yaml:"tls"`
	// Required cameras must be there when a session starts, and lock it when they fail (Z5).
	Required bool `yaml:"required"`
	// Sound is "required" where the camera must have sound when a session starts, "offered" where
	// sound is recorded, and watched, if the camera has it. There is no way to leave it out.
	Sound string `yaml:"sound" enum:"offered,required"`
}

// Live is a camera's second stream. It uses the camera's user, password, transport and TLS settings.
type Live struct {
	URL string `yaml:"url"`
}

// TLS says whom to believe at an rtsps address. Without it the host's own authorities are believed.
type TLS struct {
	// ServerName is the name that the certificate must carry, where it is not the address's host.
	ServerName string `yaml:"server_name"`
	// CAFile is a PEM file with the authority to believe instead of the host's own.
	CAFile string `yaml:"ca_file"`
	// Fingerprint is the SHA-256 of the only certificate to believe: 64 hexadecimal digits, lower
	// case, without colons after [Load].
	Fingerprint string `yaml:"fingerprint"`
}

// Session sets lengths that every room shares.
type Session struct {
	// Planned is the length for which space is asked before a session opens.
	Planned time.Duration `yaml:"planned" min:"10m" max:"24h"`
	// Closing is how long recording goes on after End.
	Closing time.Duration `yaml:"closing" min:"10s" max:"10m"`
}

// SelfTest says when rooms are tested (Z8).
type SelfTest struct {
	// Daily is when each room is tested for a minute, in Zone: hours and minutes, as in 05:30. A room in
	// which a session runs is tested when it has ended.
	Daily string `yaml:"daily"`
}

// Standing is a standing approval of viewing copies: whose it is, and its document's number.
type Standing struct {
	Rank     string `yaml:"rank"`
	Name     string `yaml:"name"`
	Document string `yaml:"document"`
	// Beside begins the copy while the session is still being recorded.
	Beside bool `yaml:"beside"`
}

// String is the approval as copies and journals name it.
func (s *Standing) String() string { return s.Rank + ", " + s.Name + ", " + s.Document }

// Faults sets when a fault is raised. Each default is chosen against false locks in a quiet room as
// much as against missed ones. The faults are described in docs/design/faults.md.
type Faults struct {
	// CameraLost is for how long a required track may give no unit.
	CameraLost time.Duration `yaml:"camera_lost" min:"500ms" max:"10s"`
	// AudioLost is for how long a required sound track may deliver nothing.
	AudioLost time.Duration `yaml:"audio_lost" min:"500ms" max:"10s"`
	// CameraLoss is the share of pictures, in percent of the last ten seconds, that did not arrive whole and locks.
	CameraLoss int `yaml:"camera_loss_percent" min:"1" max:"50"`
	// CameraFrozenAlarm and CameraFrozen are for how long the same picture may come before that is an
	// alarm, and before it locks.
	CameraFrozenAlarm time.Duration `yaml:"camera_frozen_alarm" min:"5s" max:"1m"`
	CameraFrozen      time.Duration `yaml:"camera_frozen" min:"10s" max:"5m"`
	// CameraDark is for how long the picture may be black or covered.
	CameraDark time.Duration `yaml:"camera_dark" min:"5s" max:"5m"`
	// CameraMoved is for how long the view may differ from the reference.
	CameraMoved time.Duration `yaml:"camera_moved" min:"10s" max:"10m"`
	// CameraSyncAlarm and CameraSync are how far sound and picture may be apart before that is an alarm,
	// and before it locks; CameraSyncFor is for how long that has to last.
	CameraSyncAlarm time.Duration `yaml:"camera_sync_alarm" min:"100ms" max:"1s"`
	CameraSync      time.Duration `yaml:"camera_sync" min:"400ms" max:"10s"`
	CameraSyncFor   time.Duration `yaml:"camera_sync_for" min:"1s" max:"1m"`
	// CameraClock is how far a camera's own clock may be off from the controller's.
	CameraClock time.Duration `yaml:"camera_clock" min:"500ms" max:"1m"`
	// AudioDeadAlarm and AudioDead are for how long the same sound may come before that is an alarm, and
	// before it locks.
	AudioDeadAlarm time.Duration `yaml:"audio_dead_alarm" min:"5s" max:"5m"`
	AudioDead      time.Duration `yaml:"audio_dead" min:"10s" max:"30m"`
	// AudioLow is the level of speech, in decibels below full scale, under which it is too low.
	AudioLow int `yaml:"audio_low_dbfs" min:"-70" max:"-30"`
	// AudioRange is for how long sound may be too low or distorted.
	AudioRange time.Duration `yaml:"audio_range" min:"20s" max:"5m"`
	// RoomUnopened is for how long there may be speech in a room without a session.
	RoomUnopened time.Duration `yaml:"room_unopened" min:"20s" max:"5m"`
	// Stills is how often a picture of each camera is decoded.
	Stills time.Duration `yaml:"stills" min:"2s" max:"1m"`
	// StorageSlow is how long a write or sync may take before that is an alarm.
	StorageSlow time.Duration `yaml:"storage_slow" min:"500ms" max:"30s"`
	// StorageHung is how long a write or sync may take before its volume leaves the set.
	StorageHung time.Duration `yaml:"storage_hung" min:"1s" max:"60s"`
	// StorageBacklog is how much recording may wait for a volume before it leaves the set.
	StorageBacklog time.Duration `yaml:"storage_backlog" min:"2s" max:"60s"`
}

// Policy tightens what the law asks. Nothing in it can loosen anything.
type Policy struct {
	// Mandatory lists further categories of cases whose interrogation must be recorded. The
	// program knows the names.
	Mandatory []string `yaml:"mandatory"`
	// Sample is the share of sealed sessions, in percent, in which a person says whether the signing can
	// be seen.
	Sample int `yaml:"sample_percent" min:"1" max:"100"`
}

// Transcripts says where written transcripts come from, besides the pages.
type Transcripts struct {
	// WatchFolder is a folder that IT drops transcripts into. It is only ever read. Empty: none.
	WatchFolder string `yaml:"watch_folder"`
}

// Seal says with what key recordings are sealed.
type Seal struct {
	// Algorithm is that of a key that the first start makes: "ed25519", "ecdsa-p256" (with SHA-256) or
	// "sm2" (with SM3). A key that is there keeps its own.
	Algorithm string `yaml:"algorithm" enum:"ed25519,ecdsa-p256,sm2"`
	// PassphraseFile holds in its first line the passphrase that the key is locked with. Empty: none.
	PassphraseFile string `yaml:"passphrase_file"`
	// Timestamp is the authority of the site that stamps seals after they were made; without it none does.
	Timestamp *Timestamp `yaml:"timestamp"`
	// WitnessFiles hold a public key each of those who sign the station's log as witnesses, so that the pages say who
	// saw a session in it and until when. Empty: none is known.
	WitnessFiles []string `yaml:"witness_files"`
}

// Timestamp is a time-stamping authority (RFC 3161) inside the site's network.
type Timestamp struct {
	URL string `yaml:"url"` // http or https, without user and password
	// CAFile holds the certificates, in PEM, of which one is its own or above it.
	CAFile string `yaml:"ca_file"`
	// Timeout is how long it may take to answer. [Load] fills in 10 s.
	Timeout time.Duration `yaml:"timeout" min:"1s" max:"1m"`
}

// Log says what the program writes about itself. Recordings and journals do not depend on it.
type Log struct {
	Level  string `yaml:"level" enum:"debug,info,warn,error"`
	Format string `yaml:"format" enum:"json,console"`
}

// Default returns the settings of a file that sets nothing: without rooms and volumes.
func Default() *Config {
	return &Config{
		Site:       Name{En: "roomrec", Zh: "roomrec"},
		Language:   "en",
		Zone:       hostZone(),
		Listen:     "127.0.0.1:8080",
		SignIn:     "people",
		SignInIdle: 30 * time.Minute,
		StateDir:   "/var/lib/roomrec",
		Policy:     Policy{Sample: 5},
		Clock:      Clock{Source: "ntp", Limit: time.Second, Poll: 64 * time.Second},
		Session:    Session{Planned: 4 * time.Hour, Closing: time.Minute},
		SelfTest:   SelfTest{Daily: "05:30"},
		Faults: Faults{
			CameraLost:     2 * time.Second,
			AudioLost:      2 * time.Second,
			CameraLoss:     20,
			StorageSlow:    2 * time.Second,
			StorageHung:    5 * time.Second,
			StorageBacklog: 8 * time.Second,

			CameraFrozenAlarm: 10 * time.Second,
			CameraFrozen:      30 * time.Second,
			CameraDark:        10 * time.Second,
			CameraMoved:       30 * time.Second,
			CameraSyncAlarm:   200 * time.Millisecond,
			CameraSync:        time.Second,
			CameraSyncFor:     5 * time.Second,
			CameraClock:       2 * time.Second,
			AudioDeadAlarm:    10 * time.Second,
			AudioDead:         2 * time.Minute,
			AudioLow:          -50,
			AudioRange:        time.Minute,
			RoomUnopened:      time.Minute,
			Stills:            5 * time.Second,
		},
		Seal: Seal{Algorithm: "ed25519"},
		Log:  Log{Level: "info", Format: "json"},
	}
}

// DefaultRoom returns the settings of a room that sets nothing. Its planned length is the session's.
func DefaultRoom() Room { return Room{Kind: "handling-area"} }

// DefaultCamera returns the settings of a camera that sets nothing.
func DefaultCamera() Camera {
	return Camera{Transport: "tcp", Required: true, Sound: "offered"}
}

// Location returns the rules of the zone in which times are shown. A zone that [Load] let pass is
// always known; any other unknown one is UTC.
func (c *Config) Location() *time.Location {
	loc, err := time.LoadLocation(c.Zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// Name is what people read, in each language that the pages speak.
type Name struct {
	En string `yaml:"en"`
	Zh string `yaml:"zh-CN"`
}

// In returns the name in a language, "en" or "zh-CN".
func (n Name) In(language string) string {
	if language == "zh-CN" {
		return n.Zh
	}
	return n.En
}
