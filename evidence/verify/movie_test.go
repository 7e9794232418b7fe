package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/seal"
)

// rechained gives the overview's segment another header, chains its fragments anew and seals that.
func (s *session) rechained(head []byte) {
	b, at := s.files[over], s.fragments[over]
	out := bytes.Clone(head)
	prev := sha256.Sum256(head)
	var tree seal.Tree
	for i := range len(at) - 1 {
		f := bytes.Clone(b[at[i]:at[i+1]])
		copy(f[64:96], prev[:]) // behind prft, and size, type, user type, version and number of the private box
		prev = sha256.Sum256(append([]byte{0}, f...))
		tree.Add(prev)
		out = append(out, f...)
	}
	s.files[over] = out
	r := &s.s.Runs[1]
	r.LastLeaf, r.Root = prev, tree.Root()
	s.seal()
}

// A header decides how much of a file a player shows. It is the one that belongs to its tracks: with an edit list, or a
// track that is not enabled, a part of what is recorded would not be seen, and every hash would be right.
func TestMovieHeaderIsTheOneOfItsTracks(t *testing.T) {
	box := func(kind string, body ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), append([]byte(kind), body...)...)
	}
	grown := func(b []byte, kind string, n int) { // the first box of a kind is so much longer
		at := bytes.Index(b, []byte(kind)) - 4
		binary.BigEndian.PutUint32(b[at:], binary.BigEndian.Uint32(b[at:])+uint32(n))
	}
	into := func(b []byte, kind string, put []byte) []byte { // puts a box first into the first box of a kind
		i := bytes.Index(b, []byte(kind)) + 4
		out := append(append(bytes.Clone(b[:i]), put...), b[i:]...)
		grown(out, kind, len(put))
		return out
	}
	set := func(b []byte, kind string, at int, v ...byte) []byte { // writes into the body of the first box of a kind
		out := bytes.Clone(b)
		copy(out[bytes.Index(out, []byte(kind))+4+at:], v)
		return out
	}
	elst := []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0x10, 0, 0, 0, 0x5d, 0xc0, 0, 1, 0, 0} // from 3 s on
	for name, change := range map[string]func(head []byte) []byte{
		"as it is": func(head []byte) []byte { return head },
		"an edit list": func(head []byte) []byte {
			edts := box("edts", box("elst", elst...)...)
			out := into(head, "trak", edts)
			grown(out, "moov", len(edts))
			return out
		},
		"a free box":                func(head []byte) []byte { return into(head, "moov", box("free", 1, 2, 3)) },
		"words of a user":           func(head []byte) []byte { return into(head, "moov", box("udta", box("name", 'x')...)) },
		"a second private box":      func(head []byte) []byte { return into(head, "moov", box("uuid", make([]byte, 40)...)) },
		"sound that is not enabled": func(head []byte) []byte { return set(head, "tkhd", 3, 0) },
		"sound without volume":      func(head []byte) []byte { return set(head, "tkhd", 48, 0, 0) },
		"another scale of time":     func(head []byte) []byte { return set(head, "mdhd", 20, 0, 0, 3, 32) },
		"a duration":                func(head []byte) []byte { return set(head, "mvhd", 31, 1) },
		"a time of another day":     func(head []byte) []byte { return set(head, "mvhd", 8, 1) },
		"a picture moved aside":     func(head []byte) []byte { return set(head, "mvhd", 60, 1) },
		"another codec":             func(head []byte) []byte { return bytes.Replace(head, []byte("ulaw"), []byte("alaw"), 1) },
		"data elsewhere":            func(head []byte) []byte { return set(head, "url ", 3, 0) },
		"the clock small":           func(head []byte) []byte { return set(head, "tx3g", 22, 0, 1) },
		"two entries": func(head []byte) []byte {
			return set(head, "stsd", 4, 0, 0, 0, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(t, "20261122-140307-7f2k")
			s.rechained(change(s.files[over][:s.fragments[over][0]]))
			f := verified(t, s.trusted(), s.write()).Folders[0]
			if name == "as it is" {
				require.Equal(t, Gaps, f.Verdict, f.Findings)
				return
			}
			require.Equal(t, Altered, f.Verdict, f.Findings)
		})
	}
}
