package session

import (
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/session/table"
)

// A disk is called by its name, where it has one, and by its id otherwise.
func TestFaultsNameTheDisk(t *testing.T) {
	r := &room{}
	volumes := []VolumeView{{ID: "rpbk2p7kw5zh", Name: "evidence-a"}, {ID: "eisubc3l6k5m"}}
	for id, want := range map[string]string{"rpbk2p7kw5zh": "evidence-a", "eisubc3l6k5m": "eisubc3l6k5m", "gone": "gone"} {
		require.Equal(t, Text{En: want, Zh: want}, r.name(table.Fault{Code: table.StorageDegraded, Subject: id}, volumes))
	}
	require.Equal(t, sentences["this-room"], r.name(table.Fault{Code: table.StorageLow}, volumes))
}
