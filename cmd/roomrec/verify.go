package main

import (
	"encoding/json"
	"fmt"

	"roomrec/evidence/verify"
)

type verifyCmd struct {
	Dir  []string `arg:"" help:"Session folders. Several of one session are judged as copies."`
	Key  string   `help:"Public key that must have signed them." type:"existingfile" placeholder:"FILE"`
	JSON bool     `help:"Answer in JSON." name:"json"`
}

func (c *verifyCmd) Run(e *env) error {
	var o verify.Options
	if c.Key != "" {
		key, err := verify.ReadKey(c.Key)
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		o.Key = key
	}
	report, err := verify.Folders(e.ctx, c.Dir, o)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		err = report.WriteText(e.stdout)
	}
	if err != nil {
		return err
	}
	if code := report.ExitCode(); code != exitGood {
		return &exitError{code: code}
	}
	return nil
}
