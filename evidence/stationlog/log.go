package stationlog

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

// Config of the station's log.
type Config struct {
	// Dir is a folder on the local system disk, which holds the log that counts; what the volumes hold
	// are copies.
	Dir string
	// Volumes returns the folders of the volumes that can be written now.
	Volumes func() []string
	// Mark is the name of a file that every volume's folder holds.
	Mark string
	// Key gives the key that signs the heads, Known those that signed earlier ones besides.
	Key   func() (seal.Key, error)
	Known []note.Verifier
	// Witnesses are those whose signatures are brought from the volume to which they were carried to every other.
	Witnesses []*Witness
	Clock     clock.Source
	// Report, if not nil, is told what went wrong; it is tried again. Once it has worked after that, it is
	// told nil.
	Report func(error)
	// Retry is how long to wait after a failure, 0 means 10 s; Slow is how long a volume may take, 0
	// means 30 s: one that takes longer is passed over until it has answered.
	Retry, Slow time.Duration
}

// Log takes entries and writes them. [Log.Run] must run for anything to be written.
type Log struct {
	cfg  Config
	wake chan struct{} // capacity 1: one pending wake-up is enough

	mu      sync.Mutex
	pending []Entry
	size    int64 // as written
	known   map[entryKey]bool

	// Of Run's goroutine.
	ready bool
	busy  map[string]chan error // volumes that are being written to, capacity 1 each
}

// entryKey tells entries apart: a session is opened once and sealed once.
type entryKey struct {
	kind    Kind
	session string
}

// New returns a log and starts nothing.
func New(cfg Config) *Log {
	if cfg.Retry == 0 {
		cfg.Retry = 10 * time.Second
	}
	if cfg.Slow == 0 {
		cfg.Slow = 30 * time.Second
	}
	if cfg.Report == nil {
		cfg.Report = func(error) {}
	}
	return &Log{cfg: cfg, wake: make(chan struct{}, 1), known: map[entryKey]bool{}, busy: map[string]chan error{}}
}

// Add asks for an entry and does not wait: no recording waits for the log. What is asked for and not
// yet written when the program ends is added when the session is found again. One that the log has
// already is passed over. There are as many as sessions are opened and sealed.
func (l *Log) Add(e Entry) {
	l.mu.Lock()
	l.pending = append(l.pending, e)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Size returns how many entries are written and signed.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// Open reads the log that counts, so that [Log.Has] knows it. Run does so too; before Run only.
func (l *Log) Open() error {
	s, err := l.primary()
	if err != nil {
		return fmt.Errorf("station log: %w", err)
	}
	return s.Close()
}

// Has reports whether the log holds the entry, as far as it was read.
func (l *Log) Has(kind Kind, session string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[entryKey{kind, session}]
}

// Foreign returns the origin of the log that a volume's folder holds if it is another station's: one that began
// elsewhere and that no key of this station signed. It is not known, and so not said, while this station has no log
// or no key, or where nothing can be read.
func (l *Log) Foreign(dir string) (origin string, foreign bool) {
	keys, _, err := l.keys()
	if err != nil {
		return "", false
	}
	own, err := lastHead(l.cfg.Dir, "", keys)
	if own.Origin == "" || err != nil && !errors.Is(err, ErrSignature) {
		return "", false
	}
	there, err := lastHead(dir, l.cfg.Mark, keys)
	if !errors.Is(err, ErrSignature) || there.Origin == own.Origin {
		return "", false
	}
	return there.Origin, true
}

// lastHead reads the last head of the log in dir, a zero Head if there is none. One that no key signed is returned
// with an error that wraps ErrSignature.
func lastHead(dir, mark string, keys []note.Verifier) (h Head, err error) {
	s, err := openStore(dir, false, mark)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	size, err := s.lastSize()
	if err != nil || size < 0 {
		return h, err
	}
	b, err := s.read(headPath(size))
	if err != nil {
		return h, err
	}
	h, _, err = ParseHead(b, keys...)
	return h, err
}

// Run writes what was asked for until ctx ends.
func (l *Log) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			// What was asked for just before the end is still written.
			if err := l.step(); err != nil {
				l.cfg.Report(err)
			}
			return ctx.Err()
		case <-l.wake:
		case <-timer.C:
		}
		if err := l.step(); err != nil {
			failed = true
			l.cfg.Report(err)
			timer.Reset(l.cfg.Retry)
			continue
		}
		if failed {
			failed = false
			l.cfg.Report(nil)
		}
		timer.Reset(l.cfg.Retry * 6) // for volumes that come back
	}
}

