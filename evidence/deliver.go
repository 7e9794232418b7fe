package evidence

import (
	"path"
	"time"

	"roomrec/clock"
	"roomrec/evidence/fragment"
	"roomrec/evidence/volume"
)

type volumeFile = volume.File

// sent is a fragment that was handed to the volumes, or is kept until there is one.
type sent struct {
	run     *run
	seg     *segment
	frag    fragment.Fragment
	data    *buffer
	leaf    fragment.Hash
	end     int64  // length of the file with it
	payload int64  // bytes that are counted as kept
	got     uint64 // volumes whose receipt is there

	first, last clock.Mono // arrivals of its first and last unit
}

// create makes the segment's file on every volume of the set.
func (c *camera) create(s *segment, name string) {
	in, mask, generation := c.e.set.current()
	s.files, s.members, s.generation = make(map[uint64]*volumeFile, len(in)), mask, generation
	for _, m := range in {
		s.files[m.bit] = m.vol.Create(path.Join(c.e.cfg.Folder, name), volume.Write{Data: s.head})
	}
}

// send hands a fragment to the volumes. Without one it is kept.
func (c *camera) send(s *sent) {
	c.pending = append(c.pending, s)
	c.hand(s)
}

// hand gives a fragment to every volume of its segment that is still in the set.
func (c *camera) hand(s *sent) {
	in, _, _ := c.e.set.current()
	for _, m := range in {
		f := s.seg.files[m.bit]
		if f == nil {
			continue
		}
		s.data.retain()
		f.Append(volume.Write{
			Data:    s.data.b,
			Done:    func(r volume.Receipt) { c.inbox.put(receipt{bit: m.bit, end: r.End, err: r.Err, at: r.At, of: s}) },
			Release: s.data.release,
		})
	}
}

// receipts takes in what the volumes said and acknowledges, in the order of the chain, what every
// volume has that is still in the set, or of which the journal does not say yet that it left.
func (c *camera) receipts() {
	for _, r := range c.inbox.take() {
		if r.err == nil && r.end == r.of.end {
			r.of.got |= r.bit
		}
	}
	c.catchUp()
	owed := c.e.set.owed()
	for len(c.pending) > 0 {
		s := c.pending[0]
		need := s.seg.members & owed
		if need == 0 || s.got&need != need {
			break
		}
		c.acknowledge(s, need)
		c.pending[0] = nil
		c.pending = c.pending[1:]
	}
}

// readBackEvery is how often one of a camera's fragments is read back from every disk: of 32 cameras
// about three in a second.
const readBackEvery = 10 * time.Second

// acknowledge tells that a fragment is safe and gives its memory back.
func (c *camera) acknowledge(s *sent, volumes uint64) {
	e := c.e
	now := e.cfg.Clock.Now()
	members := 0
	due := c.readAt == 0 || now.Mono.Sub(c.readAt) >= readBackEvery
	if due {
		c.readAt = now.Mono
	}
	for bit, f := range s.seg.files {
		if volumes&bit == 0 {
			continue
		}
		members++
		s.seg.rec.on[e.set.id(bit)] = s.end
		if due {
			leaf := s.leaf
			e.set.volume(bit).ReadBack(f.Name(), s.end-int64(len(s.data.b)), len(s.data.b), func(b []byte) bool {
				return fragment.Leaf(b) == leaf
			})
		}
		if e.cfg.Ack != nil {
			e.acknowledge(Ack{
				Volume: e.set.id(bit), File: f.Name(), End: s.end, Leaf: s.leaf, At: now.Wall,
				First: s.first, Last: s.last, Acknowledged: now.Mono,
			})
		}
	}
	begun := s.run.rec.acknowledge(e, s)
	for i := range s.frag.Tracks {
		if len(s.frag.Tracks[i].Units) > 0 && begun&(1<<i) != 0 {
			e.events.put(FirstSafe{c.of, s.run.rec.number, i, s.run.rec.tracks[i].codec})
		}
	}
	c.free(s.payload)
	c.mu.Lock()
	c.status.SafeUntil, c.status.Volumes = s.frag.End, members
	c.status.Fragments++
	c.status.Bytes += int64(len(s.data.b))
	gaps := c.status.Gaps
	c.mu.Unlock()
	e.cfg.Metrics.acknowledged(len(s.data.b), now.Mono.Sub(s.first), now.Mono.Sub(s.last))
	e.events.put(Safe{c.of, s.run.rec.number, s.frag.Start, s.frag.End, members, gaps, s.run.rec.behind(e)})
	s.data.release()
	s.frag = fragment.Fragment{}
}

func (e *Evidence) acknowledge(a Ack) {
	e.ackMu.Lock()
	defer e.ackMu.Unlock()
	e.cfg.Ack(a)
}
