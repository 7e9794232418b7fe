package evidence

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"
	"time"

	"roomrec/evidence/fragment"
	"roomrec/evidence/seal"
)

// foundSums are the hashes of the segments of before a restart, as far as they are known. They are made
// while the session is recorded, so that a disk that dies then takes none of them with it, and what is
// left to do when it is sealed.
type foundSums struct {
	stopped chan struct{} // closed when nobody is to make them while the session is recorded, see stop
	once    sync.Once

	refused int // how often the seal was refused because a volume could not be read

	mu   sync.Mutex
	sums map[string]seal.Hash
	good map[string]map[string]int64 // by path and volume: how much of what counts was read there
	told map[string]bool             // what cannot be read, so that it is told once
}

func newFoundSums() *foundSums {
	return &foundSums{stopped: make(chan struct{}), sums: map[string]seal.Hash{}, good: map[string]map[string]int64{}, told: map[string]bool{}}
}

// stop ends the making of hashes while the session is recorded: it is over, or is being sealed.
func (s *foundSums) stop() { s.once.Do(func() { close(s.stopped) }) }

func (s *foundSums) known(p string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.sums[p]
	return ok
}

// readOn returns how much of a segment was read on a volume as it should be, if it was read.
func (s *foundSums) readOn(p, volume string) (n int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok = s.good[p][volume]
	return n, ok
}

func (s *foundSums) read(p, volume string, sum seal.Hash, good, size int64, cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.good[p] == nil {
		s.good[p] = map[string]int64{}
	}
	s.good[p][volume] = good
	if _, ok := s.sums[p]; !ok && good == size && !cut {
		s.sums[p] = sum
	}
}

// foundSums returns the hashes of the segments of before the restart. One that no volume holds whole, of the set or of
// those that have left, and that was not read while there was one, has none: see [seal.File]. A volume that cannot be
// read is an error, unless another one has what it should have; after [sealRefusals] of these it counts as far as it can
// be read.
func (e *Evidence) foundSums(ctx context.Context) (map[string]seal.Hash, error) {
	if e.found == nil {
		return nil, nil
	}
	e.sums.stop()
	silent := map[string]bool{} // volumes that have left and give nothing
	for _, g := range e.found.segments {
		var errs []error
		asFar := map[string]int64{}
		for _, m := range e.set.all() {
			if e.sums.known(g.path) {
				break
			}
			if !m.in {
				continue
			}
			if good, err := e.readFound(ctx, m, g, func(int64) error { return ctx.Err() }); err != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				errs = append(errs, fmt.Errorf("volume %s: %w", m.vol.ID(), err))
				asFar[m.vol.ID()] = good
				e.tellDamaged(m.vol.ID(), fmt.Errorf("%s: %w", g.path, err))
			}
		}
		if err := e.readLeft(ctx, g, silent); err != nil {
			return nil, err
		}
		if len(errs) == 0 {
			continue
		}
		if !e.sums.known(g.path) && e.sums.refused < sealRefusals {
			e.sums.refused++
			return nil, fmt.Errorf("%s: cannot be read where it may be whole: %w", g.path, errors.Join(errs...))
		}
		for id, good := range asFar {
			e.sums.read(g.path, id, seal.Hash{}, good, g.size, true)
		}
	}
	e.sums.mu.Lock()
	defer e.sums.mu.Unlock()
	return maps.Clone(e.sums.sums), nil
}

// leftPatience is how long a volume that has left is waited for, beyond what a slow disk needs.
const leftPatience = 10 * time.Second

// readLeft reads a segment that no volume of the set holds whole on those that have left since it was found: one that
// could not take a write may well give what it has. The error is that of ctx.
func (e *Evidence) readLeft(ctx context.Context, g *foundSegment, silent map[string]bool) error {
	if g.lost {
		return nil // no volume that was found has all of it
	}
	in := map[string]bool{}
	for _, m := range e.set.all() {
		in[m.vol.ID()] = m.in
	}
	for _, id := range slices.Sorted(maps.Keys(g.on)) {
		m := member{vol: g.on[id].vol}
		if in[id] || silent[id] || e.sums.known(g.path) {
			continue
		}
		most, cancel := context.WithTimeout(ctx, leftPatience+time.Duration(float64(g.size)/float64(e.limits.FoundBytes)*float64(time.Second)))
		_, err := e.readFound(most, m, g, func(int64) error { return most.Err() })
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			silent[id] = true
			e.log.Warn().Err(err).Str("volume", id).Str("file", g.path).Msg("the volume has left, and what it held before the restart cannot be read there")
		}
	}
	return nil
}

// foundEvery is how much, at most, is read of the segments of before a restart between two pauses, in bytes.
const foundEvery = 4 << 20

