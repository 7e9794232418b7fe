//go:build torture

package verify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"roomrec/evidence/after"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/session/table"
)

// Whatever is changed in a sealed session, in one to three places, both verifiers say the same of it. A failing
// seed says what was changed; ROOMREC_SEED=N makes that change alone, ROOMREC_FOR=10m tries others for so long.
func TestTortureBothVerifiersJudgeWhatWasChangedAlike(t *testing.T) {
	first, most, long := uint64(1), 1000, 5*time.Minute
	if s := os.Getenv("ROOMREC_FOR"); s != "" {
		var err error
		long, err = time.ParseDuration(s)
		require.NoError(t, err)
		first, most = uint64(time.Now().UnixNano()), math.MaxInt //nolint:forbidigo // any seed will do
	}
	once := os.Getenv("ROOMREC_SEED")
	if once != "" {
		var err error
		first, err = strconv.ParseUint(once, 10, 64)
		require.NoError(t, err)
	}
	sessions := []*session{changedSession(t, true), changedSession(t, false)}
	ctx, stop := context.WithTimeout(t.Context(), long)
	defer stop()
	rounds, no := 0, map[Verdict]int{}
	for seed := first; ctx.Err() == nil && rounds < most; seed++ {
		good := t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			c := &changes{t: t, random: rand.New(rand.NewPCG(11, seed)), session: sessions[seed%2].clone(t)}
			defer func() {
				if t.Failed() {
					t.Logf("ROOMREC_SEED=%d:\n%s", seed, strings.Join(c.said, "\n"))
				}
			}()
			no[c.judged()]++
		})
		if rounds++; !good || once != "" {
			break
		}
	}
	t.Logf("%d rounds: %v", rounds, no)
}

// fixedKey is the same key in every run, so that a seed makes the same session.
func fixedKey(t testing.TB) seal.Key {
	secret, public, err := note.GenerateKey(rand.NewChaCha8([32]byte{7}), "roomrec-test")
	require.NoError(t, err)
	file := t.TempDir() + "/seal.key"
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o600))
	key, err := seal.ReadKey(file, nil)
	require.NoError(t, err)
	require.Equal(t, public, key.Verifier())
	return key
}

// changedSession is a session with something of everything: checkpoints or the states of the session's layer, a
// restart, a document, a line after the seal.
func changedSession(t testing.TB, checkpoints bool) *session {
	s := makeSession(t, "20261122-140307-7f2k", fixedKey(t), checkpoints)
	if !checkpoints {
		s.s.Runs, s.files, s.chain = nil, map[string][]byte{}, journal.NewChain(journal.Head{})
		var at table.Session
		event := func(file int, e table.Event) {
			e.At = began
			next, _, no := table.Step(at, e)
			require.Nil(t, no, e.Name)
			at = next
			s.line(file, journal.Entry{Type: sessionPrefix + string(e.Name), Actor: "officer:li", Data: stated{e, next.State}})
		}
		event(1, table.Event{Name: table.Opened, Room: "room3", Mandatory: true})
		s.first = seal.SHA256(s.files[journal.FileName(1)])
		event(1, table.Event{Name: table.AllSafe, FirstGood: began})
		event(1, table.Event{Name: table.Start})
		s.run("suspect", 1, 0, "restart", 2, 3)
		s.line(2, journal.Entry{Type: journal.TypeResumed, Actor: journal.ActorController, Data: journal.Resumed{
			Before: journal.FileName(1), Volumes: []journal.Found{{Volume: "vol-a", File: journal.FileName(1), Whole: int64(len(s.files[journal.FileName(1)])), WholeSHA256: journal.Hash(seal.SHA256(s.files[journal.FileName(1)]))}},
		}})
		event(2, table.Event{Name: table.Restarted, Fault: table.Fault{Code: table.ControllerRestarted}})
		s.run("suspect", 2, 9*time.Second, "closing", 4)
		event(2, table.Event{Name: table.FaultCleared, Fault: table.Fault{Code: table.ControllerRestarted}})
		event(2, table.Event{Name: table.AllSafe, FirstGood: began})
		event(2, table.Event{Name: table.End, Ending: table.BrokenOff})
		event(2, table.Event{Name: table.ClosingElapsed})
		s.s.Interruptions = []seal.Interruption{{Cause: "controller.restarted", MissingFrom: new(instant(5 * time.Second)), MissingTo: new(instant(9 * time.Second))}}
		s.s.Facts = json.RawMessage(`{"kind":"suspect","list":[1,2.5,null,{"x":"讯问"}]}`)
		s.seal()
	}
	s.files["after/x.docx"] = []byte("a transcript")
	head := after.Head{Hash: seal.SHA256(s.files[seal.FileName])}
	for _, e := range []after.Entry{
		{Type: "transcript.attached", Actor: "officer:li", Data: map[string]any{"file": "after/x.docx", "sha256": seal.SHA256(s.files["after/x.docx"])}, At: instant(time.Minute)},
		{Type: "session.viewed", Actor: "officer:li", At: instant(time.Hour)},
	} {
		raw, next, err := after.Next(head, e, s.key)
		require.NoError(t, err)
		s.files[after.JournalName], head = append(s.files[after.JournalName], raw...), next
	}
	return s
}

