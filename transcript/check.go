package transcript

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roomrec/clock"
)

// ErrUsage is the error of arguments that cannot be understood; the command exits with 2.
var ErrUsage = errors.New("transcript check")

// TimesCheck is what "roomrec transcript check" is asked.
type TimesCheck struct {
	File string
	// Facts are a session's, from its folder; nil means that Start, End and Breaks are given instead.
	Facts *Facts
	// Start and End of questioning: RFC 3339, or civil time in Zone ("2026-11-22 09:05:10").
	Start, End string
	// Breaks are the interruptions as "A/B"; without any, interruptions are not checked.
	Breaks []string
	// Zone is an IANA name; empty means the host's zone.
	Zone     string
	JSON     bool
	Language string
	Limits   Limits
}

// CheckTimes compares a document with the times given or with a session's facts, and writes the
// answer to w. It returns the exit code: 0 agrees, 1 differs, 2 unreadable or bad usage; with an
// error, nothing was written.
func CheckTimes(w io.Writer, c TimesCheck) (int, error) {
	facts, err := c.facts()
	if err != nil {
		return 2, err
	}
	data, err := readFile(c.File, c.Limits)
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		return 2, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	var doc *Document
	if err == nil {
		if doc, err = Read(c.File, data, c.Limits); err != nil && !errors.As(err, &refusal) {
			return 2, fmt.Errorf("transcript check %s: %w", c.File, err)
		}
	}
	var result Result
	if refusal != nil {
		result = Refused(filepath.Base(c.File), refusal, *facts, c.Language)
	} else {
		doc.Name = filepath.Base(doc.Name)
		result = Compare(doc, *facts, Options{Language: c.Language})
	}
	if c.JSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err = enc.Encode(result)
	} else {
		_, err = io.WriteString(w, result.Plain(c.Language))
	}
	if err != nil {
		return 2, fmt.Errorf("transcript check: write the answer: %w", err)
	}
	return result.Verdict.ExitCode(), nil
}

// Refused returns the result for a document that could not be read at all.
func Refused(name string, r *Refusal, facts Facts, language string) Result {
	empty := Compare(&Document{Name: name}, facts, Options{Language: language})
	out := Result{Verdict: Unreadable, Document: empty.Document, Recording: empty.Recording, Findings: []Finding{}}
	out.add(DocumentUnreadable, 0, Stamp{}, r.Text)
	out.NotChecked = []FindingCode{}
	for code := range Rules {
		switch code {
		case DocumentUnreadable, OfficerOverlap, SuspectOverlap, NumberRepeated, MinuteEdge, AmbiguousTime:
		default:
			out.NotChecked = append(out.NotChecked, code)
		}
	}
	sortCodes(out.NotChecked)
	return out.In(language)
}

func readFile(name string, lim Limits) ([]byte, error) {
	if lim.File == 0 {
		lim = DefaultLimits
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened to read
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", name)
	}
	if st.Size() > int64(lim.File) {
		return nil, tooLarge("bytes", lim.File)
	}
	data := make([]byte, st.Size())
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return data[:n], nil
}

// facts returns the session's facts, or those that the arguments give.
func (c *TimesCheck) facts() (*Facts, error) {
	if c.Facts != nil {
		if c.Start != "" || c.End != "" || len(c.Breaks) > 0 {
			return nil, fmt.Errorf("%w: give a session or the times, not both", ErrUsage)
		}
		f := *c.Facts
		if c.Zone != "" {
			loc, err := loadZone(c.Zone)
			if err != nil {
				return nil, err
			}
			f.Zone = loc
		}
		return &f, nil
	}
	loc := time.Local
	if c.Zone != "" {
		var err error
		if loc, err = loadZone(c.Zone); err != nil {
			return nil, err
		}
	}
	if c.Start == "" || c.End == "" {
		return nil, fmt.Errorf("%w: give --session, or --start and --end", ErrUsage)
	}
	f := &Facts{Zone: loc}
	var err error
	if f.Start, err = parseInstant("--start", c.Start, loc); err != nil {
		return nil, err
	}
	if f.End, err = parseInstant("--end", c.End, loc); err != nil {
		return nil, err
	}
	if f.End.Wall < f.Start.Wall {
		return nil, fmt.Errorf("%w: --end %s is before --start %s", ErrUsage, c.End, c.Start)
	}
	for _, b := range c.Breaks {
		i, err := parseBreak(b, loc)
		if err != nil {
			return nil, err
		}
		f.Interruptions = append(f.Interruptions, i)
	}
	return f, nil
}

func loadZone(name string) (*time.Location, error) {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%w: --zone %s: want a name such as Asia/Shanghai", ErrUsage, name)
	}
	return loc, nil
}

var instantLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04",
}

func parseInstant(flag, s string, loc *time.Location) (clock.Instant, error) {
	for _, layout := range instantLayouts {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), loc); err == nil {
			return clock.Instant{Wall: clock.WallOf(t)}, nil
		}
	}
	return clock.Instant{}, fmt.Errorf("%w: %s %q: want RFC 3339, as in 2026-11-22T09:05:10+08:00, or civil time, as in 2026-11-22 09:05:10", ErrUsage, flag, s)
}

func parseBreak(s string, loc *time.Location) (Interruption, error) {
	a, b, ok := strings.Cut(s, "/")
	if !ok {
		return Interruption{}, fmt.Errorf("%w: --break %q: want two times divided by a slash", ErrUsage, s)
	}
	from, err := parseInstant("--break", a, loc)
	if err != nil {
		return Interruption{}, err
	}
	to, err := parseInstant("--break", b, loc)
	if err != nil {
		return Interruption{}, err
	}
	if to.Wall < from.Wall {
		return Interruption{}, fmt.Errorf("%w: --break %q ends before it begins", ErrUsage, s)
	}
	return Interruption{Span: Span{From: from, To: to}}, nil
}
