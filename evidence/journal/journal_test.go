package journal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/journal"
)

func lines(t testing.TB, chain *journal.Chain, n int) [][]byte {
	t.Helper()
	var out [][]byte
	for i := range n {
		at := clock.Instant{Wall: clock.Wall(1_795_000_000_000_000_000 + int64(i)*1e9), Uncertainty: time.Millisecond}
		b, err := chain.Next(journal.Entry{
			Type:  "marker",
			Actor: "officer:李",
			Data:  map[string]any{"text": "rights <read> & \"signed\"\n", "n": i},
		}, at, clock.Mono(i))
		require.NoError(t, err)
		out = append(out, b)
	}
	return out
}

func TestLineHasTheDocumentedForm(t *testing.T) {
	chain := journal.NewChain(journal.Head{})
	b, err := chain.Next(journal.Entry{Type: "session.opened", Actor: "officer:li", Data: map[string]any{"b": 1, "a": "<讯问>"}},
		clock.Instant{Wall: 1_795_413_787_000_000_001, Uncertainty: 5 * time.Millisecond}, 42)
	require.NoError(t, err)
	require.Equal(t, `{"seq":1,"wall":"2026-11-23T06:03:07.000000001Z","uncertainty_ns":5000000,"mono":42,`+
		`"type":"session.opened","actor":"officer:li","data":{"a":"<讯问>","b":1},"prev":"`+strings.Repeat("0", 64)+`"}`+"\n", string(b))
	require.Equal(t, journal.Hash(sha256.Sum256(b)), chain.Head().Hash)

	b, err = chain.Next(journal.Entry{Type: "x", Actor: "y"}, clock.Instant{}, 0)
	require.NoError(t, err)
	require.Contains(t, string(b), `"data":{}`)
}

func TestNextRefuses(t *testing.T) {
	chain := journal.NewChain(journal.Head{})
	for name, e := range map[string]journal.Entry{
		"no type":        {Actor: "a"},
		"no actor":       {Type: "t"},
		"data a string":  {Type: "t", Actor: "a", Data: "s"},
		"data no JSON":   {Type: "t", Actor: "a", Data: func() {}},
		"data too large": {Type: "t", Actor: "a", Data: map[string]string{"x": strings.Repeat("x", journal.MaxLine)}},
	} {
		_, err := chain.Next(e, clock.Instant{}, 0)
		require.Error(t, err, name)
	}
	require.Zero(t, chain.Head(), "a refused entry does not move the chain")
}

