package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestZ36_DefaultRoutes(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "routes")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	const (
		head  = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
		local = "eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
		out   = "eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
		half  = "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n" // 0.0.0.0/1
		six   = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth1\n"
		lo    = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
	)
	for name, c := range map[string]struct {
		v4, v6 string
		want   []string
	}{
		"none":          {head + local, lo, nil},
		"IPv4":          {head + local + out, lo, []string{"eth0"}},
		"IPv6":          {head + local, lo + six, []string{"eth1 (IPv6)"}},
		"half of it":    {head + half, "", nil},
		"broken tables": {"x\ny z\n", "zz\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := defaultRoutes(file(c.v4), file(c.v6))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	got, err := defaultRoutes(filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "none"))
	require.NoError(t, err)
	require.Empty(t, got, "a kernel without IPv6 has no such table")
}