// step writes what is pending to the log that counts, then to the volumes.
func (l *Log) step() error {
	s, err := l.primary()
	if err != nil {
		return fmt.Errorf("station log: %w", err)
	}
	defer func() { _ = s.Close() }() // everything was synced by itself
	if err := l.write(s); err != nil {
		return fmt.Errorf("station log: %w", err)
	}
	return l.copyAll(s)
}

// primary opens the log that counts. If it is not there, as on a new system disk, it is made from the
// longest copy on a volume.
func (l *Log) primary() (*store, error) {
	s, err := openStore(l.cfg.Dir, true, "")
	if err != nil || l.ready {
		return s, err
	}
	if err := l.open(s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	l.ready = true
	return s, nil
}

func (l *Log) keys() ([]note.Verifier, seal.Key, error) {
	key, err := l.cfg.Key()
	if err != nil {
		return nil, nil, err
	}
	v, err := seal.ParseVerifier(key.Verifier())
	if err != nil {
		return nil, nil, err
	}
	return append([]note.Verifier{v}, l.cfg.Known...), key, nil
}

func (l *Log) open(s *store) error {
	keys, _, err := l.keys()
	if err != nil {
		return err
	}
	head, err := s.last(keys)
	if err != nil {
		return err
	}
	if head.Note == nil {
		if head, err = l.restore(s, keys); err != nil {
			return err
		}
	}
	all, err := entriesOf(s, head.Tree)
	if err != nil {
		return err
	}
	for _, raw := range all {
		e, err := parseEntry(raw)
		if err != nil {
			return err
		}
		l.wrote(e, head.Tree.N)
	}
	return nil
}

// restore makes the log that counts from the longest copy, if there is one.
func (l *Log) restore(s *store, keys []note.Verifier) (Head, error) {
	var best Head
	var from *store
	for _, dir := range l.cfg.Volumes() {
		v, err := openStore(dir, false, l.cfg.Mark)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return best, err
		}
		h, err := v.last(keys)
		if err != nil {
			return best, errors.Join(err, v.Close())
		}
		if h.Note != nil && h.Tree.N > best.Tree.N {
			if from != nil {
				_ = from.Close() // it was only read
			}
			best, from = h, v
			continue
		}
		_ = v.Close() // it was only read
	}
	if from == nil {
		return best, nil
	}
	defer func() { _ = from.Close() }() // it was only read
	return best, transfer(from, s, 0, best)
}

// entriesOf returns all entries of a tree and checks that they are those that it is the hash of.
func entriesOf(s *store, t tlog.Tree) ([][]byte, error) {
	var out [][]byte
	var tree seal.Tree
	for n := int64(0); n < t.N; n += 1 << tileHeight {
		width := int(min(t.N-n, 1<<tileHeight))
		part, err := s.entries(n>>tileHeight, width)
		if err != nil {
			return nil, err
		}
		for _, e := range part {
			tree.Add(seal.Hash(tlog.RecordHash(e)))
		}
		out = append(out, part...)
	}
	if t.N > 0 && tlog.Hash(tree.Root()) != t.Hash {
		return nil, fmt.Errorf("%w: %s: its %d entries are not those that its head states", ErrFork, s.dir, t.N)
	}
	return out, nil
}