func (s *session) clone(t testing.TB) *session {
	c := *s
	c.t, c.files = t, map[string][]byte{}
	for path, b := range s.files {
		c.files[path] = bytes.Clone(b)
	}
	return &c
}

// changes are what a seed makes of a session.
type changes struct {
	*session
	t      *testing.T
	random *rand.Rand
	said   []string
}

func (c *changes) say(format string, a ...any) {
	s := fmt.Sprintf(format, a...)
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	c.said = append(c.said, s)
}

// judged changes the session and has it judged, together with a good copy in one of four cases.
func (c *changes) judged() Verdict {
	whole := c.clone(c.t)
	for range 1 + c.random.IntN(3) {
		c.change()
	}
	dirs := []string{c.write()}
	if c.random.IntN(4) == 0 {
		c.say("beside a whole copy")
		dirs = append(dirs, whole.write())
	}
	o := c.trusted()
	switch c.random.IntN(4) {
	case 0:
		c.say("without a key")
		o = Options{}
	case 1:
		c.say("by another key")
		o = Options{Key: keyed(c.t, newKey(c.t))}
	}
	r, err := Folders(context.Background(), dirs, o)
	if errors.Is(err, ErrNoSession) {
		return ""
	}
	require.NoError(c.t, err)
	f := &r.Folders[0]
	if f.Verdict != Altered {
		agrees(c.t, &r, o, dirs...)
		return f.Verdict
	}
	// What is said beside that something is altered depends on what was read before it was found.
	a, said := ask(c.t, o, dirs...)
	require.Equal(c.t, r.ExitCode(), a.Exit, said)
	require.Len(c.t, a.Folders, len(dirs), said)
	for i := range a.Folders {
		require.Equal(c.t, r.Folders[i].Verdict, a.Folders[i].Verdict, "%d: the other verifier: %s, ours: %v", i, said, r.Folders[i].Findings)
	}
	for i := range a.Together {
		require.Equal(c.t, r.Together[i].Verdict, a.Together[i].Verdict, said)
	}
	if f.After != nil || a.Folders[0].After != nil {
		require.NotNil(c.t, f.After, said)
		require.NotNil(c.t, a.Folders[0].After, said)
		require.Equal(c.t, f.After.Verdict, *a.Folders[0].After, "after: the other verifier: %s, ours: %v", said, f.After.Findings)
	}
	return Altered
}

// file returns the path of one of the files.
func (c *changes) file() string {
	all := slices.Sorted(maps.Keys(c.files))
	if len(all) == 0 {
		return "x"
	}
	return all[c.random.IntN(len(all))]
}

