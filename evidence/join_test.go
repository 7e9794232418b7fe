package evidence

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume"
	"roomrec/evidence/volume/volumetest"
	"roomrec/media"
)

var errDisk = syscall.EIO

// back opens the i-th disk again, as a person does who has seen to it, and lets it join.
func (r *rig) back(i int) error {
	r.t.Helper()
	r.disks[i] = r.disks[i].Again()
	return r.e.Join(context.Background(), r.open(r.disks[i]))
}

// open opens a volume that runs until the rig's end.
func (r *rig) open(d *volumetest.Disk) *volume.Volume {
	r.t.Helper()
	v, err := volume.Open("/mem", volume.Options{Clock: r.clock, Disk: d})
	require.NoError(r.t, err)
	r.volumes = append(r.volumes, v)
	ctx, cancel := context.WithCancel(context.Background())
	before := r.stopVol
	r.stopVol = func() { cancel(); before() }
	go func() { r.volRan <- v.Run(ctx) }()
	return v
}

// fail lets all disks fail and waits until nothing is left in the set.
func (r *rig) fail(disks ...int) {
	for _, i := range disks {
		r.disks[i].Fail(volumetest.Sync, volumetest.Fault{Err: errDisk})
		r.disks[i].Fail(volumetest.Write, volumetest.Fault{Err: errDisk})
	}
}

// folders writes the disks' files out and verifies them.
func (r *rig) folders(disks ...int) verify.Report {
	r.t.Helper()
	var dirs []string
	for _, i := range disks {
		dir := r.t.TempDir()
		for p, b := range r.files(r.disks[i]) {
			at := filepath.Join(dir, filepath.FromSlash(p))
			require.NoError(r.t, os.MkdirAll(filepath.Dir(at), 0o700))
			require.NoError(r.t, os.WriteFile(at, b, 0o600))
		}
		dirs = append(dirs, dir)
	}
	rep, err := verify.Folders(context.Background(), dirs, verify.Options{})
	require.NoError(r.t, err)
	return rep
}

// seal ends the session and seals it.
func (r *rig) seal() *Sealed {
	r.t.Helper()
	require.NoError(r.t, r.e.StopRecording(context.Background()))
	sealed, err := r.e.Seal(context.Background(), testKey(r.t), Facts{})
	require.NoError(r.t, err)
	r.halt()
	return sealed
}

// keptOf reads what a sealed disk has of the camera's pictures, as far as it counts.
func (r *rig) keptOf(s *Sealed, disk int, track int) [][]byte {
	files := r.files(r.disks[disk])
	counted := map[string][]byte{}
	for _, f := range s.Statement.Files {
		if f.Kind == seal.KindSegment && f.Size > 0 {
			counted[f.Path] = files[f.Path][:f.Size]
		}
	}
	return recorded(r.t, counted, "r", "c", track)
}

func sentOf(f *fake, track int) (out [][]byte) {
	for _, u := range f.sent {
		if u.Track != track {
			continue
		}
		if !f.tracks[track].Codec.Video() {
			out = append(out, u.Payload...)
			continue
		}
		var b []byte
		for _, n := range u.Payload {
			b = append(b, byte(len(n)>>24), byte(len(n)>>16), byte(len(n)>>8), byte(len(n)))
			b = append(b, n...)
		}
		out = append(out, b)
	}
	return out
}

