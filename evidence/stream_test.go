package evidence

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
)

func TestSegmentsRotateOnAKeyPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Limits.SegmentLength = 4500 * time.Millisecond })
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(12 * time.Second)
		r.end()
		files := r.files(r.disks[0])
		names := segments(files, "r", "c")
		require.Len(t, names, 3)
		prev := fragment.Hash(r.e.first)
		next := uint32(1)
		for _, n := range names {
			s := scan(t, files[n])
			require.Equal(t, prev, s.Header.Prev, "the chain goes on through segments")
			require.Equal(t, next, s.Fragments[0].Sequence)
			require.True(t, s.Fragments[0].Tracks[0].KeyFirst)
			for i, tr := range s.Fragments[0].Tracks {
				require.Less(t, s.Header.Tracks[i].Ticks(tr.Decode).Duration(), 100*time.Millisecond, "track %d begins with its segment", i)
			}
			prev, next = s.Last, next+uint32(len(s.Fragments))
		}
		same(t, f, recorded(t, files, "r", "c", 0), 0, 0)
		same(t, f, recorded(t, files, "r", "c", 1), 1, 0)
	})
}

func TestShownTimeGoesOnEvenlyWithoutSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Limits.SegmentLength = 10 * time.Second })
		f := newFake(t, r.clock, card(true)...)
		n := 0
		f.delay = func(u *media.Unit) time.Duration { // jitter that keeps the order within a track
			n++
			return time.Duration(n%7) * 5 * time.Millisecond
		}
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(30 * time.Second)
		r.end()
		files := r.files(r.disks[0])
		var last clock.Instant
		for _, name := range segments(files, "r", "c") {
			for _, fr := range scan(t, files[name]).Fragments {
				require.LessOrEqual(t, fr.Start.Wall, fr.End.Wall)
				if last.Wall != 0 {
					require.InDelta(t, 0, float64(fr.Start.Since(last)), float64(45*time.Millisecond), "one picture or sound frame at most")
				}
				require.GreaterOrEqual(t, fr.End.Wall, last.Wall)
				require.GreaterOrEqual(t, fr.Start.Uncertainty, cameraLatency)
				last = fr.End
			}
		}
		require.InDelta(t, 30, last.Since(r.cfg.Timeline.At(f.began.Mono)).Seconds(), 0.1)
	})
}

func TestChangedParametersBeginASegment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2500 * time.Millisecond)
		other := *f.tracks[0]
		big := testcard.NewVideo(testcard.Options{Width: 640, Height: 360})
		other.SPS, other.PPS, other.Width, other.Height = big.Track().SPS, big.Track().PPS, 640, 360
		f.feed.Publish(&media.Description{Epoch: f.epoch, Tracks: []*media.Track{f.tracks[0]}, At: r.clock.Now()}) // the same again
		f.play(time.Second)
		f.feed.Publish(&media.Description{Epoch: f.epoch, Tracks: []*media.Track{&other}, At: r.clock.Now()})
		f.play(2 * time.Second)
		r.end()
		files := r.files(r.disks[0])
		names := segments(files, "r", "c")
		require.Equal(t, []string{"r/c/run-0001/0001.mp4", "r/c/run-0001/0002.mp4"}, names)
		require.Equal(t, SegmentParameters, of[SegmentBegan](r)[1].Why)
		require.True(t, scan(t, files[names[1]]).Fragments[0].Tracks[0].KeyFirst)
		same(t, f, recorded(t, files, "r", "c", 0), 0, 0)
	})
}

func TestSoundAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, testcard.NewRoomTone(testcard.SoundOptions{}))
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "mic", Feed: f.feed}))
		f.play(5 * time.Second)
		r.end()
		files := r.files(r.disks[0])
		same(t, f, recorded(t, files, "r", "mic", 0), 0, 0)
		s := scan(t, files["r/mic/run-0001/0001.mp4"])
		require.InDelta(t, 5, len(s.Fragments), 1)
	})
}

