package main

import (
	"encoding/json"
	"errors"
	"io"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

// packageCmd writes what a package carries beside the program; it is made of the program itself, so that
// the same program gives the same bytes.
type packageCmd struct {
	What string `arg:"" help:"man or man-zh, bash, zsh or fish (completions), or sbom (CycloneDX)." enum:"man,man-zh,bash,zsh,fish,sbom"`
}

// Run writes the paper to standard output.
func (c *packageCmd) Run(e *env, k *kong.Kong) error {
	switch c.What {
	case "man":
		return writeManual(e.stdout, k.Model.Node, manualEnglish)
	case "man-zh":
		return writeManual(e.stdout, k.Model.Node, manualChinese)
	case "bash":
		return writeBash(e.stdout, offersOf(k.Model.Node))
	case "zsh":
		return writeZsh(e.stdout, offersOf(k.Model.Node))
	case "fish":
		return writeFish(e.stdout, offersOf(k.Model.Node))
	}
	return writeSBOM(e.stdout)
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
