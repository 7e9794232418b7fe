package evidence

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"path"
	"sync"
	"time"

	"roomrec/clock"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/volume"
)

// The types of journal lines that the recorder writes by itself.
const (
	TypeRunBegan   = "recorder.run_began"
	TypeRunEnded   = "recorder.run_ended"
	TypeGaps       = "recorder.gaps"
	TypeVolumeLeft = "recorder.volume_left"
	TypeVolumeJoin = "recorder.volume_joined"
	TypeFoundFiles = "recorder.found_files"
	TypeSealing    = "recorder.sealing" // the last line of a sealed session
	// Which lines of the journal are on no volume that was there when the session was gone on with.
	TypeLinesMissing = "recorder.lines_missing"
	TypeCameraJump   = "recorder.camera_jump"
	// How far a camera's own clock is off: at the first report, every ten minutes, and when it changes.
	TypeCameraClock = "recorder.camera_clock"

	TypeSpooled = "recorder.spooled" // quotes a line that was written while no volume was left
)

// journalInFlight is how many requests may wait for the scribe; Append waits when there are more.
const journalInFlight = 64

type (
	runBeganData struct {
		Room   string        `json:"room"`
		Camera string        `json:"camera"`
		Run    int           `json:"run"`
		First  clock.Instant `json:"first"`
		Tracks []string      `json:"tracks"`
	}
	runEndedData struct {
		Room      string        `json:"room"`
		Camera    string        `json:"camera"`
		Run       int           `json:"run"`
		Cause     string        `json:"cause"`
		Last      clock.Instant `json:"last"`
		Fragments uint32        `json:"fragments"`
		Detail    string        `json:"detail,omitempty"`
	}
	cameraClockData struct {
		Room   string        `json:"room"`
		Camera string        `json:"camera"`
		At     clock.Instant `json:"at"`        // on the session's timeline
		Offset time.Duration `json:"offset_ns"` // camera minus timeline
	}
	gapsData struct {
		Room   string    `json:"room"`
		Camera string    `json:"camera"`
		Run    int       `json:"run"`
		Gaps   []gapData `json:"gaps"`
	}
	gapData struct {
		Track   int           `json:"track"`
		Cause   string        `json:"cause"`
		From    clock.Instant `json:"from"`
		To      clock.Instant `json:"to"`
		Units   int           `json:"units"`
		Packets int           `json:"packets"`
		Count   int           `json:"count"`
	}
	volumeLeftData struct {
		Volume    string `json:"volume"`
		Fault     string `json:"fault"`
		Remaining int    `json:"remaining"`
	}
)

// scribe is the goroutine that owns the session's journal: its chain, its file on every volume, and
// the spool. Lines become bytes in the order in which they were asked for.
type scribe struct {
	e     *Evidence
	inbox *inbox // receipts and wake-ups

	requests chan request     // capacity journalInFlight; Append waits when it is full
	joins    chan joinRequest // without capacity: Join waits
	gone     chan struct{}    // closed when run has returned

	mu     sync.Mutex
	posted []journal.Entry // by the recorder itself; few, see post
	over   bool            // run returns when everything is written
	ended  bool            // the last line was asked for; there will be none after it

	// Of the scribe's goroutine; before Run, of Create and Open.
	chain     *journal.Chain
	number    int // of the journal file
	files     map[uint64]*volume.File
	ends      map[uint64]int64 // acknowledged length by volume
	length    int64            // of the file, as far as it was handed to the volumes
	sum       hash.Hash        // of that
	firstLine journal.Hash
	stated    map[*runRecord]uint64 // fragments that the last checkpoint of the run states
	keyless   bool                  // the journal says that there is no key
	hashes    []journal.Hash        // of all lines
	before    []journalFile         // the files before this one
	spool     *spool

	pubMu sync.Mutex
	pub   journalState // what sealing and status read
}

// journalState is the journal as far as it is on every volume of the set.
type journalState struct {
	head   journal.Head
	number int
	file   string
	length int64
	sum    [sha256.Size]byte
	hashes []journal.Hash // of the lines until head
	before []journalFile
}

// journalFile is a journal file that nothing is appended to any more, as far as it counts.
type journalFile struct {
	seal.File
	end journal.Head
	on  []string // ids of the volumes that hold all of it
}

