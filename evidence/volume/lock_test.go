package volume_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/volume"
)

func TestTwoControllersNeverWriteOneVolume(t *testing.T) {
	dir, now := t.TempDir(), clock.NewSystem()
	first, err := volume.Acquire(dir, now)
	require.NoError(t, err)

	_, err = volume.Acquire(dir, now)
	require.ErrorIs(t, err, volume.ErrInUse)
	host, err2 := os.Hostname()
	require.NoError(t, err2)
	require.ErrorContains(t, err, "on host "+host)

	require.NoError(t, first.Release())
	again, err := volume.Acquire(dir, now)
	require.NoError(t, err, "given back")
	require.NoError(t, again.Release())
}

func TestLockNeedsItsFolder(t *testing.T) {
	_, err := volume.Acquire(t.TempDir()+"/gone", clock.NewSystem())
	require.ErrorIs(t, err, os.ErrNotExist)
}