// write appends what is pending, a tile of entries at a time, each with its head.
func (l *Log) write(s *store) error {
	l.mu.Lock()
	pending := slices.Clone(l.pending)
	l.mu.Unlock()
	keys, key, err := l.keys()
	if err != nil {
		return err
	}
	head, err := s.last(keys)
	if err != nil {
		return err
	}
	raws, err := l.adopt(s, head.Tree.N)
	if err != nil {
		return err
	}
	// What an attempt before this one wrote may still be pending.
	there := make(map[entryKey]bool)
	for _, raw := range raws {
		e, err := parseEntry(raw)
		if err != nil {
			return err
		}
		there[entryKey{e.Kind, e.Session}] = true
	}
	for _, e := range pending {
		k := entryKey{e.Kind, e.Session}
		if there[k] || l.Has(e.Kind, e.Session) {
			continue
		}
		there[k] = true
		e.Logged = l.cfg.Clock.Now().Wall
		raw, err := e.encode()
		if err != nil {
			return err
		}
		raws = append(raws, raw)
	}
	for len(raws) > 0 {
		// Within one tile: should the power fail, the next start finds all of them in one file.
		some := raws[:min(int64(len(raws)), 1<<tileHeight-head.Tree.N%(1<<tileHeight))]
		raws = raws[len(some):]
		if head, err = appendSome(s, head, some, key); err != nil {
			return err
		}
		for _, raw := range some {
			e, err := parseEntry(raw)
			if err != nil {
				return err
			}
			l.wrote(e, head.Tree.N)
		}
	}
	l.mu.Lock()
	l.pending = l.pending[len(pending):]
	l.mu.Unlock()
	return nil
}

// wrote notes that an entry is in the log.
func (l *Log) wrote(e Entry, size int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[entryKey{e.Kind, e.Session}], l.size = true, size
}

// adopt returns the entries that no head covers yet: a crash came between, or the head could not be written.
func (l *Log) adopt(s *store, n int64) ([][]byte, error) {
	have := int(n % (1 << tileHeight))
	// The longest one: each attempt that failed began with what the one before it had written.
	var b []byte
	var err error
	w := 1 << tileHeight
	for ; w > have; w-- {
		b, err = s.read(tilePath(tlog.Tile{H: tileHeight, L: entriesLevel, N: n >> tileHeight, W: w}))
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	part, err := unbundle(b, w)
	if err != nil {
		return nil, err
	}
	for _, raw := range part[have:] {
		if e, err := parseEntry(raw); err != nil {
			return nil, err
		} else if l.Has(e.Kind, e.Session) {
			return nil, fmt.Errorf("%w: %s: the %s of session %s is there twice", ErrFork, s.dir, e.Kind, e.Session)
		}
	}
	return part[have:], nil
}

// appendSome writes, in this order, the tile of entries, the tiles of hashes, and the head that covers
// them. Each has its name only once it is whole and on the disk.
func appendSome(s *store, head Head, raws [][]byte, key seal.Key) (Head, error) {
	n, to := head.Tree.N, head.Tree.N+int64(len(raws))
	overlay := map[int64]tlog.Hash{}
	below := tlog.TileHashReader(head.Tree, s)
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		var ask []int64
		var at []int
		for i, x := range indexes {
			if h, ok := overlay[x]; ok {
				out[i] = h
				continue
			}
			ask, at = append(ask, x), append(at, i)
		}
		if len(ask) == 0 {
			return out, nil
		}
		got, err := below.ReadHashes(ask)
		for i := range got {
			out[at[i]] = got[i]
		}
		return out, err
	})
	for i, raw := range raws {
		at := n + int64(i)
		hashes, err := tlog.StoredHashes(at, raw, reader)
		if err != nil {
			return head, err
		}
		for k, h := range hashes {
			overlay[tlog.StoredHashIndex(0, at)+int64(k)] = h
		}
	}
	var err error
	var before [][]byte
	if w := int(n % (1 << tileHeight)); w > 0 {
		if before, err = s.entries(n>>tileHeight, w); err != nil {
			return head, err
		}
	}
	t := tlog.Tile{H: tileHeight, L: entriesLevel, N: n >> tileHeight, W: len(before) + len(raws)}
	if err := s.put(tilePath(t), bundle(append(before, raws...))); err != nil {
		return head, err
	}
	for _, t := range tlog.NewTiles(tileHeight, n, to) {
		b, err := tlog.ReadTileData(t, reader)
		if err != nil {
			return head, err
		}
		if err := s.put(tilePath(t), b); err != nil {
			return head, err
		}
	}
	next := Head{Origin: head.Origin, Tree: tlog.Tree{N: to}}
	if next.Tree.Hash, err = tlog.TreeHash(to, reader); err != nil {
		return head, err
	}
	if next.Origin == "" {
		var id [4]byte
		if _, err := rand.Read(id[:]); err != nil {
			return head, err
		}
		next.Origin = key.Name() + "/" + hex.EncodeToString(id[:])
	}
	if next.Note, err = note.Sign(&note.Note{Text: headText(next.Origin, next.Tree)}, key); err != nil {
		return head, fmt.Errorf("sign the head: %w", err)
	}
	return next, s.put(headPath(to), next.Note)
}

