// Command roomverify judges sealed sessions: whether a folder holds what was recorded, all of it, and
// nothing else. It needs no network, no installation and no program of ours beside it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"roomrec/evidence/verify"
)

const usage = `usage: roomverify [--json] [--progress] [--key FILE] [--log DIR] [--witness FILE]
                  [--tsa-ca FILE] DIR…

Judges session folders; several of one session are judged as copies. On a terminal, or with
--progress, a bar shows how much was read and how long it takes still. --key FILE holds the
public keys, one a line, of which one must have signed them. --log DIR is the station's log
or a volume with it, by itself the one beside the sessions; --witness FILE holds the public
key of a witness who signed that log, and may be given more than once. --tsa-ca FILE holds
certificates in PEM, of which one must be above the authority that stamped the seals' time.
Exit codes: 0 intact, with declared gaps or not; 1 incomplete, unsealed, altered, or signed
by another key or stamped by another authority; 2 unknown version, no session there, or a
refused read.
`

// memory is what the program tries to stay within, in bytes; how a session is laid out does not change it. On a busy
// machine what is no longer needed would otherwise pile up until somebody collects it.
const memory = 24 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" { // whoever sets it knows better
		debug.SetMemoryLimit(memory)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type options struct {
	json, progress, help bool
	key, log, authority  string
	witnesses            []string
	dirs                 []string
}

// parse reads the arguments; flags may stand anywhere before "--".
func parse(args []string) (o options, err error) {
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		name, value, given := strings.Cut(a, "=")
		if to := o.takes(name); to != nil {
			if !given {
				if len(args) == 0 {
					return o, fmt.Errorf("%s needs a file or folder", name)
				}
				value, args = args[0], args[1:]
			}
			to(value)
			continue
		}
		switch {
		case a == "--":
			o.dirs = append(o.dirs, args...)
			args = nil
		case a == "--json":
			o.json = true
		case a == "--progress":
			o.progress = true
		case a == "--help" || a == "-h":
			o.help = true
		case strings.HasPrefix(a, "-"):
			return o, fmt.Errorf("unknown flag %s", a)
		default:
			o.dirs = append(o.dirs, a)
		}
	}
	if len(o.dirs) == 0 && !o.help {
		return o, fmt.Errorf("no folder given")
	}
	return o, nil
}

// takes returns what takes in the value of a flag, nil if it is none that has one.
func (o *options) takes(flag string) func(string) {
	switch flag {
	case "--key":
		return func(v string) { o.key = v }
	case "--log":
		return func(v string) { o.log = v }
	case "--tsa-ca":
		return func(v string) { o.authority = v }
	case "--witness":
		return func(v string) { o.witnesses = append(o.witnesses, v) }
	}
	return nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fail := func(format string, a ...any) int {
		// Nothing can be said where the error stream itself fails.
		_, _ = fmt.Fprintf(stderr, "roomverify: "+format+"\n", a...)
		return 2
	}
	o, err := parse(args)
	if err != nil {
		return fail("%v\n%s", err, usage)
	}
	if o.help {
		if _, err := io.WriteString(stdout, usage); err != nil {
			return fail("%v", err)
		}
		return 0
	}
	vo := verify.Options{Log: o.log}
	if o.key != "" {
		if vo.Keys, err = verify.ReadKeys(o.key); err != nil {
			return fail("%v", err)
		}
	}
	for _, file := range o.witnesses {
		w, err := verify.ReadWitness(file)
		if err != nil {
			return fail("%v", err)
		}
		vo.Witnesses = append(vo.Witnesses, w)
	}
	if o.authority != "" {
		if vo.Authorities, err = verify.ReadAuthorities(o.authority); err != nil {
			return fail("--tsa-ca: %v", err)
		}
	}
	if o.progress || verify.Terminal(stderr) {
		vo.Progress = verify.Bar(stderr)
	}
	report, err := verify.Folders(ctx, o.dirs, vo)
	if err != nil {
		return fail("%v", err)
	}
	if o.json {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		err = report.WriteText(stdout)
	}
	if err != nil {
		return fail("%v", err)
	}
	return report.ExitCode()
}