type request struct {
	entry journal.Entry
	last  bool       // no line may follow
	reply chan error // capacity 1
}

func newScribe(e *Evidence) *scribe {
	return &scribe{
		e: e, inbox: newInbox(), requests: make(chan request, journalInFlight), joins: make(chan joinRequest), gone: make(chan struct{}),
		chain: journal.NewChain(journal.Head{}), number: 1,
		files: map[uint64]*volume.File{}, ends: map[uint64]int64{}, sum: sha256.New(),
		stated: map[*runRecord]uint64{},
		spool:  newSpool(e.cfg.Spool, e.cfg.Session),
	}
}

// begin creates the journal file and writes its first line, in the caller's goroutine.
func (s *scribe) begin(ctx context.Context, first journal.Entry) error {
	line, err := s.line(first)
	if err != nil {
		return err
	}
	s.firstLine = sha256.Sum256(line)
	in, mask, _ := s.e.set.current()
	if mask == 0 {
		return ErrNoVolume
	}
	name := path.Join(s.e.cfg.Folder, journal.FileName(s.number))
	for _, m := range in {
		s.files[m.bit] = m.vol.Create(name, volume.Write{Data: line, Done: s.receiver(m.bit)})
	}
	return s.settle(ctx, line)
}

// writeOne writes a line of the recorder's own, in the caller's goroutine, before run.
func (s *scribe) writeOne(ctx context.Context, typ string, data any) error {
	line, err := s.line(journal.Entry{Type: typ, Actor: journal.ActorController, Data: data})
	if err != nil {
		return err
	}
	return s.store(ctx, line)
}

// line makes the next line of the chain.
func (s *scribe) line(e journal.Entry) ([]byte, error) {
	if e.At == (clock.Instant{}) {
		e.At, e.Mono = s.e.now()
	}
	line, err := s.chain.Next(e, e.At, e.Mono)
	if err == nil {
		s.hashes = append(s.hashes, s.chain.Head().Hash)
	}
	return line, err
}

func (s *scribe) receiver(bit uint64) func(volume.Receipt) {
	file := s.number
	return func(r volume.Receipt) {
		s.inbox.put(receipt{bit: bit, end: r.End, err: r.Err, at: r.At, file: file})
	}
}

