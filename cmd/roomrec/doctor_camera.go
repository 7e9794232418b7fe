package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"roomrec/config"
	"roomrec/onvif"
)

// device asks a camera's management who it is and holds that against what is pinned. Where the settings
// name no management, it is looked for at the stream's host, so that the lines to write can be said.
func (d *doctor) device(ctx context.Context, what string, c config.Camera, password string) {
	ctx, cancel := context.WithTimeout(ctx, managementTime)
	defer cancel()
	what += " device"
	host := c.ONVIF
	if host == "" {
		u, err := url.Parse(c.URL)
		if err != nil {
			return // the stream's address is said to be wrong elsewhere
		}
		host = config.ManagementOf(u.Host)
	}
	var who onvif.Identity
	client, err := onvif.New(host, c.User, password, d.clock)
	if err == nil {
		who, err = client.Identity(ctx)
	}
	pinned := c.Serial+c.MAC != ""
	const unseen = "another device put in its place would not be noticed: "
	switch {
	case pinned && err != nil:
		d.say(levelWarn, what, "its management is asked who it is at every connection; see that it answers: `roomrec camera info`", "cannot be asked: %v", err)
	case pinned:
		if other := otherDevice(c.Serial, c.MAC, who); other != "" {
			d.say(levelBad, what, "no session opens there, and one that runs locks: find out who put it there, then write what it says into the settings", "another than the settings say: %s", other)
			return
		}
		d.say(levelGood, what, "", "%s %s, the one that the settings say", who.Manufacturer, who.Model)
	case err != nil && (errors.Is(err, onvif.ErrRefused) || c.ONVIF != ""):
		d.say(levelWarn, what, unseen+"give its management this user and password", "not pinned: %v", err)
	case err != nil:
		d.say(levelWarn, what, unseen+"switch ONVIF on in it, then run this again", "not pinned, and its management cannot be asked")
	default:
		lines := fmt.Sprintf("onvif: %q, serial: %q", host, who.Serial)
		if who.MAC != "" {
			lines += fmt.Sprintf(", mac: %q", who.MAC)
		}
		d.say(levelWarn, what, unseen+"write into the settings "+lines, "not pinned")
	}
}

// service looks whether the user under whom the service runs may read and write what it must. Only root can.
func (d *doctor) service(ctx context.Context, file string) {
	if o, ok := serviceOwner(); ok && os.Geteuid() == 0 {
		d.allowed(ctx, file, o)
	}
}

// allowed asks the kernel, as that user, for everything that the service reads and writes.
func (d *doctor) allowed(ctx context.Context, file string, o owner) {
	type need struct{ test, path, do string }
	needs := []need{{"-r", file, "chgrp " + service + " and chmod 0640"}}
	for _, r := range d.cfg.Rooms {
		for _, c := range r.Cameras {
			needs = append(needs, need{"-r", c.PasswordFile, "chgrp " + service + " and chmod 0640"})
		}
	}
	needs = append(needs, need{"-r", d.cfg.Seal.PassphraseFile, "chgrp " + service + " and chmod 0640"})
	if exists(d.cfg.StateDir) {
		needs = append(needs, need{"-w", d.cfg.StateDir, "chown -R " + service + ":"})
	}
	for _, v := range d.cfg.Volumes {
		if exists(v.Path) {
			needs = append(needs, need{"-w", v.Path, "chown " + service + ":, as `roomrec volume init` does"})
		}
	}
	seen, bad := make(map[need]bool), false
	for _, n := range needs {
		if n.path == "" || seen[n] {
			continue
		}
		seen[n] = true
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		cmd := exec.CommandContext(ctx, "test", n.test, n.path)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}} //nolint:gosec // ids of the host's own table of users
		out, err := cmd.CombinedOutput()
		cancel()
		if err != nil {
			bad = true
			why := cmp.Or(strings.TrimSpace(string(out)), map[string]string{"-r": "cannot read it", "-w": "cannot write there"}[n.test])
			d.say(levelBad, "permissions", n.do+", then run this again", "%s: the user %s, under whom the service runs, %s", n.path, service, why)
		}
	}
	if !bad {
		d.say(levelGood, "permissions", "", "the user %s, under whom the service runs, may read the settings and passwords and write to the volumes", service)
	}
}
