package evidence

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// kill ends the program as kill -9 or a power cut does: nothing is flushed.
func (r *rig) kill() {
	r.stop()
	_ = <-r.ran
	<-r.done
	r.stopVol()
	for range r.volumes {
		_ = <-r.volRan
	}
}

// again starts the program anew on the given disks.
func (r *rig) again(disks []*volumetest.Disk) (*rig, *Found) {
	r.t.Helper()
	return r.againWith(disks, nil)
}

func (r *rig) againWith(disks []*volumetest.Disk, change func(*Config)) (*rig, *Found) {
	r.t.Helper()
	n := &rig{t: r.t, clock: r.clock, disks: disks, done: make(chan struct{}), ran: make(chan error, 1)}
	n.mount()
	found, err := Survey(context.Background(), testFolder, n.volumes)
	require.NoError(r.t, err)
	n.config(change)
	n.cfg.Timeline = clock.ResumeTimeline(r.clock.Now(), time.Millisecond, found.Last.Wall, r.clock.Now().Mono)
	e, err := Open(context.Background(), n.cfg, found)
	require.NoError(r.t, err)
	n.begin(e)
	return n, found
}

// A journal file of a number that no restart made does not have the next start count to it, and the session goes on.
func TestJournalOfANumberThatNoRestartMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		r.kill()
		f, err := r.disks[0].Create(path.Join(testFolder, "journal-9223372036854775807.jsonl"))
		require.NoError(t, err)
		require.NoError(t, f.Close())
		n, found := r.again(r.disks)
		require.Equal(t, 1, found.number)
		n.kill()
	})
}

func TestNothingAcknowledgedIsLostInAPowerCut(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 1))
				r := newRig(t, 1+int(seed%2), nil)
				for _, d := range r.disks {
					d.Fail(volumetest.Sync, volumetest.Fault{Delay: time.Duration(random.IntN(400)) * time.Millisecond})
				}
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(4*time.Second + time.Duration(random.IntN(2000))*time.Millisecond)
				r.ackMu.Lock()
				acks := slices.Clone(r.acks) // what had been said before the cut
				r.ackMu.Unlock()
				var disks []*volumetest.Disk
				for _, d := range r.disks {
					disks = append(disks, d.Crash(random))
				}
				cut := r.clock.Now().Mono
				r.kill()

				files := make([]map[string][]byte, len(disks))
				for i, d := range disks {
					files[i] = r.files(d)
				}
				require.NotEmpty(t, acks)
				for _, a := range acks {
					i := int(a.Volume[len(a.Volume)-1] - 'a')
					b := files[i][a.File[len(testFolder)+1:]]
					require.GreaterOrEqual(t, int64(len(b)), a.End)
					s, err := fragment.Scan(bytes.NewReader(b[:a.End]), a.End)
					require.NoError(t, err)
					require.Nil(t, s.Torn)
					require.Equal(t, a.Leaf, s.Last)
				}
				last := acks[len(acks)-1]
				require.LessOrEqual(t, cut.Sub(last.First), 3500*time.Millisecond, "the fragment being filled and those that waited for the sync")

				<-time.After(10 * time.Second)
				r, found := r.again(disks)
				require.False(t, found.Sealed)
				for i, d := range disks {
					for p, b := range files[i] {
						require.Equal(t, b, r.files(d)[p], "%s is left as it was found", p)
					}
				}
				f.connect()
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
				f.play(3 * time.Second)
				require.NoError(t, r.e.StopRecording(context.Background()))
				sealed, err := r.e.Seal(context.Background(), testKey(t), Facts{})
				require.NoError(t, err)
				r.halt()

				st := sealed.Statement
				require.Len(t, st.Runs, 2)
				require.Equal(t, EndRestart, st.Runs[0].Cause)
				require.Less(t, st.Runs[0].Last.Wall, st.Runs[1].First.Wall, "the timeline goes on")
				for _, d := range disks {
					have := r.files(d)
					require.Len(t, have, len(st.Files)+1)
					for _, sf := range st.Files {
						b := have[sf.Path]
						require.GreaterOrEqual(t, int64(len(b)), sf.Size, sf.Path)
						require.Equal(t, sf.SHA256, seal.SHA256(b[:sf.Size]), sf.Path)
					}
				}
				for i, d := range disks {
					f := r.verdict(t, d)
					want := verify.Gaps
					if !st.Volumes[i].Complete {
						want = verify.Incomplete // it lacks lines or pictures that were never acknowledged
					}
					require.Equal(t, want, f.Verdict, "%v", f.Findings)
				}
				for _, sf := range st.Files {
					for _, tail := range sf.Abandoned {
						b := r.files(disks[tail.Volume[len(tail.Volume)-1]-'a'])[sf.Path][sf.Size:]
						require.Equal(t, tail.SHA256, seal.SHA256(b))
						require.EqualValues(t, len(b), tail.Size)
					}
				}
				all := r.lines(map[string][]byte{
					"journal-0001.jsonl": r.files(disks[0])["journal-0001.jsonl"][:whole(st, "journal-0001.jsonl")],
					"journal-0002.jsonl": r.files(disks[0])["journal-0002.jsonl"],
				})
				require.Contains(t, types(all), journal.TypeResumed)
			})
		})
	}
}

func whole(s seal.Statement, path string) int64 {
	for _, f := range s.Files {
		if f.Path == path {
			return f.Size
		}
	}
	return 0
}

func TestZ33_SealedOriginalIsNeverWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
		f.play(2 * time.Second)
		_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
		require.ErrorIs(t, err, ErrNotStopped)
		require.NoError(t, r.e.StopRecording(context.Background()))
		_, err = r.e.Seal(context.Background(), testKey(t), Facts{})
		require.NoError(t, err)
		r.halt()
		sealed := r.files(r.disks[0])

		require.ErrorIs(t, r.e.Append(context.Background(), journal.Entry{Type: "x", Actor: "y"}), ErrClosed)
		require.ErrorIs(t, r.e.Record(Camera{Room: "r", ID: "d", Feed: f.feed}), ErrClosed)
		_, err = r.e.Seal(context.Background(), testKey(t), Facts{})
		require.ErrorIs(t, err, ErrClosed)
		require.Equal(t, sealed, r.files(r.disks[0]))

		// Nor by another start of the program, nor by a session of the same name.
		r.disks = []*volumetest.Disk{r.disks[0].Again()}
		r.mount()
		r.config(nil)
		found, err := Survey(context.Background(), testFolder, r.volumes)
		require.NoError(t, err)
		require.True(t, found.Sealed)
		r.cfg.Timeline = clock.ResumeTimeline(r.clock.Now(), 0, found.Last.Wall, r.clock.Now().Mono)
		_, err = Open(context.Background(), r.cfg, found)
		require.ErrorIs(t, err, ErrSealed)
		_, err = Create(context.Background(), r.cfg, journal.Entry{Type: "session.opened", Actor: "officer:li"})
		require.Error(t, err)
		r.stopVol()
		_ = <-r.volRan
		require.Equal(t, sealed, r.files(r.disks[0]))
	})
}

func TestForkedJournalsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "one", Actor: "a"}))
		disk := r.disks[0]
		r.end()
		other := newRig(t, 1, nil)
		require.NoError(t, other.e.Append(context.Background(), journal.Entry{Type: "two", Actor: "a"}))
		other.end()
		r.disks = []*volumetest.Disk{disk.Again(), other.disks[0].Again()}
		r.mount()
		_, err := Survey(context.Background(), testFolder, r.volumes)
		require.ErrorIs(t, err, ErrForked)
		_, err = Survey(context.Background(), "2026/01/01/none", r.volumes)
		require.Error(t, err)
		r.stopVol()
		_ = <-r.volRan
		_ = <-r.volRan
	})
}

// What a power cut may leave: the file is long enough, the bytes never came.
func TestZerosAtTheEndAreNotTakenForPictures(t *testing.T) {
	for _, at := range []int{1, 2} { // fragments from the end
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1, nil)
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
				f.play(5 * time.Second)
				r.kill()
				const name = "r/c/run-0001/0001.mp4"
				s := scan(t, r.files(r.disks[0])[name])
				hit := s.Fragments[len(s.Fragments)-at]
				disk := r.disks[0].Again()
				disk.Zero(testFolder+"/"+name, hit.Offset+hit.Front+8, hit.Size-hit.Front-8)
				n, found := r.again([]*volumetest.Disk{disk})
				defer n.end()
				require.Len(t, found.Files, 1)
				require.Equal(t, hit.Offset, found.Files[0].Whole)
				require.EqualValues(t, hit.Sequence-1, found.Files[0].Fragments)
				require.NotEmpty(t, found.Files[0].Why)
				require.NotZero(t, found.Files[0].TornSHA256)
			})
		})
	}
}

// A run whose last files hold nothing that counts, as volumes that come and go leave them, ends with the
// last fragment before those, and the seal's tree has its leaf.
func TestRestartAfterFilesThatHoldNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(6 * time.Second)
		crashed := r.disks[0].Crash(rand.New(rand.NewPCG(1, 1)))
		r.kill()

		name := segments(r.files(crashed), "r", "c")[0]
		b := r.files(crashed)[name]
		s, err := fragment.Scan(bytes.NewReader(b), int64(len(b)))
		require.NoError(t, err)
		for i := 2; i <= 5; i++ {
			crashed.Put(path.Join(testFolder, path.Dir(name), fmt.Sprintf("%04d.mp4", i)), b[:s.HeaderSize])
		}
		<-time.After(5 * time.Second)
		r, _ = r.again([]*volumetest.Disk{crashed})
		sealed := r.seal()
		require.NotZero(t, sealed.Statement.Runs[0].Fragments)
		rep := r.folders(0)
		require.Equal(t, verify.Gaps, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
	})
}

// What a killed program wrote and never synced is read after it as if it were safe. It is, once the session
// goes on: a power cut then takes nothing of what the next journal file builds on.
func TestPowerCutAfterAKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(true)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		synctest.Wait() // so that nothing stands before the line
		r.disks[0].Fail(volumetest.Sync, volumetest.Fault{Hang: true})
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, r.e.Append(soon, journal.Entry{Type: "written", Actor: "a"}))
		killed := r.disks[0].Again()
		r.disks[0].Release()
		r.kill()

		r, found := r.again([]*volumetest.Disk{killed})
		require.Contains(t, types(found.Lines), "written")
		cut := killed.Crash(nil)
		r.kill()
		r, found = r.again([]*volumetest.Disk{cut})
		require.Contains(t, types(found.Lines), "written")
		r.seal()
		rep := r.folders(0)
		require.Equal(t, verify.Gaps, rep.Folders[0].Verdict, "%v", rep.Folders[0].Findings)
	})
}
