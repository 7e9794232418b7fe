package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/seal"
)

// What can be wrong with the key and at the first start: each is said apart, with what to do, and nothing is
// made in the place of what is wrong.
func TestEachWayThatAKeyIsWrongIsSaidApart(t *testing.T) {
	now := clock.NewSystem().Now().Wall
	locked := func(t *testing.T, dir, words string) config.Seal {
		file := filepath.Join(dir, "passphrase")
		require.NoError(t, os.WriteFile(file, []byte(words+"\n"), 0o600))
		return config.Seal{PassphraseFile: file}
	}
	for _, c := range []struct {
		name string
		made bool
		do   func(t *testing.T, dir, key string) config.Seal
		at   clock.Wall
		is   error
		says []string
	}{
		{"readable by everyone", true, func(t *testing.T, _, key string) config.Seal {
			require.NoError(t, os.Chmod(key, 0o644))
			return config.Seal{}
		}, now, seal.ErrExposed, []string{"open to others", "0644", "chmod 600"}},
		{"gone", true, func(t *testing.T, _, key string) config.Seal {
			require.NoError(t, os.Remove(key))
			return config.Seal{}
		}, now, seal.ErrMissing, []string{"is missing", "restore it from its backup"}},
		{"damaged", true, func(t *testing.T, _, key string) config.Seal {
			require.NoError(t, os.Truncate(key, 30))
			return config.Seal{}
		}, now, nil, []string{"damaged", "restore it from its backup"}},
		{"empty", true, func(t *testing.T, _, key string) config.Seal {
			require.NoError(t, os.Truncate(key, 0))
			return config.Seal{}
		}, now, nil, []string{"damaged"}},
		{"wrong passphrase", false, func(t *testing.T, dir, key string) config.Seal {
			_, err := readKey(key, locked(t, dir, "right"), now)
			require.NoError(t, err)
			return locked(t, dir, "wrong")
		}, now, seal.ErrPassphrase, []string{"wrong passphrase", "not damaged"}},
		{"no passphrase", false, func(t *testing.T, dir, key string) config.Seal {
			_, err := readKey(key, locked(t, dir, "right"), now)
			require.NoError(t, err)
			return config.Seal{}
		}, now, seal.ErrLocked, []string{"locked with a passphrase", "seal.passphrase_file"}},
		{
			"a clock before its time at the first start", false, func(*testing.T, string, string) config.Seal { return config.Seal{} },
			clock.Wall(1000 * time.Hour), errClockWrong,
			[]string{"1970-02-11", "set it, then start again"},
		},
		{
			"a clock beyond its time at the first start", false, func(*testing.T, string, string) config.Seal { return config.Seal{} },
			clock.WallOf(time.Date(2106, 2, 7, 6, 28, 16, 0, time.UTC)), errClockWrong,
			[]string{"2106-02-07"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "seal.key")
			if c.made {
				_, err := readKey(file, config.Seal{}, now)
				require.NoError(t, err)
			}
			settings := c.do(t, dir, file)
			before, _ := os.ReadFile(file)
			_, err := readKey(file, settings, c.at)
			require.Error(t, err)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			for _, part := range c.says {
				require.ErrorContains(t, err, part)
			}
			after, _ := os.ReadFile(file)
			require.Equal(t, before, after, "what is there stays")
		})
	}
}

// Later a wrong clock keeps no key from being used, and the settings' algorithm no key from being read.
func TestAKeyThatIsThereIsReadAtAnyTime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seal.key")
	made, err := readKey(file, config.Seal{Algorithm: "sm2"}, clock.NewSystem().Now().Wall)
	require.NoError(t, err)
	require.Equal(t, seal.AlgorithmSM2, made.Algorithm())
	again, err := readKey(file, config.Seal{Algorithm: "ed25519"}, clock.Wall(0))
	require.NoError(t, err)
	require.Equal(t, made.Verifier(), again.Verifier())
}

// systemd hands over a key, and what unlocks it.
func TestCredentialsOfSystemd(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "seal.key")
	words := func() (string, error) { return "right", nil }
	made, err := seal.OpenKeyWith(filepath.Join(dir, credential), seal.KeyOptions{Name: keyName, Passphrase: words})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, credentialPassphrase), []byte("right\n"), 0o400))
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	key, err := readKey(elsewhere, config.Seal{}, clock.NewSystem().Now().Wall)
	require.NoError(t, err)
	require.Equal(t, made.Verifier(), key.Verifier())
	require.NoFileExists(t, elsewhere)
}
