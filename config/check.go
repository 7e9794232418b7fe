package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ID is the form of every id: it becomes part of paths, addresses and metrics.
var ID = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

const wantID = "1 to 32 of a-z, 0-9 and -, as in room-3"

// check finds what is wrong between the keys of a file.
func (r *reader) check(c *Config) {
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" || c.Zone == "Local" {
		r.problem("zone", quote(c.Zone)+" is not a time zone", "an IANA name, as in Asia/Shanghai", "")
	}
	r.displayName("site", c.Site)
	if a, err := netip.ParseAddrPort(c.Listen); err != nil || a.Addr().Zone() != "" {
		r.problem("listen", quote(c.Listen)+" is not an address to listen on",
			"an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080",
			"write the address on which it should answer, not a name; no address at all is not taken to mean every one")
	}
	r.checkEntrance(c)
	r.absolute("state_dir", c.StateDir)
	r.checkServers(&c.Clock)
	if _, err := time.Parse("15:04", c.SelfTest.Daily); err != nil || len(c.SelfTest.Daily) != 5 {
		r.problem("self_test.daily", quote(c.SelfTest.Daily)+" is not a time of day", "hours and minutes, as in 05:30", "")
	}
	r.checkFaults(&c.Faults)
	for i, category := range c.Policy.Mandatory {
		r.id(fmt.Sprintf("policy.mandatory[%d]", i), category)
	}
	r.checkVolumes(c)
	r.checkRooms(c)
	r.checkWatchFolder(c)
	if f := c.Seal.PassphraseFile; f != "" {
		r.absolute("seal.passphrase_file", f)
	}
	r.checkTimestamp(c.Seal.Timestamp)
	for i, f := range c.Seal.WitnessFiles {
		r.absolute(fmt.Sprintf("seal.witness_files[%d]", i), f)
	}
	r.checkStanding(c.StandingCopies)
}

// checkWatchFolder keeps the folder for transcripts, where others write, apart from evidence and keys.
func (r *reader) checkWatchFolder(c *Config) {
	const at = "transcripts.watch_folder"
	dir := c.Transcripts.WatchFolder
	if dir == "" || !r.absolute(at, dir) {
		return
	}
	apart := []string{c.StateDir}
	for _, v := range c.Volumes {
		apart = append(apart, v.Path)
	}
	for _, other := range apart {
		if other != "" && (dir == other || strings.HasPrefix(dir, other+"/") || strings.HasPrefix(other, dir+"/")) {
			r.problem(at, quote(dir)+" and "+quote(other)+" lie one inside the other", "a folder apart from state_dir and the volumes", "")
		}
	}
}

// maxServers is more than anyone compares a clock with.
const maxServers = 16

