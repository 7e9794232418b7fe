package verify

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBarSaysHowLongItTakesStill(t *testing.T) {
	for _, c := range []struct {
		done, total int64
		took        time.Duration
		want        string
	}{
		{0, 0, 0, "100% [##############################] 0 of 0 MiB"},
		{0, 100 << 20, time.Second, "  0% [------------------------------] 0 of 100 MiB"},
		{50 << 20, 200 << 20, 10 * time.Second, " 25% [#######-----------------------] 50 of 200 MiB, 5 MiB/s, 0:00:30 left"},
		{1 << 30, 100 << 30, 100 * time.Second, "  1% [------------------------------] 1024 of 102400 MiB, 10 MiB/s, 2:45:00 left"},
		{200 << 20, 200 << 20, 40 * time.Second, "100% [##############################] 200 of 200 MiB, 5 MiB/s"},
	} {
		require.Equal(t, c.want, barLine(c.done, c.total, c.took))
	}
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		show := Bar(&out)
		<-time.After(10 * time.Second)
		show(16<<20, 64<<20)
		<-time.After(30 * time.Second)
		show(64<<20, 64<<20)
		lines := strings.Split(out.String(), "\r")
		require.Len(t, lines, 3)
		require.Contains(t, lines[1], "0:00:30 left")
		require.Equal(t, len(strings.TrimSuffix(lines[2], "\n")), len(lines[1]), "a shorter line covers the longer one before it")
	})
}
