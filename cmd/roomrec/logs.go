package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"roomrec/clock"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
)

type logCmd struct {
	Check   logCheckCmd   `cmd:"" help:"Say whether the station's log is whole, goes on from what it was, and holds the sessions that the disks hold."`
	Witness logWitnessCmd `cmd:"" help:"As a witness, sign the last head of a station's log."`
}

type logCheckCmd struct {
	Dir     []string `arg:"" help:"Volumes, or folders of a log. Several are compared."`
	Key     []string `help:"Public keys of the station, one a line; its own and those before a change." type:"existingfile" placeholder:"FILE" sep:"none"`
	Witness []string `help:"Public key of a witness." type:"existingfile" placeholder:"FILE" sep:"none"`
	Old     []string `help:"A head that somebody kept; the log must go on from it." type:"existingfile" placeholder:"FILE" sep:"none"`
	Session string   `help:"A session's id, or its folder; the log must hold it." placeholder:"SESSION"`
	JSON    bool     `help:"Answer in JSON." name:"json"`
}

// logReport is the answer of a check.
type logReport struct {
	Good  bool        `json:"good"`
	Logs  []logOf     `json:"logs"`
	Entry []inclusion `json:"session,omitempty"`
	// Findings are what contradicts, and where.
	Findings []string `json:"findings,omitempty"`

	volumes []string // those among the folders that were given
}

type logOf struct {
	Dir      string `json:"dir"`
	Origin   string `json:"origin"`
	Entries  int64  `json:"entries"`
	Root     string `json:"root"`
	Heads    int    `json:"heads"`
	Key      string `json:"key"` // trusted, not known here, another key
	Sessions int    `json:"sessions"`
	// Late are entries that were not made when it happened but when the session was found.
	Late      int        `json:"late"`
	Witnesses []witnessd `json:"witnessed"`
}

type witnessd struct {
	By      string     `json:"by"`
	Entries int64      `json:"entries"`
	At      clock.Wall `json:"at"`
}

type inclusion struct {
	Log       string           `json:"log"`
	Entry     stationlog.Entry `json:"entry"`
	Index     int64            `json:"index"`
	Proof     []string         `json:"proof"` // hashes from the entry to the root, base64
	Witnessed []witnessd       `json:"witnessed"`
}

// Run checks logs.
func (c *logCheckCmd) Run(e *env) error {
	keys, witnesses, err := c.keys()
	if err != nil {
		return err
	}
	r := logReport{}
	var histories []*stationlog.History
	for _, dir := range c.Dir {
		at, err := stationlog.Find(dir)
		if err != nil {
			return err
		}
		h, err := stationlog.Read(at, keys, witnesses)
		if err != nil {
			return err
		}
		histories = append(histories, h)
		r.Logs = append(r.Logs, describe(h, len(keys) > 0))
		for _, f := range h.Findings {
			r.finding("%s: %s", at, f)
		}
	}
	longest := slices.MaxFunc(histories, func(a, b *stationlog.History) int { return len(a.Entries) - len(b.Entries) })
	for _, h := range histories {
		if err := longest.Contains(h.Head); err != nil {
			r.finding("%s and %s: %v", longest.Dir, h.Dir, err)
		}
	}
	for _, name := range c.Old {
		if err := c.old(&r, longest, name, keys, witnesses); err != nil {
			return err
		}
	}
	if err := r.folders(c.Dir, longest); err != nil {
		return err
	}
	if c.Session != "" {
		if err := r.include(longest, c.Session); err != nil {
			return err
		}
	}
	r.Good = len(r.Findings) == 0
	if err := r.write(e, c.JSON); err != nil {
		return err
	}
	if !r.Good {
		return &exitError{code: exitNo}
	}
	return nil
}

func (c *logCheckCmd) keys() (keys []seal.Verifier, witnesses []*stationlog.Witness, err error) {
	for _, f := range c.Key {
		more, err := seal.ReadVerifiers(f)
		if err != nil {
			return nil, nil, fmt.Errorf("--key: %w", err)
		}
		keys = append(keys, more...)
	}
	for _, f := range c.Witness {
		w, err := stationlog.ReadWitness(f)
		if err != nil {
			return nil, nil, fmt.Errorf("--witness: %w", err)
		}
		witnesses = append(witnesses, w)
	}
	return keys, witnesses, nil
}

// old proves that the log goes on from a head that somebody kept.
func (c *logCheckCmd) old(r *logReport, h *stationlog.History, name string, keys []seal.Verifier, witnesses []*stationlog.Witness) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("--old: %w", err)
	}
	all := slices.Clone(keys)
	for _, w := range witnesses {
		all = append(all, w)
	}
	head, _, err := stationlog.ParseHead(b, all...)
	switch {
	case errors.Is(err, stationlog.ErrSignature):
		if len(all) > 0 {
			r.finding("%s: %v", name, err)
		}
	case err != nil:
		return fmt.Errorf("--old: %s: %w", name, err)
	}
	if err := h.Contains(head); err != nil {
		r.finding("%s: %v", name, err)
	}
	return nil
}

