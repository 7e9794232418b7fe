package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/after"
	"roomrec/evidence/handover"
	"roomrec/evidence/seal"
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

// What the journal after the seal names goes along although it came while the folder was listed, once, and
// nothing else that a line could name.
func TestExportTakesWhatCameMeanwhile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, one, "after", "timestamp"), 0o750))
	for _, name := range []string{"after/timestamp/early.tst", "after/timestamp/late.tst", "seal.note"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, one, filepath.FromSlash(name)), []byte(name), 0o600))
	}
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "station")
	require.NoError(t, err)
	var journal []byte
	head := after.Head{Hash: seal.SHA256([]byte("seal.note"))}
	for _, named := range []string{"after/timestamp/early.tst", "after/timestamp/late.tst", "after/timestamp/late.tst", "after/gone.tst", "after/../seal.note", "/etc/hostname", ""} {
		line, next, err := after.Next(head, after.Entry{Type: after.TypeTimestamped, Actor: "system", Data: after.Document{File: named}, At: clock.Instant{Wall: clock.Wall(len(journal) + 1)}}, key)
		require.NoError(t, err)
		journal, head = append(journal, line...), next
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, one, "after", "journal.jsonl"), append(journal, `{"seq":`...), 0o600))
	x := &exportFrom{root: dir, f: &folder{path: one}}
	names := func(p handover.Package) (all []string) {
		for _, f := range p.Files {
			all = append(all, strings.TrimPrefix(f.Name, "recording/"+one+"/"))
		}
		return all
	}
	var p handover.Package
	require.NoError(t, x.named(&p, journal, map[string]bool{"after/timestamp/early.tst": true}))
	require.Equal(t, []string{"after/timestamp/late.tst"}, names(p))
	p = handover.Package{}
	require.NoError(t, x.originals(&p))
	require.ElementsMatch(t, []string{"after/timestamp/early.tst", "after/timestamp/late.tst", "seal.note", "after/journal.jsonl"}, names(p))
	require.Equal(t, journal, p.Files[len(p.Files)-1].Data, "whole lines")
}
