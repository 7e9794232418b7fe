package verify

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"roomrec/evidence/fragment"
	"roomrec/evidence/journal"
	"roomrec/evidence/jsonform"
	"roomrec/evidence/seal"
)

// leaves is the tree over a run's fragments as they are read, and what checkpoints say of it. Of a folder
// without a seal what a segment holds counts until a later one goes on from before its end; the tree then goes
// back to there. So no fragment has to be remembered, however long the session was.
type leaves struct {
	leavesState
	ahead map[fragment.Hash]bool // what the run's segments name as the leaf before them
	marks map[fragment.Hash]leavesState
}

// leavesState is a tree as it was after a fragment.
type leavesState struct {
	tree   seal.Tree
	broken bool        // a fragment is missing: the tree says nothing of what follows
	wanted []milestone // in the order of their sizes
	other  []milestone // that state other fragments
}

// state returns a copy of the tree as it is.
func (l *leaves) state() leavesState {
	s := l.leavesState
	s.tree, s.other = l.tree.Clone(), slices.Clone(l.other)
	return s
}

// goOn goes back to the fragment that a segment names as the one before it, if that was the end of what counts.
func (l *leaves) goOn(prev fragment.Hash) {
	at, ok := l.marks[prev]
	if !ok && l.tree.Size() == 0 {
		at, ok = l.state(), true // the run's first
	}
	if !ok {
		l.marks = map[fragment.Hash]leavesState{}
		return
	}
	l.leavesState = at
	// The next may go on from there too, or from before it; what follows was never acknowledged.
	maps.DeleteFunc(l.marks, func(_ fragment.Hash, m leavesState) bool { return m.tree.Size() > at.tree.Size() })
	l.marks[prev] = l.state()
}

// milestone is what a checkpoint states of a run.
type milestone struct {
	seal.Progress
	file  string // the journal's
	line  int
	found seal.Hash // root of the fragments that are here
}

func (c *check) leavesOf(run string) *leaves {
	if c.leaves[run] == nil {
		c.leaves[run] = &leaves{marks: map[fragment.Hash]leavesState{}}
	}
	return c.leaves[run]
}

// add takes in the leaf of the next fragment.
func (l *leaves) add(sequence uint32, leaf fragment.Hash) {
	l.broken = l.broken || uint64(sequence) != l.tree.Size()+1
	if l.broken {
		return
	}
	l.tree.Add(seal.Hash(leaf))
	for len(l.wanted) > 0 && l.wanted[0].Fragments == l.tree.Size() {
		m := l.wanted[0]
		l.wanted = l.wanted[1:]
		if m.found = l.tree.Root(); m.found != m.Root {
			l.other = append(l.other, m)
		}
	}
}

// otherFragments reports the checkpoints that state other fragments than are here.
func (c *check) otherFragments() {
	for _, run := range inOrder(maps.Keys(c.leaves)) {
		for _, m := range c.leaves[run].other {
			c.finding(Finding{Verdict: Altered, File: m.file, Line: m.line, What: fmt.Sprintf(
				"the checkpoint states other fragments of %s than the first %d that are here: root %s, not %s", m.Path, m.Fragments, m.found, m.Root)})
		}
	}
}

// lookAhead learns from the headers of a run's segments which fragments they go on from.
func (c *check) lookAhead(run string) error {
	l := c.leavesOf(run)
	if l.ahead != nil {
		return nil
	}
	l.ahead = map[fragment.Hash]bool{}
	for p, size := range c.tree.files {
		if dirOf(p) != run || !segmentPath(p) {
			continue
		}
		prev, err := c.headerPrev(p, size)
		if err != nil {
			if c.ctx.Err() != nil {
				return err
			}
			continue // what cannot be read is said of when the file itself is
		}
		l.ahead[prev] = true
	}
	return nil
}

var errEnough = errors.New("the header is read")

