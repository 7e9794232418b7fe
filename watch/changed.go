package watch

import (
	"fmt"
	"strings"

	"roomrec/clock"
	"roomrec/media"
)

// changed finds a stream that is not the one with which the session began. That it becomes the same
// again does not clear it: a named officer must have looked (see [Watcher.Accept]).
type changed struct {
	state
	base     *media.Description // nil: no session, or the camera was away when it began
	watching bool
	was, is  string
	differs  bool
	lastGood clock.Stamp
}

func (c *changed) begin(desc *media.Description) {
	c.base, c.watching, c.differs = desc, true, false
}

// resume is begin for a session that began with tracks, in another run of the program; now is the stream of now, nil
// if there is none.
func (c *changed) resume(tracks []*media.Track, now *media.Description) {
	c.begin(&media.Description{Tracks: tracks})
	c.lastGood = clock.Stamp{} // nobody looked on
	if now != nil {
		c.item(now)
	}
}

func (c *changed) end() { c.base, c.watching, c.differs = nil, false, false }

func (c *changed) item(it media.Item) {
	switch it := it.(type) {
	case *media.Description:
		if !c.watching {
			return
		}
		if c.base == nil {
			c.base = it // it came only after the session began
			return
		}
		if was, is := differ(c.base, it); was != is {
			c.differs, c.was, c.is = true, was, is
		} else if !c.differs {
			c.base = it // it may know what was unknown
		}
	case *media.Unit:
		if !c.differs {
			c.lastGood = it.Arrival
		}
	}
}

func (c *changed) tick(now clock.Stamp) []Finding {
	return c.turn(c.differs, Finding{Code: CameraChanged, At: now, LastGood: c.lastGood, Detail: c.was + " became " + c.is})
}

// differ describes both streams as far as they can be compared; equal texts are equal streams.
func differ(a, b *media.Description) (was, is string) {
	return describe(a, b), describe(b, a)
}

// describe names what of d is known in other, too.
func describe(d, other *media.Description) string {
	parts := make([]string, 0, len(d.Tracks))
	for i, t := range d.Tracks {
		part := t.Codec.String()
		var o *media.Track
		if i < len(other.Tracks) {
			o = other.Tracks[i]
		}
		switch {
		case t.Codec.Video() && t.Width > 0 && (o == nil || o.Width > 0 || !o.Codec.Video()):
			part += fmt.Sprintf(" %dx%d", t.Width, t.Height)
		case t.Codec.Audio():
			part += fmt.Sprintf(" %d Hz x%d", t.SampleRate, t.Channels)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " + ")
}