// checkServers finds what is wrong with the time servers.
func (r *reader) checkServers(c *Clock) {
	if len(c.Servers) > maxServers {
		r.problem("clock.servers", fmt.Sprintf("%d time servers", len(c.Servers)), fmt.Sprintf("at most %d", maxServers), "")
	}
	seen := once{}
	for i, s := range c.Servers {
		at := fmt.Sprintf("clock.servers[%d]", i)
		if !validServer(s) {
			r.problem(at, quote(s)+" is not a time server", "a host name or IP address, with or without a port, as in 192.0.2.1 or ntp.example:123", "")
		}
		seen.check(r, at, s, "the time server", "each time server once")
	}
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

// validServer reports whether s is a host with or without a port.
func validServer(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	host := s
	if h, port, err := net.SplitHostPort(s); err == nil {
		if p, err := strconv.Atoi(port); err != nil || p < 1 || p > 65535 {
			return false
		}
		host = h
	}
	_, err := netip.ParseAddr(host)
	return err == nil || hostName.MatchString(host)
}

// siteName is a name in the DNS, as browsers write it.
var siteName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)*$`)

// checkEntrance finds what is wrong with how the pages are reached.
func (r *reader) checkEntrance(c *Config) {
	for i, n := range c.Names {
		if !siteName.MatchString(n) || len(n) > 253 {
			r.problem(fmt.Sprintf("names[%d]", i), quote(n)+" is not a host name", "a name in small letters without port, as in roomrec.station.example", "")
		}
	}
	switch {
	case c.TLS == nil:
	case (c.TLS.CertFile == "") != (c.TLS.KeyFile == ""):
		r.problem("tls", "a certificate and its key belong together", "both cert_file and key_file, or neither", "")
	case c.TLS.CertFile != "":
		r.absolute("tls.cert_file", c.TLS.CertFile)
		r.absolute("tls.key_file", c.TLS.KeyFile)
	}
	if a, err := netip.ParseAddrPort(c.Listen); c.SignIn == "local" && err == nil && !a.Addr().Unmap().IsLoopback() {
		r.problem("sign_in", "everyone on the network would be the local officer", "people, where listen is not a loopback address", "")
	}
}

// checkFaults finds alarms that would not come before what they warn of.
func (r *reader) checkFaults(f *Faults) {
	for _, pair := range []struct {
		alarm, then time.Duration
		key, other  string
		what        string
	}{
		{f.StorageSlow, f.StorageHung, "storage_slow", "storage_hung", "the volume is given up"},
		{f.CameraFrozenAlarm, f.CameraFrozen, "camera_frozen_alarm", "camera_frozen", "the session locks"},
		{f.CameraSyncAlarm, f.CameraSync, "camera_sync_alarm", "camera_sync", "the session locks"},
		{f.AudioDeadAlarm, f.AudioDead, "audio_dead_alarm", "audio_dead", "the session locks"},
	} {
		if pair.alarm >= pair.then {
			r.problem("faults."+pair.key, "the alarm would not come before "+pair.what,
				"less than "+pair.other+" ("+showDuration(pair.then)+")", "")
		}
	}
}

func (r *reader) id(path, id string) {
	switch {
	case id == "":
		r.problem(path, "missing", wantID, "")
	case !ID.MatchString(id):
		r.problem(path, quote(id)+" cannot be an id", wantID, "the name that people read is another key: name")
	}
}

func (r *reader) displayName(path string, n Name) {
	for _, s := range []string{n.En, n.Zh} {
		if utf8.RuneCountInString(s) > 64 || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == utf8.RuneError }) {
			r.problem(path, quote(s)+" cannot be shown as a name", "one line of at most 64 characters", "")
		}
	}
}

func (r *reader) absolute(path, file string) bool {
	if !filepath.IsAbs(file) || filepath.Clean(file) != file || strings.ContainsRune(file, 0) {
		// Where the path of a password file belongs may stand the password itself.
		what := "not a whole path"
		if !strings.HasSuffix(path, "password_file") {
			what = quote(file) + " is not a whole path"
		}
		r.problem(path, what, "a path that begins with / and has no . or .. or final /", "")
		return false
	}
	return true
}

// once reports the second use of a value that must be unique. Values that the file leaves out are not
// counted: a name that follows from an id is as unique as that.
type once map[string]string

func (o once) check(r *reader, path, value, what, want string) {
	if _, written := r.places[path]; !written || value == "" || r.wrong[path] {
		return
	}
	if first, used := o[value]; used {
		r.problem(path, fmt.Sprintf("%s %s is used twice, first by %s", what, quote(value), first), want, "")
		return
	}
	o[value] = path
}

// maxVolumes is more than anyone writes the same recording to.
const maxVolumes = 16

func (r *reader) checkVolumes(c *Config) {
	if len(c.Volumes) == 0 {
		r.problem("volumes", "no volume: nothing could be recorded", "at least one folder for evidence, better two on different disks",
			"write volumes: and below it - path: /srv/evidence-a")
	}
	if len(c.Volumes) > maxVolumes {
		r.problem("volumes", fmt.Sprintf("%d volumes", len(c.Volumes)), fmt.Sprintf("at most %d", maxVolumes), "")
	}
	ids, paths := once{}, once{}
	for i, v := range c.Volumes {
		at := fmt.Sprintf("volumes[%d]", i)
		if v.ID != "" {
			r.id(at+".id", v.ID)
			ids.check(r, at+".id", v.ID, "the id", "an id of its own for every volume")
		}
		if v.Path == "" {
			r.problem(at+".path", "missing", "the whole path of the folder for evidence", "")
			continue
		}
		if !r.absolute(at+".path", v.Path) {
			continue
		}
		paths.check(r, at+".path", v.Path, "the folder", "a folder of its own for every volume")
		for j, w := range c.Volumes[:i] {
			if strings.HasPrefix(v.Path, w.Path+"/") || strings.HasPrefix(w.Path, v.Path+"/") {
				r.problem(at+".path", fmt.Sprintf("%s and volumes[%d] lie one inside the other", quote(v.Path), j),
					"folders apart from one another", "")
			}
		}
	}
}

func (r *reader) checkRooms(c *Config) {
	if len(c.Rooms) == 0 {
		r.problem("rooms", "no room: there would be nothing to record", "at least one room with a camera", "")
	}
	ids, en, zh, urls := once{}, once{}, once{}, once{}
	for i := range c.Rooms {
		room := &c.Rooms[i]
		at := fmt.Sprintf("rooms[%d]", i)
		r.id(at+".id", room.ID)
		ids.check(r, at+".id", room.ID, "the id", "an id of its own for every room")
		room.Name = room.Name.or(room.ID)
		r.displayName(at+".name", room.Name)
		en.check(r, at+".name", room.Name.En, "the name", "a name of its own for every room")
		zh.check(r, at+".name", room.Name.Zh, "the name", "a name of its own for every room")
		if room.Planned == 0 {
			room.Planned = c.Session.Planned
		}
		r.checkSensor(at+".sensor", room.Sensor)
		r.checkCameras(at, room, urls)
	}
}

// or returns the name, or the id where there is none.
func (n Name) or(id string) Name {
	if n.En == "" && n.Zh == "" {
		return Name{En: id, Zh: id}
	}
	return n
}

func (r *reader) checkCameras(room string, in *Room, urls once) {
	if len(in.Cameras) == 0 {
		r.problem(room+".cameras", "no camera in this room", "at least one camera", "")
	}
	ids, en, zh := once{}, once{}, once{}
	required := false
	for i := range in.Cameras {
		cam := &in.Cameras[i]
		at := fmt.Sprintf("%s.cameras[%d]", room, i)
		required = required || cam.Required
		r.id(at+".id", cam.ID)
		ids.check(r, at+".id", cam.ID, "the id", "an id of its own for every camera of a room")
		cam.Name = cam.Name.or(cam.ID)
		r.displayName(at+".name", cam.Name)
		en.check(r, at+".name", cam.Name.En, "the name", "a name of its own for every camera of a room")
		zh.check(r, at+".name", cam.Name.Zh, "the name", "a name of its own for every camera of a room")
		r.vendor(at, cam)
		r.checkManagement(at+".onvif", cam.ONVIF)
		if cam.ONVIF == "" && cam.Serial+cam.MAC != "" {
			r.problem(at+".onvif", "missing, although serial or mac is given", "the host of the camera's management, which is asked who it is", "")
		}
		r.address(at+".url", cam.URL)
		named := at + ".url"
		if _, written := r.places[named]; !written {
			named = at + ".host"
		}
		urls.check(r, named, cam.URL, "the address", "an address of its own for every camera")
		if cam.Live != nil {
			r.address(at+".live.url", cam.Live.URL)
		}
		r.login(at, cam)
		r.tls(at, cam)
	}
	if len(in.Cameras) > 0 && !required {
		r.problem(room+".cameras", "no camera of this room is required: a session would go on without a picture",
			"required: true (the default) for at least one", "")
	}
}

const wantURL = "rtsp:// or rtsps://, host and path, as in rtsp://192.0.2.10:554/Streaming/Channels/101"

func (r *reader) address(path, address string) {
	if address == "" {
		r.problem(path, "missing", wantURL, "")
		return
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		r.problem(path, "not an address", wantURL, "")
	case u.User != nil:
		r.problem(path, "user and password are not kept in addresses, because addresses are shown", wantURL,
			"move them to user and password_file")
	case secretParameter(u):
		r.problem(path, "the address carries a password", wantURL,
			"let the camera ask for it (digest or basic) and give user and password_file")
	case u.Scheme != "rtsp" && u.Scheme != "rtsps":
		r.problem(path, quote(address)+" is not the address of a camera's stream", wantURL, "")
	case u.Hostname() == "" || u.Opaque != "":
		r.problem(path, quote(address)+" names no host", wantURL, "")
	case u.Fragment != "":
		r.problem(path, quote(address)+" has a # in it", wantURL, "write %23 if the camera's path has one")
	case !validPort(u.Port()):
		r.problem(path, quote(address)+" has no such port", "a port from 1 to 65535; without one, 554", "")
	}
}

func validPort(s string) bool {
	if s == "" {
		return true
	}
	p, err := strconv.Atoi(s)
	return err == nil && p >= 1 && p <= 65535
}

var secretParam = regexp.MustCompile(`(?i)(password|passwd|pwd|pass|secret|token)=`)

func secretParameter(u *url.URL) bool {
	return secretParam.MatchString(u.RawQuery) || secretParam.MatchString(u.Path)
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (r *reader) login(at string, cam *Camera) {
	if cam.PasswordFile != "" {
		r.absolute(at+".password_file", cam.PasswordFile)
	}
	if cam.PasswordEnv != "" && !envName.MatchString(cam.PasswordEnv) {
		// What stands here may be the password itself, so it is not repeated.
		r.problem(at+".password_env", "not the name of an environment variable", "a name, as in ROOM3_PASSWORD",
			"write the name of the variable, not the password")
	}
	if cam.PasswordFile != "" && cam.PasswordEnv != "" {
		r.problem(at+".password_env", "the password is named twice", "password_file or password_env", "remove one of the two")
	}
	secret := cam.PasswordFile != "" || cam.PasswordEnv != ""
	if secret && cam.User == "" {
		r.problem(at+".user", "missing, although a password is named", "the name to sign in with at the camera", "")
	}
	if !secret && cam.User != "" {
		r.problem(at+".user", "there is no password for it", "password_file or password_env beside it", "")
	}
}

func (r *reader) tls(at string, cam *Camera) {
	if cam.TLS == nil {
		return
	}
	encrypted := strings.HasPrefix(cam.URL, "rtsps:") || cam.Live != nil && strings.HasPrefix(cam.Live.URL, "rtsps:")
	if !encrypted && !r.wrong[at+".url"] {
		r.problem(at+".tls", "the address is not encrypted, so this would protect nothing", "an address that begins with rtsps://",
			"change url, or remove tls")
	}
	if cam.TLS.CAFile != "" {
		r.absolute(at+".tls.ca_file", cam.TLS.CAFile)
	}
	if f := cam.TLS.Fingerprint; f != "" {
		cam.TLS.Fingerprint = strings.ToLower(strings.ReplaceAll(f, ":", ""))
		if !fingerprint.MatchString(cam.TLS.Fingerprint) {
			r.problem(at+".tls.fingerprint", quote(f)+" is not a SHA-256 fingerprint", "64 hexadecimal digits, with or without colons", "")
		}
	}
}

var fingerprint = regexp.MustCompile(`^[0-9a-f]{64}$`)
