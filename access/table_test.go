package access

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The table once more, drawn the other way and by hand: who may do each thing. What stands in neither
// is refused. o officer, s supervisor, r reviewer, a approver, m administrator, u auditor, p panel,
// d demo, h host.
var drawn = map[Action]string{
	Self:         "osramud",
	SeeRooms:     "osramupdh",
	WatchRoom:    "ospd",
	KeepPanel:    "ospd",
	Open:         "osd",
	Run:          "osd",
	Call:         "sd",
	ListSessions: "osrd",
	ViewSession:  "osrd",
	Transcribe:   "osrd",
	Review:       "srd",
	Certify:      "osrad",
	Copy:         "srd",
	Approve:      "sa",
	ReadAccess:   "su",
	SeeStation:   "smudh",
	ManagePeople: "m",
	ManageHost:   "mdh",
	AllSessions:  "srd",
	AllRooms:     "sd",
}

var letters = map[Role]rune{
	Officer: 'o', Supervisor: 's', Reviewer: 'r', Approver: 'a', Administrator: 'm', Auditor: 'u', Panel: 'p', Demo: 'd', Host: 'h',
}

func TestEveryRoleAndActionIsDecided(t *testing.T) {
	require.Len(t, drawn, len(Actions()))
	require.Len(t, letters, len(Roles()))
	require.Len(t, table, len(Roles()))
	for _, a := range Actions() {
		who, ok := drawn[a]
		require.True(t, ok, a)
		for _, r := range Roles() {
			want := false
			for _, l := range who {
				want = want || l == letters[r]
			}
			require.Equal(t, want, May(r, a), "%s %s", r, a)
		}
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	for _, r := range append(Roles(), "", "root", "Officer") {
		for _, a := range []Action{"", "pause", "everything"} {
			require.False(t, a.Known())
			require.False(t, May(r, a), "%s %s", r, a)
		}
	}
	for _, a := range Actions() {
		require.True(t, a.Known())
		require.False(t, May("", a), a)
		require.False(t, May("root", a), a)
	}
	for _, r := range []Role{Panel, Demo, Host, "", "root"} {
		require.False(t, r.Given())
	}
}

// TestZ37_RolesSeeWhatTheyNeed: the separations that the rules and the design ask for.
func TestZ37_RolesSeeWhatTheyNeed(t *testing.T) {
	for _, a := range Actions() {
		if a.Views() {
			require.False(t, May(Administrator, a), "an administrator of machines sees no recording: %s", a)
			require.False(t, May(Auditor, a), "an auditor sees no picture: %s", a)
			require.False(t, May(Approver, a), "an approver approves and sees no picture: %s", a)
			require.False(t, May(Host, a), a)
		}
	}
	for _, r := range []Role{Officer, Supervisor, Reviewer, Approver, Auditor, Panel, Demo, Host} {
		require.False(t, May(r, ManagePeople), "%s manages people", r)
	}
	require.False(t, May(Officer, AllSessions))
	require.False(t, May(Panel, Open), "a panel by itself acts on nothing")
	require.False(t, May(Panel, Run))
	require.False(t, May(Demo, Approve))
}
