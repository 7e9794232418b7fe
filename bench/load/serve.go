package load

import (
	"context"
	"fmt"

	"roomrec/rtsp/rtsptest"
)

// Path returns the path of the n-th camera, from 0.
func Path(n int) string { return fmt.Sprintf("cam%02d", n) }

// Serve serves the clip as n cameras on loopback. Each camera begins with its first viewer.
func Serve(ctx context.Context, clip *Clip, n int) (*rtsptest.Server, error) {
	paths := make(map[string]*rtsptest.Stream, n)
	for i := range n {
		paths[Path(i)] = &rtsptest.Stream{Sources: []rtsptest.Source{&video{clip: clip}, &sound{clip: clip}}}
	}
	return rtsptest.Serve(ctx, "127.0.0.1:0", paths)
}