func (c *changes) change() {
	switch c.random.IntN(12) {
	case 0, 1:
		c.bytes(c.file())
	case 2, 3:
		c.lines(c.file())
	case 4, 5:
		c.folder()
	case 6, 7, 8:
		c.statement()
	case 9, 10:
		c.journalLine()
	case 11:
		c.afterLine()
	}
	if c.random.IntN(4) == 0 && len(c.files) > 0 {
		c.reseal()
	}
}

func (c *changes) bytes(path string) {
	b := c.files[path]
	at := c.random.IntN(len(b) + 1)
	few := c.random.IntN(16)
	switch c.random.IntN(6) {
	case 0:
		if at < len(b) {
			bit := c.random.IntN(8)
			c.say("%s: bit %d of byte %d", path, bit, at)
			b[at] ^= 1 << bit
		}
	case 1:
		c.say("%s: %d bytes away at %d", path, few, at)
		b = slices.Delete(b, at, min(len(b), at+few))
	case 2:
		c.say("%s: %d bytes more at %d", path, few, at)
		b = slices.Insert(b, at, bytes.Repeat([]byte{byte(c.random.IntN(256))}, few)...)
	case 3:
		c.say("%s: cut off at %d", path, at)
		b = b[:at]
	case 4:
		n := 512 * c.random.IntN(4)
		c.say("%s: %d zeros from %d on", path, n, at/512*512)
		for i := at / 512 * 512; i < min(len(b), at/512*512+n); i++ {
			b[i] = 0
		}
	case 5:
		tail := bytes.Repeat([]byte{byte(c.random.IntN(2) * c.random.IntN(256))}, c.random.IntN(2000))
		c.say("%s: %d bytes behind it", path, len(tail))
		b = append(b, tail...)
	}
	c.files[path] = b
}

func (c *changes) lines(path string) {
	lines := bytes.SplitAfter(c.files[path], []byte("\n"))
	i, k := c.random.IntN(len(lines)), c.random.IntN(len(lines))
	switch c.random.IntN(4) {
	case 0:
		c.say("%s: line %d away", path, i)
		lines = slices.Delete(lines, i, i+1)
	case 1:
		c.say("%s: line %d again at %d", path, i, k)
		lines = slices.Insert(lines, k, lines[i])
	case 2:
		c.say("%s: lines %d and %d in each other's place", path, i, k)
		lines[i], lines[k] = lines[k], lines[i]
	case 3:
		c.say("%s: cut off before line %d", path, i)
		lines = lines[:i]
	}
	c.files[path] = bytes.Join(lines, nil)
}

// names are such as could be taken for part of a session.
var names = []string{
	"x", "room3/x", "room3/suspect/run-0001/0003.mp4", "room3/suspect/run-0003/0001.mp4", "room3/third/run-0001/0001.mp4", "journal-0003.jsonl", "journal-0004.jsonl",
	"seal-2.note", "seal-3.note", "seal.note.part", "after/y", "after/timestamp/y.tst", "journal-1.jsonl", "after",
}

func (c *changes) folder() {
	a, b, name := c.file(), c.file(), names[c.random.IntN(len(names))]
	switch c.random.IntN(5) {
	case 0:
		c.say("%s away", a)
		delete(c.files, a)
	case 1:
		c.say("%s and %s in each other's place", a, b)
		c.files[a], c.files[b] = c.files[b], c.files[a]
	case 2:
		if name == "after" {
			for path := range c.files {
				if strings.HasPrefix(path, "after/") {
					delete(c.files, path)
				}
			}
		} else if _, file := c.files["after"]; file && strings.HasPrefix(name, "after/") {
			return
		}
		c.say("%s as %s", a, name)
		c.files[name] = bytes.Clone(c.files[a])
	case 3:
		c.say("%s empty", a)
		c.files[a] = nil
	case 4:
		if a != b && !strings.HasPrefix(b, "after") {
			c.say("%s as %s, that away", a, b)
			c.files[b] = bytes.Clone(c.files[a])
			delete(c.files, a)
		}
	}
}

