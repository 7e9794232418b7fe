package main

import (
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"
)

// supervision tells systemd that the service is ready and that it lives. It belongs to the status
// stage, which looks at every camera and volume once a second: if that hangs, the watchdog is not fed.
// Without systemd it does nothing.
type supervision struct {
	notify func(state string) error // as sd_notify(3); nil: nobody asks
	ready  bool
	failed bool
}

func underSystemd() supervision {
	return supervision{notify: func(state string) error {
		_, err := daemon.SdNotify(false, state)
		return err
	}}
}

// beat is called once a second.
func (st *station) beat() {
	s := &st.supervised
	if s.notify == nil {
		return
	}
	state := []string{daemon.SdNotifyWatchdog}
	if !s.ready && len(st.disks.healthy()) > 0 {
		s.ready = true
		state = append(state, daemon.SdNotifyReady)
	}
	rooms := st.manager.Rooms()
	fit := 0
	for _, r := range rooms {
		if r.Fit || r.Session != nil {
			fit++
		}
	}
	state = append(state, fmt.Sprintf("STATUS=%d of %d rooms can record or do, %d of %d volumes take it", fit, len(rooms), len(st.disks.healthy()), len(st.disks.all())))
	if err := s.notify(strings.Join(state, "\n")); err != nil && !s.failed {
		s.failed = true // once; systemd will act on what it does not hear
		st.log.Error().Err(err).Msg("tell systemd")
	}
}
