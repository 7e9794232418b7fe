package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTokensFromTheConsole: made, listed without their secret, shut.
func TestTokensFromTheConsole(t *testing.T) {
	dir := t.TempDir()
	do := func(args ...string) (int, string) {
		var out bytes.Buffer
		e := &env{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
		code := run(e, append(append([]string{"token"}, args...), "--state-dir", dir))
		return code, out.String()
	}
	code, secret := do("add", "Case system", "--office", "officer", "--scope", "see-rooms,open,run", "--room", "room3")
	require.Zero(t, code, secret)
	require.Regexp(t, `^roomrec-token-[A-Z0-9]{52}\n$`, secret)
	for name, args := range map[string][]string{
		"another office's":  {"add", "A", "--office", "officer", "--scope", "all-rooms"},
		"a person's":        {"add", "A", "--office", "approver", "--scope", "approve"},
		"no such office":    {"add", "A", "--office", "host", "--scope", "see-rooms"},
		"no scope":          {"add", "A", "--office", "officer"},
		"no room":           {"add", "A", "--office", "officer", "--scope", "run", "--room", "Room 3"},
		"too long":          {"add", "A", "--office", "officer", "--scope", "run", "--days", "4000"},
		"a name of 2 lines": {"add", "A\nB", "--office", "officer", "--scope", "run"},
		"nobody":            {"shut", "none"},
	} {
		code, out := do(args...)
		require.Equal(t, exitUsage, code, "%s: %s", name, out)
	}
	code, out := do("list", "--json")
	require.Zero(t, code, out)
	require.NotContains(t, out, strings.TrimSpace(secret))
	var list []struct {
		ID, Name, Office, Room, Until string
		Scopes                        []string
		Shut                          bool
	}
	require.NoError(t, json.Unmarshal([]byte(out), &list))
	require.Len(t, list, 1)
	require.Equal(t, []string{"self", "see-rooms", "open", "run"}, list[0].Scopes)
	require.Equal(t, "room3", list[0].Room)
	require.NotEmpty(t, list[0].Until)
	code, out = do("shut", list[0].ID)
	require.Zero(t, code, out)
	code, out = do("list")
	require.Zero(t, code, out)
	require.Contains(t, out, "(shut)")
}

// TestPanelsFromTheConsole: a link is made, and opens nothing by itself.
func TestPanelsFromTheConsole(t *testing.T) {
	dir := t.TempDir()
	do := func(args ...string) (int, string) {
		var out bytes.Buffer
		e := &env{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
		code := run(e, append(append([]string{"panel"}, args...), "--state-dir", dir))
		return code, out.String()
	}
	code, out := do("enrol", "room3", "--name", "Screen 3")
	require.Zero(t, code, out)
	require.Regexp(t, `(?m)^/enrol/[A-Z0-9]{52}$`, out)
	code, out = do("enroll", "room3", "--name", "Screen 3", "--json")
	require.Zero(t, code, out)
	code, out = do("list")
	require.Zero(t, code)
	require.Empty(t, out, "nobody opened it yet")
	for _, args := range [][]string{{"enrol", "Room 3", "--name", "x"}, {"enrol", "room3", "--name", "a\nb"}, {"shut", "none"}} {
		code, _ = do(args...)
		require.Equal(t, exitUsage, code, args)
	}
}
