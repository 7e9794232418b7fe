package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"roomrec/evidence/verify"
	"roomrec/transcript"
)

type transcriptCmd struct {
	Check transcriptCheckCmd `cmd:"" help:"Say whether a transcript's times agree with the recording's."`
}

type transcriptCheckCmd struct {
	File    string   `arg:"" help:"The transcript: .docx, .txt, .pdf with text, .html or .json."`
	Session string   `help:"Folder of the sealed session that it was written in. It is verified first." placeholder:"DIR"`
	Key     string   `help:"Public key that must have sealed the session." type:"existingfile" placeholder:"FILE"`
	Start   string   `help:"Start of questioning, RFC 3339 or civil time." placeholder:"T"`
	End     string   `help:"End of questioning." placeholder:"T"`
	Break   []string `help:"An interruption, from/to. Repeat for more." placeholder:"A/B" sep:"none"`
	Zone    string   `help:"IANA name of the zone of times without an offset." placeholder:"ZONE"`
	Lang    string   `help:"Language of the findings." enum:"en,zh-CN" default:"en"`
	JSON    bool     `help:"Answer in JSON." name:"json"`
}

func (c *transcriptCheckCmd) Run(e *env) error {
	var facts *transcript.Facts
	if c.Session != "" {
		var err error
		if facts, err = sealedFacts(e.ctx, c.Session, c.Key); err != nil {
			return err
		}
	}
	code, err := transcript.CheckTimes(e.stdout, transcript.TimesCheck{
		Facts: facts, File: c.File, Start: c.Start, End: c.End, Breaks: c.Break, Zone: c.Zone, JSON: c.JSON, Language: c.Lang,
	})
	if err != nil {
		if errors.Is(err, transcript.ErrUsage) {
			return err
		}
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if code != exitGood {
		return &exitError{code: code}
	}
	return nil
}

// sealedFacts returns what the session in the folder dir is compared by, after verifying it: a timeline
// that may have been changed proves nothing.
func sealedFacts(ctx context.Context, dir, keyFile string) (*transcript.Facts, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("--session: %w", err)
	}
	var o verify.Options
	if keyFile != "" {
		if o.Key, err = verify.ReadKey(keyFile); err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
	}
	report, err := verify.Folders(ctx, []string{dir}, o)
	if err != nil {
		return nil, fmt.Errorf("--session: %w", err)
	}
	f := report.Folders[0]
	switch {
	case f.Verdict != verify.Intact && f.Verdict != verify.Gaps:
		return nil, fmt.Errorf("--session %s: the session is %s, its times prove nothing; run roomrec verify %[1]s", dir, f.Verdict)
	case f.Key == verify.KeyOther:
		return nil, fmt.Errorf("--session %s: sealed by another key than the one given", dir)
	}
	read, err := readFolder(os.DirFS(filepath.Dir(dir)), filepath.Base(dir))
	if err != nil {
		return nil, fmt.Errorf("--session: %w", err)
	}
	facts, err := factsOf(&read, nil)
	if err != nil {
		return nil, fmt.Errorf("--session %s: %w", dir, err)
	}
	return facts, nil
}
