package rtsp

import (
	"bytes"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"roomrec/media"
)

// NAL unit types that matter here (H.264 table 7-1, H.265 table 7-1).
const (
	h264Slice, h264PartA, h264IDR              = 1, 2, 5
	h264SEI, h264SPS, h264PPS, h264AUD         = 6, 7, 8, 9
	h264STAPA, h264FUA                         = 24, 28
	h265RADLN, h265RASLN, h265RASLR            = 6, 8, 9
	h265BLAFirst, h265BLALast, h265CRA         = 16, 18, 21
	h265IDRFirst, h265IDRLast, h265IRAPLast    = 19, 20, 23
	h265LastVCL, h265VPS, h265SPS, h265PPS     = 31, 32, 33, 34
	h265AUD, h265SEI, h265AP, h265FU, h265PACI = 35, 39, 48, 49, 50
)

func nalType(codec media.Codec, nal []byte) int {
	if len(nal) == 0 {
		return 0
	}
	if codec == media.H264 {
		return int(nal[0] & 0x1f)
	}
	return int(nal[0]>>1) & 0x3f
}

// isSlice reports whether a NAL unit of that type is part of a coded picture.
func isSlice(codec media.Codec, typ int) bool {
	if codec == media.H264 {
		return typ >= h264Slice && typ <= h264IDR
	}
	return typ <= h265LastVCL
}

// isKey reports whether decoding can start at a slice of that type.
func isKey(codec media.Codec, typ int) bool {
	if codec == media.H264 {
		return typ == h264IDR
	}
	return typ >= h265BLAFirst && typ <= h265IRAPLast
}

// beginsPicture reports whether the slice is the first of its picture: first_mb_in_slice is 0, or
// first_slice_segment_in_pic_flag is set.
func beginsPicture(codec media.Codec, nal []byte) bool {
	if codec == media.H264 {
		return len(nal) > 1 && nal[1]&0x80 != 0 // ue(v) of 0 is the single bit 1
	}
	return len(nal) > 2 && nal[2]&0x80 != 0
}

// bitReader reads the beginning of a NAL unit; reading beyond the end yields zeros and sets bad.
type bitReader struct {
	b   []byte
	pos int
	bad bool
}

func (r *bitReader) bit() int {
	if r.pos>>3 >= len(r.b) {
		r.bad = true
		return 0
	}
	v := r.b[r.pos>>3] >> (7 - r.pos&7) & 1
	r.pos++
	return int(v)
}

