package e2e

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"roomrec/session"
	"roomrec/session/table"
)

// viewers is how many pages look at one room at once.
const viewers = 20

// TestViewersDisturbNoRecording: twenty viewers look at a room while it is recorded, one of them takes
// nothing. The others see moving pictures all the while, the one is given up, and the recording has no gap,
// no alarm and no fragment that was late.
func TestViewersDisturbNoRecording(t *testing.T) {
	t.Parallel()
	s, dir := demo(t)
	room := s.rooms()[0]
	id := s.begin(room)
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		watching.Wait()
	})

	// One opens the stream and reads no more than the head of the answer.
	lazy, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(s.base, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = lazy.Close() })
	require.NoError(t, lazy.(*net.TCPConn).SetReadBuffer(4096))
	_, err = io.WriteString(lazy, "GET /api/v1/rooms/"+room+"/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	require.NoError(t, err)
	line, err := bufio.NewReaderSize(lazy, 16).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "101")

	var mu sync.Mutex
	var behind []time.Duration
	seen := make([]int, viewers-1)
	for i := range seen {
		conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.base, "http")+"/api/v1/rooms/"+room+"/live", nil)
		require.NoError(t, err)
		conn.SetReadLimit(8 << 20)
		watching.Go(func() {
			defer func() { _ = conn.CloseNow() }()
			for {
				kind, b, err := conn.Read(ctx)
				if err != nil {
					return
				}
				if kind != websocket.MessageBinary || len(b) < 10 || b[0] == 0 {
					continue
				}
				mu.Lock()
				seen[i]++
				behind = append(behind, time.Since(time.Unix(0, int64(binary.BigEndian.Uint64(b[2:10])))))
				mu.Unlock()
			}
		})
	}
	least := func() int {
		mu.Lock()
		defer mu.Unlock()
		return slices.Min(seen)
	}
	s.until("pictures for all, and an end for who takes none", room, 4*patience, func(r session.RoomView) bool {
		require.Equal(t, table.Questioning, r.Session.State)
		return least() > 200 && strings.Contains(s.p.err.String(), "the viewer takes nothing")
	})
	before := least()
	from := s.room(room).Session.SafeAt
	s.until("more pictures for all, and more that is safe", room, patience, func(r session.RoomView) bool {
		return least() > before+50 && r.Session.SafeAt.Time().Sub(from.Time()) > 2*time.Second
	})
	require.Equal(t, 1, strings.Count(s.p.err.String(), "the viewer takes nothing"), "another viewer was given up, too")
	metrics := s.text("/metrics")
	require.Positive(t, number(t, metrics, `roomrec_panel_live_skipped_pieces_total`))
	for _, f := range s.room(room).Faults {
		require.False(t, strings.HasPrefix(f.Code, "storage.") || strings.HasPrefix(f.Code, "camera."), "an alarm while many looked: %+v", f)
	}
	s.do(id, session.Command{Name: session.ActEnd, Ending: table.Signed})
	s.inState(room, table.Sealed, 2*patience)
	metrics = s.text("/metrics")
	cancel()
	watching.Wait()

	// No volume was slow enough to be given up or to raise an alarm, and no fragment waited longer than that.
	all := number(t, metrics, `roomrec_evidence_first_unit_seconds_count`)
	require.Positive(t, all)
	require.Equal(t, all, number(t, metrics, `roomrec_evidence_first_unit_seconds_bucket{le="4.096"}`), "a fragment was late")
	require.Zero(t, number(t, metrics, `roomrec_evidence_volumes_left_total`))
	folders := must(filepath.Glob(filepath.Join(dir, "disk-*", "*/*/*", id)))
	require.Len(t, folders, 2)
	requireWhole(t, folders...)
	slices.Sort(behind)
	t.Logf("%d pieces for %d viewers, half of them within %v, 99 of 100 within %v", len(behind), len(seen), behind[len(behind)/2], behind[len(behind)*99/100])
	require.Less(t, behind[len(behind)/2], 500*time.Millisecond, "from a picture's arrival to a viewer")
}

// rooms lists the rooms by id.
func (s *site) rooms() (ids []string) {
	s.t.Helper()
	var all []session.RoomView
	s.call("GET", "/api/v1/rooms", 200, nil, &all)
	for _, r := range all {
		ids = append(ids, r.ID)
	}
	require.NotEmpty(s.t, ids)
	return ids
}

// number returns the value of one sample of the metrics.
func number(t *testing.T, metrics, sample string) float64 {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(sample) + ` (\S+)$`).FindStringSubmatch(metrics)
	require.NotNil(t, m, sample)
	v, err := strconv.ParseFloat(m[1], 64)
	require.NoError(t, err)
	return v
}