func TestSilentTracks(t *testing.T) {
	for track, name := range []string{"picture", "sound"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1, nil)
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
				if track == 1 {
					f.mute[1] = true // from the beginning: its place is found later
				}
				f.play(3 * time.Second)
				f.mute[track] = track == 0
				f.play(4 * time.Second)
				f.mute[track] = false
				f.play(3 * time.Second)
				r.end()
				files := r.files(r.disks[0])
				same(t, f, recorded(t, files, "r", "c", 0), 0, 0)
				same(t, f, recorded(t, files, "r", "c", 1), 1, 0)
				s := scan(t, files["r/c/run-0001/0001.mp4"])
				require.GreaterOrEqual(t, len(s.Fragments), 10)
				for _, fr := range s.Fragments {
					if fr.Tracks[0].Samples == 0 || fr.Tracks[1].Samples == 0 {
						continue
					}
					at := func(i int) time.Duration { // from arrival to the place on the axis
						tr := fr.Tracks[i]
						return s.Header.Tracks[i].Ticks(tr.Decode).Duration() - tr.Arrival.Mono.Sub(f.began.Mono)
					}
					a, b := at(0), at(1)
					require.InDelta(t, 0, float64(a-b), float64(60*time.Millisecond), "sound stays beside the picture")
				}
			})
		})
	}
}

func TestSoundThatCameBeforeTheKeyPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		// The picture takes 60 ms longer than the sound: what is heard with the key picture was
		// there before it. It stays, whatever was heard before goes.
		f.delay = func(u *media.Unit) time.Duration {
			if u.Track == 0 {
				return 60 * time.Millisecond
			}
			return 0
		}
		f.play(3 * time.Second)
		r.end()
		s := scan(t, r.files(r.disks[0])["r/c/run-0001/0001.mp4"])
		video, sound := s.Fragments[0].Tracks[0], s.Fragments[0].Tracks[1]
		a, b := s.Header.Tracks[0].Ticks(video.Decode).Duration(), s.Header.Tracks[1].Ticks(sound.Decode).Duration()
		require.InDelta(t, 0, float64(a-b), float64(100*time.Millisecond))
	})
}

func TestFragmentsCloseByBytesAndByWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Limits.FragmentBytes = 4000 })
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		<-time.After(1100 * time.Millisecond) // nothing comes any more: what is there becomes safe
		synctest.Wait()
		last := f.sent[len(f.sent)-1]
		until := r.e.Status().Cameras[0].SafeUntil
		require.InDelta(t, 0, float64(until.Since(r.cfg.Timeline.At(last.Arrival.Mono))), float64(50*time.Millisecond))
		r.end()
		files := r.files(r.disks[0])
		s := scan(t, files["r/c/run-0001/0001.mp4"])
		require.Greater(t, len(s.Fragments), 4)
		for _, fr := range s.Fragments {
			if fr.Tracks[0].Samples > 1 {
				require.LessOrEqual(t, fr.Tracks[0].Bytes, int64(4000+4*3*25))
			}
		}
		same(t, f, recorded(t, files, "r", "c", 0), 0, 0)
	})
}

func TestGapsAreCountedDeclaredJournalledAndSealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(1500 * time.Millisecond)
		from := r.clock.Now()
		f.feed.Publish(&media.Gap{Track: 0, From: from, To: from.Add(80 * time.Millisecond), Cause: media.CauseLoss, Packets: 7, Units: 2})
		f.play(1500 * time.Millisecond)
		last := f.sent[len(f.sent)-1]
		f.feed.Publish(&media.Report{Track: last.Track, Arrival: r.clock.Now(), NTP: r.clock.Now().Wall.Add(3 * time.Second), PTS: last.PTS})
		f.feed.Publish(&media.Jump{Track: 0, At: r.clock.Now(), From: 1, To: 2})
		f.play(time.Second)
		require.NoError(t, r.e.StopRecording(context.Background()))
		sealed, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.NoError(t, err)
		r.halt()
		files := r.files(r.disks[0])
		s := scan(t, files["r/c/run-0001/0001.mp4"])
		require.Zero(t, s.Fragments[0].Tracks[0].Lost)
		require.Equal(t, fragment.Lost{Packets: 7, Units: 2, Gaps: 1}, s.Fragments[1].Tracks[0].Lost)
		gaps := of[GapDeclared](r)
		require.Len(t, gaps, 1)
		require.Equal(t, r.cfg.Timeline.At(from.Mono), gaps[0].From)
		require.Contains(t, types(r.lines(files)), TypeGaps)
		require.Contains(t, types(r.lines(files)), TypeCameraJump)
		require.Contains(t, types(r.lines(files)), TypeCameraClock)
		require.Len(t, sealed.Statement.Runs[0].Gaps, 1)
		require.EqualValues(t, 2, sealed.Statement.Runs[0].Tracks[0].Lost)
		require.InDelta(t, 3, sealed.Statement.Cameras[0].Offset.Last.Seconds(), 0.1)
	})
}

func TestFullTapBecomesAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Limits.TapItems = 8 })
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(time.Second)
		// A burst that comes faster than the goroutine can take it.
		f.delay = func(u *media.Unit) time.Duration { return -5 * time.Second }
		f.play(time.Second)
		r.end()
		gaps := of[GapDeclared](r)
		for _, g := range gaps {
			if g.Cause == media.CauseStall {
				require.Zero(t, g.Units, "the hole that the lost ones leave in the times of a burst")
				continue
			}
			require.Equal(t, media.CauseOverflow, g.Cause)
		}
		got := len(recorded(t, r.files(r.disks[0]), "r", "c", 0))
		lost := 0
		for _, g := range gaps {
			lost += g.Units
		}
		require.Equal(t, len(f.sent), got+lost, "every picture is there or declared")
	})
}

func TestEventsOfASlowReader(t *testing.T) {
	q := newEventQueue()
	of := Of{"r", "c"}
	for i := range 10_000 {
		q.put(Safe{Of: of, Run: 1, Volumes: i})
		q.put(GapDeclared{Of: of, Run: 1, Cause: media.CauseLoss, Units: 1, Count: 1})
	}
	q.put(StorageLost{})
	q.finish()
	go q.run(context.Background())
	units, count, safe, lost := 0, 0, 0, 0
	n := 0
	for e := range q.out {
		n++
		switch e := e.(type) {
		case GapDeclared:
			units, count = units+e.Units, count+e.Count
		case Safe:
			safe++
			require.Equal(t, 9999, e.Volumes)
		case StorageLost:
			lost++
		}
	}
	require.Equal(t, 10_000, units)
	require.Equal(t, 10_000, count)
	require.Equal(t, 1, safe)
	require.Equal(t, 1, lost)
	require.LessOrEqual(t, n, eventsBeforeMerge+3)
}

func TestSealMergesTheNearestGaps(t *testing.T) {
	e := &Evidence{}
	r := newRunRecord(Of{"r", "c"}, 1, nil)
	for i := range 1000 {
		from := clock.Instant{Wall: clock.Wall(i) * clock.Wall(time.Second)}
		to := clock.Instant{Wall: from.Wall.Add(time.Duration(i%10) * 10 * time.Millisecond)}
		r.addGap(e, GapDeclared{Track: 0, Cause: media.CauseLoss, From: from, To: to, Units: 1, Packets: 3, Count: 1})
	}
	require.Len(t, r.gaps, maxSealGaps)
	var units, count uint64
	for i, g := range r.gaps {
		units, count = units+g.Units, count+g.Count
		if i > 0 {
			require.Greater(t, g.From.Wall, r.gaps[i-1].To.Wall)
		}
	}
	require.EqualValues(t, 1000, units)
	require.EqualValues(t, 1000, count)
}

func TestCRAWithLeadingPicturesBeginsNoSegment(t *testing.T) {
	for _, leading := range []bool{true, false} {
		t.Run(fmt.Sprint(leading), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1, func(c *Config) { c.Limits.SegmentLength = 1500 * time.Millisecond })
				f := newFake(t, r.clock, &hevc{leading: leading})
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
				f.play(6 * time.Second)
				r.end()
				files := r.files(r.disks[0])
				want := 3
				if leading {
					want = 1
				}
				require.Len(t, segments(files, "r", "c"), want)
				same(t, f, recorded(t, files, "r", "c", 0), 0, 0)
			})
		})
	}
}

func TestEvidenceRefusesBadNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		for _, id := range []string{"", "A", "a/b", "..", "a b", string(bytes.Repeat([]byte{'a'}, 33))} {
			require.Error(t, r.e.Record(Camera{Room: id, ID: "c", Feed: media.NewFeed()}))
			require.Error(t, r.e.Record(Camera{Room: "r", ID: id, Feed: media.NewFeed()}))
		}
		r.end()
		for _, change := range []func(*Config){
			func(c *Config) { c.Folder = "../x" }, func(c *Config) { c.Folder = "/x" }, func(c *Config) { c.Folder = "" },
			func(c *Config) { c.Session = "" }, func(c *Config) { c.Volumes = nil }, func(c *Config) { c.Clock = nil },
			func(c *Config) { c.Volumes = append(c.Volumes, c.Volumes[0]) },
		} {
			cfg := r.cfg
			change(&cfg)
			_, err := prepare(cfg)
			require.Error(t, err)
		}
	})
}
