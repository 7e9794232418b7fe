package watch

import (
	"context"
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

// Decoder shows what is coded. Its calls may take a while and must end with ctx. Package
// watch/stills has one.
type Decoder interface {
	// Picture returns the luma of a key picture, 0 black and 255 white.
	Picture(ctx context.Context, t *media.Track, key *media.Unit) (*image.Gray, error)
	// Sound returns the samples of consecutive units, 16 bits, channels interleaved.
	Sound(ctx context.Context, t *media.Track, units []*media.Unit) ([]int16, error)
}

// Looker lets one decoder look at the cameras in turn: at the last key picture of each, and, where
// only a decoder can tell how loud it is, at the last second of its sound. It decodes one thing at a
// time and rests in between, so that it never takes more than a share of one core.
type Looker struct {
	clk     clock.Source
	decoder Decoder
	every   time.Duration

	mu       sync.Mutex
	watchers []*Watcher
	errs     map[*Watcher]error
}

// lookRest is how many times as long as a look took there is none: decoding takes a quarter of the
// time at most.
const lookRest = 3

// NewLooker returns a looker that looks at each camera every so often, if that is not too much.
func NewLooker(clk clock.Source, d Decoder, every time.Duration, watchers []*Watcher) *Looker {
	return &Looker{clk: clk, decoder: d, every: every, watchers: slices.Clone(watchers), errs: make(map[*Watcher]error)}
}

// Watch lets the looker look at one more camera, from its next round on.
func (l *Looker) Watch(w *Watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers = append(l.watchers, w)
}

// Leave lets the looker look at a camera no more, a look that is going on aside.
func (l *Looker) Leave(w *Watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers = slices.DeleteFunc(l.watchers, func(o *Watcher) bool { return o == w })
	delete(l.errs, w)
}

// uneasyEvery is how often a camera is looked at whose last picture was not as it should be: what has
// to last for so long is then measured to a key picture.
const uneasyEvery = time.Second

// Run looks until ctx ends.
func (l *Looker) Run(ctx context.Context) error {
	due := make(map[*Watcher]clock.Mono)
	for {
		soonest := l.clk.Now().Mono.Add(l.every)
		l.mu.Lock()
		watchers := slices.Clone(l.watchers)
		l.mu.Unlock()
		maps.DeleteFunc(due, func(w *Watcher, _ clock.Mono) bool { return !slices.Contains(watchers, w) })
		for _, w := range watchers {
			if now := l.clk.Now().Mono; now >= due[w] {
				due[w] = now.Add(l.every)
				if !l.look(ctx, w) {
					return nil
				}
				if w.uneasy() {
					due[w] = min(due[w], now.Add(uneasyEvery))
				}
			}
			soonest = min(soonest, due[w])
		}
		if !rest(ctx, soonest.Sub(l.clk.Now().Mono)) {
			return nil
		}
	}
}

// look looks at one camera and rests. It returns false when ctx has ended.
func (l *Looker) look(ctx context.Context, w *Watcher) bool {
	began := l.clk.Now().Mono
	looked, err := w.lookWith(ctx, l.decoder)
	if ctx.Err() != nil {
		return false
	}
	if looked {
		l.mu.Lock()
		l.errs[w] = err
		l.mu.Unlock()
	}
	return rest(ctx, lookRest*l.clk.Now().Mono.Sub(began))
}

// Problem returns why nothing can be told of a camera's decoded picture and sound now, nil if it can.
func (l *Looker) Problem(w *Watcher) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.errs[w]
}

// rest waits, and returns false if ctx ended meanwhile.
func rest(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// lookWith lets a decoder look at what came last, once for each key picture, and reports whether there
// was anything.
func (w *Watcher) lookWith(ctx context.Context, d Decoder) (looked bool, err error) {
	w.mu.Lock()
	track, key := w.latest.takeKey()
	coded, units := w.latest.takeSound()
	w.mu.Unlock()
	if key != nil {
		img, e := d.Picture(ctx, track, key)
		if e != nil {
			err = fmt.Errorf("picture: %w", e)
		} else {
			w.See(key.Arrival, img)
		}
	}
	if len(units) > 0 {
		samples, e := d.Sound(ctx, coded, units)
		if e != nil {
			return true, errors.Join(err, fmt.Errorf("sound: %w", e))
		}
		first, last := units[0], units[len(units)-1]
		length := coded.Ticks((last.PTS - first.PTS) / int64(len(units)-1) * int64(len(units))).Duration()
		w.mu.Lock()
		w.sound.decoded(last.Arrival.Mono.Add(-length), samples, length)
		w.mu.Unlock()
	}
	return key != nil || len(units) > 0, err
}

// latest keeps what a decoder would look at.
type latest struct {
	desc  *media.Description
	track *media.Track
	key   *media.Unit
	sound []*media.Unit
}

// latestSound is how much coded sound is kept, and latestFewest how many units of it say anything.
const (
	latestSound  = 1500 * time.Millisecond
	latestFewest = 10
)

func (l *latest) item(it media.Item) {
	switch it := it.(type) {
	case *media.Description:
		if l.desc != nil && l.desc.Epoch != it.Epoch {
			*l = latest{}
		}
		l.desc = it
	case *media.End:
		*l = latest{}
	case *media.Unit:
		if l.desc == nil || it.Track < 0 || it.Track >= len(l.desc.Tracks) {
			return
		}
		switch t := l.desc.Tracks[it.Track]; {
		case it.Key && !it.Damaged && it.Track == firstPicture(l.desc):
			l.track, l.key = t, it
		case (t.Codec == media.AAC || t.Codec == media.Opus) && it.Track == firstSound(l.desc):
			l.sound = append(l.sound, it)
			for t.Ticks(it.PTS-l.sound[0].PTS).Duration() > latestSound {
				l.sound[0] = nil
				l.sound = l.sound[1:]
			}
		}
	}
}

func (l *latest) tick(clock.Stamp) []Finding { return nil }

// takeKey returns a key picture that was not looked at yet, nil if there is none.
func (l *latest) takeKey() (*media.Track, *media.Unit) {
	key := l.key
	l.key = nil
	return l.track, key
}

// takeSound returns coded sound without a break, none if there is not enough.
func (l *latest) takeSound() (*media.Track, []*media.Unit) {
	units := l.sound
	l.sound = nil
	if l.desc == nil || len(units) < latestFewest {
		return nil, nil
	}
	return l.desc.Tracks[firstSound(l.desc)], units
}
