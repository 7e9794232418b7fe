package main

import (
	"errors"
	"fmt"

	"roomrec/transcript"
)

type transcriptCmd struct {
	Check transcriptCheckCmd `cmd:"" help:"Say whether a transcript's times agree with the recording's."`
}

type transcriptCheckCmd struct {
	File  string   `arg:"" help:"The transcript: .docx, .txt, .pdf with text, .html or .json."`
	Start string   `help:"Start of questioning, RFC 3339 or civil time." placeholder:"T"`
	End   string   `help:"End of questioning." placeholder:"T"`
	Break []string `help:"An interruption, from/to. Repeat for more." placeholder:"A/B" sep:"none"`
	Zone  string   `help:"IANA name of the zone of times without an offset." placeholder:"ZONE"`
	Lang  string   `help:"Language of the findings." enum:"en,zh-CN" default:"en"`
	JSON  bool     `help:"Answer in JSON." name:"json"`
}

func (c *transcriptCheckCmd) Run(e *env) error {
	code, err := transcript.CheckTimes(e.stdout, transcript.TimesCheck{
		File: c.File, Start: c.Start, End: c.End, Breaks: c.Break, Zone: c.Zone, JSON: c.JSON, Language: c.Lang,
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
