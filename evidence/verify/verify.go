// Package verify judges session folders: whether what lies there is what was recorded and sealed, all
// of it, and nothing else. It reads every byte once, trusts no index and no length, and needs nothing
// but the folder. The format that it checks is docs/format.md.
//
// A verdict says what was found; whether the key and the clock are to be trusted are facts beside it.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"roomrec/evidence/seal"
)

// Verdict is the answer for one folder, or for several copies together.
type Verdict string

// The verdicts, from the best to the worst.
const (
	Intact     Verdict = "intact"
	Gaps       Verdict = "intact with declared gaps"
	Incomplete Verdict = "incomplete"      // something that was recorded is not here
	Unsealed   Verdict = "unsealed"        // there is no seal
	Unknown    Verdict = "unknown version" // a later program wrote it
	Altered    Verdict = "altered"         // something is not as it was recorded, or does not belong here
)

var rank = map[Verdict]int{Intact: 0, Gaps: 1, Incomplete: 2, Unsealed: 3, Unknown: 4, Altered: 5}

// worse returns the worse of two verdicts.
func worse(a, b Verdict) Verdict {
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// Key is a public key that checks seals.
type Key = seal.Verifier

// ReadKey reads the public key in a file, one line of the form name+hash+key.
func ReadKey(file string) (Key, error) { return seal.ReadVerifier(file) }

// KeyStatus says what is known of the key that signed a seal.
type KeyStatus string

// What can be known of a key.
const (
	KeyTrusted KeyStatus = "trusted"
	KeyUnknown KeyStatus = "not known here" // the seal is right by the key that it names itself
	KeyOther   KeyStatus = "another key"    // the seal is not by the key that was given
	KeyNone    KeyStatus = "none"           // there is no readable seal
)

// Options of a verification.
type Options struct {
	// Key is the key that the seals must be by; nil if none is known.
	Key Key
	// Keys are more such keys, of before a change of keys: each is as good.
	Keys []Key
	// Log is the station's log to compare with, a volume or the log's folder; empty: that of the volume
	// that a session lies on, if there is one. Witnesses are those whose word counts.
	Log       string
	Witnesses []*Witness
	// Authorities are those that time-stamps must be by; nil if none is known.
	Authorities *Authorities
	// Progress, if not nil, is called now and then with the bytes read so far and in all.
	Progress func(done, total int64)
}

// keys returns all keys that are known.
func (o *Options) keys() []Key {
	if o.Key == nil {
		return o.Keys
	}
	return append([]Key{o.Key}, o.Keys...)
}

// ErrNoSession says that a folder holds no session. Nothing can be said of it.
var ErrNoSession = errors.New("no session here")

// Report is the result of a verification.
type Report struct {
	Folders []Folder `json:"folders"`
	// Together judges the copies of a session as one: each session of which several folders were
	// given.
	Together []Together `json:"together,omitempty"`
}

// Folder is what was found in one session folder.
type Folder struct {
	Dir     string    `json:"dir"`
	Session string    `json:"session"`
	Verdict Verdict   `json:"verdict"`
	Key     KeyStatus `json:"key"`
	KeyName string    `json:"key_name,omitempty"` // the verifier key that the seal names
	// ClockTrusted is what the seal states of the clock; nil without a readable seal.
	ClockTrusted *bool    `json:"clock_trusted"`
	ClockReasons []string `json:"clock_reasons,omitempty"`
	Seal         string   `json:"seal_sha256,omitempty"`
	Bytes        int64    `json:"bytes"`
	Fragments    int64    `json:"fragments"`
	// Checkpoints counts the signed checkpoints in the journal; LastCheckpoint is when the last was made.
	Checkpoints    int       `json:"checkpoints"`
	LastCheckpoint string    `json:"last_checkpoint,omitempty"`
	Missing        []Hole    `json:"missing,omitempty"` // declared gaps and interruptions
	Findings       []Finding `json:"findings,omitempty"`
	More           int       `json:"more_findings,omitempty"` // beyond MaxFindings
	After          *After    `json:"after,omitempty"`         // nil if nothing came after the seal

	// Timestamps are what authorities' tokens say of the seal; empty: not time-stamped.
	Timestamps []Timestamp `json:"timestamps"`

	Log *Logged `json:"log"` // nil without a station's log

	held map[string]held // by path
	seal []byte
}

// held is what a folder holds of a file.
type held struct {
	size  int64
	whole bool // all that the seal states
}

// MaxFindings bounds the findings that are listed of one folder.
const MaxFindings = 1000

// Finding is one thing that is wrong, and where.
type Finding struct {
	Verdict  Verdict `json:"verdict"` // what the finding alone would make of the session
	File     string  `json:"file,omitempty"`
	Offset   int64   `json:"offset,omitempty"`   // in bytes
	Fragment uint32  `json:"fragment,omitempty"` // its number in the run
	Line     int     `json:"line,omitempty"`     // of a journal
	What     string  `json:"what"`

	lacks bool // bytes of the file, which another copy may have
}

// Hole is a stretch that is declared missing.
type Hole struct {
	Room   string `json:"room,omitempty"`
	Camera string `json:"camera,omitempty"`
	Run    int    `json:"run,omitempty"`
	From   string `json:"from"`
	To     string `json:"to"`
	Cause  string `json:"cause"`
}

// Together is the verdict on several copies of one session.
type Together struct {
	Session  string    `json:"session"`
	Dirs     []string  `json:"dirs"`
	Verdict  Verdict   `json:"verdict"`
	Findings []Finding `json:"findings,omitempty"`
}

// Folders verifies the session folders dirs. Damage is in the report; an error says that nothing can
// be said: a folder without a session (ErrNoSession) or a refused read.
func Folders(ctx context.Context, dirs []string, o Options) (Report, error) {
	var r Report
	m := &meter{report: o.Progress}
	var trees []*tree
	for _, dir := range dirs {
		t, err := list(dir)
		if err != nil {
			return r, fmt.Errorf("%s: %w", dir, err)
		}
		m.total += t.bytes
		trees = append(trees, t)
	}
	read := logs{}
	for _, t := range trees {
		c := &check{ctx: ctx, tree: t, trees: trees, logs: read, options: o, meter: m, f: Folder{Dir: t.dir, Key: KeyNone, Verdict: Intact, held: map[string]held{}, Timestamps: []Timestamp{}}}
		if err := c.run(); err != nil {
			return r, fmt.Errorf("%s: %w", t.dir, err)
		}
		r.Folders = append(r.Folders, c.f)
	}
	if err := r.judgeCopies(ctx); err != nil {
		return r, err
	}
	m.done = m.total
	m.tell()
	return r, nil
}

// ExitCode returns the stable exit code of a command that answers with r: 0 for intact, with declared
// gaps or not, 2 for an unknown version, 1 for everything else, what is wrong after the seal included.
func (r *Report) ExitCode() int {
	code := 0
	for _, v := range r.verdicts() {
		switch v {
		case Intact, Gaps:
		case Unknown:
			code = max(code, 2)
		default:
			return 1
		}
	}
	for _, f := range r.Folders {
		if f.Key == KeyOther || f.otherAuthority() || f.Log.wrong() || f.After != nil && f.After.Verdict != Intact {
			return 1
		}
	}
	return code
}

func (r *Report) verdicts() (vs []Verdict) {
	for _, f := range r.Folders {
		vs = append(vs, f.Verdict)
	}
	for _, t := range r.Together {
		vs = append(vs, t.Verdict)
	}
	return vs
}

// meter tells the progress.
type meter struct {
	done, total, told int64
	report            func(done, total int64)
}

func (m *meter) add(n int) {
	if m.done += int64(n); m.done-m.told >= 16<<20 {
		m.tell()
	}
}

func (m *meter) tell() {
	m.told = m.done
	if m.report != nil {
		m.report(min(m.done, m.total), m.total)
	}
}

// open opens a file of the folder for reading.
func (t *tree) open(path string) (*os.File, error) {
	return os.Open(filepath.Join(t.dir, filepath.FromSlash(path)))
}

// readSmall reads a file of at most limit bytes; ok is false for a larger one.
func (t *tree) readSmall(path string, limit int64) (b []byte, ok bool, err error) {
	f, err := t.open(path)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err = io.ReadAll(io.LimitReader(f, limit+1))
	return b, int64(len(b)) <= limit, err
}
