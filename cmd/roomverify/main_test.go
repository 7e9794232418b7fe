package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	empty, session := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(session, "journal-0001.jsonl"), nil, 0o600))
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		output string
	}{
		{"nothing", nil, 2, "usage"},
		{"help", []string{"--help"}, 0, "Exit codes"},
		{"unknown flag", []string{"--fix", session}, 2, "unknown flag --fix"},
		{"no session", []string{empty}, 2, "no session here"},
		{"no folder", []string{filepath.Join(empty, "x")}, 2, "no such file"},
		{"no key", []string{session, "--key", filepath.Join(empty, "x")}, 2, "public key"},
		{"no authority", []string{session, "--tsa-ca", filepath.Join(empty, "x")}, 2, "--tsa-ca"},
		{"no certificate", []string{session, "--tsa-ca=" + filepath.Join(session, "journal-0001.jsonl")}, 2, "no certificate"},
		{"key without a file", []string{session, "--key"}, 2, "needs a file or folder"},
		{"unsealed", []string{session}, 1, "UNSEALED"},
		{"unsealed, JSON, flag last", []string{session, "--json"}, 1, `"verdict": "unsealed"`},
		{"progress", []string{"--progress", "--", session}, 1, "100%"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			require.Equal(t, c.code, run(context.Background(), c.args, &out, &out), out.String())
			require.Contains(t, out.String(), c.output)
		})
	}
}
