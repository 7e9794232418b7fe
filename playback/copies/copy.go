package copies

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"roomrec/clock"
)

// Request says what copy is wanted.
type Request struct {
	Session Session
	Main    Camera
	// Inset is shown small in the main camera's pictures; nil: the main camera alone. Both sounds are
	// mixed.
	Inset *Camera
	// Dir is the folder of copies of the session: copies/<session>, never in the session's own folder.
	Dir string
	// Original is the session's own folder, which nothing is written to.
	Original string
	// By, Reason and Approval are kept beside the copy: who wanted it, why, and by whose approval.
	By, Reason, Approval string
}

// Progress tells how far a copy is.
type Progress struct {
	Done float64       // 0 to 1
	Left time.Duration // by the speed so far; negative if not known yet
}

// Copy is a finished copy, as the file beside it says it in JSON.
type Copy struct {
	Copy     string     `json:"copy"` // always "copy, not an original"
	File     string     `json:"file"` // its name in the folder of copies
	SHA256   string     `json:"sha256"`
	Session  string     `json:"session"`
	Seal     string     `json:"seal_sha256"` // of the source's seal.note
	Camera   string     `json:"camera"`
	Inset    string     `json:"inset,omitempty"`
	Made     clock.Wall `json:"made"`
	By       string     `json:"by"`
	Reason   string     `json:"reason"`
	Approval string     `json:"approval,omitempty"`
	Coding   string     `json:"coding"`
}

// Errors of a request.
var (
	// ErrPlace says that a copy would lie in the folder of the original.
	ErrPlace = errors.New("a copy never lies in the folder of its original")
	// ErrThere says that this copy was made already; it stays as it is.
	ErrThere = errors.New("this copy is there already")
	// ErrBusy says that someone else is making this copy.
	ErrBusy = errors.New("this copy is being made")
	// ErrReason says that nobody is named, or no reason is given.
	ErrReason = errors.New("a copy needs the name of who wants it and a reason")
)

// Name is the name of the copy's file, the same for the same session and layout.
func (r *Request) Name() string {
	name := r.Session.ID + "-" + r.Main.ID
	if r.Inset != nil {
		name += "-with-" + r.Inset.ID
	}
	return name + "-copy.mp4"
}

// work is the folder of the parts of an unfinished copy. It is the same for the same sources, so that
// what was finished before a restart is used.
func (r *Request) work() string {
	h := sha256.New()
	fmt.Fprintln(h, revision, r.Session.ID, r.Name(), Preset, Factor)
	return filepath.Join(r.Dir, Unfinished+hex.EncodeToString(h.Sum(nil))[:16])
}

// Unfinished begins the name of the folder of a copy's parts.
const Unfinished = "unfinished-"

// Reserve makes the folder of the copy's parts, by which it is found after a restart.
func (r *Request) Reserve() error {
	if err := r.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(r.work(), 0o750); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}

// Made returns what is said beside a copy that was made.
func Made(r Request) (*Copy, error) {
	b, err := os.ReadFile(filepath.Join(r.Dir, described(r.Name())))
	if err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	var c Copy
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("copy: %s: %w", described(r.Name()), err)
	}
	return &c, nil
}

// described is the name of the file that describes a copy.
func described(name string) string { return strings.TrimSuffix(name, ".mp4") + ".json" }

// Tools says whether the host has what makes copies: nil, or [ErrNoFFmpeg].
func Tools() error {
	_, err := newTool()
	return err
}

// revision changes with what is drawn and how: parts of different revisions do not go together.
const revision = 3

func (r *Request) check() error {
	if strings.TrimSpace(r.By) == "" || strings.TrimSpace(r.Reason) == "" {
		return ErrReason
	}
	if len(r.Main.Segments) == 0 || r.Main.Segments[0].track(true) == nil {
		return ErrNothing
	}
	dir, err := filepath.Abs(r.Dir)
	original, err2 := filepath.Abs(r.Original)
	if err = errors.Join(err, err2); err != nil {
		return err
	}
	if rel, err := filepath.Rel(original, dir); err == nil && filepath.IsLocal(rel) {
		return fmt.Errorf("%s: %w", r.Dir, ErrPlace)
	}
	if _, err := os.Stat(filepath.Join(r.Dir, r.Name())); err == nil {
		return fmt.Errorf("%s: %w", r.Name(), ErrThere)
	}
	return nil
}

