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
	"strings"
	"syscall"

	"roomrec/evidence/verify"
)

const usage = `usage: roomverify [--json] [--progress] [--key FILE] DIR…

Judges session folders; several of one session are judged as copies. --key FILE holds the
public key that must have signed them. Exit codes: 0 intact, with declared gaps or not;
1 incomplete, unsealed, altered, or signed by another key; 2 unknown version, no session
there, or a refused read.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type options struct {
	json, progress, help bool
	key                  string
	dirs                 []string
}

// parse reads the arguments; flags may stand anywhere before "--".
func parse(args []string) (o options, err error) {
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch value, given := strings.CutPrefix(a, "--key="); {
		case a == "--":
			o.dirs = append(o.dirs, args...)
			args = nil
		case a == "--json":
			o.json = true
		case a == "--progress":
			o.progress = true
		case a == "--help" || a == "-h":
			o.help = true
		case given:
			o.key = value
		case a == "--key":
			if len(args) == 0 {
				return o, fmt.Errorf("--key needs a file")
			}
			o.key, args = args[0], args[1:]
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
	var vo verify.Options
	if o.key != "" {
		if vo.Key, err = verify.ReadKey(o.key); err != nil {
			return fail("%v", err)
		}
	}
	if o.progress {
		vo.Progress = func(done, total int64) {
			_, _ = fmt.Fprintf(stderr, "\r%3d%% of %d MiB", percent(done, total), total>>20)
			if done >= total {
				_, _ = fmt.Fprintln(stderr)
			}
		}
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

func percent(done, total int64) int64 {
	if total == 0 {
		return 100
	}
	return 100 * done / total
}
