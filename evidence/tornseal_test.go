package evidence

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// cutSeal lets the power go while the seal is being written. keep is told what of the note reached the
// disks by then; nil is a disk that does not have the name. It returns the disks as they are found.
func cutSeal(t *testing.T, r *rig, keep ...func(note []byte) []byte) []*volumetest.Disk {
	t.Helper()
	require.NoError(t, r.e.StopRecording(context.Background()))
	for _, d := range r.disks {
		d.Fail(volumetest.SyncDir, volumetest.Fault{Hang: true})
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := r.e.Seal(ctx, testKey(t), Facts{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var disks []*volumetest.Disk
	for i, d := range r.disks {
		note := r.files(d)[seal.FileName]
		require.NotEmpty(t, note)
		n := d.Again()
		n.Remove(testFolder + "/" + seal.FileName)
		if keep[i] != nil {
			n.Put(testFolder+"/"+seal.FileName, keep[i](note))
		}
		disks = append(disks, n)
	}
	for _, d := range r.disks {
		d.Release()
	}
	r.kill()
	return disks
}

func first(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }

func butLast(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-n] } }

func whole1(b []byte) []byte { return b }

func blank(b []byte) []byte {
	b = bytes.Clone(b)
	clear(b[512:1024])
	return b
}

// The power goes while seal.note is being written: what is left of it is no seal. It stays as it was
// found, the session comes back, and is sealed under the next name; the journal and the seal say so.
func TestSealTornByAPowerCutIsMadeAnewBesideIt(t *testing.T) {
	for name, keep := range map[string][]func([]byte) []byte{
		"one disk, no bytes":              {first(0)},
		"one disk, in the first line":     {first(5)},
		"one disk, in the text":           {first(700)},
		"one disk, in the signature":      {butLast(30)},
		"one disk, its last byte":         {butLast(1)},
		"one disk, a piece never written": {blank},
		"two disks, differently":          {first(5), first(900)},
		"two disks, one without the name": {first(40), nil},
		"two disks, one without a byte":   {butLast(1), first(0)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, len(keep), nil)
				f := newFake(t, r.clock, card(true)...)
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
				f.play(2 * time.Second)
				disks := cutSeal(t, r, keep...)
				before := make([]map[string][]byte, len(disks))
				for i, d := range disks {
					before[i] = r.files(d)
				}
				r, found := r.again(disks)
				require.False(t, found.Sealed)
				f.connect()
				require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed}))
				f.play(2 * time.Second)
				sealed := r.seal()

				for i, d := range disks {
					have := r.files(d)
					for p, b := range before[i] {
						require.Equal(t, b, have[p], "%s is left as it was found", p)
					}
					require.Equal(t, sealed.Note, have["seal-2.note"])
					torn, had := before[i][seal.FileName]
					if !had {
						continue
					}
					require.True(t, seal.Torn(torn))
					at := slices.IndexFunc(found.Files, func(x FoundFile) bool {
						return x.File == seal.FileName && x.Volume == r.volumes[i].ID()
					})
					require.GreaterOrEqual(t, at, 0, "the journal names it: %+v", found.Files)
					require.EqualValues(t, len(torn), found.Files[at].Torn)
					require.Equal(t, seal.SHA256(torn), found.Files[at].TornSHA256)
				}
				require.Contains(t, types(r.lines(r.files(disks[0]))), TypeFoundFiles)
				at := slices.IndexFunc(sealed.Statement.Files, func(f seal.File) bool { return f.Path == seal.FileName })
				require.GreaterOrEqual(t, at, 0)
				require.Equal(t, seal.KindAttempt, sealed.Statement.Files[at].Kind)
				for _, d := range disks {
					x := r.verdict(t, d)
					require.Equal(t, verify.Gaps, x.Verdict, "%v", x.Findings)
				}
			})
		})
	}
}

// It is torn again, and a third attempt is made; a disk that leaves between two attempts returns.
func TestSealIsTornAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		for n := 1; n < 4; n++ {
			require.NoError(t, r.e.StopRecording(context.Background()))
			r.disks[0].Fail(volumetest.SyncDir, volumetest.Fault{Err: errDisk})
			_, err := r.e.Seal(context.Background(), testKey(t), Facts{})
			require.Error(t, err)
			name := seal.AttemptName(n)
			note := r.files(r.disks[0])[name]
			require.NotEmpty(t, note, "it was written and never acknowledged")
			r.disks[0].Remove(testFolder + "/" + name)
			r.disks[0].Put(testFolder+"/"+name, note[:100*n])
			r.disks[0].Fail(volumetest.SyncDir, volumetest.Fault{})
			require.NoError(t, r.back(0))
		}
		sealed := r.seal()
		have := r.files(r.disks[0])
		require.Equal(t, sealed.Note, have["seal-4.note"])
		require.Len(t, have["seal-3.note"], 300)
		f := r.verdict(t, r.disks[0])
		require.Equal(t, verify.Intact, f.Verdict, "%v", f.Findings)
	})
}

// The power goes when one disk has the whole seal and the other a part of it: the session is sealed, and
// the other gets the same seal beside its torn one.
func TestCopyWithATornSealGetsTheWholeOne(t *testing.T) {
	for name, keep := range map[string]func([]byte) []byte{"a part": first(300), "no byte": first(0), "a blank piece": blank, "no name": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 2, nil)
				disks := cutSeal(t, r, whole1, keep)
				n := &rig{t: t, clock: r.clock, disks: disks}
				n.mount()
				found, err := Survey(context.Background(), testFolder, n.volumes)
				require.NoError(t, err)
				require.True(t, found.Sealed)
				given, err := CopySeal(context.Background(), testFolder, n.volumes)
				require.NoError(t, err)
				require.Equal(t, []string{"vol-b"}, given)
				n.stopVol()
				for range n.volumes {
					_ = <-n.volRan
				}
				have, want := n.files(disks[1]), "seal-2.note"
				if keep == nil {
					want = seal.FileName
				}
				require.Equal(t, n.files(disks[0])[seal.FileName], have[want])
				for _, d := range disks {
					f := n.verdict(t, d)
					require.Equal(t, verify.Intact, f.Verdict, "%v", f.Findings)
				}
			})
		})
	}
}

// Whoever cuts off the seal of a session to which something was added must not have another made.
func TestSealThatWasCutOffIsNotMadeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		r.seal()
		disk := r.disks[0].Again()
		note := r.files(disk)[seal.FileName]
		disk.Remove(testFolder + "/" + seal.FileName)
		disk.Put(testFolder+"/"+seal.FileName, note[:len(note)-1])
		disk.Put(testFolder+"/after/journal.jsonl", []byte("{}\n"))
		n := &rig{t: t, clock: r.clock, disks: []*volumetest.Disk{disk}}
		n.mount()
		_, err := Survey(context.Background(), testFolder, n.volumes)
		require.ErrorIs(t, err, ErrSealCut)
		n.stopVol()
		_ = <-n.volRan
		f := n.verdict(t, disk)
		require.Equal(t, verify.Unsealed, f.Verdict)
		require.Len(t, f.Findings, 2, "%v", f.Findings)
		require.Contains(t, f.Findings[1].What, "what came after the seal is here")
	})
}
