package clock

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Discipline is what the kernel knows of its own clock (adjtimex(2)).
type Discipline struct {
	Synchronised bool          // something, usually an NTP client, keeps the clock right
	MaxError     time.Duration // the clock is not further off, if synchronised; grows by 500 ppm until corrected
	EstError     time.Duration // what the NTP client thinks it is off
	Frequency    float64       // correction of the crystal, in parts per million
}

// KernelDiscipline reads the kernel's discipline. It changes nothing and needs no privilege, but a
// system call filter must allow adjtimex.
func KernelDiscipline() (Discipline, error) {
	var t unix.Timex // no modes: read only
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return Discipline{}, fmt.Errorf("read the kernel's clock discipline: adjtimex: %w", err)
	}
	return disciplineOf(state, &t), nil
}

// timeError is the state that adjtimex returns when the clock is not synchronised (TIME_ERROR in
// timex.h).
const timeError = 5

func disciplineOf(state int, t *unix.Timex) Discipline {
	return Discipline{
		Synchronised: state != timeError && t.Status&unix.STA_UNSYNC == 0,
		MaxError:     time.Duration(t.Maxerror) * time.Microsecond,
		EstError:     time.Duration(t.Esterror) * time.Microsecond,
		Frequency:    float64(t.Freq) / (1 << 16),
	}
}

// TrustState says whether the host's wall clock may be relied on.
type TrustState string

// The states.
const (
	Trusted   TrustState = "trusted"
	Untrusted TrustState = "untrusted"
	// LocalTime is the clock of a site that has no time server and says so (clock.source: local).
	// People compare it with the clock on the wall.
	LocalTime TrustState = "local"
)

// ReasonCode names why a clock is not simply trusted.
type ReasonCode string

// The codes.
const (
	ReasonUnsynchronised ReasonCode = "unsynchronised" // nothing keeps the clock right
	ReasonError          ReasonCode = "error"          // it may be further off than allowed
	ReasonUnreadable     ReasonCode = "unreadable"     // the kernel would not say
	ReasonLocal          ReasonCode = "local"          // by the site's own choice
	ReasonOffset         ReasonCode = "offset"         // the time servers say that it is off
	ReasonDisagree       ReasonCode = "disagree"       // the time servers contradict each other, and no most agree
	// The following are alarms about what the trust rests on; the clock is trusted all the same.
	ReasonSilent    ReasonCode = "silent"     // no time server answers
	ReasonOneSilent ReasonCode = "one-silent" // one of several does not answer
	ReasonDissent   ReasonCode = "dissent"    // one contradicts most others
	ReasonDrift     ReasonCode = "drift"      // the clock runs faster or slower than the time servers'
)

// ReasonCodes lists the codes.
func ReasonCodes() []ReasonCode {
	return []ReasonCode{
		ReasonUnsynchronised, ReasonError, ReasonUnreadable, ReasonLocal, ReasonOffset, ReasonDisagree,
		ReasonSilent, ReasonOneSilent, ReasonDissent, ReasonDrift,
	}
}

// Distrusts reports whether the reason takes the trust away, rather than being an alarm about what it
// rests on.
func (c ReasonCode) Distrusts() bool {
	switch c {
	case ReasonUnsynchronised, ReasonError, ReasonUnreadable, ReasonOffset, ReasonDisagree:
		return true
	case ReasonLocal, ReasonSilent, ReasonOneSilent, ReasonDissent, ReasonDrift:
	}
	return false
}

// Reason is one reason why a clock is not simply trusted. Error and Limit belong to [ReasonError] and
// [ReasonOffset], Drift to [ReasonDrift], Detail to the others: what could not be read, or the names of
// servers.
type Reason struct {
	Code   ReasonCode    `json:"code"`
	Error  time.Duration `json:"error_ns,omitempty"`
	Limit  time.Duration `json:"limit_ns,omitempty"`
	Drift  float64       `json:"drift_ppm,omitempty"`
	Detail string        `json:"detail,omitempty"`
}

// String returns the reason as a clause for a log or a technician.
func (r Reason) String() string {
	switch r.Code {
	case ReasonUnsynchronised:
		return "no time server keeps the clock right"
	case ReasonError:
		return fmt.Sprintf("the clock may be off by %v, over %v", r.Error, r.Limit)
	case ReasonUnreadable:
		return r.Detail
	case ReasonLocal:
		return "this site has no time server"
	case ReasonOffset:
		return fmt.Sprintf("the time servers say that the clock may be off by %v, over %v", r.Error, r.Limit)
	case ReasonDisagree:
		return "the time servers contradict each other: " + r.Detail
	case ReasonSilent:
		return "no time server answers: " + r.Detail
	case ReasonOneSilent:
		return "does not answer: " + r.Detail
	case ReasonDissent:
		return "contradicts the other time servers: " + r.Detail
	case ReasonDrift:
		return fmt.Sprintf("the clock runs %+.0f ppm fast by the time servers", r.Drift)
	}
	return string(r.Code)
}