// headerPrev returns the leaf that a segment's header names as the one before it.
func (c *check) headerPrev(p string, size int64) (prev fragment.Hash, err error) {
	f, err := c.tree.open(p)
	if err != nil {
		return prev, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := newHashing(c.ctx, f, &meter{})
	defer r.settle()
	seg, err := fragment.Index(r, size, func(h *fragment.Header, _ *fragment.Info) error {
		prev = h.Prev
		return errEnough
	})
	switch {
	case errors.Is(err, errEnough), errors.Is(err, fragment.ErrVersion):
		return prev, nil // one of another version is said of when it is read
	case err != nil:
		return prev, err
	}
	return seg.Header.Prev, nil
}

// checkpoint looks at a line that holds a checkpoint.
func (c *check) checkpoint(path string, index int, line *journal.Line) {
	bad := func(v Verdict, what string, args ...any) {
		c.finding(Finding{Verdict: v, File: path, Line: index, What: fmt.Sprintf("checkpoint: "+what, args...)})
	}
	var data struct {
		Note string `json:"note"`
	}
	if err := jsonform.Unmarshal(line.Data, &data); err != nil {
		bad(Altered, "%v", err)
		return
	}
	p, err := seal.ParseCheckpoint([]byte(data.Note))
	switch {
	case errors.Is(err, seal.ErrVersion) && (c.s != nil || checkpointSigned([]byte(data.Note))):
		bad(Unknown, "%v", err)
		return
	case err != nil:
		bad(Altered, "%v", err)
		return
	case p.At != line.Wall:
		bad(Altered, "it was signed for %s, its line says %s", p.At, line.Wall)
	case p.Lines != line.Seq-1 || p.Head != seal.Hash(line.Prev):
		bad(Altered, "it was signed after line %d, hash %s; it stands after line %d, hash %s", p.Lines, p.Head, line.Seq-1, line.Prev)
	case c.f.Session != "" && p.Session != c.f.Session:
		bad(Altered, "it is of session %s", p.Session)
	}
	if c.f.Session == "" {
		c.f.Session = p.Session
	}
	c.f.Checkpoints++
	c.f.LastCheckpoint, c.lastAt = p.At.String(), p.At
	c.signer = p.Key
	// The name and the hash of a key may be anybody's; what counts is that a known one verifies.
	if known := c.options.keys(); !slices.ContainsFunc(known, func(k Key) bool { return seal.CheckText([]byte(data.Note), k) == nil }) {
		c.foreign = p.Key
	}
	for _, r := range p.Runs {
		l := c.leavesOf(r.Path)
		if n := len(l.wanted); n > 0 && l.wanted[n-1].Progress == r {
			continue // the first checkpoint after a restart may say again what was said before it
		} else if n > 0 && l.wanted[n-1].Fragments >= r.Fragments {
			bad(Altered, "%s had %d fragments before and has %d", r.Path, l.wanted[n-1].Fragments, r.Fragments)
			continue
		}
		l.wanted = append(l.wanted, milestone{Progress: r, file: path, line: index})
	}
}

// checkpointSigned reports whether a checkpoint of an unknown version is signed by the key that it names, or names
// one of a kind that is not known either. Without a seal that covers it, it is otherwise damaged rather than new.
func checkpointSigned(b []byte) bool {
	text, _, _ := bytes.Cut(b, []byte("\n\n"))
	for line := range bytes.Lines(text) {
		if key, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte("key ")); ok {
			v, err := seal.ParseVerifier(string(key))
			return err != nil && len(key) > 0 || err == nil && seal.CheckText(b, v) == nil
		}
	}
	return false
}

// typeKeyMissing is the type of a line that says that there was no key to sign checkpoints with.
const typeKeyMissing = "recorder.key_missing"

// dirOf returns the folder of a segment's run.
func dirOf(segment string) string { return path.Dir(segment) }

// inOrder returns paths by folder and, within one, by number: segments of a run in their order.
func inOrder(paths iter.Seq[string]) []string {
	return slices.SortedFunc(paths, func(a, b string) int {
		return cmp.Or(
			strings.Compare(path.Dir(a), path.Dir(b)), cmp.Compare(len(path.Base(a)), len(path.Base(b))), strings.Compare(a, b),
		)
	})
}

// root compares the tree of a run of which everything is here with what the seal states.
func (c *check) root(r *seal.Run, last string) {
	l := c.leavesOf(path.Dir(last))
	if l.broken || l.tree.Size() != uint64(r.Fragments) {
		return // said already
	}
	if root := l.tree.Root(); root != r.Root {
		c.altered(last, "the tree over the fragments of run %d of %s/%s has the root %s, the seal states %s", r.Run, r.Room, r.Camera, root, r.Root)
	}
	verdict := Altered
	if slices.ContainsFunc(c.files[last].Abandoned, func(t seal.Tail) bool { return t.Unread > 0 }) {
		verdict = Incomplete // they lie where nothing could be read any more when the session was found again
	}
	for _, m := range l.wanted {
		c.finding(Finding{Verdict: verdict, File: m.file, Line: m.line, What: fmt.Sprintf(
			"the checkpoint states %d fragments of %s, the seal only %d", m.Fragments, m.Path, r.Fragments)})
	}
}

// grewBack is how much longer a run may be than the last checkpoint states, in a folder without a
// seal: more than what is recorded between two checkpoints, and the time that a disk may hang.
const grewBack = 60_000_000_000 // nanoseconds

// cutOff compares a folder without a seal with its checkpoints: what was safe once must be here.
func (c *check) cutOff(runs map[string]*walk) {
	for _, run := range inOrder(maps.Keys(c.leaves)) {
		l := c.leaves[run]
		if l.broken || len(l.wanted) == 0 {
			continue
		}
		m := l.wanted[len(l.wanted)-1]
		c.finding(Finding{Verdict: Incomplete, File: m.file, Line: m.line, What: fmt.Sprintf(
			"cut off: the checkpoint states %d fragments of %s, %d are here", m.Fragments, run, l.tree.Size())})
	}
	if c.f.Checkpoints == 0 || c.keyMissing {
		return
	}
	for _, run := range inOrder(maps.Keys(runs)) {
		w := runs[run]
		if late := w.to.Wall.Time().Sub(c.lastAt.Time()); w.fragments > 0 && late > grewBack {
			c.finding(Finding{Verdict: Incomplete, File: w.path, What: fmt.Sprintf(
				"the journal ends at %s, the recording %s later: lines are missing", c.lastAt, late)})
		}
	}
}

// signedBy says what is known of the keys of a folder's checkpoints, which stand for it without a seal.
func (c *check) signedBy() {
	if c.s != nil || c.signer == "" {
		return
	}
	c.f.KeyName, c.f.Key = c.signer, KeyUnknown
	switch {
	case len(c.options.keys()) == 0:
	case c.foreign != "":
		c.f.Key, c.f.KeyName = KeyOther, c.foreign
	default:
		c.f.Key = KeyTrusted
	}
}
