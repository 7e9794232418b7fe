package panel

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"roomrec/access"
)

// The live view's protocol, version 1. One WebSocket carries all cameras of a room to one page. The
// server sends, and the page says nothing:
//
// The page may ask for one camera alone: ?camera=front.
//
//	text    {"cameras":["front","room"]}    once, first: the numbers that follow index this list
//	text    {"camera":0,"mime":"video/mp4; codecs=…"}    before each init segment
//	binary  kind (1 byte), camera (1 byte), capture time (8 bytes, Unix nanoseconds, big-endian), bytes
//
// kind is 0 for an init segment, 1 for a fragment, 2 for a fragment where decoding can start.
const (
	liveInit     = 0
	liveFragment = 1
	liveKey      = 2

	// liveQueue is how many pieces of one camera wait for one viewer: two seconds at 30 pictures a
	// second. When it is full the camera's pieces are dropped until its next key picture.
	liveQueue = 60

	// livePieceTimeout is how long one piece may take to leave; then the viewer is given up.
	livePieceTimeout = 5 * time.Second
)

// liveRoom shows the room's cameras to one page. The viewer has goroutines and queues of its own:
// whatever it does, nobody else waits for it.
func (s *Server) liveRoom(w http.ResponseWriter, r *http.Request) {
	room, ok := s.sessions.Room(r.PathValue("room"))
	if !ok {
		s.refuse(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	leave, ok := s.enter()
	if !ok {
		s.refuse(w, r, http.StatusServiceUnavailable, "problem.busy")
		return
	}
	defer leave()
	// Accept refuses requests whose Origin is not this host. Pictures are compressed already.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // Accept has answered
	}
	// Whatever is wrong with the connection by then, the viewer is gone and nothing was kept for it.
	drop := func() { _ = conn.CloseNow() }
	defer drop()
	open := s.metrics.viewers.WithLabelValues("live")
	open.Inc()
	defer open.Dec()

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	context.AfterFunc(ctx, drop)
	ctx = conn.CloseRead(ctx) // ends ctx when the page goes or says anything
	var cameras []string
	only := r.URL.Query().Get("camera") // of all rooms at a glance one camera each is enough
	for _, c := range room.Cameras {
		if c.Live != "" && (only == "" || only == c.ID) {
			cameras = append(cameras, c.ID)
		}
	}
	v := &viewer{ready: make(chan struct{}, 1), queues: make([]liveBacklog, len(cameras)), skipped: s.metrics.skipped.Inc}
	var pumps sync.WaitGroup
	defer pumps.Wait()
	defer cancel()
	for i, id := range cameras {
		pumps.Go(func() { s.pump(ctx, v, i, room.ID, id) })
	}
	pumps.Go(func() {
		defer cancel()
		for s.still(r, access.WatchRoom) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(stillEvery * heartbeat):
			}
		}
	})
	err = s.show(ctx, conn, v, cameras)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Info().Str("room", room.ID).Msg("live view given up: the viewer takes nothing")
	}
}

// pump moves one camera's pieces into the viewer's queue, opening the camera again when it went.
func (s *Server) pump(ctx context.Context, v *viewer, i int, room, camera string) {
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-retry.C:
		}
		if err := s.pumpOnce(ctx, v, i, room, camera); err != nil && ctx.Err() == nil && !errors.Is(err, io.EOF) && !errors.Is(err, ErrNotFound) {
			s.log.Debug().Err(err).Str("room", room).Str("camera", camera).Msg("live view of a camera ended")
		}
		retry.Reset(time.Second)
	}
}

func (s *Server) pumpOnce(ctx context.Context, v *viewer, i int, room, camera string) (err error) {
	stream, err := s.live.Open(ctx, room, camera)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stream.Close()) }()
	for {
		p, err := stream.Next(ctx)
		if err != nil {
			return err
		}
		v.put(i, p)
	}
}

// show writes what waits until the viewer goes, stalls, or the server stops.
func (s *Server) show(ctx context.Context, conn *websocket.Conn, v *viewer, cameras []string) error {
	hello, err := json.Marshal(map[string]any{"cameras": cameras})
	if err != nil {
		return err
	}
	write := func(kind websocket.MessageType, b []byte) error {
		ctx, cancel := context.WithTimeout(ctx, livePieceTimeout)
		defer cancel()
		return conn.Write(ctx, kind, b)
	}
	if err := write(websocket.MessageText, hello); err != nil {
		return err
	}
	var buf []byte
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stop:
			return conn.Close(websocket.StatusGoingAway, "the controller stops")
		case <-v.ready:
		}
		for i := range cameras {
			for _, p := range v.take(i) {
				if p.Init {
					b, err := json.Marshal(map[string]any{"camera": i, "mime": p.MIME})
					if err != nil {
						return err
					}
					if err := write(websocket.MessageText, b); err != nil {
						return err
					}
				}
				buf = appendPiece(buf[:0], i, p)
				if err := write(websocket.MessageBinary, buf); err != nil {
					return err
				}
			}
		}
	}
}

func appendPiece(b []byte, camera int, p Piece) []byte {
	kind := byte(liveFragment)
	switch {
	case p.Init:
		kind = liveInit
	case p.Key:
		kind = liveKey
	}
	b = append(b, kind, byte(camera))
	b = binary.BigEndian.AppendUint64(b, uint64(p.At))
	return append(b, p.Data...)
}

// viewer holds what waits for one page.
type viewer struct {
	mu      sync.Mutex
	queues  []liveBacklog
	ready   chan struct{} // capacity 1: a wake-up that is already pending is enough
	skipped func()
}

// liveBacklog is what waits of one camera: at most one init segment and liveQueue fragments.
type liveBacklog struct {
	pieces   []Piece
	skipping bool // until the next key picture
}

// put adds a piece, or drops it when the viewer is too slow. It never waits.
func (v *viewer) put(i int, p Piece) {
	v.mu.Lock()
	defer v.mu.Unlock()
	q := &v.queues[i]
	switch {
	case p.Init:
		// What waits belongs to the parameters before, and the viewer starts anew anyway.
		for range q.pieces {
			v.skipped()
		}
		q.pieces, q.skipping = append(q.pieces[:0], p), true
	case q.skipping && !p.Key:
		v.skipped()
		return
	case len(q.pieces) >= liveQueue:
		// The oldest are the least use: keep an init segment that was not sent yet.
		kept := q.pieces[:0]
		for _, old := range q.pieces {
			if old.Init {
				kept = append(kept, old)
			} else {
				v.skipped()
			}
		}
		clear(q.pieces[len(kept):])
		q.pieces, q.skipping = kept, !p.Key
		if q.skipping {
			v.skipped()
			return
		}
		q.pieces = append(q.pieces, p)
	default:
		q.skipping = false
		q.pieces = append(q.pieces, p)
	}
	select {
	case v.ready <- struct{}{}:
	default:
	}
}

// take returns what waits of a camera, oldest first.
func (v *viewer) take(i int) []Piece {
	v.mu.Lock()
	defer v.mu.Unlock()
	q := &v.queues[i]
	out := q.pieces
	q.pieces = nil
	return out
}
