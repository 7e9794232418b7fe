package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/volume"
)

// Z37: whom a recording is given to decides whose approval that takes.
func TestZ37_ApprovalsByWhomItIsFor(t *testing.T) {
	own, collecting, county := approval{rankOwn, "Li", "1"}, approval{rankCollecting, "Zhao", "2"}, approval{rankCounty, "Wang", "3"}
	for _, c := range []struct {
		whom string
		has  []approval
		good bool
	}{
		{forCase, nil, false},
		{forCase, []approval{own}, true},
		{forDepartment, []approval{own}, false},
		{forDepartment, []approval{collecting, county}, false},
		{forDepartment, []approval{collecting, own}, true},
		{forOutside, []approval{own, collecting}, false},
		{forOutside, []approval{county}, true},
	} {
		require.Equal(t, c.good, approved(c.whom, c.has) == nil, "%s by %v", c.whom, c.has)
	}
	for _, bad := range []string{"", "county-leader", "county-leader:Wang", "county-leader:Wang:", "county-leader: :3", "leader:Wang:3"} {
		_, err := parseApproval(bad)
		require.ErrorContains(t, err, "--approval", bad)
	}
	got, err := parseApproval("county-leader: Wang :No. 3:2026")
	require.NoError(t, err)
	require.Equal(t, approval{rankCounty, "Wang", "No. 3:2026"}, got)
}

// An export never lies among originals, by whatever way its folder is named.
func TestNothingIsExportedToAVolume(t *testing.T) {
	vol := t.TempDir()
	_, err := volume.Init(vol, clock.NewSystem())
	require.NoError(t, err)
	inside := filepath.Join(vol, "2026", "11", "22", one)
	require.NoError(t, os.MkdirAll(inside, 0o750))
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(inside, link))
	for _, dir := range []string{vol, inside, link} {
		require.ErrorContains(t, outsideVolumes(dir), "give a folder elsewhere", dir)
	}
	require.NoError(t, outsideVolumes(t.TempDir()))
}
