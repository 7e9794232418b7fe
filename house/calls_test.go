package house

import (
	"go/ast"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestOnlyClockReadsTheClock: what reads the host's clock past package clock could be neither
// simulated nor told from a trusted time. Tests may measure themselves.
func TestOnlyClockReadsTheClock(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || forTests(filepath.Dir(s.path)) || s.within("clock") {
			continue
		}
		s.uses("time", func(name string, at ast.Node) {
			if slices.Contains([]string{"Now", "Since", "Until"}, name) {
				t.Errorf("%s: time.%s; take a clock.Source and ask it", s.at(at), name)
			}
		})
	}
}

// kept may use what removes, renames or shortens files, because what they touch is no recording.
var kept = []struct{ file, name, why string }{
	{"evidence/stationlog/store.go", "unix.Renameat2", "gives a whole file of the station's log its name, which must be free; it is no recording and replaces nothing"},
	{"evidence/handover/package.go", "unix.Renameat2", "gives a whole package its name, which must be free; it is a copy and replaces nothing"},
	{"transcript/internal/makecorpus/main.go", "os.WriteFile", "writes documents for tests; it is no part of the program"},
	{"playback/copies/copy.go", "os.RemoveAll", "removes the parts that a finished viewing copy was put together from; no recording lies in their folder"},
	{"bench/main.go", "os.RemoveAll", "removes what it recorded itself to measure; it is no part of the program"},
}

// TestZ33_NothingRemovesOrShortensAFile: no program code removes, renames, truncates or overwrites a
// file. Whatever may is listed with its reason.
func TestZ33_NothingRemovesOrShortensAFile(t *testing.T) {
	banned := map[string][]string{
		"os":                    {"Remove", "RemoveAll", "Rename", "Truncate", "Create", "WriteFile", "O_TRUNC", "CreateTemp"},
		"syscall":               {"Unlink", "Rmdir", "Rename", "Truncate", "Ftruncate", "O_TRUNC"},
		"golang.org/x/sys/unix": {"Unlink", "Unlinkat", "Rmdir", "Rename", "Renameat", "Renameat2", "Truncate", "Ftruncate", "O_TRUNC"},
	}
	met := make(map[string]bool)
	for _, s := range sources(t) {
		if s.test() || forTests(filepath.Dir(s.path)) {
			continue
		}
		check := func(name string, at ast.Node) {
			for _, k := range kept {
				if k.file == s.path && k.name == name {
					met[k.file+k.name] = true
					return
				}
			}
			t.Errorf("%s: %s can remove, replace or shorten a file", s.at(at), name)
		}
		for path, names := range banned {
			s.uses(path, func(name string, at ast.Node) {
				if slices.Contains(names, name) {
					check(path[strings.LastIndexByte(path, '/')+1:]+"."+name, at)
				}
			})
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Truncate" && len(call.Args) == 1 && !ofTime(call.Args[0]) {
				check("Truncate", call)
			}
			return true
		})
	}
	for _, k := range kept {
		if !met[k.file+k.name] {
			t.Errorf("kept lists %s in %s, which is not there", k.name, k.file)
		}
	}
}

// ofTime reports whether an expression names a unit of package time: the argument of a duration's
// Truncate, which shortens no file.
func ofTime(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == "time" {
			found = true
		}
		return true
	})
	return found
}

// offers are words for what no one may do to a recording.
var offers = []string{"pause", "paused", "mute", "muted", "mask", "masked", "trim", "trimmed", "delete", "deleted", "erase", "purge", "wipe", "blur"}

// harmless names contain such a word but mean something else.
var harmless = map[string]string{
	"transcript/docxxml.go wordRow.deleted":  "a row that the transcript's author had struck out",
	"evidence/set.go set.mask":               "which volumes of the set, as bits",
	"catalog/people/signins.go Store.Delete": "someone signs out; the name is asked for by who keeps sign-ins",
	"media/feed.go Feed.trim":                "bounds what is in memory before a session opens; nothing of it was recorded",
}

// TestZ24_NoPauseInSource: no file, type, function, method, field or constant offers to pause, mute,
// mask, trim or delete.
func TestZ24_NoPauseInSource(t *testing.T) {
	met := make(map[string]bool)
	check := func(where, name string) {
		for _, w := range words(name) {
			if !slices.Contains(offers, w) {
				continue
			}
			met[where] = true
			if _, ok := harmless[where]; !ok {
				t.Errorf("%s: %q offers to %s; if it means something else, say so in harmless", where, name, w)
			}
		}
	}
	for _, s := range sources(t) {
		if s.test() || forTests(filepath.Dir(s.path)) {
			continue
		}
		check(s.path, strings.TrimSuffix(s.path[strings.LastIndexByte(s.path, '/')+1:], ".go"))
		for _, d := range s.file.Decls {
			for where, name := range declared(d) {
				check(s.path+" "+where, name)
			}
		}
	}
	for where := range harmless {
		if !met[where] {
			t.Errorf("harmless lists %q, which is not there", where)
		}
	}
}

// declared returns the names that a declaration makes, fields and methods by their type.
func declared(d ast.Decl) map[string]string {
	names := make(map[string]string)
	switch d := d.(type) {
	case *ast.FuncDecl:
		where := d.Name.Name
		if d.Recv != nil && len(d.Recv.List) == 1 {
			where = typeName(d.Recv.List[0].Type) + "." + where
		}
		names[where] = d.Name.Name
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					names[n.Name] = n.Name
				}
			case *ast.TypeSpec:
				names[spec.Name.Name] = spec.Name.Name
				fields(spec, names)
			}
		}
	}
	return names
}

func fields(spec *ast.TypeSpec, names map[string]string) {
	var list *ast.FieldList
	switch typ := spec.Type.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list = typ.Methods
	default:
		return
	}
	for _, f := range list.List {
		for _, n := range f.Names {
			names[spec.Name.Name+"."+n.Name] = n.Name
		}
	}
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

// words returns the lower-case words of a camelCase or snake_case name.
func words(name string) []string {
	var all []string
	word := ""
	flush := func() {
		if word != "" {
			all = append(all, strings.ToLower(word))
		}
		word = ""
	}
	for _, r := range name {
		switch {
		case r == '_' || r == '-' || r == '.':
			flush()
			continue
		case r >= 'A' && r <= 'Z' && (word == "" || word[len(word)-1] >= 'a'):
			flush()
		}
		word += string(r)
	}
	flush()
	return all
}
