package watch

import (
	"roomrec/clock"
	"roomrec/media"
)

// refused passes on that a camera refuses the access; only the connection can tell.
type refused struct {
	state
	now      bool
	detail   string
	lastGood clock.Stamp
}

func (r *refused) set(now bool, detail string) { r.now, r.detail = now, detail }

func (r *refused) item(it media.Item) {
	if u, ok := it.(*media.Unit); ok {
		r.lastGood = u.Arrival
		r.now = false // what delivers does not refuse
	}
}

func (r *refused) tick(now clock.Stamp) []Finding {
	return r.turn(r.now, Finding{Code: CameraRefused, At: now, LastGood: r.lastGood, Detail: r.detail})
}
