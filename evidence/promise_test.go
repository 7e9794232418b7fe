package evidence

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
	"roomrec/media"
)

// What was acknowledged after a volume had left counts, although that volume, which is there again
// after a restart, is behind by a few fragments only.
func TestWhatWasAcknowledgedWithoutAVolumeCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		r.disks[1].Fail(volumetest.Sync, volumetest.Fault{Err: syscall.EIO})
		f.play(5 * time.Second)
		r.ackMu.Lock()
		acks := slices.Clone(r.acks) // before the crash: what comes after it was not acknowledged to anybody
		r.ackMu.Unlock()
		disks := []*volumetest.Disk{r.disks[0].Crash(nil), r.disks[1].Crash(nil)}
		r.kill()
		n, found := r.again(disks)
		n.end()
		counted := map[string]int64{}
		for _, g := range found.segments {
			counted[testFolder+"/"+g.path] = g.size
		}
		require.Equal(t, "vol-a", acks[len(acks)-1].Volume)
		for _, a := range acks {
			require.GreaterOrEqual(t, counted[a.File], a.End, "on %s", a.Volume)
		}
	})
}

// Nothing is acknowledged without a volume before the journal says that it left: who finds the session
// after a power cut could not know it otherwise.
func TestALeavingIsInTheJournalBeforeAnythingIsAcknowledgedWithout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		r.disks[1].Fail(volumetest.Sync, volumetest.Fault{Err: syscall.EIO})
		r.disks[0].Fail(volumetest.Sync, volumetest.Fault{Delay: 300 * time.Millisecond})
		said := func(d *volumetest.Disk) bool {
			return strings.Contains(string(r.files(d.Crash(nil))["journal-0001.jsonl"]), TypeVolumeLeft)
		}
		alone := 0
		for range 40 {
			f.play(50 * time.Millisecond)
			synctest.Wait()
			r.ackMu.Lock()
			last := r.acks[len(r.acks)-1]
			r.ackMu.Unlock()
			if st := r.e.Status(); last.Volume == "vol-a" && st.Cameras[0].Volumes == 1 {
				alone++
				require.True(t, said(r.disks[0]))
			}
		}
		require.NotZero(t, alone)
		r.end()
	})
}

// Sound of before the first key picture never makes a fragment of its own, however much there is.
func TestARunBeginsWithItsKeyPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		for i := range int64(6) {
			now := r.clock.Now()
			ticks := i * f.tracks[1].ClockRate / 2
			f.feed.Publish(&media.Unit{Track: 1, Arrival: now, PTS: ticks, DTS: ticks, Payload: [][]byte{{1, 2, 3, 4}}})
			<-time.After(400 * time.Millisecond)
		}
		now := r.clock.Now()
		f.feed.Publish(&media.Unit{Arrival: now, Key: true, Payload: [][]byte{f.tracks[0].SPS, f.tracks[0].PPS, {0x65, 0x88, 0x80}}})
		<-time.After(2 * time.Second)
		r.end()
		runs := of[RunBegan](r)
		require.Len(t, runs, 1)
		line := r.cfg.Timeline
		require.InDelta(t, float64(line.At(now.Mono).Wall), float64(runs[0].At.Wall), float64(50*time.Millisecond))
	})
}

// A camera that gives nothing for less than what locks is there without a word of its source; what is
// missing is declared all the same.
func TestAStallIsADeclaredGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		f.mute[0] = true
		f.play(1500 * time.Millisecond)
		f.mute[0] = false
		f.play(5 * time.Second)
		require.NoError(t, r.e.StopRecording(t.Context()))
		sealed, err := r.e.Seal(t.Context(), testKey(t), Facts{})
		require.NoError(t, err)
		r.halt()
		gaps := of[GapDeclared](r)
		require.Len(t, gaps, 1)
		require.Equal(t, media.CauseStall, gaps[0].Cause)
		require.InDelta(t, 1540*time.Millisecond, gaps[0].To.Since(gaps[0].From), float64(50*time.Millisecond))
		require.Len(t, sealed.Statement.Runs, 1)
		require.Equal(t, verify.Gaps, r.verdict(t, r.disks[0]).Verdict)
	})
}

// A camera whose picture stops while its sound goes on: the picture is missing until the run ends.
func TestAStallToTheEndIsADeclaredGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		f.mute[0] = true
		f.play(4 * time.Second)
		require.NoError(t, r.e.StopRecording(t.Context()))
		_, err := r.e.Seal(t.Context(), testKey(t), Facts{})
		require.NoError(t, err)
		r.halt()
		gaps := of[GapDeclared](r)
		require.Len(t, gaps, 1)
		require.Equal(t, media.CauseStall, gaps[0].Cause)
		require.InDelta(t, 4*time.Second, gaps[0].To.Since(gaps[0].From), float64(100*time.Millisecond))
		v := r.verdict(t, r.disks[0])
		require.Equal(t, verify.Gaps, v.Verdict, "%v", v.Findings)
	})
}

// A network that holds everything up for two seconds more than before: the pictures are all there, and
// the hole that their times have, once that shows, is declared.
func TestGrowingDelayLeavesNoUndeclaredHole(t *testing.T) {
	for _, more := range []time.Duration{200 * time.Millisecond, 700 * time.Millisecond, 2 * time.Second, 5 * time.Second} {
		t.Run(more.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1, nil)
				f := newFake(t, r.clock, card(true)...)
				f.delay = func(u *media.Unit) time.Duration {
					if f.tracks[u.Track].Ticks(u.DTS).Duration() < 20*time.Second {
						return 0
					}
					return more
				}
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(60 * time.Second)
				sealed := r.seal()
				require.Equal(t, sentOf(f, 0), r.keptOf(sealed, 0, 0))
				rep := r.folders(0)
				require.Empty(t, rep.Folders[0].Findings)
				want := verify.Intact
				if more > time.Second { // less is spread over a fragment
					want = verify.Gaps
				}
				require.Equal(t, want, rep.Folders[0].Verdict)
			})
		})
	}
}
