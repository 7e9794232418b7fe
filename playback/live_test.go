package playback_test

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"

	"roomrec/evidence/fragment/fragmenttest"
	"roomrec/media"
	"roomrec/playback"
)

// items returns a source's units in the order of their arrival, all of them later by from.
func items(s *fragmenttest.Source, epoch int, from time.Duration) []media.Item {
	var us []*media.Unit
	for i, units := range s.Units {
		for _, u := range units {
			v := *u
			v.Track = i
			v.Arrival = v.Arrival.Add(from)
			us = append(us, &v)
		}
	}
	slices.SortStableFunc(us, func(a, b *media.Unit) int { return int(a.Arrival.Mono - b.Arrival.Mono) })
	out := []media.Item{&media.Description{Epoch: epoch, Tracks: s.Tracks, At: us[0].Arrival}}
	for _, u := range us {
		out = append(out, u)
	}
	return out
}

func feed(t testing.TB, l *playback.Live, its []media.Item) (all []playback.Piece) {
	t.Helper()
	for _, it := range its {
		ps, err := l.Add(it)
		require.NoError(t, err)
		all = append(all, ps...)
	}
	return all
}

// The live view plays in Chromium, through a camera's return with other parameters.
func TestBrowserPlaysLive(t *testing.T) {
	for name, c := range map[string]struct {
		audio media.Codec
		mime  string
	}{
		"AAC":        {media.AAC, `video/mp4; codecs="avc1.64000d, mp4a.40.2"`},
		"µ-law":      {media.PCMU, `video/mp4; codecs="avc1.64000d, flac"`},
		"no sound":   {media.CodecNone, `video/mp4; codecs="avc1.64000d"`},
		"A-law mute": {media.PCMA, `video/mp4; codecs="avc1.64000d"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := fragmenttest.New(t, media.H264, c.audio, 4, true, "-bf", "0", "-g", "25")
			l := playback.NewLive(name != "A-law mute")
			pieces := feed(t, l, items(s, 1, 0))
			require.True(t, pieces[0].Init)
			require.Equal(t, c.mime, pieces[0].MIME)
			frames := len(pieces) - 1
			require.Len(t, s.Units[0], frames, "one fragment for each picture")
			require.True(t, pieces[1].Key)
			require.Equal(t, s.Units[0][0].Arrival.Wall, pieces[1].At)
			pieces = append(pieces, feed(t, l, append([]media.Item{&media.End{}}, items(s, 2, 4500*time.Millisecond)...))...)
			require.Len(t, pieces, 2*frames+2)

			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/pieces" {
					for _, p := range pieces {
						kind := byte(1)
						if p.Init {
							kind = 0
						}
						_, _ = w.Write(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(p.Data))))
						_, _ = w.Write(p.Data)
					}
					return
				}
				(&recording{}).ServeHTTP(w, r)
			}))
			defer server.Close()
			var got struct {
				Frames     int          `json:"frames"`
				AudioBytes int          `json:"audioBytes"`
				Buffered   [][2]float64 `json:"buffered"`
			}
			browse(t, server.URL+"/live.html#"+c.mime, &got)
			require.Len(t, got.Buffered, 2, "%v", got.Buffered)
			require.InDelta(t, 0, got.Buffered[0][0], 0.1)
			require.InDelta(t, 4, got.Buffered[0][1], 0.1)
			require.InDelta(t, 4.5, got.Buffered[1][0], 0.1)
			require.InDelta(t, 8.5, got.Buffered[1][1], 0.1)
			require.GreaterOrEqual(t, got.Frames, 2*frames*7/10)
			require.Equal(t, c.audio != media.CodecNone && name != "A-law mute", got.AudioBytes > 0)
		})
	}
}

// What is live says the same of picture and sound as the units do.
func TestLiveKeepsSoundBesidePicture(t *testing.T) {
	s := fragmenttest.New(t, media.H264, media.AAC, 4, true, "-bf", "2", "-g", "25")
	l := playback.NewLive(true)
	pieces := feed(t, l, items(s, 1, 0))
	var all []byte
	for _, p := range pieces {
		all = append(all, p.Data...)
	}
	f, err := mp4.DecodeFile(bytes.NewReader(all))
	require.NoError(t, err)
	next := [3]uint64{}
	for _, seg := range f.Segments {
		for _, frag := range seg.Fragments {
			for _, trex := range f.Init.Moov.Mvex.Trexs {
				samples, err := frag.GetFullSamples(trex)
				require.NoError(t, err)
				if trex.TrackID == 1 {
					require.Len(t, samples, 1)
				}
				for _, v := range samples {
					if n := next[trex.TrackID]; n != 0 && trex.TrackID == 2 {
						require.InDelta(t, float64(n), float64(v.DecodeTime), 60, "sound goes on without a hole")
					}
					next[trex.TrackID] = v.DecodeTime + uint64(v.Dur)
				}
			}
		}
	}
}

func TestLiveWaitsForKeyPicture(t *testing.T) {
	s := fragmenttest.New(t, media.H264, media.CodecNone, 4, false, "-bf", "0", "-g", "25")
	its := items(s, 1, 0)
	l := playback.NewLive(true)
	require.Empty(t, feed(t, l, append(its[:1:1], its[2:20]...)), "the key picture was missed")
	pieces := feed(t, l, its[20:40])
	require.True(t, pieces[0].Init)
	require.True(t, pieces[1].Key)
	require.Empty(t, feed(t, l, []media.Item{&media.Gap{Track: media.AllTracks}, its[40], its[41]}))
	damaged := *its[42].(*media.Unit)
	damaged.Damaged = true
	require.Empty(t, feed(t, l, []media.Item{&damaged}))
	pieces = feed(t, l, its[43:60])
	require.True(t, pieces[0].Key)
	require.False(t, pieces[0].Init)
	require.Empty(t, feed(t, playback.NewLive(true), its[1:]), "no description")
}