func TestReturnWithinTheBufferLeavesNoGap(t *testing.T) {
	for _, spooled := range []bool{true, false} {
		name := map[bool]string{true: "with a spool", false: "without"}[spooled]
		t.Run(name, func(t *testing.T) {
			spool := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 2, func(c *Config) {
					if spooled {
						c.Spool = spool
					}
				})
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(4300 * time.Millisecond)
				r.fail(0, 1)
				f.play(9 * time.Second)
				require.Zero(t, r.e.set.mask())
				err := r.e.Append(context.Background(), journal.Entry{Type: "while.lost", Actor: "officer:li"})
				require.Equal(t, spooled, err == nil)
				require.NoError(t, r.back(1))
				f.play(5 * time.Second)
				sealed := r.seal()

				st := sealed.Statement
				require.Len(t, st.Runs, 1, "the run went on")
				require.Empty(t, st.Runs[0].Gaps)
				require.Equal(t, sentOf(f, 0), r.keptOf(sealed, 1, 0), "every picture, once, in order")
				require.Equal(t, sentOf(f, 1), r.keptOf(sealed, 1, 1), "every sound")
				require.Len(t, of[VolumeJoined](r), 1)

				require.Len(t, st.Volumes, 3)
				require.Equal(t, []string{"vol-a", "vol-b", "vol-b"}, []string{st.Volumes[0].ID, st.Volumes[1].ID, st.Volumes[2].ID})
				require.NotNil(t, st.Volumes[1].Left)
				require.Nil(t, st.Volumes[1].Joined)
				require.NotNil(t, st.Volumes[2].Joined)
				require.Nil(t, st.Volumes[2].Left)
				for _, v := range st.Volumes {
					require.False(t, v.Complete)
				}
				rep := r.folders(1)
				require.Equal(t, verify.Intact, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)

				lines := r.lines(counted(r, sealed, 1))
				got := types(lines)
				require.Contains(t, got, journal.TypeResumed)
				require.Contains(t, got, TypeVolumeJoin)
				quotes := ""
				for _, l := range lines {
					if l.Type == TypeSpooled {
						quotes += string(l.Data)
					}
				}
				require.Contains(t, quotes, "while.lost")
				require.Equal(t, 2, strings.Count(quotes, TypeVolumeLeft))
			})
		})
	}
}

// counted returns a disk's journal files as far as they count.
func counted(r *rig, s *Sealed, disk int) map[string][]byte {
	out := map[string][]byte{}
	for _, f := range s.Statement.Files {
		if b, ok := r.files(r.disks[disk])[f.Path]; ok && f.Kind == seal.KindJournal {
			out[f.Path] = b[:f.Size]
		}
	}
	return out
}

func TestReturnBeyondTheBufferDeclaresTheGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, func(c *Config) { c.Limits.CameraBytes = 80_000 })
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(4300 * time.Millisecond)
		r.fail(0, 1)
		f.play(30 * time.Second)
		require.NoError(t, r.back(0))
		f.play(5 * time.Second)
		sealed := r.seal()

		st := sealed.Statement
		require.Len(t, st.Runs, 2)
		require.Equal(t, EndStorage, st.Runs[0].Cause)
		require.Len(t, st.Runs[0].Gaps, 1)
		g := st.Runs[0].Gaps[0]
		require.Equal(t, string(media.CauseStorage), g.Cause)
		// The kept pictures are a beginning and an end of those that were sent; the gap's limits are those
		// of what is between.
		sent, kept := sentOf(f, 0), r.keptOf(sealed, 0, 0)
		n := 0
		for n < len(kept) && string(kept[n]) == string(sent[n]) {
			n++
		}
		rest := len(kept) - n
		require.Positive(t, rest)
		require.Equal(t, sent[len(sent)-rest:], kept[n:])
		require.Greater(t, len(sent), len(kept))
		pictures := unitsOf(f, 0)
		from, to := r.cfg.Timeline.At(pictures[n].Arrival.Mono), r.cfg.Timeline.At(pictures[len(sent)-rest].Arrival.Mono)
		require.LessOrEqual(t, from.Since(g.From).Abs(), 50*time.Millisecond, "the first thing that is missing is a picture or a sound")
		require.Equal(t, to.Wall, g.To.Wall)
		rep := r.folders(0)
		require.Equal(t, verify.Gaps, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
	})
}

func unitsOf(f *fake, track int) (out []*media.Unit) {
	for _, u := range f.sent {
		if u.Track == track {
			out = append(out, u)
		}
	}
	return out
}

func TestReturnOfOneWhileAnotherGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(4300 * time.Millisecond)
		r.fail(1)
		f.play(5 * time.Second)
		before := r.files(r.disks[1])
		require.NoError(t, r.back(1))
		f.play(5 * time.Second)
		sealed := r.seal()
		after := r.files(r.disks[1])
		for p, b := range before {
			require.Equal(t, b, after[p], "%s is left as it was found", p)
		}
		require.ElementsMatch(t, []string{"vol-a", "vol-b"}, sealed.Volumes)
		rep := r.folders(0, 1)
		require.Equal(t, verify.Intact, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
		require.Equal(t, verify.Incomplete, rep.Folders[1].Verdict, "%v", rep.Folders[1].Findings)
		require.Len(t, rep.Together, 1)
		require.Equal(t, verify.Intact, rep.Together[0].Verdict, "%v", rep.Together[0].Findings)
		// What the failed disk holds beyond what counts is stated, and nothing else passes for it.
		var parts int
		for _, sf := range sealed.Statement.Files {
			parts += len(sf.Partial)
		}
		require.Positive(t, parts)
		for p, b := range after {
			if len(before[p]) > 0 && strings.HasSuffix(p, ".mp4") {
				b[len(b)-1] ^= 1
				r.disks[1].Flip(testFolder+"/"+p, int64(len(b)-1))
			}
		}
		require.Equal(t, verify.Altered, r.folders(1).Folders[0].Verdict)
	})
}

func TestNewVolumeInPlaceOfTheLast(t *testing.T) {
	spool := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Spool = spool })
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(4300 * time.Millisecond)
		r.fail(0)
		f.play(5 * time.Second)
		r.disks = append(r.disks, volumetest.New(t, "vol-n"))
		require.NoError(t, r.e.Join(context.Background(), r.open(r.disks[1])))
		f.play(5 * time.Second)
		sealed := r.seal()
		require.Equal(t, []string{"vol-n"}, sealed.Volumes)
		require.Len(t, sealed.Statement.Runs, 1)
		rep := r.folders(0, 1)
		require.Equal(t, verify.Unsealed, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
		require.Equal(t, verify.Incomplete, rep.Folders[1].Verdict, "%v", rep.Folders[1].Findings)
	})
}

// A session whose recording has stopped without a volume keeps what is in memory, and is sealed when
// one is there.
func TestStopWithoutAVolumeKeepsWhatIsInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3300 * time.Millisecond)
		r.fail(0)
		f.play(4 * time.Second)
		require.ErrorIs(t, r.e.StopRecording(context.Background()), ErrNoVolume)
		require.ErrorIs(t, r.e.StopRecording(context.Background()), ErrNoVolume)
		_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.ErrorIs(t, err, ErrNoVolume)
		require.NoError(t, r.back(0))
		sealed := r.seal()
		require.Equal(t, sentOf(f, 0), r.keptOf(sealed, 0, 0))
		require.Equal(t, EndClosing, sealed.Statement.Runs[0].Cause)
		rep := r.folders(0)
		require.Equal(t, verify.Intact, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
	})
}

// A seal that is asked for while a slow disk joins waits for that, and no longer than its caller likes.
func TestSealWaitsForAJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3300 * time.Millisecond)
		r.fail(0)
		require.ErrorIs(t, r.e.StopRecording(context.Background()), ErrNoVolume)

		r.disks[0] = r.disks[0].Again()
		r.disks[0].Fail(volumetest.Sync, volumetest.Fault{Delay: 800 * time.Millisecond})
		joined := make(chan error, 1)
		v := r.open(r.disks[0])
		go func() { joined <- r.e.Join(context.Background(), v) }()
		synctest.Wait()
		soon, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
		defer cancel()
		_, err := r.e.Seal(soon, testKey(t), Facts{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, joined)

		require.NoError(t, <-joined)
		sealed := r.seal()
		require.Equal(t, sentOf(f, 0), r.keptOf(sealed, 0, 0))
		rep := r.folders(0)
		require.Equal(t, verify.Intact, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
	})
}

