package evidence

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// A segment whose header was torn when the power failed belongs to the session, although nothing
// of it counts. After a restart, and a seal, nobody may take it for altered.
func TestASegmentOfWhichNothingCountsIsNotAltered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, nil)
		f := newFake(t, r.clock, card(false)...)
		require.NoError(t, r.e.Record(Camera{Room: "r", ID: "c", Feed: f.feed, Required: true}))
		f.play(3 * time.Second)
		disks := []*volumetest.Disk{r.disks[0].Again()}
		r.kill()
		require.NoError(t, disks[0].Mkdir(testFolder+"/r/c/run-0002"))
		file, err := disks[0].Create(testFolder + "/r/c/run-0002/0001.mp4")
		require.NoError(t, err)
		_, err = file.Write(r.files(disks[0])["r/c/run-0001/0001.mp4"][:900])
		require.NoError(t, err)
		n, _ := r.again(disks)
		g := newFake(t, n.clock, card(false)...)
		require.NoError(t, n.e.Record(Camera{Room: "r", ID: "c", Feed: g.feed, Required: true}))
		g.play(3 * time.Second)
		require.NoError(t, n.e.StopRecording(t.Context()))
		_, err = n.e.Seal(t.Context(), testKey(t), Facts{})
		require.NoError(t, err)
		n.halt()
		v := n.verdict(t, n.disks[0])
		require.Equal(t, verify.Gaps, v.Verdict, "%v", v.Findings)
	})
}
