package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestLoudnessOfSound(t *testing.T) {
	sound := func(amplitudes ...float64) []byte {
		var b []byte
		for _, a := range amplitudes {
			for i := range loudRate {
				b = binary.LittleEndian.AppendUint16(b, uint16(int16(a*32767*math.Sin(float64(i)/7))))
			}
		}
		return b
	}
	levels, err := loudOf(bytes.NewReader(sound(1, 0.1, 0.01, 0)))
	require.NoError(t, err)
	require.Len(t, levels, 4)
	require.InDelta(t, 1-3.0/60, levels[0], 0.02, "a sine of full scale is 3 dB below it")
	require.InDelta(t, 1-23.0/60, levels[1], 0.02)
	require.InDelta(t, 1-43.0/60, levels[2], 0.02)
	require.Zero(t, levels[3])
	levels, err = loudOf(bytes.NewReader(sound(1)[:loudRate]))
	require.NoError(t, err)
	require.Len(t, levels, 1, "the last step may be short")
	levels, err = loudOf(bytes.NewReader(nil))
	require.NoError(t, err)
	require.Empty(t, levels)
	_, err = loudOf(iotest.ErrReader(errors.New("pipe")))
	require.ErrorContains(t, err, "pipe")
}
