package playback

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"roomrec/media"
)

// MIME returns the media type of a fragmented MP4 of the given tracks as a browser knows it, as in
// `video/mp4; codecs="avc1.42c01e, mp4a.40.2"`. G.711 and LPCM are named as the FLAC that they are
// converted to. The clock track is never named: browsers refuse what they do not know.
func MIME(tracks []*media.Track) string {
	kind := "audio/mp4"
	var names []string
	for _, t := range tracks {
		if t.Codec.Video() {
			kind = "video/mp4"
		}
		names = append(names, CodecName(t))
	}
	return fmt.Sprintf("%s; codecs=%q", kind, strings.Join(names, ", "))
}

// CodecName returns the track's name in a codecs parameter (RFC 6381; ISO/IEC 14496-15, annex E).
func CodecName(t *media.Track) string {
	switch t.Codec {
	case media.H264:
		if len(t.SPS) >= 4 {
			return fmt.Sprintf("avc1.%02x%02x%02x", t.SPS[1], t.SPS[2], t.SPS[3])
		}
		return "avc1"
	case media.H265:
		return hevcName(t.SPS)
	case media.AAC:
		return fmt.Sprintf("mp4a.40.%d", objectType(t.Config))
	case media.Opus:
		return "opus"
	default:
		return "flac"
	}
}

// objectType reads the first field of an AudioSpecificConfig; 2, low complexity, if there is none.
func objectType(config []byte) int {
	if len(config) < 2 {
		return 2
	}
	if o := int(config[0] >> 3); o != 31 {
		return o
	}
	return 32 + int(binary.BigEndian.Uint16(config)>>5&0x3F)
}

// hevcName reads general_profile_space to general_level_idc, which follow the two bytes of the NAL
// unit's header and one of the parameter set.
func hevcName(sps []byte) string {
	p := bytes.ReplaceAll(sps[:min(len(sps), 24)], []byte{0, 0, 3}, []byte{0, 0})
	if len(p) < 15 {
		return "hvc1"
	}
	p = p[3:]
	space := [...]string{"", "A", "B", "C"}[p[0]>>6]
	tier := "L"
	if p[0]&0x20 != 0 {
		tier = "H"
	}
	name := fmt.Sprintf("hvc1.%s%d.%X.%s%d", space, p[0]&0x1F, bits.Reverse32(binary.BigEndian.Uint32(p[1:])), tier, p[11])
	for _, c := range bytes.TrimRight(p[5:11], "\x00") {
		name += fmt.Sprintf(".%X", c)
	}
	return name
}
