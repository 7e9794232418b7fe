package evidence

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// Disks leave and come back, the power is cut, one of the disks is dead afterwards: whatever is left, the session
// goes on, can be sealed, and no copy is called altered.
func TestSessionsOutliveTheirDisks(t *testing.T) {
	// Among them: holes in the journal, names without bytes, disks that join late, disks that die after the restart.
	for _, seed := range []uint64{5, 30, 33, 36} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { outlive(t, rand.New(rand.NewPCG(seed, 7))) })
		})
	}
}

func outlive(t *testing.T, random *rand.Rand) {
	r := newRig(t, 2+random.IntN(2), nil)
	f := newFake(t, r.clock, card(true)...)
	camera := Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}
	require.NoError(t, r.e.Record(camera))
	some := func(most time.Duration) { f.play(time.Duration(random.Int64N(int64(most)))) }
	for range 1 + random.IntN(2) {
		some(6 * time.Second)
		away := random.IntN(len(r.disks))
		comesBack := random.IntN(3) > 0
		for range 1 + random.IntN(3) {
			r.fail(away)
			some(8 * time.Second)
			if random.IntN(3) == 0 {
				r.fail(random.IntN(len(r.disks)))
				some(4 * time.Second)
			}
			if random.IntN(3) == 0 {
				f.disconnect(errDisk)
				some(2 * time.Second)
				f.connect()
			}
			if comesBack {
				if err := r.back(away); err != nil {
					t.Log("back", away, err)
				}
				some(8 * time.Second)
			}
			away = random.IntN(len(r.disks))
		}
		var disks []*volumetest.Disk
		dead := random.IntN(len(r.disks))
		for i, d := range r.disks {
			crashed := d.Crash(random)
			if i != dead || random.IntN(4) == 0 {
				disks = append(disks, crashed)
			}
		}
		first := func(d *volumetest.Disk) bool { return len(r.files(d)["journal-0001.jsonl"]) > 0 }
		if !slices.ContainsFunc(disks, first) {
			r.kill() // nobody knows what session it was
			return
		}
		r.kill()
		<-time.After(time.Second)
		var found *Found
		r, found = r.again(disks)
		t.Log("found without disk", dead, found.Holes)
		f.connect()
		require.NoError(t, r.e.Record(camera))
		some(8 * time.Second)
		if random.IntN(2) == 0 {
			r.disks = append(r.disks, volumetest.New(t, fmt.Sprintf("vol-%c", 'm'+random.IntN(10))))
			if err := r.e.Join(t.Context(), r.open(r.disks[len(r.disks)-1])); err != nil {
				t.Log("join", err)
				r.disks = r.disks[:len(r.disks)-1]
			}
			some(8 * time.Second)
		}
		if random.IntN(2) == 0 && len(r.disks) > 1 {
			dies := random.IntN(len(r.disks))
			if len(of[VolumeLeft](r)) == 0 {
				t.Log("dies", dies)
				r.fail(dies)
			}
			some(8 * time.Second)
		}
		if len(r.disks) == 1 {
			break
		}
	}
	sealed := r.seal()
	// Without a seal nothing is said of a copy that lacks something between.
	var all []int
	for i := range r.disks {
		if r.files(r.disks[i])[seal.FileName] != nil {
			all = append(all, i)
		}
	}
	rep := r.folders(all...)
	for _, f := range rep.Folders {
		require.Contains(t, []verify.Verdict{verify.Intact, verify.Gaps, verify.Incomplete}, f.Verdict, "%v", f.Findings)
		if len(sealed.Lacking) > 0 {
			require.Equal(t, verify.Incomplete, f.Verdict, sealed.Lacking)
		}
	}
	for _, both := range rep.Together {
		require.Contains(t, []verify.Verdict{verify.Intact, verify.Gaps, verify.Incomplete}, both.Verdict, "%v", both.Findings)
	}
}
