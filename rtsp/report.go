package rtsp

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"

	"roomrec/clock"
)

// eraSeconds is how long an era of NTP's 32-bit seconds lasts; eraStart is 1900-01-01 in Unix time.
const (
	eraSeconds = 1 << 32
	eraStart   = -2208988800
)

// ntpWall converts a 64-bit NTP time (32 bits of seconds, 32 of their fraction, RFC 3550, 4) to the
// wall. The seconds wrap in 2036; the era nearest to the instant near is meant. The fraction is
// 2⁻³² s: gortsplib 4.16.2 takes it for nanoseconds and is up to 3.3 s off.
func ntpWall(ntp uint64, near clock.Wall) clock.Wall {
	sec := int64(ntp>>32) + eraStart
	for int64(near)/int64(time.Second)-sec > eraSeconds/2 {
		sec += eraSeconds
	}
	frac := ntp & 0xffffffff * uint64(time.Second) >> 32 // below 2⁶² before the shift
	return clock.Wall(sec*int64(time.Second) + int64(frac))
}

// control is what an RTCP packet says that matters here.
type control struct {
	reports []senderReport
	bye     bool
}

type senderReport struct {
	ssrc uint32
	ntp  uint64
	rtp  uint32
}

// parseRTCP reads a compound RTCP packet.
func parseRTCP(b []byte) (control, error) {
	packets, err := rtcp.Unmarshal(b)
	var c control
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			c.reports = append(c.reports, senderReport{p.SSRC, p.NTPTime, p.RTPTime})
		case *rtcp.Goodbye:
			c.bye = true
		}
	}
	return c, err
}

// randomSSRC returns a source identifier for our reports.
func randomSSRC() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:])
}

// receiverReports returns one receiver report per track, nil for a track that nothing came from.
func (s *stream) receiverReports(now clock.Stamp, legs []*leg) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([][]byte, len(s.tracks))
	for i, t := range s.tracks {
		o := &t.order
		if !o.started {
			continue
		}
		report := rtcp.ReceptionReport{
			SSRC:               o.ssrc,
			LastSequenceNumber: uint32(o.next - 1),
			TotalLost:          uint32(min(o.counts.Lost, 1<<23-1)),
		}
		if t.lastReport.ntp != 0 {
			report.LastSenderReport = uint32(t.lastReport.ntp >> 16)
			report.Delay = uint32(now.Mono.Sub(t.lastReportAt) * 65536 / time.Second)
		}
		b, err := (&rtcp.ReceiverReport{SSRC: legs[i].ssrc, Reports: []rtcp.ReceptionReport{report}}).Marshal()
		if err != nil {
			continue
		}
		out[i] = b
	}
	return out
}
