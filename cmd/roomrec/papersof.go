package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

// packageCmd writes what a package carries beside the program; it is made of the program itself, so that
// the same program gives the same bytes.
type packageCmd struct {
	What string `arg:"" help:"man, completion (bash) or sbom (CycloneDX)." enum:"man,completion,sbom"`
}

// Run writes the paper to standard output.
func (c *packageCmd) Run(e *env, k *kong.Kong) error {
	switch c.What {
	case "man":
		return writeMan(e.stdout, k.Model.Node)
	case "completion":
		return writeCompletion(e.stdout, k.Model.Node)
	}
	return writeSBOM(e.stdout)
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

// roff returns a text fit for a line of a manual page.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(strings.Join(strings.Fields(s), " "))
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

func writeMan(w io.Writer, root *kong.Node) error {
	var b strings.Builder
	b.WriteString(".TH ROOMREC 1 \"\" \"roomrec\" \"roomrec\"\n.SH NAME\nroomrec \\- " + roff(root.Help) + "\n")
	b.WriteString(".SH SYNOPSIS\n.B roomrec\nCOMMAND [FLAGS]\n.SH COMMANDS\n")
	commands(root, func(n *kong.Node) {
		if n == root {
			return
		}
		fmt.Fprintf(&b, ".SS %s\n%s\n", roff(n.Summary()), roff(n.Help))
		for _, a := range n.Positional {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(a.Summary()), roff(a.Help))
		}
		for _, f := range n.Flags {
			if f.Name != "help" && !f.Hidden {
				fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff("--"+f.Name), roff(f.Help))
			}
		}
	})
	b.WriteString(".SH EXIT STATUS\n0 good; 1 the answer is \"no\"; 2 bad usage or unreadable input; 3 locked or failed while running.\n")
	b.WriteString(".SH FILES\n.I /etc/roomrec/roomrec.yaml\nthe settings\n.br\n.I /usr/share/doc/roomrec\nthe guide (docs/operator/guide.md) and every setting\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// writeCompletion writes a completion for bash: commands and flags by the words so far, files otherwise.
func writeCompletion(w io.Writer, root *kong.Node) error {
	var b strings.Builder
	b.WriteString("# bash completion of roomrec\n_roomrec() {\n\tlocal path= word words=\n\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n")
	b.WriteString("\t\tcase \"$path $word\" in\n")
	var cases strings.Builder
	commands(root, func(n *kong.Node) {
		path := strings.TrimPrefix(n.FullPath(), "roomrec")
		path = strings.TrimSpace(path)
		if path != "" {
			before, last := "", path
			if i := strings.LastIndex(path, " "); i >= 0 {
				before, last = path[:i], path[i+1:]
			}
			fmt.Fprintf(&b, "\t\t\"%s %s\") path=\"%s\" ;;\n", before, last, path)
		}
		var words []string
		for _, child := range n.Children {
			if child.Type == kong.CommandNode && !child.Hidden {
				words = append(words, child.Name)
			}
		}
		for _, f := range n.Flags {
			if !f.Hidden {
				words = append(words, "--"+f.Name)
			}
		}
		fmt.Fprintf(&cases, "\t\"%s\") words=\"%s\" ;;\n", path, strings.Join(words, " "))
	})
	b.WriteString("\t\tesac\n\tdone\n\tcase \"$path\" in\n" + cases.String())
	b.WriteString("\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F _roomrec roomrec\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// component is one in a CycloneDX bill of materials.
type component struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl,omitempty"`
}

// writeSBOM writes what the program was built of, as the program itself knows it: CycloneDX 1.5.
func writeSBOM(w io.Writer) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("the program does not know what it was built of")
	}
	all := []component{{Type: "library", Name: "std", Version: info.GoVersion, PURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")}}
	for _, m := range info.Deps {
		for m.Replace != nil {
			m = m.Replace
		}
		all = append(all, component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"metadata":   map[string]any{"component": component{Type: "application", Name: "roomrec", Version: version}},
		"components": all,
	})
}