// A disk that fails again and again while it is caught up with loses nothing.
func TestFlappingVolume(t *testing.T) {
	spool := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Spool = spool })
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(2300 * time.Millisecond)
		for i := range 6 {
			r.fail(0)
			f.play(time.Duration(i%3)*time.Second + 700*time.Millisecond)
			d := r.disks[0].Again()
			r.disks[0] = d
			d.Fail(volumetest.Sync, volumetest.Fault{Err: errDisk, After: int64(2000 + 9000*i)})
			_ = r.e.Join(context.Background(), r.open(d))
			f.play(1100 * time.Millisecond)
		}
		r.fail(0)
		f.play(time.Second)
		require.NoError(t, r.back(0))
		f.play(3 * time.Second)
		sealed := r.seal()
		require.Equal(t, sentOf(f, 0), r.keptOf(sealed, 0, 0))
		require.Equal(t, sentOf(f, 1), r.keptOf(sealed, 0, 1))
		rep := r.folders(0)
		require.Equal(t, verify.Intact, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
	})
}

// What a volume that returned holds twice, unacknowledged in one file and again in the next, counts
// once after a power cut.
func TestRestartAfterAReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(4300 * time.Millisecond)
		// The bytes get there and the disk does not say so.
		r.disks[0].Fail(volumetest.SyncDir, volumetest.Fault{Err: errDisk})
		r.disks[0].Fail(volumetest.Lookup, volumetest.Fault{Err: errDisk})
		f.play(4 * time.Second)
		require.Zero(t, r.e.set.mask())
		require.NoError(t, r.back(0))
		f.play(4 * time.Second)
		disks := []*volumetest.Disk{r.disks[0].Crash(nil)}
		r.kill()
		r.disks = disks
		rep := r.folders(0)
		require.Equal(t, verify.Unsealed, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
		r, _ = r.again(disks)
		f.connect()
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		sealed := r.seal()
		require.Len(t, sealed.Statement.Runs, 2)
		rep = r.folders(0)
		require.Equal(t, verify.Gaps, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
	})
}

func TestJoinRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2, nil)
		ctx := context.Background()
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(2 * time.Second)
		require.ErrorIs(t, r.e.Join(ctx, r.volumes[0]), ErrInSet)
		// A folder of the same name that another program wrote.
		other := newRig(t, 1, nil)
		other.end()
		d := other.disks[0].Again()
		d.Mark(t, "vol-x")
		require.ErrorIs(t, r.e.Join(ctx, r.open(d)), ErrForked)
		// A disk that is gone already.
		dead := volumetest.New(t, "vol-d")
		dead.Fail(volumetest.Create, volumetest.Fault{Err: errDisk})
		v := r.open(dead)
		require.Error(t, r.e.Join(ctx, v))
		f.play(2 * time.Second)
		require.ErrorIs(t, r.e.Join(ctx, v), errDisk)
		sealed := r.seal()
		require.ErrorIs(t, r.e.Join(ctx, r.open(volumetest.New(t, "vol-late"))), ErrClosed)
		r.stopVol()
		_ = <-r.volRan
		require.Equal(t, verify.Intact, r.folders(0).Folders[0].Verdict)
		require.Len(t, sealed.Statement.Volumes, 3)
	})
}

// A disk that hangs while it is read holds up the one who asks no longer than that one likes.
func TestJoinDoesNotWaitForAHungDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		d := volumetest.New(t, "vol-h")
		d.Fail(volumetest.Create, volumetest.Fault{Hang: true})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		require.ErrorIs(t, r.e.Join(ctx, r.open(d)), context.DeadlineExceeded)
		require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "after", Actor: "a"}))
		d.Release()
		r.end()
		require.Contains(t, types(r.lines(r.files(r.disks[0]))), "after")
		var resumed journal.Resumed
		for _, l := range r.lines(r.files(r.disks[0])) {
			if l.Type == journal.TypeResumed {
				require.NoError(t, json.Unmarshal(l.Data, &resumed))
			}
		}
		require.Equal(t, journal.FileName(1), resumed.Before)
	})
}
