package watch

import (
	"fmt"
	"time"

	"roomrec/clock"
	"roomrec/media"
)

const (
	// cameraClockReports is how many reports in a row must say that the camera's clock is off, or no longer
	// is: one alone may have been delayed on its way, or be of the moment at which the clock was set.
	cameraClockReports = 2
	// cameraClockBack is the share of the limit under which the alarm is over.
	cameraClockBack = 0.9
)

// cameraClock finds a camera whose own clock is off from the controller's. It is an alarm: no time is
// taken from that clock. What the camera says by other ways than its sender reports is told by
// [Watcher.CameraClock].
//
// The two are judged apart, because a camera may keep its stream's clock right and not the other: it is an
// alarm while either is off.
type cameraClock struct {
	state
	limit    time.Duration
	reported teller // its sender reports
	asked    teller // what it answers over its management
}

// teller is one way in which a camera says what time it is.
type teller struct {
	offset time.Duration // the camera's minus ours, as it was told last
	far    bool          // it is off, by what was said twice
	other  int           // how often in a row that was contradicted since
}

func newCameraClock(cfg Config) *cameraClock { return &cameraClock{limit: cfg.CameraClock} }

func (c *cameraClock) item(it media.Item) {
	switch it := it.(type) {
	case *media.Report:
		// Both are of one instant, but for the report's way here. The stamp's two clocks were read together:
		// a step of ours shows as one of the camera, which it is to whoever compares the two.
		c.reported.told(time.Duration(it.NTP-it.Arrival.Wall), c.limit)
	case *media.Description:
		c.reported.other = 0 // another connection; what it says is looked at anew
	}
}

func (t *teller) told(offset, limit time.Duration) {
	t.offset = offset
	if t.far {
		limit = time.Duration(float64(limit) * cameraClockBack)
	}
	if (offset > limit || offset < -limit) == t.far {
		t.other = 0
		return
	}
	if t.other++; t.other >= cameraClockReports {
		t.other, t.far = 0, !t.far
	}
}

func (c *cameraClock) tick(now clock.Stamp) []Finding {
	far := c.reported.far || c.asked.far
	if far == c.open {
		return nil
	}
	offset := c.reported.offset
	if c.asked.far && !c.reported.far {
		offset = c.asked.offset
	}
	return c.turn(far, Finding{
		Code: CameraClock, At: now, Alarm: true, Detail: fmt.Sprintf("the camera's clock is %+.3f s from the controller's", offset.Seconds()),
	})
}

// CameraClock tells by how much the camera's own clock is ahead of the controller's, as it was asked for by
// another way than the stream; negative if it is behind.
func (w *Watcher) CameraClock(ahead time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cameraClock.asked.told(ahead, w.cameraClock.limit)
	for _, f := range w.cameraClock.tick(w.clk.Now()) {
		w.tell(f)
	}
}
