package sim

import (
	"encoding/binary"
	"errors"
	"time"

	"roomrec/clock"
	"roomrec/media"
	"roomrec/rtsp/rtsptest/testcard"
	"roomrec/watch"
)

const (
	pictureEvery = 500 * time.Millisecond
	keyEvery     = 8 // pictures
	// soundEvery is how often sound comes where it does not come with the pictures.
	soundEvery = 250 * time.Millisecond
)

// camera is a camera in the world, and what the controller's end of its stream makes of it.
type camera struct {
	w        *world
	room, id string
	required bool
	sound    bool
	number   byte

	// How it is.
	away    bool    // cannot be reached
	refuses bool    // refuses the access
	stalled bool    // the connection stands, nothing comes
	mute    bool    // no sound comes
	loss    float64 // share of pictures that are lost

	apart    bool // its sound comes at other instants than its pictures
	tracks   []*media.Track
	pps      byte // which parameter sets it uses
	pictures []picture

	// The controller's end, of one station.
	feed      *media.Feed
	watcher   *watch.Watcher
	connected bool
	epoch     int
	since     int // pictures since the last key picture
	lost      int // pictures of the gap that is open
	lastGood  clock.Stamp
	damaged   bool
	heard     time.Duration // when something came last
}

// picture is what a camera saw at one instant, whether it was received or not.
type picture struct {
	at       time.Duration // in the world
	mono     clock.Mono    // of the host at that instant
	up       int           // the start of the controller that was up then, 0 if none was
	station  int           // the one that received it, 0 if none did
	recorded bool
}

type room struct {
	id      string
	mobile  bool
	cameras []string // of which the last is not required if there are three
}

var rooms = []room{{"room3", false, []string{"front", "overview", "side"}}, {"van", true, []string{"front"}}}

func newCameras(w *world) []*camera {
	card := testcard.NewVideo(testcard.Options{Width: 320, Height: 176}).Track()
	var out []*camera
	for _, r := range rooms {
		for i, id := range r.cameras {
			video := *card
			c := &camera{w: w, room: r.id, id: id, required: i < 2, sound: i == 0, number: byte(len(out)), tracks: []*media.Track{&video}}
			if c.sound {
				c.tracks = append(c.tracks, &media.Track{Codec: media.Opus, ClockRate: 48000, SampleRate: 48000, Channels: 1})
			}
			out = append(out, c)
			offset := w.between(0, pictureEvery)
			w.in(offset, c.shoot)
			c.apart = w.chance(0.3)
			if c.sound && c.apart {
				w.in(offset+w.between(0, pictureEvery), c.hear)
			}
		}
	}
	return out
}

// attach gives the camera's stream to a station that has come up.
func (c *camera) attach(st *station) {
	c.feed, c.connected, c.epoch, c.heard = media.NewFeed(), false, 0, c.w.now()
	c.w.in(c.w.between(20*time.Millisecond, 400*time.Millisecond), func() {
		if c.w.station == st {
			c.connect()
		}
	})
}

func (c *camera) detach() { c.feed, c.watcher, c.connected = nil, nil, false }

// connect is the controller's attempt to reach the camera.
func (c *camera) connect() {
	if c.feed == nil || c.connected {
		return
	}
	if c.away || c.refuses || c.stalled {
		return // tried again when that is over
	}
	c.connected, c.epoch = true, c.epoch+1
	c.since, c.lost, c.damaged, c.heard = c.w.rand.IntN(keyEvery), 0, false, c.w.now()
	c.feed.Publish(&media.Description{Epoch: c.epoch, Tracks: c.tracks, At: c.w.host.Now()})
}

func (c *camera) disconnect(why string) {
	if !c.connected {
		return
	}
	c.connected = false
	c.feed.Publish(&media.End{At: c.w.host.Now(), Err: errors.New(why)})
}

// shoot takes the next picture.
func (c *camera) shoot() {
	w := c.w
	if w.over {
		return
	}
	w.in(pictureEvery, c.shoot)
	if c.sound && !c.apart {
		defer c.listen()
	}
	n := len(c.pictures)
	now := w.host.Now()
	c.pictures = append(c.pictures, picture{at: w.now(), mono: now.Mono, up: w.up()})
	if c.feed == nil || !c.connected {
		return
	}
	if c.stalled {
		if w.now()-c.heard >= 4*time.Second { // as rtsp does
			c.disconnect("no packet for 4s")
		}
		return
	}
	key := c.since%keyEvery == 0
	c.since++
	c.heard = w.now()
	if w.chance(c.loss) {
		c.lost++
		c.damaged = true
		return
	}
	if c.lost > 0 {
		c.feed.Publish(&media.Gap{Track: 0, From: c.lastGood, To: now, Cause: media.CauseLoss, Packets: 3 * c.lost, Units: c.lost})
		c.lost = 0
	}
	c.damaged = c.damaged && !key
	c.lastGood = now
	ticks := clock.TicksOf(w.now(), 90000).N
	u := &media.Unit{Track: 0, Arrival: now, PTS: ticks, DTS: ticks, RTP: uint32(ticks), Key: key, Damaged: c.damaged}
	slice := make([]byte, 12)
	slice[0] = 0x41
	if key {
		slice[0] = 0x65
		u.Payload = append(u.Payload, c.tracks[0].SPS, c.tracks[0].PPS)
	}
	slice[1] = 0x80 | c.number
	binary.BigEndian.PutUint32(slice[2:], uint32(n)|0x80000000)
	slice[11] = 0x80
	u.Payload = append(u.Payload, slice)
	c.pictures[n].station = w.starts
	c.feed.Publish(u)
}

// hear takes the next piece of sound where it does not come with a picture.
func (c *camera) hear() {
	if c.w.over {
		return
	}
	c.w.in(soundEvery, c.hear)
	c.listen()
}

// listen gives the sound of now.
func (c *camera) listen() {
	w := c.w
	if c.feed == nil || !c.connected || c.stalled || c.mute {
		return
	}
	c.heard = w.now()
	ticks := clock.TicksOf(w.now(), 48000).N
	c.feed.Publish(&media.Unit{Track: 1, Arrival: w.host.Now(), PTS: ticks, DTS: ticks, RTP: uint32(ticks), Payload: [][]byte{{0xfc, 1, 2, 3}}})
}

// reparameter makes the camera change its parameter sets.
func (c *camera) reparameter() {
	video := *c.tracks[0]
	c.pps ^= 1
	// Another number of reference pictures would do; nothing here decodes.
	video.PPS = append(append([]byte{}, video.PPS[:len(video.PPS)-1]...), video.PPS[len(video.PPS)-1]^c.pps<<1)
	c.tracks = append([]*media.Track{&video}, c.tracks[1:]...)
	c.since = 0
	if c.connected && !c.stalled {
		c.feed.Publish(&media.Description{Epoch: c.epoch, Tracks: c.tracks, At: c.w.host.Now()})
	}
}

// resize makes the camera come back with another resolution.
func (c *camera) resize() {
	video := *c.tracks[0]
	card := testcard.NewVideo(testcard.Options{Width: 320, Height: 176}).Track()
	if video.Width == card.Width {
		card = testcard.NewVideo(testcard.Options{Width: 160, Height: 96}).Track()
	}
	c.tracks = append([]*media.Track{card}, c.tracks[1:]...)
}
