package testcard

// levels of H.264 table A-1 that the encoder may name: largest picture and rate in macroblocks.
var levelLimits = []struct{ idc, size, rate int }{
	{20, 396, 11880},
	{30, 1620, 40500},
	{31, 3600, 108000},
	{40, 8192, 245760},
	{51, 36864, 983040},
}

func levelFor(mbs, fps int) int {
	for _, l := range levelLimits {
		if mbs <= l.size && mbs*fps <= l.rate {
			return l.idc
		}
	}
	return 52
}

// sps returns the sequence parameter set of a Constrained Baseline stream of width x height luma
// samples, both even, at fps pictures per second (H.264, 7.3.2.1 and E.1.1).
func sps(width, height, fps int) []byte {
	cols, rows := (width+15)/16, (height+15)/16
	w := &bitWriter{}
	w.u(8, 66)   // Baseline
	w.u(8, 0xC0) // Constrained, and Main decodes it too
	w.u(8, uint32(levelFor(cols*rows, fps)))
	w.ue(0)                // id
	w.ue(frameNumBits - 4) // log2_max_frame_num_minus4
	w.ue(2)                // output order is decoding order
	w.ue(1)                // one reference
	w.flag(false)          // no gaps in frame_num
	w.ue(uint32(cols - 1))
	w.ue(uint32(rows - 1))
	w.flag(true) // frames only
	w.flag(true) // direct_8x8_inference
	crop := cols*16 != width || rows*16 != height
	w.flag(crop)
	if crop {
		w.ue(0)
		w.ue(uint32(cols*16-width) / 2)
		w.ue(0)
		w.ue(uint32(rows*16-height) / 2)
	}
	w.flag(true)  // VUI
	w.flag(false) // no aspect ratio
	w.flag(false) // no overscan
	w.flag(true)  // video signal
	w.u(3, 5)     // format unspecified
	w.flag(false) // luma 16 to 235
	w.flag(true)
	w.u(24, 0x010101) // BT.709
	w.flag(false)     // chroma location
	w.flag(true)      // timing, in fields
	w.u(32, 1)
	w.u(32, uint32(2*fps))
	w.flag(true)  // fixed rate
	w.flag(false) // no NAL HRD
	w.flag(false) // no VCL HRD
	w.flag(false) // pic_struct
	w.flag(true)  // restrictions
	w.flag(false) // no vector leaves the picture
	w.ue(0)       // bytes and bits per picture unlimited
	w.ue(0)
	w.ue(0) // vectors are zero
	w.ue(0)
	w.ue(0) // no reordering
	w.ue(1) // one picture in the buffer
	w.trailing()
	return nal(nalSPS, w.buf)
}

// pps returns the picture parameter set that goes with sps (H.264, 7.3.2.2).
func pps() []byte {
	w := &bitWriter{}
	w.ue(0)
	w.ue(0)
	w.flag(false) // CAVLC
	w.flag(false)
	w.ue(0) // one slice group
	w.ue(0) // one reference
	w.ue(0)
	w.flag(false) // no weights
	w.u(2, 0)
	w.se(ppsQP - 26)
	w.se(0)
	w.se(0)
	w.flag(true)  // slices say whether they are deblocked
	w.flag(false) // intra prediction from any neighbour
	w.flag(false)
	w.trailing()
	return nal(nalPPS, w.buf)
}
