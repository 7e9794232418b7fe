package clock

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestJudge(t *testing.T) {
	says := func(d Discipline) func() (Discipline, error) { return func() (Discipline, error) { return d, nil } }
	for _, c := range []struct {
		name  string
		judge Judge
		want  Trust
		shown string
	}{
		{
			"disciplined",
			Judge{Read: says(Discipline{Synchronised: true, MaxError: 30 * time.Millisecond})},
			Trust{State: Trusted, MaxError: 30 * time.Millisecond},
			"trusted",
		},
		{
			"at the limit",
			Judge{Read: says(Discipline{Synchronised: true, MaxError: time.Second})},
			Trust{State: Trusted, MaxError: time.Second},
			"trusted",
		},
		{
			"over the limit",
			Judge{Read: says(Discipline{Synchronised: true, MaxError: 1500 * time.Millisecond})},
			Trust{
				State: Untrusted, MaxError: 1500 * time.Millisecond,
				Reasons: []Reason{{Code: ReasonError, Error: 1500 * time.Millisecond, Limit: time.Second}},
			},
			"untrusted: the clock may be off by 1.5s, over 1s",
		},
		{
			"over a tighter limit",
			Judge{Limit: 10 * time.Millisecond, Read: says(Discipline{Synchronised: true, MaxError: 30 * time.Millisecond})},
			Trust{
				State: Untrusted, MaxError: 30 * time.Millisecond,
				Reasons: []Reason{{Code: ReasonError, Error: 30 * time.Millisecond, Limit: 10 * time.Millisecond}},
			},
			"untrusted: the clock may be off by 30ms, over 10ms",
		},
		{
			"unsynchronised",
			Judge{Read: says(Discipline{MaxError: 16 * time.Second})},
			Trust{State: Untrusted, MaxError: UnknownError, Reasons: []Reason{{Code: ReasonUnsynchronised}}},
			"untrusted: no time server keeps the clock right",
		},
		{
			"unreadable",
			Judge{Read: func() (Discipline, error) { return Discipline{}, errors.New("adjtimex: refused") }},
			Trust{State: Untrusted, MaxError: UnknownError, Reasons: []Reason{{Code: ReasonUnreadable, Detail: "adjtimex: refused"}}},
			"untrusted: adjtimex: refused",
		},
		{
			"local",
			Judge{Local: true, Read: func() (Discipline, error) { panic("not read") }},
			Trust{State: LocalTime, MaxError: UnknownError, Reasons: []Reason{{Code: ReasonLocal}}},
			"local: this site has no time server",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.judge.Trust()
			require.Equal(t, c.want, got)
			require.Equal(t, c.shown, got.String())
			require.Equal(t, c.want.State != Untrusted, got.OK())

			b, err := json.Marshal(got)
			require.NoError(t, err)
			var back Trust
			require.NoError(t, json.Unmarshal(b, &back))
			require.Equal(t, got, back)
		})
	}
}

func TestDisciplineOf(t *testing.T) {
	timex := unix.Timex{Maxerror: 2500, Esterror: 40, Freq: -3 << 15}
	want := Discipline{Synchronised: true, MaxError: 2500 * time.Microsecond, EstError: 40 * time.Microsecond, Frequency: -1.5}
	require.Equal(t, want, disciplineOf(0, &timex))
	require.True(t, disciplineOf(1, &timex).Synchronised, "a leap second is to be inserted")
	require.False(t, disciplineOf(timeError, &timex).Synchronised)
	timex.Status = unix.STA_UNSYNC
	require.False(t, disciplineOf(0, &timex).Synchronised)
}

// The kernel lets itself be read, and what it says is judged.
func TestKernelDiscipline(t *testing.T) {
	d, err := KernelDiscipline()
	require.NoError(t, err)
	require.GreaterOrEqual(t, d.MaxError, time.Duration(0))
	trust := Judge{}.Trust()
	require.NotEqual(t, LocalTime, trust.State)
	if !d.Synchronised {
		require.Equal(t, Reason{Code: ReasonUnsynchronised}, trust.Reasons[0])
	}
}

// Two time servers contradict each other by 3 s, and the kernel follows one of them: its bound of 5 ms says nothing.
func TestContradictingServersAreUncertain(t *testing.T) {
	now := Stamp{Wall: 1_795_327_387_000_000_000, Mono: 1_000_000_000_000}
	of := func(name string, offset time.Duration) *ServerRecord {
		r := &ServerRecord{Name: name}
		r.Answer(Measurement{At: now, Offset: offset, Error: 10 * time.Millisecond})
		return r
	}
	ref := Refer([]*ServerRecord{of("a", 0), of("b", -3*time.Second)}, now)
	require.False(t, ref.Known)
	j := Judge{
		Read:      func() (Discipline, error) { return Discipline{Synchronised: true, MaxError: 5 * time.Millisecond}, nil },
		Reference: func() Reference { return ref },
	}
	trust := j.Trust()
	require.Equal(t, Untrusted, trust.State)
	require.GreaterOrEqual(t, trust.MaxError, 3*time.Second, "a timeline that is anchored now may be 3 s off")
}