// Make makes a copy. It may be cancelled by ctx, and begun again later, also after a restart: what was
// finished is not made twice. progress, which may be nil, is called from this goroutine. While someone
// else makes the same copy it errs with [ErrBusy], without ffmpeg with [ErrNoFFmpeg].
func Make(ctx context.Context, r Request, clk clock.Source, progress func(Progress)) (c *Copy, err error) {
	m, release, err := begin(ctx, r, clk)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	m.progress = progress
	for i := range m.parts {
		if err := m.part(ctx, i); err != nil {
			return nil, fmt.Errorf("copy: part %d of %d: %w", i+1, len(m.parts), err)
		}
	}
	return m.finish(ctx)
}

// Ahead makes, of the copy of a session that is still being recorded, the parts that nothing to come can
// change, and returns how many of them there are. They are no copy: [Make] makes one of them when the
// session is sealed.
func Ahead(ctx context.Context, r Request, clk clock.Source) (n int, err error) {
	m, release, err := begin(ctx, r, clk)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, release()) }()
	for i := range m.parts {
		if !m.parts[i].ripe {
			break // those after it wait too: their order is that of the recording
		}
		if err := m.part(ctx, i); err != nil {
			return n, fmt.Errorf("copy: part %d: %w", i+1, err)
		}
		n++
	}
	return n, nil
}

// begin checks a request and takes its folder of parts, which the returned function gives back.
func begin(ctx context.Context, r Request, clk clock.Source) (*making, func() error, error) {
	t, err := newTool()
	if err != nil {
		return nil, nil, err
	}
	if err := r.check(); err != nil {
		return nil, nil, err
	}
	work := r.work()
	if err := os.MkdirAll(work, 0o750); err != nil {
		return nil, nil, fmt.Errorf("copy: %w", err)
	}
	held, err := os.Open(work)
	if err != nil {
		return nil, nil, fmt.Errorf("copy: %w", err)
	}
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", r.Name(), ErrBusy), held.Close())
	}
	m := &making{Request: r, tool: t, work: work, parts: plan(r.Session, r.Main, r.Inset), clock: clk, began: clk.Now().Mono}
	track := r.Main.Segments[0].track(true)
	wide := int(math.Round(float64(track.Width) * t.form(ctx, r.Main.Segments[0])))
	m.width, m.height = max(wide&^1, 128), max(track.Height&^1, 96)
	m.names = make([]string, len(m.parts))
	for _, p := range m.parts {
		m.total += p.length()
	}
	if err := m.checkFont(ctx); err != nil {
		return nil, nil, errors.Join(err, held.Close())
	}
	return m, held.Close, nil
}

// making is a copy on its way.
type making struct {
	Request
	tool
	work          string
	parts         []part
	names         []string // of the parts' files, when they are made
	width, height int
	clock         clock.Source
	progress      func(Progress)
	began         clock.Mono
	total         time.Duration
	before        time.Duration // of finished parts
	skipped       time.Duration // of those, what was finished earlier
}

func (m *making) tell(at time.Duration) {
	if m.progress == nil || m.total <= 0 {
		return
	}
	done := m.before + max(at, 0) // ffmpeg begins a little before its first picture
	p := Progress{Done: min(float64(done)/float64(m.total), 0.99), Left: -1}
	if fresh := done - m.skipped; fresh > 0 {
		p.Left = time.Duration(float64(m.clock.Now().Mono.Sub(m.began)) / float64(fresh) * float64(m.total-done))
	}
	m.progress(p)
}

// checkFont draws a figure and looks whether it is there: without a font the time would be missing, and
// nothing would say so.
func (m *making) checkFont(ctx context.Context) error {
	t := newText(64, 64)
	t.add(0, forever, styleClock, "8")
	if err := m.write("font.ass", t.b.String()); err != nil {
		return err
	}
	out := filepath.Join(m.work, "font.gray")
	err := m.run(ctx, m.work, nil, "-f", "lavfi", "-i", fmt.Sprintf("color=c=black:s=64x%d", 64+bandFor(64, 64)), "-vf", "ass=font.ass", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", out)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	pixels, err := os.ReadFile(out)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	for _, p := range pixels {
		if p > 200 {
			return nil
		}
	}
	return fmt.Errorf("copy: no font to draw the time with: %w", ErrNoFFmpeg)
}

