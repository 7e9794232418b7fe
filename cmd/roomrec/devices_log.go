package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"roomrec/clock"
)

// devicesLog is the file of state_dir that keeps what was set in cameras by command, one JSON object a line.
const devicesLog = "devices.jsonl"

// setFlags are what commands have that change something in a camera.
type setFlags struct {
	deviceFlags
	State string `help:"Where it is put on record what was set in cameras: the state_dir of the settings." default:"/var/lib/roomrec" placeholder:"DIR" name:"state-dir"`
}

// deviceSetting is what was set in a camera, by whom and when. No password is in it.
type deviceSetting struct {
	At     clock.Wall `json:"at"`
	By     string     `json:"by"` // who is signed in on this machine; with sudo, who called it
	Camera string     `json:"camera"`
	Set    string     `json:"set"` // "time", "ntp" or "text"
	Wanted string     `json:"wanted,omitempty"`
	// Asked says that the camera is about to be asked; the line after it says what became of it.
	Asked   bool   `json:"asked,omitempty"`
	Before  string `json:"before,omitempty"`
	After   string `json:"after,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// on sets something in a camera and puts it on record: before, and with what came of it. Where the
// record cannot be kept nothing is set; a machine without a state_dir has none and says so. The action fills
// in what was there before and after.
func (f setFlags) on(e *env, s deviceSetting, action func(s *deviceSetting) error) (err error) {
	s.Camera = f.Host
	if err := whoActs(&s.By); err != nil {
		return err
	}
	if caller := e.getenv("SUDO_USER"); caller != "" {
		s.By = caller
	}
	write := func(deviceSetting) error { return nil }
	log, err := os.OpenFile(filepath.Join(f.State, devicesLog), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644) //nolint:gosec // no secret is in it, and root makes what the service's user backs up
	switch {
	case errors.Is(err, os.ErrNotExist):
		fmt.Fprintf(e.stderr, "roomrec: %s is not there: what is set is on no record of this machine\n", f.State)
	case err != nil:
		return fmt.Errorf("--state-dir: %w: what is set in a camera is put on record; run this as root", err)
	default:
		defer func() { err = errors.Join(err, log.Close()) }()
		write = func(s deviceSetting) error {
			s.At = clock.NewSystem().Now().Wall
			b, err := json.Marshal(s)
			if err != nil {
				return err
			}
			if _, err = log.Write(append(b, '\n')); err != nil {
				return failed(fmt.Errorf("put on record: %w", err))
			}
			return log.Sync()
		}
	}
	asked := s
	asked.Asked = true
	if err := write(asked); err != nil {
		return err
	}
	done := action(&s)
	if done != nil {
		s.Problem = done.Error()
	}
	return errors.Join(done, write(s))
}
