package fragment

import (
	"bytes"
	"fmt"

	"roomrec/evidence/fragment/box"
	"roomrec/media"
)

// entryKinds are the sample entries of a codec, as docs/format.md has them: with the parameter sets in band, and not.
var entryKinds = map[media.Codec][2]string{
	media.H264: {"avc3", "avc1"}, media.H265: {"hev1", "hvc1"}, media.AAC: {"mp4a", "mp4a"}, media.Opus: {"Opus", "Opus"},
	media.PCMA: {"alaw", "alaw"}, media.PCMU: {"ulaw", "ulaw"}, media.LPCM: {"ipcm", "ipcm"},
}

// ordinary reports how ftyp and moov differ from what is written for such a header: an edit list, a track that is not
// enabled, another scale of time would have a player show less than is there. What is in the sample entries is not
// compared, as a later library may write it otherwise.
func ordinary(head []byte, h *Header) error {
	r := box.Reader{P: head}
	if _, _, err := r.Next(); err != nil {
		return err
	}
	_, moov, err := r.Next()
	if err != nil {
		return err
	}
	var streams []Stream
	var private []byte
	width, height := 0, 0
	for moov.Len() > 0 {
		whole := moov.P
		kind, inner, err := moov.Next()
		if err != nil {
			return err
		}
		private = whole[:len(whole)-moov.Len()] // the last
		if kind != "trak" {
			continue
		}
		i := len(streams)
		if i == len(h.Tracks) {
			if width == 0 {
				width, height = 640, 64
			}
			streams = append(streams, Stream{ID: uint32(i + 1), Handler: Text, Scale: TextScale, Width: width, Height: height, Entry: textEntry(width, height)})
			continue
		}
		if i > len(h.Tracks) {
			return fmt.Errorf("more tracks than the private box has")
		}
		t := h.Tracks[i]
		s := Stream{ID: uint32(i + 1), Handler: Sound, Scale: uint32(t.ClockRate)}
		if t.Codec.Video() {
			s.Handler, s.Width, s.Height = Picture, t.Width, t.Height
			if width == 0 {
				width, height = s.Width, max(s.Height/10, 32)
			}
		}
		if s.Entry, err = entryOf(inner); err != nil {
			return fmt.Errorf("track %d: %w", i+1, err)
		}
		want := entryKinds[t.Codec]
		one := box.Reader{P: s.Entry}
		if got, _, err := one.Next(); err != nil || one.Len() > 0 || got != want[0] && got != want[1] {
			return fmt.Errorf("track %d: sample entry %q where %q or %q belongs, and no other", i+1, got, want[0], want[1])
		}
		streams = append(streams, s)
	}
	if !bytes.Equal(AppendMovie(nil, h.Origin.Wall, streams, private), head) {
		return fmt.Errorf("it is not the one that belongs to such tracks")
	}
	return nil
}

// entryOf returns the one sample entry of a track.
func entryOf(trak box.Reader) ([]byte, error) {
	for _, want := range [...]string{"mdia", "minf", "stbl", "stsd"} {
		found := false
		for trak.Len() > 0 && !found {
			kind, inner, err := trak.Next()
			if err != nil {
				return nil, err
			}
			if found = kind == want; found {
				trak = inner
			}
		}
		if !found {
			return nil, fmt.Errorf("no %s", want)
		}
	}
	trak.Full()
	if n := trak.U32(); n != 1 || trak.Err() != nil {
		return nil, fmt.Errorf("%d sample entries", n)
	}
	return trak.P, nil
}
