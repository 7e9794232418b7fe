package main

import (
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/clock/timeserver"
	"roomrec/evidence/seal"
	"roomrec/session"
	"roomrec/session/table"
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

func newTrust(s setup, servers *timeserver.Watch) *trust {
	t := &trust{source: s.clockSource, judge: clock.Judge{Limit: s.clockLimit, Local: s.clockSource == "local"}, reasons: make(map[string]bool)}
	if len(s.clockServers) > 0 {
		t.judge.Reference = servers.Reference
	}
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

// view returns the clock as pages show it.
func (t *trust) view(now clock.Trust) session.ClockView {
	v := session.ClockView{Trusted: now.OK(), MaxError: now.MaxError}
	if !now.OK() {
		v.Reason = clockReason(now)
	}
	return v
}

// fact returns the clock as the seal states it: the worst since the program started.
func (t *trust) fact() seal.Clock {
	t.look()
	t.mu.Lock()
	defer t.mu.Unlock()
	return seal.Clock{Source: t.source, Trusted: !t.bad, Reasons: append([]string{}, t.order...), Uncertainty: t.worst}
}

// clockReason is the first reason that takes the trust away, as a sentence for the pages.
func clockReason(t clock.Trust) *session.Text {
	for _, r := range t.Reasons {
		if _, what, ok := session.ClockCause(r.Code); ok && r.Code.Distrusts() {
			return &session.Text{En: what.En + " Call IT.", Zh: what.Zh + "请联系信息技术人员。"}
		}
	}
	return &session.Text{En: "This machine's clock cannot be checked. Call IT.", Zh: "无法检查本机时钟。请联系信息技术人员。"}
}

// clockAlarms keeps the alarms about the host's clock in step with the reasons that there are now: each
// reason is a fault of its own.
func (st *station) clockAlarms(now clock.Trust) {
	open := make(map[clock.ReasonCode]string)
	for _, r := range now.Reasons {
		if _, _, ok := session.ClockCause(r.Code); ok {
			open[r.Code] = r.String()
		}
	}
	for _, code := range clock.ReasonCodes() {
		detail, raised := open[code]
		if raised == st.clockOpen[code] {
			continue
		}
		st.clockOpen[code] = raised
		st.log.Warn().Str("reason", string(code)).Bool("raised", raised).Str("detail", detail).Msg("the host's clock")
		st.manager.Report("", session.FaultEvent{
			Code: table.ClockUntrusted, Subject: string(code), Raised: raised, Alarm: true, At: st.clock.Now(), Detail: detail,
		})
	}
}

// stepped tells of a step of the host's clock.
func (st *station) stepped(s clock.Step) {
	st.log.Error().Dur("step", s.By).Msg("the host's clock was set")
	st.manager.Report("", session.FaultEvent{Code: "clock.stepped", Raised: true, Alarm: true, At: st.clock.Now(), Detail: s.By.String()})
}