func (r *bitReader) bits(n int) (v int) {
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

// ue reads an unsigned Exp-Golomb code (H.264 9.1).
func (r *bitReader) ue() int {
	n := 0
	for r.bit() == 0 && !r.bad {
		if n++; n > 31 {
			r.bad = true
			return 0
		}
	}
	return 1<<n - 1 + r.bits(n)
}

// head is how many bytes of a NAL unit hold what is read of slices and picture parameter sets here.
const head = 48

func nalBits(nal []byte, skip int) *bitReader {
	if len(nal) > head {
		nal = nal[:head]
	}
	if len(nal) < skip {
		return &bitReader{bad: true}
	}
	return &bitReader{b: h264.EmulationPreventionRemove(nal[skip:])}
}

// slicePPS returns the id of the picture parameter set that a slice uses.
func slicePPS(codec media.Codec, nal []byte) (id int, ok bool) {
	var r *bitReader
	if codec == media.H264 {
		r = nalBits(nal, 1)
		r.ue() // first_mb_in_slice
		r.ue() // slice_type
	} else {
		r = nalBits(nal, 2)
		r.bit() // first_slice_segment_in_pic_flag
		if t := nalType(codec, nal); t >= h265BLAFirst && t <= h265IRAPLast {
			r.bit() // no_output_of_prior_pics_flag
		}
	}
	id = r.ue()
	return id, !r.bad
}

// ppsIDs returns a picture parameter set's own id and that of the sequence parameter set it uses.
func ppsIDs(codec media.Codec, nal []byte) (pps, sps int, ok bool) {
	skip := 1
	if codec == media.H265 {
		skip = 2
	}
	r := nalBits(nal, skip)
	pps, sps = r.ue(), r.ue()
	return pps, sps, !r.bad && pps < 256 && sps < 32
}

// sequence is what is read of a sequence parameter set.
type sequence struct {
	id, vps       int
	width, height int
	reorder       int     // pictures; -1 if it does not say
	rate          float64 // pictures per second, 0 if it does not say
	profile       string
	level         string
}

// parseSPS reads a sequence parameter set. The library's parser is given a bounded input and may not
// panic on it; FuzzParameterSets holds it to that.
func parseSPS(codec media.Codec, nal []byte) (sequence, bool) {
	if len(nal) > 4096 {
		return sequence{}, false
	}
	if codec == media.H264 {
		var s h264.SPS
		if s.Unmarshal(nal) != nil {
			return sequence{}, false
		}
		q := sequence{
			id: int(s.ID), width: s.Width(), height: s.Height(), reorder: -1, rate: s.FPS(),
			profile: h264Profile(s.ProfileIdc, nal[2]), level: levelText(int(s.LevelIdc), 10),
		}
		switch {
		case s.PicOrderCntType == 2, s.ProfileIdc == 66:
			q.reorder = 0
		case s.VUI != nil && s.VUI.BitstreamRestriction != nil:
			q.reorder = min(int(s.VUI.BitstreamRestriction.MaxNumReorderFrames), maxReorder)
		}
		return q, saneSize(q)
	}
	var s h265.SPS
	if s.Unmarshal(nal) != nil {
		return sequence{}, false
	}
	q := sequence{
		id: int(s.ID), vps: int(s.VPSID), width: s.Width(), height: s.Height(), rate: s.FPS(),
		profile: h265Profile(int(s.ProfileTierLevel.GeneralProfileIdc)), level: levelText(int(s.ProfileTierLevel.GeneralLevelIdc), 30),
	}
	if n := len(s.MaxNumReorderPics); n > 0 {
		q.reorder = min(int(s.MaxNumReorderPics[n-1]), maxReorder)
	}
	return q, saneSize(q)
}

func saneSize(q sequence) bool {
	return q.width > 0 && q.width <= 16384 && q.height > 0 && q.height <= 16384
}

// parameters keeps a video track's parameter sets and tells when the ones in use change.
type parameters struct {
	codec         media.Codec
	vps, sps, pps map[int][]byte
	seen          bool // some came in band
}

func newParameters(codec media.Codec) *parameters {
	return &parameters{codec: codec, vps: map[int][]byte{}, sps: map[int][]byte{}, pps: map[int][]byte{}}
}

// take remembers nal if it is a parameter set that can be read, and reports whether it was.
func (p *parameters) take(nal []byte) bool {
	typ := nalType(p.codec, nal)
	switch {
	case p.codec == media.H264 && typ == h264SPS, p.codec == media.H265 && typ == h265SPS:
		if q, ok := parseSPS(p.codec, nal); ok {
			keepSet(p.sps, q.id, nal)
			return true
		}
	case p.codec == media.H264 && typ == h264PPS, p.codec == media.H265 && typ == h265PPS:
		if id, _, ok := ppsIDs(p.codec, nal); ok {
			keepSet(p.pps, id, nal)
			return true
		}
	case p.codec == media.H265 && typ == h265VPS && len(nal) > 2:
		keepSet(p.vps, int(nal[2]>>4), nal)
		return true
	}
	return false
}

func keepSet(m map[int][]byte, id int, nal []byte) {
	if !bytes.Equal(m[id], nal) {
		m[id] = bytes.Clone(nal)
	}
}

// active returns a track with the sets that a picture with parameter set pps uses, if all are known.
// With pps < 0 it takes the lowest id that is complete.
func (p *parameters) active(t *media.Track, pps int) (*media.Track, sequence, bool) {
	if pps < 0 {
		for id := range p.pps {
			if pps < 0 || id < pps {
				pps = id
			}
		}
	}
	set, ok := p.pps[pps]
	if !ok {
		return nil, sequence{}, false
	}
	_, id, _ := ppsIDs(p.codec, set)
	q, ok := parseSPS(p.codec, p.sps[id])
	if !ok {
		return nil, sequence{}, false
	}
	n := *t
	n.SPS, n.PPS, n.Width, n.Height = p.sps[id], set, q.width, q.height
	if p.codec == media.H265 {
		if n.VPS, ok = p.vps[q.vps]; !ok {
			return nil, sequence{}, false
		}
	}
	return &n, q, true
}

func sameSets(a, b *media.Track) bool {
	return bytes.Equal(a.VPS, b.VPS) && bytes.Equal(a.SPS, b.SPS) && bytes.Equal(a.PPS, b.PPS)
}
