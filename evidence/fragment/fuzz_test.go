package fragment_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/fragment"
	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/media"
)

// tiny returns a segment of one sound track and two fragments without any encoder.
func tiny(t testing.TB) []byte {
	sound := &media.Track{Codec: media.PCMU, ClockRate: 8000, SampleRate: 8000, Channels: 1}
	w, data, err := fragment.NewWriter(fragmenttest.Header([]*media.Track{sound}, false))
	require.NoError(t, err)
	for i := range 2 {
		part := fragment.Part{Decode: int64(i) * 320}
		for k := range 2 {
			part.Units = append(part.Units, &media.Unit{Payload: [][]byte{bytes.Repeat([]byte{byte(k)}, 160)}, Key: true, Arrival: fragmenttest.Begin})
			part.Durations = append(part.Durations, 160)
		}
		f := fragment.Fragment{Sequence: uint32(i + 1), Tracks: []fragment.Part{part}, Source: "arrival"}
		f.Start.Wall = fragmenttest.Begin.Wall.Add(0)
		f.End.Wall = fragmenttest.Begin.Wall.Add(40_000_000)
		b, _, err := w.Append(f)
		require.NoError(t, err)
		data = append(data, b...)
	}
	return data
}

func FuzzScan(f *testing.F) {
	data := tiny(f)
	f.Add(data)
	f.Add(data[:len(data)-5])
	f.Fuzz(func(t *testing.T, data []byte) {
		seg, err := fragment.Scan(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			require.ErrorIs(t, err, fragment.ErrVersion)
			return
		}
		require.LessOrEqual(t, seg.Whole, int64(len(data)))
		if seg.Whole < int64(len(data)) {
			require.NotNil(t, seg.Torn)
		}
		for i := range seg.Fragments {
			_, err := seg.Samples(bytes.NewReader(data), i)
			require.NoError(t, err)
		}
		n := 0
		index, err := fragment.Index(bytes.NewReader(data), int64(len(data)), func(*fragment.Header, *fragment.Info) error { n++; return nil })
		require.NoError(t, err)
		require.Equal(t, seg.Whole, index.Whole)
		require.Len(t, seg.Fragments, n)
	})
}

// FuzzParameterSets gives the sample entry the sets of a hostile camera.
func FuzzParameterSets(f *testing.F) {
	f.Add([]byte{}, []byte{0x67, 0x42, 0xC0, 0x1E}, []byte{0x68, 0xCE}, false)
	f.Add([]byte{0x40, 1}, []byte{0x42, 1}, []byte{0x44, 1}, true)
	f.Fuzz(func(t *testing.T, vps, sps, pps []byte, hevc bool) {
		tr := &media.Track{Codec: media.H264, ClockRate: 90000, VPS: vps, SPS: sps, PPS: pps}
		if hevc {
			tr.Codec = media.H265
		}
		_, data, err := fragment.NewWriter(fragmenttest.Header([]*media.Track{tr}, true))
		if err != nil {
			return
		}
		seg, err := fragment.Scan(bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		require.Nil(t, seg.Torn)
		require.Equal(t, sps, seg.Header.Tracks[0].SPS)
	})
}