// Trust is how far the host's wall clock may be relied on, and why.
type Trust struct {
	State   TrustState `json:"state"`
	Reasons []Reason   `json:"reasons,omitempty"` // of a trusted clock: alarms alone
	// MaxError is how far the clock may be off to either side: what the kernel and the time servers say,
	// the worse of both, or [UnknownError] where nothing says it. It is the uncertainty of a timeline that
	// is anchored now.
	MaxError time.Duration `json:"max_error_ns"`
}

// OK reports whether sessions may be opened without a supervisor's reason.
func (t Trust) OK() bool { return t.State != Untrusted }

// String returns the state and its reasons.
func (t Trust) String() string {
	if len(t.Reasons) == 0 {
		return string(t.State)
	}
	parts := make([]string, len(t.Reasons))
	for i, r := range t.Reasons {
		parts[i] = r.String()
	}
	return string(t.State) + ": " + strings.Join(parts, "; ")
}

const (
	// TrustLimit is the error from which on a clock is not trusted (the default of clock.limit).
	TrustLimit = time.Second
	// UnknownError is taken for the error of a clock that nothing vouches for but the people who
	// compared it with the room's: less than a minute, or they would have had to report it (Z23).
	UnknownError = time.Minute
)

// Judge decides how far the host's clock is trusted. Its zero value reads the kernel and applies
// [TrustLimit]. It is safe for concurrent use if Read is.
type Judge struct {
	// Read returns the discipline; nil means [KernelDiscipline].
	Read func() (Discipline, error)
	// Limit is the largest error of a trusted clock; 0 means [TrustLimit].
	Limit time.Duration
	// Local says that the site has no time server on purpose.
	Local bool
	// Reference returns what the site's time servers say; nil: none are asked.
	Reference func() Reference
}

// Trust reads and judges the clock as it is now. What cannot be read is not trusted.
func (j Judge) Trust() Trust {
	read, limit := j.Read, j.Limit
	if read == nil {
		read = KernelDiscipline
	}
	if limit == 0 {
		limit = TrustLimit
	}
	if j.Local {
		t := Trust{State: LocalTime, Reasons: []Reason{{Code: ReasonLocal}}, MaxError: UnknownError}
		if j.Reference != nil {
			t.refer(j.Reference(), limit, false) // alarms, if servers are compared with all the same
		}
		return t
	}
	t := Trust{State: Trusted}
	d, err := read()
	switch {
	case err != nil:
		t.Reasons = append(t.Reasons, Reason{Code: ReasonUnreadable, Detail: err.Error()})
		t.MaxError = UnknownError
	case !d.Synchronised:
		// The kernel's bound stops growing at 16 s and says nothing of a clock that nobody set.
		t.Reasons = append(t.Reasons, Reason{Code: ReasonUnsynchronised})
		t.MaxError = max(d.MaxError, UnknownError)
	default:
		t.MaxError = d.MaxError
		if d.MaxError > limit {
			t.Reasons = append(t.Reasons, Reason{Code: ReasonError, Error: d.MaxError, Limit: limit})
		}
	}
	if j.Reference != nil {
		t.refer(j.Reference(), limit, err == nil && d.Synchronised)
	}
	for _, r := range t.Reasons {
		if r.Code.Distrusts() {
			t.State = Untrusted
		}
	}
	return t
}

// refer takes in what the time servers say. Where the kernel vouches for nothing, their measurement is
// what is known of the error.
func (t *Trust) refer(ref Reference, limit time.Duration, kernel bool) {
	reason := func(r Reason) { t.Reasons = append(t.Reasons, r) }
	switch {
	case !ref.Known && len(ref.Dissent) > 0:
		reason(Reason{Code: ReasonDisagree, Detail: strings.Join(ref.Dissent, ", ")})
		t.MaxError = max(t.MaxError, ref.Worst) // the kernel follows one of them, and nobody knows which is right
	case len(ref.Dissent) > 0:
		reason(Reason{Code: ReasonDissent, Detail: strings.Join(ref.Dissent, ", ")})
	}
	if ref.Known {
		bound := ref.Bound()
		if bound > limit {
			reason(Reason{Code: ReasonOffset, Error: bound, Limit: limit})
		}
		if !kernel {
			t.MaxError = bound
		}
		t.MaxError = max(t.MaxError, bound)
	}
	switch {
	case len(ref.Silent) > 0 && ref.Answering == 0:
		reason(Reason{Code: ReasonSilent, Detail: strings.Join(ref.Silent, ", ")})
	case len(ref.Silent) > 0:
		reason(Reason{Code: ReasonOneSilent, Detail: strings.Join(ref.Silent, ", ")})
	}
	if ref.DriftKnown && abs(ref.Drift) > DriftLimit {
		reason(Reason{Code: ReasonDrift, Drift: ref.Drift})
	}
}