// transfer copies what the log to lacks of the log from: the tiles of the head h beyond the size have,
// then the heads.
func transfer(from, to *store, have int64, h Head) error {
	tiles := tlog.NewTiles(tileHeight, have, h.Tree.N)
	for n := have >> tileHeight << tileHeight; n < h.Tree.N; n += 1 << tileHeight {
		tiles = append(tiles, tlog.Tile{H: tileHeight, L: entriesLevel, N: n >> tileHeight, W: int(min(h.Tree.N-n, 1<<tileHeight))})
	}
	for _, t := range tiles {
		b, err := from.read(tilePath(t))
		if err != nil {
			return err
		}
		if err := to.put(tilePath(t), b); err != nil {
			return err
		}
	}
	sizes, err := from.sizes(have + 1)
	if err != nil {
		return err
	}
	for _, n := range sizes {
		if n > h.Tree.N {
			break
		}
		b, err := from.read(headPath(n))
		if err != nil {
			return err
		}
		if err := to.put(headPath(n), b); err != nil {
			return err
		}
	}
	return nil
}

// copyAll brings every volume up to the log that counts. A volume that does not answer holds up no
// other and is asked again when it has answered.
func (l *Log) copyAll(s *store) error {
	keys, _, err := l.keys()
	if err != nil {
		return err
	}
	head, err := s.last(keys)
	if err != nil || head.Note == nil {
		return err
	}
	var errs []error
	for _, dir := range l.cfg.Volumes() {
		done := l.busy[dir]
		if done == nil {
			done = make(chan error, 1)
			l.busy[dir] = done
			go func() { done <- copyTo(l.cfg.Dir, dir, l.cfg.Mark, head, keys, l.cfg.Witnesses) }()
		}
		timer := time.NewTimer(l.cfg.Slow)
		select {
		case err := <-done:
			delete(l.busy, dir)
			if err != nil {
				errs = append(errs, fmt.Errorf("station log: volume %s: %w", filepath.Base(dir), err))
			}
		case <-timer.C:
			errs = append(errs, fmt.Errorf("station log: volume %s does not answer", filepath.Base(dir)))
		}
		timer.Stop()
	}
	return errors.Join(errs...)
}

// copyTo brings one volume up to the log that counts.
func copyTo(primary, dir, mark string, head Head, keys []note.Verifier, witnesses []*Witness) (err error) {
	from, err := openStore(primary, false, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openStore(dir, true, mark)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	have, err := to.last(keys)
	switch {
	case err != nil:
		return err
	case have.Note != nil && have.Origin != head.Origin:
		return fmt.Errorf("%w: it holds the log of another station, %s", ErrFork, have.Origin)
	case have.Tree.N > head.Tree.N:
		return fmt.Errorf("%w: it holds %d entries, this station's log only %d", ErrFork, have.Tree.N, head.Tree.N)
	}
	if have.Tree.N > 0 {
		root, err := rootAt(from, head.Tree, have.Tree.N)
		if err != nil {
			return err
		}
		if root != have.Tree.Hash {
			return fmt.Errorf("%w: the first %d entries are not those of this station's log", ErrFork, have.Tree.N)
		}
	}
	if err := transfer(from, to, have.Tree.N, head); err != nil {
		return err
	}
	return spread(from, to, head, keys, witnesses)
}

// rootAt returns the hash of the first n entries of a tree.
func rootAt(s *store, t tlog.Tree, n int64) (tlog.Hash, error) {
	return tlog.TreeHash(n, tlog.TileHashReader(t, s))
}
