package main

import (
	"context"
	"sync"

	"roomrec/media"
	"roomrec/panel"
	"roomrec/playback"
)

// liveTap is how many items wait for one viewer: a few seconds. A viewer that falls further behind
// goes on at a later key picture.
const liveTap = 512

// live shows the rooms' cameras to the panel.
type live struct {
	rooms *rooms
}

// Open begins to watch a camera.
func (l live) Open(_ context.Context, roomID, cameraID string) (panel.LiveStream, error) {
	cam, ok := l.rooms.get(roomID).camera(cameraID)
	if !ok {
		return nil, panel.ErrNotFound
	}
	return &liveStream{tap: cam.liveFeed().Attach(liveTap, true), maker: playback.NewLive(true)}, nil
}

// liveStream is one viewer's stream of one camera. Only Close may be called beside Next.
type liveStream struct {
	tap    *media.Tap
	maker  *playback.Live
	items  []media.Item
	pieces []playback.Piece
	once   sync.Once
}

// Next waits for the next piece. A camera that is away gives none until it returns.
func (s *liveStream) Next(ctx context.Context) (panel.Piece, error) {
	for {
		if len(s.pieces) > 0 {
			p := s.pieces[0]
			s.pieces = s.pieces[1:]
			return panel.Piece{Init: p.Init, MIME: p.MIME, Data: p.Data, Key: p.Key, At: p.At}, nil
		}
		select {
		case <-ctx.Done():
			return panel.Piece{}, ctx.Err()
		case <-s.tap.Ready():
		}
		s.items = s.tap.Take(s.items)
		for _, it := range s.items {
			// An error concerns the item alone: the next key picture begins anew.
			p, err := s.maker.Add(it)
			if err == nil {
				s.pieces = append(s.pieces, p...)
			}
		}
	}
}

// Close ends the stream.
func (s *liveStream) Close() error {
	s.once.Do(s.tap.Detach)
	return nil
}
