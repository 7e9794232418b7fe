package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// word is one that a shell offers after a command: a command below it, or a flag of it.
type word struct {
	text  string   // as in backup, or --config
	help  string   // one line
	takes bool     // a flag that a value follows
	of    []string // what the value must be one of; empty: anything
}

// offer is what a shell offers after a command.
type offer struct {
	at    string // the words of the command, as in "backup create"; empty: the program alone
	words []word
}

// commands calls do for a node and every command below it that is not hidden.
func commands(n *kong.Node, do func(*kong.Node)) {
	do(n)
	for _, child := range n.Children {
		if child.Type == kong.CommandNode && !child.Hidden {
			commands(child, do)
		}
	}
}

// commandPath returns the words of a command without the program's name.
func commandPath(n *kong.Node) string {
	return strings.TrimSpace(strings.TrimPrefix(n.FullPath(), "roomrec"))
}

// offersOf returns what is offered after each command; all shells are told the same.
func offersOf(root *kong.Node) []offer {
	var all []offer
	commands(root, func(n *kong.Node) {
		o := offer{at: commandPath(n)}
		for _, child := range n.Children {
			if child.Type == kong.CommandNode && !child.Hidden {
				o.words = append(o.words, word{text: child.Name, help: child.Help})
			}
		}
		for _, f := range n.Flags {
			if f.Hidden {
				continue
			}
			w := word{text: "--" + f.Name, help: f.Help, takes: !f.IsBool()}
			if f.Enum != "" {
				w.of = strings.Split(f.Enum, ",")
			}
			o.words = append(o.words, w)
		}
		all = append(all, o)
	})
	return all
}

// following calls do for every command but the first with the command above it and its last word.
func following(all []offer, do func(above, last, at string)) {
	for _, o := range all {
		if o.at == "" {
			continue
		}
		i := strings.LastIndex(o.at, " ")
		do(o.at[:max(i, 0)], o.at[i+1:], o.at)
	}
}

// shellText returns a text in single quotes, as bash and zsh read it.
func shellText(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// writeBash writes a completion for bash: commands and flags by the words so far, files otherwise.
func writeBash(w io.Writer, all []offer) error {
	var b strings.Builder
	b.WriteString("# bash completion of roomrec\n_roomrec() {\n\tlocal at= word words=\n\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n\t\tcase \"$at $word\" in\n")
	following(all, func(above, last, at string) { fmt.Fprintf(&b, "\t\t\"%s %s\") at=\"%s\" ;;\n", above, last, at) })
	b.WriteString("\t\tesac\n\tdone\n\tcase \"$at\" in\n")
	for _, o := range all {
		var words []string
		for _, x := range o.words {
			words = append(words, x.text)
		}
		fmt.Fprintf(&b, "\t\"%s\") words=\"%s\" ;;\n", o.at, strings.Join(words, " "))
	}
	b.WriteString("\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F _roomrec roomrec\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// writeZsh writes the same for zsh, with what each word means.
func writeZsh(w io.Writer, all []offer) error {
	var b strings.Builder
	b.WriteString("#compdef roomrec\n_roomrec() {\n\tlocal at= word\n\tlocal -a below flags\n\tfor word in \"${(@)words[2,CURRENT-1]}\"; do\n\t\tcase \"$at $word\" in\n")
	following(all, func(above, last, at string) { fmt.Fprintf(&b, "\t\t\"%s %s\") at=\"%s\" ;;\n", above, last, at) })
	b.WriteString("\t\tesac\n\tdone\n\tcase \"$at\" in\n")
	colon := strings.NewReplacer(`\`, `\\`, ":", `\:`)
	for _, o := range all {
		fmt.Fprintf(&b, "\t\"%s\")\n", o.at)
		for _, x := range o.words {
			to := "below"
			if strings.HasPrefix(x.text, "--") {
				to = "flags"
			}
			fmt.Fprintf(&b, "\t\t%s+=(%s)\n", to, shellText(colon.Replace(x.text)+":"+colon.Replace(x.help)))
		}
		b.WriteString("\t\t;;\n")
	}
	b.WriteString("\tesac\n\t(( $#below )) && _describe -t commands command below\n\t[[ $PREFIX == -* || $#below -gt 0 ]] && _describe -o -t options option flags\n\t(( $#below )) || _files\n}\n_roomrec \"$@\"\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// fishText returns a text in single quotes, as fish reads it.
func fishText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

// writeFish writes the same for fish, with what a flag's value may be.
func writeFish(w io.Writer, all []offer) error {
	var b strings.Builder
	b.WriteString("# fish completion of roomrec\nfunction __roomrec_at\n\tset -l at ''\n\tset -l before (commandline -opc)\n\tfor word in $before[2..-1]\n\t\tswitch \"$at $word\"\n")
	following(all, func(above, last, at string) {
		fmt.Fprintf(&b, "\t\t\tcase %s\n\t\t\t\tset at %s\n", fishText(above+" "+last), fishText(at))
	})
	b.WriteString("\t\tend\n\tend\n\ttest \"$at\" = \"$argv[1]\"\nend\n")
	for _, o := range all {
		for _, x := range o.words {
			fmt.Fprintf(&b, "complete -c roomrec -n %s", fishText("__roomrec_at "+shellText(o.at)))
			if name, flag := strings.CutPrefix(x.text, "--"); flag {
				fmt.Fprintf(&b, " -l %s", name)
				if x.takes {
					b.WriteString(" -r")
				}
				if len(x.of) > 0 {
					fmt.Fprintf(&b, " -f -a %s", fishText(strings.Join(x.of, " ")))
				}
			} else {
				fmt.Fprintf(&b, " -f -a %s", x.text)
			}
			fmt.Fprintf(&b, " -d %s\n", fishText(x.help))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
