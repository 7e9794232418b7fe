package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"roomrec/clock"
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

// watchdog is for how long the loop that looks at every camera and volume may stand still: WatchdogSec of the unit.
const watchdog = 20 * time.Second

// beat is called once a second.
func (st *station) beat() {
	st.beaten.Store(int64(st.clock.Now().Mono))
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

// alive answers that the program lives: that the loop which feeds the watchdog goes round, whoever watches.
func (st *station) alive(w http.ResponseWriter, _ *http.Request) {
	last := clock.Mono(st.beaten.Load())
	if stood := st.clock.Now().Mono.Sub(last); last != 0 && stood > watchdog {
		say(w, http.StatusServiceUnavailable, fmt.Sprintf("the loop that looks at every camera and volume has stood still for %.0f s", stood.Seconds()))
		return
	}
	say(w, http.StatusOK, "ok") // it goes round, or begins to
}
