package verify

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/media"
)

// written is a segment as it was written: after which leaf it goes on, and how many fragments it has, of which
// the first so many count. What does not count is of other bytes.
type written struct {
	after, count, counts int
	tail                 bool // it goes on from the end of the one before it, which does not count
}

// goesOn writes a run of such segments, and a checkpoint for each number of its fragments in stated. It
// returns the leaves that count.
func (s *session) goesOn(segments []written, stated ...int) []seal.Hash {
	const run = "room3/suspect/run-0001"
	track := &media.Track{Codec: media.PCMU, ClockRate: 8000, SampleRate: 8000, Channels: 1}
	var counted []seal.Hash
	var last fragment.Hash // of the segment before
	end := 0               // and the number of that fragment
	for n, g := range segments {
		prev := fragment.Hash(s.first)
		switch {
		case g.after < 0:
			prev = fragment.Hash{9}
		case g.after > 0:
			prev = fragment.Hash(counted[g.after-1])
		}
		from := max(g.after, 0)
		if g.tail {
			prev, from = last, end
		}
		start := time.Duration(from) * time.Second
		w, data, err := fragment.NewWriter(fragment.Header{
			Session: s.id, Room: "room3", Camera: "suspect", Run: 1, Segment: n + 1,
			Origin: instant(start), Zone: clock.NewZone(time.FixedZone("x", 8*3600)), Prev: prev, Tracks: []*media.Track{track},
		})
		require.NoError(s.t, err)
		for i := range g.count {
			at := start + time.Duration(i)*time.Second
			part := fragment.Part{Decode: int64(i) * 8000, Durations: []int64{8000}, Units: []*media.Unit{
				{Payload: [][]byte{bytes.Repeat([]byte{byte(i), byte(n)}, 100)}, Key: true, Arrival: clock.Stamp{Wall: began}},
			}}
			b, leaf, err := w.Append(fragment.Fragment{
				Sequence: uint32(from + i + 1), Source: "arrival", Start: instant(at), End: instant(at + time.Second), Tracks: []fragment.Part{part},
			})
			require.NoError(s.t, err)
			data = append(data, b...)
			last, end = leaf, from+i+1
			if i < g.counts {
				counted = append(counted, seal.Hash(leaf))
			}
		}
		s.files[fmt.Sprintf("%s/%04d.mp4", run, n+1)] = data
	}
	s.trees = map[string]seal.Tree{}
	for _, n := range stated {
		var tree seal.Tree
		for i := range n {
			if i < len(counted) {
				tree.Add(counted[i])
			} else {
				tree.Add(seal.Hash{byte(i)})
			}
		}
		s.trees[run] = tree
		s.checkpoint(1, time.Duration(n)*time.Second, s.key)
	}
	return counted
}

// Without a seal a segment counts as far as the one goes on from that follows it, and the checkpoints speak of
// what counts alone.
func TestSegmentsThatGoOnFromBeforeTheEnd(t *testing.T) {
	key := newKey(t)
	for _, c := range []struct {
		name     string
		segments []written
		fragment int // that count
		other    Verdict
	}{
		{"one after another", []written{{after: 0, count: 3, counts: 3}, {after: 3, count: 4, counts: 4}}, 7, ""},
		{"a tail that was never acknowledged", []written{{after: 0, count: 6, counts: 4}, {after: 4, count: 3, counts: 3}}, 7, ""},
		{"a segment of which nothing was acknowledged", []written{{after: 0, count: 4, counts: 4}, {after: 4, count: 2, counts: 0}, {after: 4, count: 3, counts: 3}}, 7, ""},
		{"a tail, and a segment of which nothing was", []written{{after: 0, count: 6, counts: 4}, {after: 4, count: 2, counts: 0}, {after: 4, count: 3, counts: 3}}, 7, ""},
		{"twice, and a tail after it", []written{{after: 0, count: 6, counts: 4}, {after: 4, count: 2, counts: 0}, {after: 4, count: 5, counts: 0}, {after: 4, count: 3, counts: 2}, {after: 6, count: 1, counts: 1}}, 7, ""},
		{"the first one is of none", []written{{after: 0, count: 2, counts: 0}, {after: 0, count: 7, counts: 7}}, 7, ""},
		{"a tail over several segments", []written{{after: 0, count: 6, counts: 4}, {count: 3, tail: true}, {count: 2, tail: true}, {after: 4, count: 2, counts: 2}, {after: 6, count: 1, counts: 1}}, 7, ""},
		{"a tail over several segments from the beginning", []written{{count: 3}, {count: 2, tail: true}, {after: 0, count: 7, counts: 7}}, 7, ""},
		{"a header alone", []written{{after: 0, count: 6, counts: 4}, {after: 4, count: 0, counts: 0}, {after: 4, count: 3, counts: 3}}, 7, ""},
		{"after a fragment that is not here", []written{{after: 0, count: 4, counts: 4}, {after: -1, count: 3, counts: 3}}, 7, Altered},
	} {
		t.Run(c.name, func(t *testing.T) {
			judged := func(stated ...int) *Folder {
				s := &session{t: t, id: "20261122-140307-7f2k", files: map[string][]byte{}, key: key, chain: journal.NewChain(journal.Head{}), stated: map[string]uint64{}}
				s.line(1, journal.Entry{Type: "session.opened", Actor: "officer:li"})
				s.first = seal.SHA256(s.files[journal.FileName(1)])
				require.Len(t, s.goesOn(c.segments, stated...), c.fragment)
				f := verified(t, s.trusted(), s.write()).Folders[0]
				return &f
			}
			f := judged(2, 5, c.fragment)
			if c.other != "" {
				require.Equal(t, c.other, f.Verdict, f.Findings)
				return
			}
			require.Equal(t, Unsealed, f.Verdict, f.Findings)
			require.Len(t, f.Findings, 1, "there is no seal, and nothing else is wrong: %v", f.Findings)
			f = judged(2, 5, c.fragment+1)
			require.Contains(t, f.Findings[len(f.Findings)-1].What, fmt.Sprintf("states %d fragments of room3/suspect/run-0001, %d are here", c.fragment+1, c.fragment))
		})
	}
}

// A copy that lacks the end of a journal file, and has one behind it without a line, is short and not altered.
func TestEmptyJournalFileBehindAShortOne(t *testing.T) {
	s := newSession(t, "20261122-140307-7f2k")
	end := s.last(2)
	s.reopen()
	s.files["journal-0003.jsonl"] = []byte{}
	s.line(4, journal.Entry{Type: journal.TypeResumed, Actor: journal.ActorController, Data: journal.Resumed{Before: "journal-0003.jsonl"}})
	s.lineAt(4, journal.Entry{Type: end.Type, Actor: end.Actor, Data: end.Data}, end.At())
	s.seal()
	f := verified(t, s.trusted(), s.write()).Folders[0]
	require.Equal(t, Gaps, f.Verdict, f.Findings)
	b := s.files["journal-0002.jsonl"]
	s.files["journal-0002.jsonl"] = b[:len(b)-1]
	f = verified(t, s.trusted(), s.write()).Folders[0]
	require.Equal(t, Incomplete, f.Verdict, f.Findings)
}
