package volume

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const table = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 8:1 / /srv/evi\040dence rw,noatime shared:1 master:2 - xfs /dev/sda1 rw,attr2
41 40 8:2 / /srv/evi\040dence rw - ext4 /dev/sdb1 rw
42 27 8:3 / /srv/ro ro,relatime - ext4 /dev/sdc1 rw
43 27 8:4 / /srv/broken rw - ext4 /dev/sdd1 rw,emergency_ro
44 27 8:5 / /srv/down rw - xfs /dev/sde1 rw,shutdown
45 27 0:40 / /srv/nowhere rw,relatime - tmpfs  rw
`

func TestMountOf(t *testing.T) {
	lines, err := parseMountinfo(strings.NewReader(table))
	require.NoError(t, err)
	for dir, want := range map[string]int{
		"/": 27, "/srv": 27, "/srv/evi dence": 41, "/srv/evi dence/a/b": 41, "/srv/evi dence2": 27, "/srv/ro/x": 42, "/proc/1": 22, "/srv/nowhere/x": 45,
	} {
		l, ok := mountOf(lines, dir)
		require.True(t, ok)
		require.Equal(t, want, l.id, dir)
	}
	for _, bad := range []string{"x\n", "1 2 3 4 5 6 7 8 9 10\n", "a 27 0:21 / /proc rw - proc proc rw\n", "1 27 0:21 / /proc rw - proc\n"} {
		_, err := parseMountinfo(strings.NewReader(bad))
		require.Error(t, err, bad)
	}
}

func TestMountUsable(t *testing.T) {
	lines, err := parseMountinfo(strings.NewReader(table))
	require.NoError(t, err)
	require.NoError(t, (&mount{27, "/"}).usableIn(lines))
	require.NoError(t, (&mount{41, "/srv/evi dence"}).usableIn(lines))
	require.NoError(t, (&mount{45, "/srv/nowhere"}).usableIn(lines), "it has no source")
	for _, m := range []mount{{42, "/srv/ro"}, {43, "/srv/broken"}, {44, "/srv/down"}} {
		require.ErrorIs(t, m.usableIn(lines), ErrReadOnly)
	}
	require.ErrorIs(t, (&mount{99, "/srv/gone"}).usableIn(lines), ErrMoved)
	require.ErrorIs(t, (&mount{41, "/srv/other"}).usableIn(lines), ErrMoved)
}

func FuzzMountinfo(f *testing.F) {
	f.Add(table)
	f.Add(`1 2 3:4 / /\134 rw - x y z`)
	f.Fuzz(func(t *testing.T, s string) {
		lines, err := parseMountinfo(strings.NewReader(s))
		if err != nil {
			return
		}
		for _, l := range lines {
			if got, ok := mountOf(lines, l.point); ok {
				require.GreaterOrEqual(t, len(l.point), 0)
				_ = (&mount{got.id, got.point}).usableIn(lines)
			}
		}
	})
}