func TestReadFollowsTheChain(t *testing.T) {
	chain := journal.NewChain(journal.Head{})
	file := bytes.Join(lines(t, chain, 20), nil)
	var seqs []uint64
	c, err := journal.Read(iotest.OneByteReader(bytes.NewReader(file)), journal.Head{}, func(l *journal.Line, raw []byte) error {
		seqs = append(seqs, l.Seq)
		require.Equal(t, journal.Hash(sha256.Sum256(raw)) == chain.Head().Hash, l.Seq == 20)
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, c.Fault)
	require.Len(t, seqs, 20)
	require.Equal(t, chain.Head(), c.Head)
	require.EqualValues(t, len(file), c.Whole)
	require.Equal(t, journal.Hash(sha256.Sum256(file)), c.WholeSHA256)
	require.Zero(t, c.Rest)
	require.False(t, c.Torn())

	// A second file goes on where the first ended.
	next := bytes.Join(lines(t, journal.NewChain(c.Head), 3), nil)
	d, err := journal.Read(bytes.NewReader(next), c.Head, nil)
	require.NoError(t, err)
	require.NoError(t, d.Fault)
	require.EqualValues(t, 23, d.Head.Seq)
}

func TestReadReportsATornLineAtEveryLength(t *testing.T) {
	all := lines(t, journal.NewChain(journal.Head{}), 3)
	file := bytes.Join(all, nil)
	ends := []int{0, len(all[0]), len(all[0]) + len(all[1]), len(file)}
	for cut := range len(file) + 1 {
		c, err := journal.Read(bytes.NewReader(file[:cut]), journal.Head{}, nil)
		require.NoError(t, err)
		require.NoError(t, c.Fault)
		n := 0
		for n < 3 && ends[n+1] <= cut {
			n++
		}
		require.Equal(t, n, c.Lines)
		require.EqualValues(t, ends[n], c.Whole)
		require.EqualValues(t, cut-ends[n], c.Rest)
		require.Equal(t, journal.Hash(sha256.Sum256(file[ends[n]:cut])), c.RestSHA256)
		require.Equal(t, c.Rest > 0, c.Torn())
	}
}

func TestReadFindsEveryChangedByte(t *testing.T) {
	all := lines(t, journal.NewChain(journal.Head{}), 3)
	file := bytes.Join(all, nil)
	last := len(all[0]) + len(all[1]) // a change in the last line is only seen by the seal's head
	for i := range last {
		bad := bytes.Clone(file)
		bad[i] ^= 1
		c, err := journal.Read(bytes.NewReader(bad), journal.Head{}, nil)
		require.NoError(t, err)
		require.Error(t, c.Fault, "byte %d", i)
		require.Equal(t, int64(len(file)), c.Whole+c.Rest)
	}
}

func TestReadRefusesOtherForms(t *testing.T) {
	good := string(lines(t, journal.NewChain(journal.Head{}), 1)[0])
	for name, bad := range map[string]string{
		"white space":     strings.Replace(good, `"seq":1`, `"seq": 1`, 1),
		"unknown field":   strings.Replace(good, `{"seq":1`, `{"extra":1,"seq":1`, 1),
		"doubled field":   strings.Replace(good, `{"seq":1`, `{"seq":1,"seq":1`, 1),
		"other order":     strings.Replace(good, `"type":"marker","actor":"officer:李"`, `"actor":"officer:李","type":"marker"`, 1),
		"two objects":     strings.TrimSuffix(good, "\n") + strings.TrimSuffix(good, "\n") + "\n",
		"no UTF-8":        strings.Replace(good, "李", "\xff", 1),
		"another zone":    strings.Replace(good, `Z","unc`, `+00:00","unc`, 1),
		"carriage return": strings.TrimSuffix(good, "\n") + "\r\n",
		"empty line":      "\n",
		"zeros":           strings.Repeat("\x00", 100) + "\n",
		"wrong sequence":  strings.Replace(good, `"seq":1`, `"seq":2`, 1),
	} {
		c, err := journal.Read(strings.NewReader(bad), journal.Head{}, nil)
		require.NoError(t, err, name)
		var le *journal.LineError
		require.ErrorAs(t, c.Fault, &le, name)
		require.True(t, errors.Is(le, journal.ErrFormat) || errors.Is(le, journal.ErrChain), name)
		require.Zero(t, c.Whole, name)
		require.EqualValues(t, len(bad), c.Rest, name)
	}
}

func TestReadBoundsALine(t *testing.T) {
	long := strings.Repeat("x", 3*journal.MaxLine)
	c, err := journal.Read(strings.NewReader(long), journal.Head{}, nil)
	require.NoError(t, err)
	require.ErrorIs(t, c.Fault, journal.ErrFormat)
	require.EqualValues(t, len(long), c.Rest)
	require.Equal(t, journal.Hash(sha256.Sum256([]byte(long))), c.RestSHA256)
}

func TestReadReturnsTheReadersError(t *testing.T) {
	_, err := journal.Read(iotest.ErrReader(errors.New("disk")), journal.Head{}, nil)
	require.ErrorContains(t, err, "disk")
}

func TestFileNames(t *testing.T) {
	for _, n := range []int{1, 12, 9999, 10000} {
		got, ok := journal.FileNumber(journal.FileName(n))
		require.True(t, ok)
		require.Equal(t, n, got)
	}
	for _, bad := range []string{"", "journal-1.jsonl", "journal-0000.jsonl", "journal-00001.jsonl", "journal-0001.json", "x-0001.jsonl", "journal--001.jsonl"} {
		_, ok := journal.FileNumber(bad)
		require.False(t, ok, bad)
	}
}

func FuzzRead(f *testing.F) {
	all := lines(f, journal.NewChain(journal.Head{}), 3)
	file := bytes.Join(all, nil)
	f.Add(file)
	f.Add(file[:len(file)-5])
	f.Add([]byte("\n"))
	f.Add([]byte(`{"seq":1}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var whole []byte
		chain := journal.NewChain(journal.Head{})
		c, err := journal.Read(bytes.NewReader(b), journal.Head{}, func(l *journal.Line, raw []byte) error {
			whole = append(whole, raw...)
			// What is read is what the chain would have written.
			again, err := chain.Next(journal.Entry{Type: l.Type, Actor: l.Actor, Data: l.Data}, l.At(), l.Mono)
			require.NoError(t, err)
			require.Equal(t, string(raw), string(again))
			return nil
		})
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(b, whole))
		require.EqualValues(t, len(whole), c.Whole)
		require.EqualValues(t, len(b), c.Whole+c.Rest)
		require.Equal(t, journal.Hash(sha256.Sum256(whole)), c.WholeSHA256)
		require.Equal(t, journal.Hash(sha256.Sum256(b[len(whole):])), c.RestSHA256)
		require.Equal(t, chain.Head(), c.Head)
	})
}

func ExampleChain_Next() {
	chain := journal.NewChain(journal.Head{})
	line, err := chain.Next(journal.Entry{Type: "marker", Actor: "officer:li", Data: map[string]string{"name": "rest"}},
		clock.Instant{Wall: 0, Uncertainty: 1}, 0)
	fmt.Println(len(line) > 0, err, chain.Head().Seq)
	// Output: true <nil> 1
}
