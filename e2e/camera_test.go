package e2e

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/rtsp/rtsptest"
	"roomrec/rtsp/rtsptest/testcard"
)

// secret is the password of the simulated cameras. It must not be found anywhere.
const secret = "Geheim-7&ß/x"

// camera is a simulated camera that begins at once and does not stop.
func camera() *rtsptest.Stream {
	sound := testcard.SoundOptions{Clock: clock.NewSystem()}
	return &rtsptest.Stream{Live: true, Sources: []rtsptest.Source{
		testcard.NewVideo(testcard.Options{Width: 320, Height: 192, KeyEvery: 25, Clock: sound.Clock}), testcard.NewSpeech(sound),
	}}
}

// locked is a camera that wants a password.
func locked(c *rtsptest.Stream) *rtsptest.Stream {
	c.User, c.Password = "admin", secret
	return c
}

// serve serves cameras until the test ends.
func serve(t *testing.T, cameras map[string]*rtsptest.Stream, options ...rtsptest.Option) *rtsptest.Server {
	t.Helper()
	s, err := rtsptest.Serve(context.Background(), "127.0.0.1:0", cameras, options...)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}
