package panel

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
)

func testViewer() (*viewer, *int) {
	skipped := new(int)
	return &viewer{queues: make([]liveBacklog, 1), ready: make(chan struct{}, 1), skipped: func() { *skipped++ }}, skipped
}

// name tells the pieces of a test apart: I init, K key picture, P picture.
func name(ps []Piece) string {
	var s string
	for _, p := range ps {
		switch {
		case p.Init:
			s += "I"
		case p.Key:
			s += "K"
		default:
			s += "P"
		}
	}
	return s
}

func put(v *viewer, s string) {
	for _, c := range s {
		v.put(0, Piece{Init: c == 'I', Key: c == 'K'})
	}
}

func TestSlowViewerGoesOnWithTheNextKeyPicture(t *testing.T) {
	v, skipped := testViewer()
	put(v, "IKPP")
	require.Equal(t, "IKPP", name(v.take(0)))
	require.Empty(t, v.take(0))
	put(v, "K")
	for range liveQueue - 1 {
		put(v, "P")
	}
	require.Zero(t, *skipped)
	put(v, "PPP")
	require.Equal(t, liveQueue+3, *skipped, "what waited, and what came until a key picture")
	require.Empty(t, v.take(0))
	put(v, "PKP")
	require.Equal(t, "KP", name(v.take(0)))
}

func TestSlowViewerKeepsAnInitSegmentThatItHasNotSeen(t *testing.T) {
	v, _ := testViewer()
	put(v, "IK")
	for range liveQueue * 3 {
		put(v, "P")
	}
	put(v, "KPP")
	require.Equal(t, "IKPP", name(v.take(0)))
}

func TestNewParametersTakeThePlaceOfWhatWaits(t *testing.T) {
	v, skipped := testViewer()
	put(v, "IKPPIPPKP")
	require.Equal(t, "IKP", name(v.take(0)))
	require.Equal(t, 4+2, *skipped)
}

func TestBacklogIsBounded(t *testing.T) {
	v, _ := testViewer()
	for range 1000 {
		put(v, "KPPPPIPPPKPPP")
		require.LessOrEqual(t, len(v.queues[0].pieces), liveQueue+1)
	}
}

func TestPieceHeader(t *testing.T) {
	b := appendPiece(nil, 3, Piece{Key: true, At: 0x0102030405060708, Data: []byte("x")})
	require.Equal(t, []byte{liveKey, 3, 1, 2, 3, 4, 5, 6, 7, 8, 'x'}, b)
	require.Equal(t, byte(liveInit), appendPiece(nil, 0, Piece{Init: true})[0])
	require.Equal(t, byte(liveFragment), appendPiece(nil, 0, Piece{})[0])
}

func TestHashIsReadInRowsOfFour(t *testing.T) {
	rows := hashRows("9f3ca17e04d268b5e1c75a903bf8d24670aec51f92d84be30c67f5a18e39b2d4")
	require.Len(t, rows, 4)
	require.Equal(t, []string{"9f3c", "a17e", "04d2", "68b5"}, rows[0])
	require.Equal(t, []string{"0c67", "f5a1", "8e39", "b2d4"}, rows[3])
	require.Empty(t, hashRows(""))
}

func TestPlainPath(t *testing.T) {
	for _, good := range []string{"seal.note", "room3/front/run-0001/0001.mp4", "a/b.mp4@0-12.m4s", "after/journal.jsonl"} {
		require.True(t, plainPath(good), good)
	}
	for _, bad := range []string{"", "/etc/passwd", "..", "a/../b", "a//b", ".x", "a/.x", "a\\b", "a\x00", "a/", "a\nb"} {
		require.False(t, plainPath(bad), "%q", bad)
	}
}

func FuzzPlainPath(f *testing.F) {
	for _, s := range []string{"room3/front/run-0001/0001.mp4", "../x", "a//b", "a/..", "\\..\\x", "a\x00b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if plainPath(s) {
			require.True(t, fs.ValidPath(s), "%q", s)
		}
	})
}