// statement changes what the seal states and signs it anew.
func (c *changes) statement() {
	text, _, _ := bytes.Cut(c.files[seal.FileName], []byte("\n\n"))
	first, body, _ := bytes.Cut(text, []byte("\n"))
	v, err := decoded(body)
	if err != nil {
		return
	}
	v = c.value(seal.FileName, v)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if c.random.IntN(20) == 0 {
		c.say("its first line")
		first = []byte("roomrec-seal/2")
	}
	require.NoError(c.t, enc.Encode(v))
	c.files[seal.FileName] = signAnything(c.t, c.key, slices.Concat(first, []byte("\n"), out.Bytes()))
}

func decoded(b []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// value changes one place in a value.
func (c *changes) value(where string, v any) any {
	deeper := c.random.IntN(8) > 0
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if len(names) == 0 {
			break
		}
		name := names[c.random.IntN(len(names))]
		if deeper {
			v[name] = c.value(where+"/"+name, v[name])
			return v
		}
		other := names[c.random.IntN(len(names))]
		switch c.random.IntN(5) {
		case 0:
			c.say("%s: no member %s", where, name)
			delete(v, name)
		case 1:
			c.say("%s: %s as %s", where, name, other)
			v[other] = v[name]
		case 2:
			c.say("%s: %s in large letters", where, name)
			v[strings.ToUpper(name[:1])+name[1:]] = v[name]
			delete(v, name)
		case 3:
			c.say("%s: %s in large letters too", where, name)
			v[strings.ToUpper(name)] = v[other]
		case 4:
			c.say("%s: a member more", where)
			v["more"] = v[name]
		}
		return v
	case []any:
		if len(v) == 0 {
			break
		}
		i, k := c.random.IntN(len(v)), c.random.IntN(len(v))
		if deeper {
			v[i] = c.value(fmt.Sprintf("%s/%d", where, i), v[i])
			return v
		}
		switch c.random.IntN(3) {
		case 0:
			c.say("%s: %d away", where, i)
			return slices.Delete(v, i, i+1)
		case 1:
			c.say("%s: %d again at %d", where, i, k)
			return slices.Insert(v, k, v[i])
		default:
			c.say("%s: %d and %d in each other's place", where, i, k)
			v[i], v[k] = v[k], v[i]
			return v
		}
	}
	values := []any{
		nil, true, false, json.Number("0"), json.Number("1"), json.Number("-1"), json.Number("1.5"), json.Number("1e3"), json.Number("-0"), json.Number("9223372036854775808"),
		json.Number("99999999999999999999999"), "", "x", "讯问\u2028", "\x00\x1f\x7f\"\\", strings.Repeat("0", 64), strings.Repeat("A", 64), "2026-11-22T06:03:07.000000000Z", "0001-01-01T00:00:00.000000000Z",
		"2026-02-30T06:03:07.000000000Z", "2026-11-22T24:00:00.000000000Z", "2026-11-22T06:03:60.000000000Z", "9999-12-31T23:59:59.999999999Z",
		"2026-11-22T06:03:07Z", "2026-11-22T14:03:07.000000000+08:00", "2026-11-22T06:03:07.500Z", "1678-01-01T00:00:00.000000000Z", "2262-01-01T00:00:00.000000000Z",
		map[string]any{},
		[]any{},
		[]any{nil},
		map[string]any{"x": []any{}},
		"room3/suspect/run-0001/0001.mp4", "../x", "/x", "a//b", "seal.note", "seal-2.note", "journal-0001.jsonl", "closing", "restart", "segment", "journal", "attempt", "Sealed", "signed", "Ed25519", "room3", "suspect",
	}
	to := values[c.random.IntN(len(values))]
	switch was := v.(type) {
	case json.Number:
		if n, err := was.Int64(); err == nil && c.random.IntN(2) == 0 {
			to = json.Number(strconv.FormatInt(n+int64(c.random.IntN(5))-2, 10))
		}
	case string:
		switch b := []byte(was); {
		case len(b) > 0 && c.random.IntN(3) == 0:
			b[c.random.IntN(len(b))] = byte('0' + c.random.IntN(70))
			to = string(b)
		case c.random.IntN(6) == 0:
			to = strings.ToUpper(was)
		}
	}
	c.say("%s: %v is %#v", where, v, to)
	return to
}

