package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// A log that fails once is logged; one that goes on failing is an alarm, which ends with it.
func TestLogThatCannotBeWrittenIsAnAlarm(t *testing.T) {
	var said []string
	h := &logHealth{tell: func(err error, raised bool) {
		switch {
		case raised:
			said = append(said, "raised")
		case err == nil:
			said = append(said, "cleared")
		default:
			said = append(said, "logged")
		}
	}}
	bad := errors.New("private key is missing")
	for _, err := range []error{bad, nil, bad, bad, bad, nil, nil, bad} {
		h.report(err)
	}
	require.Equal(t, []string{"logged", "logged", "raised", "logged", "cleared", "logged"}, said)
}