func (r *logReport) finding(format string, a ...any) {
	r.Findings = append(r.Findings, fmt.Sprintf(format, a...))
}

func describe(h *stationlog.History, keys bool) logOf {
	o := logOf{
		Dir: h.Dir, Origin: h.Head.Origin, Entries: h.Head.Tree.N, Root: h.Head.Tree.Hash.String(), Heads: h.Heads, Key: "trusted",
		Witnesses: witnessed(h.Witnessed),
	}
	switch {
	case !keys:
		o.Key = "not known here"
	case !h.Trusted:
		o.Key = "another key"
	}
	for _, e := range h.Entries {
		if e.Kind == stationlog.Opened {
			o.Sessions++
		}
		if e.Found {
			o.Late++
		}
	}
	return o
}

func witnessed(all []stationlog.Witnessed) []witnessd {
	out := []witnessd{}
	for _, w := range all {
		out = append(out, witnessd{w.By, w.Size, w.At})
	}
	return out
}

// include proves that the log holds a session, given by id or folder.
func (r *logReport) include(h *stationlog.History, session string) error {
	id := filepath.Base(filepath.Clean(session))
	for _, kind := range []stationlog.Kind{stationlog.Opened, stationlog.Sealed} {
		in, err := h.Lookup(kind, id)
		if err != nil {
			return err
		}
		if in == nil {
			if kind == stationlog.Opened {
				r.finding("session %s: the log does not hold it", id)
			}
			continue
		}
		one := inclusion{Log: h.Dir, Entry: in.Entry, Index: in.Index, Proof: []string{}, Witnessed: witnessed(in.Witnessed)}
		for _, p := range in.Proof {
			one.Proof = append(one.Proof, p.String())
		}
		r.Entry = append(r.Entry, one)
	}
	if info, err := os.Stat(session); err == nil && info.IsDir() {
		at, err := filepath.Abs(session)
		if err != nil {
			return err
		}
		return r.folder(os.DirFS(filepath.Dir(at)), filepath.Dir(at), id, h)
	}
	return nil
}

func (r *logReport) write(e *env, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	var b strings.Builder
	for _, l := range r.Logs {
		fmt.Fprintf(&b, "%s: %d sessions in %d entries, key %s, root %s\n", l.Dir, l.Sessions, l.Entries, l.Key, l.Root)
		if l.Late > 0 {
			fmt.Fprintf(&b, "  %d entries were made when a session was found, not when it happened\n", l.Late)
		}
		if len(l.Witnesses) == 0 {
			b.WriteString("  not witnessed\n")
		}
		for _, w := range l.Witnesses {
			fmt.Fprintf(&b, "  witnessed by %s until entry %d at %s\n", w.By, w.Entries, w.At)
		}
	}
	for _, i := range r.Entry {
		fmt.Fprintf(&b, "session %s: %s at %s, entry %d, under the last head\n", i.Entry.Session, i.Entry.Kind, i.Entry.At, i.Index)
		for _, w := range i.Witnessed {
			fmt.Fprintf(&b, "  seen by %s at %s\n", w.By, w.At)
		}
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "WRONG: %s\n", f)
	}
	if r.Good {
		b.WriteString("good\n")
	}
	_, err := e.stdout.Write([]byte(b.String()))
	return err
}

type logWitnessCmd struct {
	Dir     string   `arg:"" help:"A volume, or the folder of a log: a copy that was carried here."`
	Key     string   `help:"The witness's private key; made at the first use." required:"" placeholder:"FILE"`
	Name    string   `help:"The witness's name, for a new key." default:"witness"`
	Memory  string   `help:"The witness's own folder, where it keeps what it signed." required:"" type:"existingdir" placeholder:"DIR"`
	Station []string `help:"Public keys of the station, one a line." required:"" type:"existingfile" placeholder:"FILE" sep:"none"`
	JSON    bool     `help:"Answer in JSON." name:"json"`
}

// Run signs the last head as a witness.
func (c *logWitnessCmd) Run(e *env) error {
	check := logCheckCmd{Key: c.Station}
	known, _, err := check.keys()
	if err != nil {
		return err
	}
	at, err := stationlog.Find(c.Dir)
	if err != nil {
		return err
	}
	key, err := seal.OpenKey(c.Key, c.Name)
	if err != nil {
		return err
	}
	w, err := stationlog.WitnessOf(key)
	if err != nil {
		return err
	}
	head, err := stationlog.Cosign(at, c.Memory, key, known, clock.NewSystem().Now().Wall)
	if err != nil {
		if errors.Is(err, stationlog.ErrFork) || errors.Is(err, stationlog.ErrSignature) {
			return &exitError{code: exitNo, err: err}
		}
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{
			"origin": head.Origin, "entries": head.Tree.N, "root": head.Tree.Hash.String(), "witness": w.String(),
		})
	}
	_, err = fmt.Fprintf(e.stdout, "signed %d entries of %s, root %s\nwitness's key: %s\n", head.Tree.N, head.Origin, head.Tree.Hash, w)
	return err
}
