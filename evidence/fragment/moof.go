package fragment

import (
	"fmt"

	"roomrec/evidence/fragment/box"
)

// Sample is what a fragment says of one sample.
type Sample struct {
	Duration uint32 // decode duration in ticks
	Size     uint32 // in bytes
	Offset   int32  // presentation time minus decode time in ticks
	Key      bool   // decoding can start here
}

// Share is one track's part of a movie fragment. The samples' bytes follow one another in the mdat,
// share after share.
type Share struct {
	Track   uint32 // its id
	Decode  int64  // decode time of the first sample in ticks; not negative
	Samples []Sample
}

// AppendMoof appends the moof of the given shares to b. The mdat must follow at once and hold the
// shares' bytes in the same order. Every share must have samples.
func AppendMoof(b []byte, sequence uint32, shares []Share) []byte {
	w := box.Builder{B: b}
	start := len(b)
	moof := w.Begin("moof")
	mfhd := w.BeginFull("mfhd", 0, 0)
	w.U32(sequence)
	w.End(mfhd)
	var offsets [16]int // places of the data offsets; more shares spill to the heap
	places := offsets[:0]
	for i := range shares {
		places = append(places, appendShare(&w, &shares[i]))
	}
	w.End(moof)
	at := len(w.B) - start + box.HeaderSize
	for i := range shares {
		w.Put32(places[i], uint32(at))
		for _, s := range shares[i].Samples {
			at += int(s.Size)
		}
	}
	return w.B
}

// Flags of tfhd and trun (ISO/IEC 14496-12, 8.8.7 and 8.8.8).
const (
	tfhdDuration   = 0x000008
	tfhdSize       = 0x000010
	tfhdFlags      = 0x000020
	tfhdBaseIsMoof = 0x020000

	trunDataOffset = 0x000001
	trunFirstFlags = 0x000004
	trunDuration   = 0x000100
	trunSize       = 0x000200
	trunFlags      = 0x000400
	trunOffset     = 0x000800
)

func appendShare(w *box.Builder, s *Share) (dataOffset int) {
	first := s.Samples[0]
	var run uint32 = trunDataOffset
	for i, v := range s.Samples {
		if v.Duration != first.Duration {
			run |= trunDuration
		}
		if v.Size != first.Size {
			run |= trunSize
		}
		if v.Offset != 0 {
			run |= trunOffset
		}
		if i > 0 && v.Key != s.Samples[len(s.Samples)-1].Key {
			run |= trunFlags
		}
	}
	rest := s.Samples[len(s.Samples)-1].Key
	if run&trunFlags == 0 && first.Key != rest {
		run |= trunFirstFlags
	}
	var head uint32 = tfhdBaseIsMoof
	if run&trunDuration == 0 {
		head |= tfhdDuration
	}
	if run&trunSize == 0 {
		head |= tfhdSize
	}
	if run&trunFlags == 0 {
		head |= tfhdFlags
	}

	traf := w.Begin("traf")
	tfhd := w.BeginFull("tfhd", 0, head)
	w.U32(s.Track)
	if head&tfhdDuration != 0 {
		w.U32(first.Duration)
	}
	if head&tfhdSize != 0 {
		w.U32(first.Size)
	}
	if head&tfhdFlags != 0 {
		w.U32(flagsOf(rest))
	}
	w.End(tfhd)
	tfdt := w.BeginFull("tfdt", 1, 0)
	w.I64(s.Decode)
	w.End(tfdt)
	trun := w.BeginFull("trun", 1, run)
	w.U32(uint32(len(s.Samples)))
	dataOffset = len(w.B)
	w.U32(0)
	if run&trunFirstFlags != 0 {
		w.U32(flagsOf(first.Key))
	}
	for _, v := range s.Samples {
		if run&trunDuration != 0 {
			w.U32(v.Duration)
		}
		if run&trunSize != 0 {
			w.U32(v.Size)
		}
		if run&trunFlags != 0 {
			w.U32(flagsOf(v.Key))
		}
		if run&trunOffset != 0 {
			w.U32(uint32(v.Offset))
		}
	}
	w.End(trun)
	w.End(traf)
	return dataOffset
}

func flagsOf(key bool) uint32 {
	if key {
		return flagsKey
	}
	return flagsOther
}

// parseMoof reads a moof's body, given the size of the whole moof box. Only what this package writes
// is accepted: shares whose bytes follow one another without a hole from the start of the mdat.
func parseMoof(body []byte, size int64) (sequence uint32, shares []Share, payload int64, err error) {
	r := box.Reader{P: body}
	kind, mfhd, err := r.Next()
	if err != nil {
		return 0, nil, 0, err
	}
	if kind != "mfhd" {
		return 0, nil, 0, fmt.Errorf("moof begins with %q instead of mfhd", kind)
	}
	if v, _ := mfhd.Full(); v != 0 {
		return 0, nil, 0, fmt.Errorf("mfhd has version %d", v)
	}
	sequence = mfhd.U32()
	if mfhd.Err() != nil || mfhd.Len() != 0 {
		return 0, nil, 0, fmt.Errorf("mfhd has the wrong size")
	}
	left := maxSamples
	for r.Len() > 0 {
		kind, traf, err := r.Next()
		if err != nil {
			return 0, nil, 0, err
		}
		if kind != "traf" {
			return 0, nil, 0, fmt.Errorf("moof holds an unexpected box %q", kind)
		}
		s, err := parseTraf(traf, size+box.HeaderSize+payload, &left)
		if err != nil {
			return 0, nil, 0, fmt.Errorf("traf %d: %w", len(shares)+1, err)
		}
		for _, v := range s.Samples {
			payload += int64(v.Size)
		}
		shares = append(shares, s)
	}
	if len(shares) == 0 {
		return 0, nil, 0, fmt.Errorf("moof holds no track")
	}
	return sequence, shares, payload, nil
}

