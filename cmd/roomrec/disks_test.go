package main

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/volume"
	"roomrec/evidence/volume/volumetest"
)

// A volume that left, while others went on, is an alarm of that time and no failure of the program; one
// that fails when nobody listens any more is.
func TestRunVolume(t *testing.T) {
	begin := func(t *testing.T, disk *volumetest.Disk) (v *volume.Volume, end func() error) {
		v, err := volume.Open("/mem", volume.Options{Clock: clock.NewSystem(), Disk: disk})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- runVolume(v)(ctx) }()
		return v, func() error { cancel(); return <-ended }
	}
	synctest.Test(t, func(t *testing.T) {
		disk := volumetest.New(t, "a")
		v, end := begin(t, disk)
		disk.Fail(volumetest.Write, volumetest.Fault{Err: syscall.EIO})
		v.Create("x", volume.Write{Data: []byte("x")})
		<-v.Left()
		require.NoError(t, end())
	})
	synctest.Test(t, func(t *testing.T) {
		disk := volumetest.New(t, "a")
		v, end := begin(t, disk)
		done := make(chan volume.Receipt, 1)
		v.Create("x", volume.Write{Data: []byte("x"), Done: func(r volume.Receipt) { done <- r }})
		require.NoError(t, (<-done).Err)
		disk.Fail(volumetest.Close, volumetest.Fault{Err: syscall.EIO})
		require.True(t, errors.Is(end(), syscall.EIO))
	})
}
