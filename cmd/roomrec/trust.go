package main

import (
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/session"
)

// trust is what the station knows of its own clock, looked at every second.
type trust struct {
	source string
	judge  clock.Judge

	mu   sync.Mutex
	last clock.Trust
	// What sessions were told while it ran: the worst of it belongs to each of them.
	reasons map[string]bool
	order   []string
	worst   time.Duration
	bad     bool
}

func newTrust(source string, limit time.Duration) *trust {
	t := &trust{source: source, judge: clock.Judge{Limit: limit, Local: source == "local"}, reasons: make(map[string]bool)}
	t.look()
	return t
}

func (t *trust) look() clock.Trust {
	now := t.judge.Trust()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = now
	t.worst = max(t.worst, now.MaxError)
	t.bad = t.bad || !now.OK()
	for _, r := range now.Reasons {
		if key := string(r.Code); !t.reasons[key] {
			t.reasons[key] = true
			t.order = append(t.order, r.String())
		}
	}
	return now
}

// view returns the clock as pages show it, and the uncertainty of a timeline that is anchored now.
func (t *trust) view() (session.ClockView, time.Duration) {
	now := t.look()
	v := session.ClockView{Trusted: now.OK(), MaxError: now.MaxError}
	if !now.OK() {
		v.Reason = clockReason(now)
	}
	return v, now.MaxError
}

// fact returns the clock as the seal states it: the worst since the program started.
func (t *trust) fact() seal.Clock {
	t.look()
	t.mu.Lock()
	defer t.mu.Unlock()
	return seal.Clock{Source: t.source, Trusted: !t.bad, Reasons: append([]string{}, t.order...), Uncertainty: t.worst}
}

func clockReason(t clock.Trust) *session.Text {
	for _, r := range t.Reasons {
		switch r.Code {
		case clock.ReasonUnsynchronised:
			return &session.Text{En: "No time server sets this machine's clock. Call IT.", Zh: "本机时钟未与时间服务器同步。请联系信息技术人员。"}
		case clock.ReasonError:
			return &session.Text{En: "This machine's clock may be too far off. Call IT.", Zh: "本机时钟误差可能过大。请联系信息技术人员。"}
		case clock.ReasonUnreadable, clock.ReasonLocal:
		}
	}
	return &session.Text{En: "This machine's clock cannot be checked. Call IT.", Zh: "无法检查本机时钟。请联系信息技术人员。"}
}

// watchClock tells of steps of the host's clock.
func (st *station) stepped(s clock.Step) {
	st.log.Error().Dur("step", s.By).Msg("the host's clock was set")
	st.manager.Report("", session.FaultEvent{Code: "clock.stepped", Raised: true, Alarm: true, At: st.clock.Now(), Detail: s.By.String()})
}