// ordered writes a line's members in their order.
func ordered(names []string, v map[string]any) []byte {
	var out []byte
	encode := func(v any) []byte {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			panic(err)
		}
		return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	}
	for _, name := range names {
		if x, there := v[name]; there {
			out = append(append(append(append(out, ','), encode(name)...), ':'), encode(x)...)
			delete(v, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		out = append(append(append(append(out, ','), encode(name)...), ':'), encode(v[name])...)
	}
	return append(append([]byte("{"), bytes.TrimPrefix(out, []byte(","))...), '}')
}

// journalLine changes what a line says, and makes all that follow follow it.
func (c *changes) journalLine() {
	changed := false
	prev := seal.Hash{}
	want := c.random.IntN(10)
	for n := 1; n <= 2; n++ {
		path := journal.FileName(n)
		var out []byte
		for raw := range bytes.Lines(c.files[path]) {
			want--
			v, err := decoded(raw)
			line, ok := v.(map[string]any)
			if err != nil || !ok {
				return
			}
			if changed {
				line["prev"] = prev.String()
			}
			if want == 0 {
				member := "data"
				if c.random.IntN(4) == 0 {
					c.value(path, line)
				} else {
					line[member] = c.value(path+"/"+member, line[member])
				}
				changed = true
			}
			if changed {
				raw = append(ordered([]string{"seq", "wall", "uncertainty_ns", "mono", "type", "actor", "data", "prev"}, line), '\n')
			}
			prev = seal.SHA256(raw)
			out = append(out, raw...)
		}
		c.files[path] = out
	}
	if changed {
		c.reseal()
	}
}

// afterLine changes a line after the seal and signs it.
func (c *changes) afterLine() {
	raw, rest, _ := bytes.Cut(c.files[after.JournalName], []byte("\n"))
	v, err := decoded(raw)
	line, ok := v.(map[string]any)
	if err != nil || !ok {
		return
	}
	if c.random.IntN(3) == 0 {
		c.value(after.JournalName, line)
	} else {
		line["data"] = c.value(after.JournalName+"/data", line["data"])
	}
	delete(line, "signature")
	order := []string{"seq", "wall", "uncertainty_ns", "type", "actor", "data", "prev", "key"}
	bare := ordered(order, line)
	sig, err := c.key.Sign(append([]byte("roomrec-after/1\n"), bare...))
	require.NoError(c.t, err)
	raw = append(bare[:len(bare)-1:len(bare)-1], fmt.Sprintf(",\"signature\":%q}\n", base64.StdEncoding.EncodeToString(sig))...)
	c.files[after.JournalName] = append(raw, rest...)
}

// reseal states the files as they are, signed, as far as they can be stated.
func (c *changes) reseal() {
	statement := c.s
	statement.Files = nil
	for _, path := range slices.Sorted(maps.Keys(c.files)) {
		if _, attempt := seal.AttemptNumber(path); attempt || strings.HasPrefix(path, "after") {
			continue
		}
		kind := seal.KindSegment
		if _, ok := journal.FileNumber(path); ok {
			kind = seal.KindJournal
			lines := slices.Collect(bytes.Lines(c.files[path]))
			if len(lines) > 0 {
				statement.Journal = seal.Journal{File: path, Lines: c.s.Journal.Lines, SHA256: seal.SHA256(lines[len(lines)-1])}
			}
		}
		statement.Files = append(statement.Files, seal.File{Path: path, Kind: kind, Size: int64(len(c.files[path])), SHA256: seal.SHA256(c.files[path])})
	}
	note, err := seal.Sign(statement, c.key)
	if err != nil {
		c.say("it cannot be sealed: %v", err)
		return
	}
	c.say("sealed anew")
	c.files[seal.FileName] = note
}