// write writes a file of the work folder anew.
func (m *making) write(name, content string) error {
	f, err := os.OpenFile(filepath.Join(m.work, name), os.O_WRONLY|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	_, err = io.WriteString(f, content) // the same at every attempt: its name is a hash of it, or it never changes
	return errors.Join(err, f.Close())
}

// part makes one part, unless its sign of being done is there. Its name is a hash of all that it is made
// from, so that a part of something else is never taken for it.
func (m *making) part(ctx context.Context, i int) error {
	p := &m.parts[i]
	t := newText(m.width, m.height)
	if p.card != nil {
		t.card(p.card, 0, forever)
	} else {
		t.clock(p.main)
		t.readings(p.main, m.Session.Readings)
		for i := range p.holes {
			h := &p.holes[i]
			t.card(&h.card, h.from, h.to)
		}
	}
	t.label(m.Session)
	h := sha256.New()
	fmt.Fprintln(h, p.args(m.width, m.height, "", ""), t.b.String())
	name := hex.EncodeToString(h.Sum(nil))[:20]
	m.names[i] = name
	done := filepath.Join(m.work, name+".done")
	if _, err := os.Stat(done); err == nil {
		m.before += p.length()
		m.skipped += p.length()
		return nil
	}
	if err := m.write(name+".ass", t.b.String()); err != nil {
		return err
	}
	if err := m.run(ctx, m.work, func(at time.Duration) { m.tell(min(at, p.length())) }, p.args(m.width, m.height, name+".ass", name+".mp4")...); err != nil {
		return err
	}
	if err := syncFile(filepath.Join(m.work, name+".mp4")); err != nil {
		return err
	}
	f, err := os.OpenFile(done, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	m.before += p.length()
	m.tell(0)
	return f.Close()
}

// finish puts the parts together, gives the copy its name, which appears only when it is whole and
// synced, and removes the parts.
func (m *making) finish(ctx context.Context) (*Copy, error) {
	var list strings.Builder
	list.WriteString("ffconcat version 1.0\n")
	for _, name := range m.names {
		fmt.Fprintf(&list, "file %s.mp4\n", name)
	}
	h := sha256.Sum256([]byte(list.String()))
	parts := "parts-" + hex.EncodeToString(h[:10]) + ".txt"
	if err := m.write(parts, list.String()); err != nil {
		return nil, err
	}
	title := fmt.Sprintf("COPY 复制件: %s, %s", m.Session.Room, m.Session.ID)
	comment := fmt.Sprintf("copy, not an original; source: session %s, SHA-256 of its seal.note %s", m.Session.ID, m.Session.Seal)
	whole := filepath.Join(m.work, "whole.mp4")
	err := m.run(ctx, m.work, nil, "-f", "concat", "-safe", "0", "-i", parts, "-map", "0", "-c", "copy",
		"-video_track_timescale", "90000", "-metadata", "title="+title, "-metadata", "comment="+comment, "-movflags", "+faststart", "whole.mp4")
	if err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	if err := syncFile(whole); err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	c := &Copy{
		Copy: "copy, not an original", File: m.Name(), Session: m.Session.ID, Seal: m.Session.Seal, Camera: m.Main.ID,
		Made: m.clock.Now().Wall, By: m.By, Reason: m.Reason, Approval: m.Approval, Coding: "libx264 " + Preset + " crf " + Factor,
	}
	if m.Inset != nil {
		c.Inset = m.Inset.ID
	}
	if c.SHA256, err = hashOf(whole); err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	if err := m.describe(c); err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	// A link, unlike a new name, never replaces what is there.
	if err := os.Link(whole, filepath.Join(m.Dir, c.File)); err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	if err := errors.Join(syncFile(m.Dir), removeParts(m.work)); err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	if m.progress != nil {
		m.progress(Progress{Done: 1})
	}
	return c, nil
}

// describe writes what the copy is beside it. One that is there of an attempt that ended before the copy
// got its name stays, if it says the same of the bytes; otherwise there is an error.
func (m *making) describe(c *Copy) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(m.Dir, described(c.File))
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, fs.ErrExist) {
		var old Copy
		b, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(b, &old)
		}
		if err != nil || old.SHA256 != c.SHA256 {
			return fmt.Errorf("%s describes another copy: %w", name, ErrThere)
		}
		*c = old
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncFile syncs a file or a folder.
func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func hashOf(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

// removeParts removes the folder of a finished copy's parts. It is the one thing in the program that
// removes files; they are what this package itself made of a copy, and nothing else is ever in there.
func removeParts(work string) error {
	if !strings.HasPrefix(filepath.Base(work), Unfinished) {
		return fmt.Errorf("%s: not a folder of parts", work)
	}
	return os.RemoveAll(work)
}
