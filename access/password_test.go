package access

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var cheap = Cost{Memory: 64, Passes: 1}

func TestPasswordsAreKeptAsArgon2id(t *testing.T) {
	kept := Usual.Hash("correct horse battery")
	require.Regexp(t, `^\$argon2id\$v=19\$m=32768,t=4,p=1\$`, kept)
	require.NotContains(t, kept, "correct")
	for p, want := range map[string]bool{"correct horse battery": true, "correct horse batter": false, "": false, strings.Repeat("x", 1<<20): false} {
		got, err := Matches(kept, p)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.NotEqual(t, cheap.Hash("same password"), cheap.Hash("same password"), "each has its own salt")
}

func FuzzMatches(f *testing.F) {
	f.Add(cheap.Hash("x"))
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=1$AAAAAAAAAAA$AA")
	f.Add("$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AA")
	f.Add("")
	f.Fuzz(func(t *testing.T, kept string) {
		if i := strings.Index(kept, "m="); i >= 0 && len(kept) > i+6 && kept[i+2] != '6' {
			return // dear ones are tried by the seeds alone
		}
		if ok, err := Matches(kept, "another"); err == nil {
			require.False(t, ok)
		}
	})
}

func TestWhatIsAskedOfPasswordsAndPINs(t *testing.T) {
	for p, ok := range map[string]bool{"": false, "short": false, "twelve chars": true, "讯问室里的十二个汉字密码": true, "line\nbreak here": false, strings.Repeat("x", 257): false} {
		require.Equal(t, ok, CheckPassword(p) == nil, p)
	}
	for p, ok := range map[string]bool{"": false, "12345": false, "123456": false, "654321": false, "000000": false, "12345a": false, "104729": true, "1234567890123": false, "112233": true} {
		require.Equal(t, ok, CheckPIN(p) == nil, p)
	}
}

func TestTheDelayGrowsAndEnds(t *testing.T) {
	var d Delays
	now := 100 * time.Hour
	require.Zero(t, d.Wait("a", now))
	for i, want := range []time.Duration{0, 0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
		d.Failed("a", now)
		require.Equal(t, want, d.Wait("a", now), i)
	}
	require.Equal(t, 3*time.Second, d.Wait("a", now+5*time.Second))
	require.Zero(t, d.Wait("a", now+8*time.Second))
	require.Zero(t, d.Wait("b", now), "another is not delayed")
	for range 40 {
		d.Failed("a", now)
	}
	require.Equal(t, maxDelay, d.Wait("a", now))
	require.Zero(t, d.Wait("a", now+forget+1))
	d.Good("a")
	require.Zero(t, d.Wait("a", now))
	for i := range maxKeys + 50 {
		d.Failed(strings.Repeat("k", 3)+string(rune(i)), now+time.Duration(i))
	}
	require.LessOrEqual(t, len(d.keys), maxKeys)
}
