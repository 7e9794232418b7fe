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
)

// Reason is one reason why a clock is not simply trusted. Error and Limit belong to [ReasonError],
// Detail to [ReasonUnreadable].
type Reason struct {
	Code   ReasonCode    `json:"code"`
	Error  time.Duration `json:"error_ns,omitempty"`
	Limit  time.Duration `json:"limit_ns,omitempty"`
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
	}
	return string(r.Code)
}

// Trust is how far the host's wall clock may be relied on, and why.
type Trust struct {
	State   TrustState `json:"state"`
	Reasons []Reason   `json:"reasons,omitempty"` // empty only if trusted
	// MaxError is how far the clock may be off to either side: what the kernel says, or [UnknownError]
	// where nothing says it. It is the uncertainty of a timeline that is anchored now.
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
}

// Trust reads and judges the clock as it is now. What cannot be read is not trusted.
func (j Judge) Trust() Trust {
	if j.Local {
		return Trust{State: LocalTime, Reasons: []Reason{{Code: ReasonLocal}}, MaxError: UnknownError}
	}
	read, limit := j.Read, j.Limit
	if read == nil {
		read = KernelDiscipline
	}
	if limit == 0 {
		limit = TrustLimit
	}
	d, err := read()
	if err != nil {
		return Trust{State: Untrusted, Reasons: []Reason{{Code: ReasonUnreadable, Detail: err.Error()}}, MaxError: UnknownError}
	}
	t := Trust{State: Trusted, MaxError: d.MaxError}
	if !d.Synchronised {
		// The kernel's bound stops growing at 16 s and says nothing of a clock that nobody set.
		t.MaxError = max(t.MaxError, UnknownError)
		t.Reasons = append(t.Reasons, Reason{Code: ReasonUnsynchronised})
	} else if d.MaxError > limit {
		t.Reasons = append(t.Reasons, Reason{Code: ReasonError, Error: d.MaxError, Limit: limit})
	}
	if len(t.Reasons) > 0 {
		t.State = Untrusted
	}
	return t
}