func parseTraf(r box.Reader, at int64, left *int) (s Share, err error) {
	bodies := [3]box.Reader{}
	for i, want := range [...]string{"tfhd", "tfdt", "trun"} {
		kind, body, err := r.Next()
		if err != nil {
			return s, err
		}
		if kind != want {
			return s, fmt.Errorf("%q where %s belongs", kind, want)
		}
		bodies[i] = body
	}
	if r.Len() != 0 {
		return s, fmt.Errorf("more boxes than tfhd, tfdt, trun")
	}
	tfhd, tfdt, trun := &bodies[0], &bodies[1], &bodies[2]

	version, head := tfhd.Full()
	if version != 0 || head&tfhdBaseIsMoof == 0 || head&^(tfhdBaseIsMoof|tfhdDuration|tfhdSize|tfhdFlags) != 0 {
		return s, fmt.Errorf("tfhd has unknown version %d or flags %06x", version, head)
	}
	s.Track = tfhd.U32()
	var common Sample
	if head&tfhdDuration != 0 {
		common.Duration = tfhd.U32()
	}
	if head&tfhdSize != 0 {
		common.Size = tfhd.U32()
	}
	if head&tfhdFlags != 0 {
		if common.Key, err = parseFlags(tfhd.U32()); err != nil {
			return s, err
		}
	}
	if tfhd.Err() != nil || tfhd.Len() != 0 {
		return s, fmt.Errorf("tfhd has the wrong size")
	}

	version, flags := tfdt.Full()
	if s.Decode = tfdt.I64(); version != 1 || flags != 0 || tfdt.Err() != nil || tfdt.Len() != 0 {
		return s, fmt.Errorf("tfdt has the wrong version or size")
	}
	if s.Decode < 0 || s.Decode > maxDecode {
		return s, fmt.Errorf("impossible decode time %d", uint64(s.Decode))
	}

	s.Samples, err = parseTrun(trun, at, head, common, left)
	return s, err
}

func parseTrun(r *box.Reader, at int64, head uint32, common Sample, left *int) ([]Sample, error) {
	version, run := r.Full()
	const known = trunDataOffset | trunFirstFlags | trunDuration | trunSize | trunFlags | trunOffset
	if version != 1 || run&^known != 0 || run&trunDataOffset == 0 {
		return nil, fmt.Errorf("trun has unknown version %d or flags %06x", version, run)
	}
	// Every property is said exactly once: in tfhd for all samples, or in trun for each.
	if (run&trunDuration == 0) != (head&tfhdDuration != 0) || (run&trunSize == 0) != (head&tfhdSize != 0) ||
		(run&trunFlags == 0) != (head&tfhdFlags != 0) || run&trunFlags != 0 && run&trunFirstFlags != 0 {
		return nil, fmt.Errorf("trun flags %06x do not complete tfhd flags %06x", run, head)
	}
	count := int64(r.U32())
	if count == 0 || count > int64(*left) {
		return nil, fmt.Errorf("impossible number of samples: %d", count)
	}
	if offset := int64(int32(r.U32())); offset != at {
		return nil, fmt.Errorf("the data are said to be at %d instead of %d", offset, at)
	}
	firstKey := common.Key
	var err error
	if run&trunFirstFlags != 0 {
		if firstKey, err = parseFlags(r.U32()); err != nil {
			return nil, err
		}
	}
	per := int64(0)
	for _, f := range [...]uint32{trunDuration, trunSize, trunFlags, trunOffset} {
		if run&f != 0 {
			per += 4
		}
	}
	if int64(r.Len()) != per*count {
		return nil, fmt.Errorf("trun has the wrong size for %d samples", count)
	}
	*left -= int(count)
	samples := make([]Sample, count)
	for i := range samples {
		s := common
		if i == 0 {
			s.Key = firstKey
		}
		if run&trunDuration != 0 {
			s.Duration = r.U32()
		}
		if run&trunSize != 0 {
			s.Size = r.U32()
		}
		if run&trunFlags != 0 {
			if s.Key, err = parseFlags(r.U32()); err != nil {
				return nil, err
			}
		}
		if run&trunOffset != 0 {
			s.Offset = int32(r.U32())
		}
		samples[i] = s
	}
	return samples, r.Err()
}

func parseFlags(v uint32) (key bool, err error) {
	switch v {
	case flagsKey:
		return true, nil
	case flagsOther:
		return false, nil
	}
	return false, fmt.Errorf("unknown sample flags %08x", v)
}
