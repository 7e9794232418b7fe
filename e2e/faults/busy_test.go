package faults

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/verify"
	"roomrec/rtsp/rtsptest"
	"roomrec/rtsp/rtsptest/testcard"
)

// What is not the camera's or the disk's doing must not be held against them.

// A camera answers at once and is in the middle of a group of pictures: the first that a recording can
// begin with is seconds away. The session is not opened before it is there, instead of locking soon after.
func TestCameraWhoseKeyPictureIsFarAway(t *testing.T) {
	t.Parallel()
	clk := clock.NewSystem()
	far := &rtsptest.Stream{Live: true, Sources: []rtsptest.Source{
		testcard.NewVideo(testcard.Options{KeyEvery: 150, Clock: clk}),
	}}
	server := serve(t, "127.0.0.1:0", map[string]*rtsptest.Stream{"far": far})
	dir := volume(t)
	r := record(t, options{to: []string{dir}, cameras: map[string]string{"far": server.URL("far")}})
	r.await("questioning", func(l line) bool { return l.State == "Questioning" })
	r.safe(4)
	r.interrupt()
	require.Equal(t, 0, r.exit())
	r.neverLocked()
	exit, v := verdict(t, sessionIn(t, dir))
	require.Equal(t, 0, exit, "%+v", v.Findings)
}

// The whole controller stands still for longer than any camera or disk may be silent, as on a host that
// is starved or moved. When it goes on, packets of cameras wait in the kernel and calls to the disk have
// long returned: it must look before it accuses them.
func TestControllerHeldUp(t *testing.T) {
	t.Parallel()
	dir := volume(t)
	r := record(t, options{to: []string{dir}})
	r.await("questioning", func(l line) bool { return l.State == "Questioning" })
	for range 2 {
		r.safe(2)
		require.NoError(t, r.cmd.Process.Signal(syscall.SIGSTOP))
		<-time.After(6 * time.Second)
		require.NoError(t, r.cmd.Process.Signal(syscall.SIGCONT))
	}
	r.safe(4)
	r.interrupt()
	require.Equal(t, 0, r.exit())
	r.neverLocked()
	requireAcked(t, r.acks(), volumeID(t, dir), dir)
	requirePlayable(t, dir)
	exit, v := verdict(t, sessionIn(t, dir))
	require.Equal(t, 0, exit, "%+v", v.Findings)
	require.Contains(t, []verify.Verdict{verify.Intact, verify.Gaps}, v.Verdict)
	measured(t, "no lock; %d gaps declared", len(v.Missing))
}
