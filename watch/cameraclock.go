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
type cameraClock struct {
	state
	limit  time.Duration
	offset time.Duration // the camera's minus ours, by the last report
	known  bool
	other  int // reports in a row that contradict what was said last
}

func newCameraClock(cfg Config) *cameraClock { return &cameraClock{limit: cfg.CameraClock} }

func (c *cameraClock) item(it media.Item) {
	switch it := it.(type) {
	case *media.Report:
		// Both are of one instant, but for the report's way here. The stamp's two clocks were read together:
		// a step of ours shows as one of the camera, which it is to whoever compares the two.
		c.told(time.Duration(it.NTP - it.Arrival.Wall))
	case *media.Description:
		c.other = 0 // another connection; what it says is looked at anew
	}
}

func (c *cameraClock) told(offset time.Duration) {
	c.offset, c.known = offset, true
	limit := c.limit
	if c.open {
		limit = time.Duration(float64(limit) * cameraClockBack)
	}
	if (offset > limit || offset < -limit) == c.open {
		c.other = 0
	} else {
		c.other++
	}
}

func (c *cameraClock) tick(now clock.Stamp) []Finding {
	if c.other < cameraClockReports {
		return nil
	}
	c.other = 0
	return c.turn(!c.open, Finding{
		Code: CameraClock, At: now, Alarm: true, Detail: fmt.Sprintf("the camera's clock is %+.3f s from the controller's", c.offset.Seconds()),
	})
}

// CameraClock tells by how much the camera's own clock is ahead of the controller's, as it was asked for by
// another way than the stream; negative if it is behind.
func (w *Watcher) CameraClock(ahead time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cameraClock.told(ahead)
	for _, f := range w.cameraClock.tick(w.clk.Now()) {
		w.tell(f)
	}
}