// settle waits until everything that was handed out is on every volume that is still in the set.
func (s *scribe) settle(ctx context.Context, lines []byte) error {
	s.length += int64(len(lines))
	// Hash.Write never fails.
	_, _ = s.sum.Write(lines)
	for {
		for _, r := range s.inbox.take() {
			if r.err == nil && r.file == s.number {
				s.ends[r.bit] = r.end
			}
		}
		in, mask, _ := s.e.set.current()
		if mask == 0 {
			return ErrNoVolume
		}
		done := true
		for _, m := range in {
			done = done && s.ends[m.bit] >= s.length
		}
		if done {
			s.publish()
			return nil
		}
		select {
		case <-s.inbox.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *scribe) publish() {
	st := journalState{
		head: s.chain.Head(), number: s.number, file: journal.FileName(s.number), length: s.length,
		hashes: s.hashes[:len(s.hashes):len(s.hashes)], before: s.before,
	}
	s.sum.Sum(st.sum[:0])
	s.pubMu.Lock()
	s.pub = st
	s.pubMu.Unlock()
}

func (s *scribe) state() journalState {
	s.pubMu.Lock()
	defer s.pubMu.Unlock()
	return s.pub
}

func (s *scribe) rouse() { s.inbox.rouse() }

// append asks for a line and waits for it.
func (s *scribe) append(ctx context.Context, entry journal.Entry) error {
	s.mu.Lock()
	refused := s.over || s.ended
	s.mu.Unlock()
	if refused {
		return ErrClosed
	}
	return s.ask(ctx, request{entry: entry, reply: make(chan error, 1)})
}

// end asks for the journal's last line and waits for it. What is asked for later is refused.
func (s *scribe) end(ctx context.Context, entry journal.Entry) error {
	return s.ask(ctx, request{entry: entry, last: true, reply: make(chan error, 1)})
}

func (s *scribe) ask(ctx context.Context, r request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// post asks for a line and does not wait. What posts is bounded by how often runs begin and end and
// volumes leave; gaps are collected by their camera until the one before was taken.
func (s *scribe) post(entry journal.Entry) {
	s.mu.Lock()
	s.posted = append(s.posted, entry)
	s.mu.Unlock()
	s.rouse()
}

// finish lets run return once everything that was asked for is written.
func (s *scribe) finish() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.rouse()
}

func (s *scribe) run(ctx context.Context) {
	defer s.refuse()
	due, stop := s.checkpoints()
	defer stop()
	for ctx.Err() == nil {
		select {
		case j := <-s.joins:
			j.reply <- s.join(ctx, j)
		case <-due:
			s.checkpoint(ctx)
		default:
		}
		// What was posted before a request was made stands before its line, the last one above all.
		requests := s.waiting()
		posted, over := s.take()
		if len(posted) == 0 && len(requests) == 0 {
			if over {
				s.closeFiles()
				return
			}
			select {
			case <-ctx.Done():
			case <-s.inbox.ready:
			case r := <-s.requests:
				posted, _ = s.take()
				s.write(ctx, posted, []request{r})
			case j := <-s.joins:
				j.reply <- s.join(ctx, j)
			case <-due:
				s.checkpoint(ctx)
			}
			continue
		}
		s.write(ctx, posted, requests)
	}
}

// take returns what was posted since the last call, and whether run is to return.
func (s *scribe) take() (posted []journal.Entry, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	posted, s.posted = s.posted, nil
	return posted, s.over
}

// waiting returns the requests that can be taken without waiting.
func (s *scribe) waiting() (out []request) {
	for {
		select {
		case r := <-s.requests:
			out = append(out, r)
		default:
			return out
		}
	}
}

// refuse answers those who came too late.
func (s *scribe) refuse() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	close(s.gone)
	for _, r := range s.waiting() {
		r.reply <- ErrClosed
	}
}

// write makes lines of a group, hands them to the volumes as one write each, and answers.
func (s *scribe) write(ctx context.Context, posted []journal.Entry, requests []request) {
	var lines []byte
	var left []string // volumes that these lines say have left
	if s.hasEnded() {
		posted = nil
	}
	for _, e := range posted {
		if d, ok := e.Data.(volumeLeftData); ok {
			left = append(left, d.Volume)
		}
		line, err := s.line(e)
		if err != nil {
			// The recorder's own data is always in form; a line that is too long is the one way.
			s.e.log.Error().Err(err).Str("type", e.Type).Msg("journal line")
			continue
		}
		lines = append(lines, line...)
	}
	answers := requests[:0]
	for _, r := range requests {
		if s.hasEnded() {
			r.reply <- ErrClosed
			continue
		}
		line, err := s.line(r.entry)
		if err != nil {
			r.reply <- err
			continue
		}
		lines = append(lines, line...)
		answers = append(answers, r)
		if r.last {
			s.mu.Lock()
			s.ended = true
			s.mu.Unlock()
		}
	}
	var err error
	if len(lines) > 0 {
		err = s.store(ctx, lines)
	}
	if err == nil && len(left) > 0 {
		for _, id := range left {
			s.e.set.said(id)
		}
		s.e.rouseCameras()
	}
	for _, r := range answers {
		r.reply <- err
	}
}

func (s *scribe) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// put writes lines to the volumes and waits.
func (s *scribe) put(ctx context.Context, lines []byte) error {
	in, mask, _ := s.e.set.current()
	for _, m := range in {
		if f := s.files[m.bit]; f != nil {
			f.Append(volume.Write{Data: lines, Done: s.receiver(m.bit)})
		}
	}
	if mask == 0 {
		return ErrNoVolume
	}
	return s.settle(ctx, lines)
}

// store writes lines to the volumes or, without one, to the spool.
func (s *scribe) store(ctx context.Context, lines []byte) error {
	err := s.put(ctx, lines)
	if !errors.Is(err, ErrNoVolume) {
		return err
	}
	if err := s.spool.append(lines); err != nil {
		return fmt.Errorf("%w; spool: %w", ErrNoVolume, err)
	}
	return nil
}

func (s *scribe) closeFiles() {
	for _, f := range s.files {
		f.Close()
	}
	if err := s.spool.close(); err != nil {
		s.e.log.Error().Err(err).Msg("close spool")
	}
}