// hashFound reads the segments of before the restart while the session is recorded, those first that the
// fewest volumes hold: no faster than [Limits.FoundBytes], and not while the disk keeps the recording
// waiting. What cannot be read is tried again when the session is sealed.
func (e *Evidence) hashFound(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-e.sums.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	type copies struct {
		g  *foundSegment
		on []member
	}
	var list []copies
	for _, g := range e.found.segments {
		c := copies{g: g}
		for _, m := range e.set.all() {
			if on := g.on[m.vol.ID()]; m.in && on != nil && on.whole >= g.size {
				c.on = append(c.on, m)
			}
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b copies) int { return cmp.Compare(len(a.on), len(b.on)) })
	var owed int64
	for _, c := range list {
		for _, m := range c.on {
			if e.sums.known(c.g.path) || m.vol.Fault() != nil {
				continue
			}
			good, err := e.readFound(ctx, m, c.g, func(n int64) error {
				if owed += n; owed < min(foundEvery, e.limits.FoundBytes/4) {
					return ctx.Err()
				}
				wait := time.Duration(float64(owed) / float64(e.limits.FoundBytes) * float64(time.Second))
				owed = 0
				return e.letRecord(ctx, m, wait)
			})
			if ctx.Err() != nil {
				return
			}
			if err != nil && m.vol.Fault() == nil {
				e.sums.read(c.g.path, m.vol.ID(), seal.Hash{}, good, c.g.size, true)
				e.tellDamaged(m.vol.ID(), fmt.Errorf("%s: %w", c.g.path, err))
			}
		}
	}
	silent := map[string]bool{}
	for _, c := range list {
		if e.readLeft(ctx, c.g, silent) != nil {
			return
		}
	}
}

// letRecord waits for as long as given, and until the volume is not waited for by who records.
func (e *Evidence) letRecord(ctx context.Context, m member, wait time.Duration) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		if err := m.vol.Fault(); err != nil {
			return err
		}
		if m.vol.Stats().Calling < time.Second {
			return nil
		}
		wait = time.Second
	}
}

// sealRefusals is how often a session is not sealed because a volume cannot be read that alone may hold a segment:
// that may pass.
const sealRefusals = 3

// readFound reads a segment of before the restart on a volume, and returns how much of it is there. Every fragment must
// be the one that counted, so that a copy that was not there when the session was found, or is damaged, is known for
// what it is. pace is called with every number of bytes read. A disk that hangs holds up its goroutine, not the caller.
func (e *Evidence) readFound(ctx context.Context, m member, g *foundSegment, pace func(n int64) error) (good int64, err error) {
	type result struct {
		sum  seal.Hash
		good int64
		err  error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		r.sum, r.good, r.err = e.found.read(m.vol.Files(), e.cfg.Folder, g, pace)
		done <- r
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return r.good, r.err
		}
		e.sums.read(g.path, m.vol.ID(), r.sum, r.good, g.size, g.lost)
		return r.good, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// read reads a segment and returns how many of its bytes are those that count, and their hash if all are.
func (f *Found) read(files fs.FS, folder string, g *foundSegment, pace func(n int64) error) (sum seal.Hash, good int64, err error) {
	on := g.known()
	if g.count == 0 || on == nil {
		return seal.SHA256(nil), 0, nil // nothing of it counts
	}
	file, err := files.Open(path.Join(folder, g.path))
	if errors.Is(err, fs.ErrNotExist) {
		return sum, 0, nil
	}
	if err != nil {
		return sum, 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	r, all := bufio.NewReaderSize(file, 256<<10), sha256.New()
	for i := -1; i < int(g.count); i++ {
		piece := sha256.New()
		end, want := on.infos[0].Offset, on.headSum
		if i >= 0 {
			end, want = on.infos[i].Offset+on.infos[i].Size, seal.Hash(f.leaf(g, on, i))
			_, _ = piece.Write([]byte{0}) // as fragment.Leaf does
		}
		n, err := io.CopyN(io.MultiWriter(all, piece), r, end-good)
		if errors.Is(err, io.EOF) {
			return sum, good, nil
		}
		if err != nil {
			return sum, good, err
		}
		if want != (seal.Hash{}) && seal.Hash(piece.Sum(nil)) != want {
			return sum, good, nil
		}
		good = end
		if err := pace(n); err != nil {
			return sum, good, err
		}
	}
	all.Sum(sum[:0])
	return sum, good, nil
}

// known returns the copy by which the segment's fragments are known, nil if there is none.
func (g *foundSegment) known() (on *segmentOn) {
	for _, o := range g.on {
		if uint32(len(o.infos)) >= g.count && (on == nil || o.vol.ID() < on.vol.ID()) {
			on = o
		}
	}
	return on
}

// leaf returns the leaf of a segment's i-th fragment: the one after it names it. Zero: none does, and it was
// not read.
func (f *Found) leaf(g *foundSegment, on *segmentOn, i int) fragment.Hash {
	if i+1 < len(on.infos) {
		return on.infos[i+1].Prev
	}
	for _, h := range f.segments {
		if path.Dir(h.path) != path.Dir(g.path) || h.count == 0 || h.path <= g.path {
			continue
		}
		if next := h.known(); next != nil && next.infos[0].Sequence == on.infos[i].Sequence+1 {
			return next.head.Prev
		}
		break
	}
	return on.infos[i].Leaf
}
