package catalog

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

func TestCollector(t *testing.T) {
	c := newCatalog(t)
	reg := prometheus.NewPedanticRegistry()
	require.NoError(t, reg.Register(NewCollector(c)))
	compare := func(want string) {
		t.Helper()
		require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(want)))
	}
	const header = `
# HELP roomrec_sessions_interrupted Sealed sessions that were interrupted at least once.
# TYPE roomrec_sessions_interrupted gauge
roomrec_sessions_interrupted `
	const open = `
# HELP roomrec_sessions_not_sealed Sessions that were opened and are not sealed.
# TYPE roomrec_sessions_not_sealed gauge
roomrec_sessions_not_sealed `
	const sealed = `
# HELP roomrec_sessions_sealed Sealed sessions by verdict (none: not verified yet) and by how they ended.
# TYPE roomrec_sessions_sealed gauge
`
	const unverified = `
# HELP roomrec_sessions_unverified_since_timestamp_seconds When the oldest session that is sealed and not verified was sealed; absent if there is none.
# TYPE roomrec_sessions_unverified_since_timestamp_seconds gauge
roomrec_sessions_unverified_since_timestamp_seconds `
	compare(header + "0" + open + "0\n")

	all := fill(t, c, 10) // two are not sealed; of the others, six were interrupted
	interrupted := 0
	for _, s := range all {
		if s.SealHash != "" && s.Interruptions > 0 {
			interrupted++
		}
	}
	require.Equal(t, 6, interrupted)
	compare(header + "6" + open + "2" + sealed + `roomrec_sessions_sealed{ending="signed",verdict="none"} 8` + unverified + "4e-09\n")

	for _, s := range all {
		if s.SealHash != "" {
			require.NoError(t, c.SetVerdict(t.Context(), s.Session, "altered"))
		}
	}
	compare(header + "6" + open + "2" + sealed + `roomrec_sessions_sealed{ending="signed",verdict="altered"} 8` + "\n")
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}
