package evidence

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/journal"
	"roomrec/evidence/volume/volumetest"
)

// A disk that fails while the spool is quoted in it sends the quotes to the spool themselves. Each line
// comes to stand in the journal once all the same, as what it is and not as a quote of a quote.
func TestQuoteThatWasSpooledItselfIsQuotedOnce(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1, func(c *Config) { c.Spool = dir })
		r.disks[0].Fail(volumetest.Write, volumetest.Fault{Err: syscall.EIO})
		for range 6 {
			require.NoError(t, r.e.Append(context.Background(), journal.Entry{Type: "said", Actor: "a"}))
		}
		require.NoError(t, r.e.Close(context.Background()))
		r.halt()
		first, err := readSpool(filepath.Join(dir, testSession+"-0001.jsonl"))
		require.NoError(t, err)

		for start := range 3 {
			n := &rig{t: t, clock: r.clock, disks: []*volumetest.Disk{r.disks[0].Again()}, done: make(chan struct{}), ran: make(chan error, 1)}
			n.mount()
			found, err := Survey(context.Background(), testFolder, n.volumes)
			require.NoError(t, err)
			require.NoError(t, found.ReadSpool(dir, testSession))
			n.config(func(c *Config) { c.Spool = dir })
			n.cfg.Timeline = clock.ResumeTimeline(r.clock.Now(), 0, found.Last.Wall, r.clock.Now().Mono)
			if start == 0 {
				n.disks[0].Fail(volumetest.Write, volumetest.Fault{Err: syscall.EIO, After: 2 << 10})
			}
			e, err := Open(context.Background(), n.cfg, found)
			require.NoError(t, err)
			n.begin(e)
			require.NoError(t, n.e.Close(context.Background()))
			n.halt()
			r = n
		}
		second, err := os.ReadFile(filepath.Join(dir, testSession+"-0002.jsonl"))
		require.NoError(t, err)
		require.Contains(t, string(second), TypeSpooled, "quotes were spooled")

		times := map[string]int{}
		for _, l := range r.lines(r.files(r.disks[0])) {
			var q spooled
			if l.Type != TypeSpooled {
				continue
			}
			require.NoError(t, json.Unmarshal(l.Data, &q))
			line, err := journal.Parse(append(q.Line, '\n'))
			require.NoError(t, err)
			require.NotEqual(t, TypeSpooled, line.Type)
			times[string(q.Line)]++
		}
		for _, line := range first {
			require.Equal(t, 1, times[string(line)], "%s", line)
		}
	})
}

// The system disk is full for a moment: one line is written in part. Those that were promised after it are
// quoted all the same.
func TestSpoolAfterAPartialWrite(t *testing.T) {
	s := newSpool(t.TempDir(), testSession)
	chain := journal.NewChain(journal.Head{})
	line := func(typ string) []byte {
		b, err := chain.Next(journal.Entry{Type: typ, Actor: "a"}, clock.Instant{}, 0)
		require.NoError(t, err)
		return b
	}
	require.NoError(t, s.append(line("one")))
	cut := line("two")
	_, err := s.f.Write(cut[:20])
	require.NoError(t, err)
	name := s.f.Name()
	require.NoError(t, s.f.Close())
	s.f, err = os.Open(name) // not for writing: the rest of the line finds no room
	require.NoError(t, err)
	require.Error(t, s.append(cut[20:]))
	require.NoError(t, s.append(line("three")), "there is room again")
	require.NoError(t, s.append(line("four")))
	quotes, err := s.quotes()
	require.NoError(t, err)
	var got []string
	for _, q := range quotes {
		l, err := journal.Parse(append(q.Line, '\n'))
		require.NoError(t, err)
		got = append(got, l.Type)
	}
	require.Equal(t, []string{"one", "three", "four"}, got)
	require.NoError(t, s.close())
}
