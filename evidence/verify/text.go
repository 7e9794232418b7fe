package verify

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for i := range r.Folders {
		r.Folders[i].text(&b)
	}
	for _, t := range r.Together {
		fmt.Fprintf(&b, "%s, %d copies together: %s\n", t.Session, len(t.Dirs), strings.ToUpper(string(t.Verdict)))
		for _, f := range t.Findings {
			fmt.Fprintf(&b, "  %s\n", f)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *Folder) text(b *strings.Builder) {
	fmt.Fprintf(b, "%s: %s\n", f.Dir, strings.ToUpper(string(f.Verdict)))
	if f.Session != "" {
		fmt.Fprintf(b, "  session %s, %d fragments, %d bytes read\n", f.Session, f.Fragments, f.Bytes)
	}
	if f.Checkpoints > 0 {
		fmt.Fprintf(b, "  %d signed checkpoints, the last of %s\n", f.Checkpoints, f.LastCheckpoint)
	}
	switch f.Key {
	case KeyNone:
	case KeyUnknown:
		fmt.Fprintf(b, "  key not known here: %s\n", f.KeyName)
	case KeyOther:
		fmt.Fprintf(b, "  SIGNED BY ANOTHER KEY than the one given: %s\n", f.KeyName)
	case KeyTrusted:
		fmt.Fprintf(b, "  key trusted: %s\n", f.KeyName)
	}
	if f.ClockTrusted != nil {
		word := "clock trusted"
		if !*f.ClockTrusted {
			word = "clock not trusted"
		}
		if len(f.ClockReasons) > 0 {
			word += ": " + strings.Join(f.ClockReasons, "; ")
		}
		fmt.Fprintf(b, "  %s\n", word)
	}
	f.Log.text(b)
	f.stampText(b)
	for _, h := range f.Missing {
		fmt.Fprintf(b, "  missing, declared: %s\n", h)
	}
	for _, x := range f.Findings {
		fmt.Fprintf(b, "  %s\n", x)
	}
	if f.More > 0 {
		fmt.Fprintf(b, "  and %d findings more\n", f.More)
	}
	if a := f.After; a != nil {
		fmt.Fprintf(b, "  after the seal: %s, %d lines, %d documents\n", strings.ToUpper(string(a.Verdict)), a.Lines, a.Documents)
		for _, x := range a.Findings {
			fmt.Fprintf(b, "    %s\n", x)
		}
	}
}

// String returns the finding as one line.
func (f Finding) String() string {
	s := string(f.Verdict) + ": "
	if f.File != "" {
		s += f.File + ": "
	}
	if f.Line > 0 {
		s += fmt.Sprintf("line %d: ", f.Line)
	}
	if f.Fragment > 0 {
		s += fmt.Sprintf("fragment %d: ", f.Fragment)
	}
	if f.Offset > 0 {
		s += fmt.Sprintf("byte %d: ", f.Offset)
	}
	return s + f.What
}

// String returns the hole as one line.
func (h Hole) String() string {
	s := fmt.Sprintf("%s to %s (%s)", h.From, h.To, h.Cause)
	if h.Camera != "" {
		s = fmt.Sprintf("%s/%s %s", h.Room, h.Camera, s)
	}
	return s
}

func (l *Logged) text(b *strings.Builder) {
	switch {
	case l == nil:
		b.WriteString("  no station's log here: not witnessed\n")
		return
	case l.Opened == nil:
		fmt.Fprintf(b, "  NOT IN THE STATION'S LOG in %s\n", l.Dir)
	case l.Sealed == nil:
		fmt.Fprintf(b, "  in the station's log, %s: opened, entry %d; no seal\n", l.Origin, *l.Opened)
	default:
		fmt.Fprintf(b, "  in the station's log, %s: opened, entry %d; sealed, entry %d\n", l.Origin, *l.Opened, *l.Sealed)
	}
	if l.Key == KeyOther {
		b.WriteString("  a head of the log is BY ANOTHER KEY\n")
	}
	if len(l.Witnessed) == 0 {
		b.WriteString("  not witnessed\n")
	}
	for _, w := range l.Witnessed {
		fmt.Fprintf(b, "  witnessed by %s at %s, the log until %s\n", w.By, w.First, w.Until)
	}
	for _, f := range l.Findings {
		fmt.Fprintf(b, "  the station's log is wrong: %s\n", f)
	}
}
