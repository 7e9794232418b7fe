package main

import (
	"encoding/json"
	"fmt"

	"roomrec/evidence/verify"
)

type verifyCmd struct {
	Dir []string `arg:"" help:"Session folders. Several of one session are judged as copies."`
	Key string   `help:"Public keys, one a line, of which one must have signed them." type:"existingfile" placeholder:"FILE"`
	Log string   `help:"The station's log, or a volume with it. By itself the one beside the sessions." type:"existingdir" placeholder:"DIR"`
	// Witness are the keys of those who signed the log.
	Witness []string `help:"Public key of a witness who signed the log." type:"existingfile" placeholder:"FILE" sep:"none"`
	// Authority are the certificates that time-stamps must lead to.
	Authority string `help:"Certificates, in PEM, of which one must be above who stamped the seals' time." name:"tsa-ca" type:"existingfile" placeholder:"FILE"`
	// Progress shows the bar where nobody sees a terminal, as over a serial line.
	Progress bool `help:"Show a bar with the time left, also where the answer goes to no terminal."`
	JSON     bool `help:"Answer in JSON." name:"json"`
}

func (c *verifyCmd) Run(e *env) error {
	o := verify.Options{Log: c.Log}
	if c.Key != "" {
		keys, err := verify.ReadKeys(c.Key)
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		o.Keys = keys
	}
	for _, file := range c.Witness {
		w, err := verify.ReadWitness(file)
		if err != nil {
			return fmt.Errorf("--witness: %w", err)
		}
		o.Witnesses = append(o.Witnesses, w)
	}
	if c.Authority != "" {
		roots, err := verify.ReadAuthorities(c.Authority)
		if err != nil {
			return fmt.Errorf("--tsa-ca: %w", err)
		}
		o.Authorities = roots
	}
	if c.Progress || verify.Terminal(e.stderr) {
		o.Progress = verify.Bar(e.stderr)
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
