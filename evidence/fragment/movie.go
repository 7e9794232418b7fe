package fragment

import (
	"roomrec/clock"
	"roomrec/evidence/fragment/box"
)

// Handler is the kind of a track as its hdlr box names it.
type Handler string

// The handlers that are written. Text is Apple's name for subtitles, which players know best.
const (
	Picture Handler = "vide"
	Sound   Handler = "soun"
	Text    Handler = "sbtl"
)

// Stream is one track of a movie header.
type Stream struct {
	ID            uint32 // of the track; from 1
	Handler       Handler
	Scale         uint32 // ticks per second
	Width, Height int    // pictures and text: in pixels
	Entry         []byte // the sample entry: one box of stsd
}

// Seconds from 1904-01-01, from which MP4 counts, and from 1900-01-01, from which NTP counts, to
// 1970-01-01.
const (
	since1904 = 2_082_844_800
	since1900 = 2_208_988_800
)

// Sample flags as in ISO/IEC 14496-12, 8.8.3.1.
const (
	flagsKey   = 0x02000000 // depends on no other
	flagsOther = 0x01010000 // depends on others, not a sync sample
)

var identity = [9]uint32{0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000}

// AppendMovie appends ftyp and moov of a fragmented movie to b: no samples, no duration, the private
// boxes as they are at the end of the moov.
func AppendMovie(b []byte, created clock.Wall, streams []Stream, private []byte) []byte {
	w := box.Builder{B: b}
	ftyp := w.Begin("ftyp")
	w.Text("iso6")
	w.U32(0x200)
	w.Text("iso6isommp41")
	w.End(ftyp)

	seconds := uint64(int64(created)/1e9 + since1904)
	moov := w.Begin("moov")
	mvhd := w.BeginFull("mvhd", 1, 0)
	w.U64(seconds)
	w.U64(seconds)
	w.U32(1000) // timescale of the movie, in which no duration is written
	w.U64(0)
	w.U32(0x10000) // rate
	w.U16(0x100)   // volume
	w.Zero(10)
	appendMatrix(&w, 0)
	w.Zero(24)
	w.U32(uint32(len(streams)) + 1)
	w.End(mvhd)
	for _, s := range streams {
		appendTrack(&w, s, seconds)
	}
	mvex := w.Begin("mvex")
	for _, s := range streams {
		trex := w.BeginFull("trex", 0, 0)
		w.U32(s.ID)
		w.U32(1) // sample description
		w.U32(0)
		w.U32(0)
		if s.Handler == Picture {
			w.U32(flagsOther)
		} else {
			w.U32(flagsKey)
		}
		w.End(trex)
	}
	w.End(mvex)
	w.Bytes(private...)
	w.End(moov)
	return w.B
}

func appendMatrix(w *box.Builder, down int) {
	for i, v := range identity {
		if i == 7 {
			v = uint32(down) << 16
		}
		w.U32(v)
	}
}

func appendTrack(w *box.Builder, s Stream, seconds uint64) {
	trak := w.Begin("trak")
	tkhd := w.BeginFull("tkhd", 1, 3) // enabled, in the movie
	w.U64(seconds)
	w.U64(seconds)
	w.U32(s.ID)
	w.U32(0)
	w.U64(0)
	w.Zero(8)
	w.U16(0) // layer
	w.U16(0) // alternate group
	if s.Handler == Sound {
		w.U16(0x100)
	} else {
		w.U16(0)
	}
	w.U16(0)
	appendMatrix(w, 0)
	w.U32(uint32(s.Width) << 16)
	w.U32(uint32(s.Height) << 16)
	w.End(tkhd)

	mdia := w.Begin("mdia")
	mdhd := w.BeginFull("mdhd", 1, 0)
	w.U64(seconds)
	w.U64(seconds)
	w.U32(s.Scale)
	w.U64(0)
	w.U16(0x55C4) // language "und"
	w.U16(0)
	w.End(mdhd)
	hdlr := w.BeginFull("hdlr", 0, 0)
	w.U32(0)
	w.Text(string(s.Handler))
	w.Zero(12)
	w.Text(handlerName(s.Handler))
	w.U8(0)
	w.End(hdlr)

	minf := w.Begin("minf")
	switch s.Handler {
	case Picture:
		vmhd := w.BeginFull("vmhd", 0, 1)
		w.Zero(8)
		w.End(vmhd)
	case Sound:
		smhd := w.BeginFull("smhd", 0, 0)
		w.Zero(4)
		w.End(smhd)
	case Text:
		w.End(w.BeginFull("nmhd", 0, 0))
	}
	dinf := w.Begin("dinf")
	dref := w.BeginFull("dref", 0, 0)
	w.U32(1)
	w.End(w.BeginFull("url ", 0, 1)) // in this file
	w.End(dref)
	w.End(dinf)
	stbl := w.Begin("stbl")
	stsd := w.BeginFull("stsd", 0, 0)
	w.U32(1)
	w.Bytes(s.Entry...)
	w.End(stsd)
	for _, kind := range [...]string{"stts", "stsc", "stco"} {
		at := w.BeginFull(kind, 0, 0)
		w.U32(0)
		w.End(at)
	}
	stsz := w.BeginFull("stsz", 0, 0)
	w.Zero(8)
	w.End(stsz)
	w.End(stbl)
	w.End(minf)
	w.End(mdia)
	w.End(trak)
}

func handlerName(h Handler) string {
	switch h {
	case Picture:
		return "picture"
	case Sound:
		return "sound"
	case Text:
		return "clock"
	}
	return ""
}
