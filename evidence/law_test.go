package evidence_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sources calls fn for every source file of the recorder that is not a test.
func sources(t *testing.T, fn func(name string, f *ast.File)) {
	t.Helper()
	n := 0
	require.NoError(t, filepath.WalkDir(".", func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (strings.HasSuffix(e.Name(), "test") || e.Name() == "testdata") {
			return filepath.SkipDir
		}
		if e.IsDir() || filepath.Ext(p) != ".go" || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		n++
		fn(p, f)
		return nil
	}))
	require.Greater(t, n, 20)
}

// There is no way to pause, choose or take away: no name says so, no call does.
func TestZ24_NoPause(t *testing.T) {
	names := regexp.MustCompile(`(?i)^(pause|mute|unmute|mask|trim|cut|clip|delete|remove|erase|purge|prune|truncate|discard|overwrite|rewrite|redact|expire|retention)`)
	sources(t, func(file string, f *ast.File) {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() {
					require.NotRegexp(t, names, d.Name.Name, file)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() {
						require.NotRegexp(t, names, s.Name.Name, file)
						exportedMethods(s.Type, func(name string) { require.NotRegexp(t, names, name, file) })
					}
				}
			}
		}
	})
}

func exportedMethods(e ast.Expr, fn func(name string)) {
	i, ok := e.(*ast.InterfaceType)
	if !ok {
		return // a field is a fact, as in "the file was found cut"; only what acts is looked at
	}
	for _, f := range i.Methods.List {
		for _, n := range f.Names {
			if n.IsExported() {
				fn(n.Name)
			}
		}
	}
}

// Nothing that the recorder is made of can take away, replace or shorten a file, or open one that
// exists to write: every opening to write is exclusive.
func TestZ24_NoCallTakesAway(t *testing.T) {
	forbidden := map[string]bool{
		"Remove": true, "RemoveAll": true, "Rename": true, "Renameat": true, "Renameat2": true, "Truncate": true, "Ftruncate": true,
		"Unlink": true, "Unlinkat": true, "Rmdir": true, "Fallocate": true, "Link": true, "Symlink": true,
		"WriteAt": true, "Pwrite": true, "Seek": true, "Lseek": true, "Mmap": true, "Sendfile": true, "CopyFileRange": true,
		"O_TRUNC": true, "O_RDWR": true, "CreateTemp": true, "MkdirTemp": true,
	}
	sources(t, func(file string, f *ast.File) {
		// A package that is handed over lies beside no original: where it was interrupted it grows on at its end,
		// and it gets its name, a free one, once it is whole.
		exclusive, allowed := "O_EXCL", ""
		if file == "handover/package.go" {
			exclusive, allowed = "O_APPEND", "O_RDWR Renameat2"
		}
		switch file {
		case "volume/lock.go":
			return // the lock is no recording: it names the controller that writes, and is opened again
		case "after/store.go":
			return // what comes after the seal is one journal that grows, and no recording
		case "stationlog/store.go":
			return // a file of the station's log gets its name once it is whole, and only a free one
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				require.False(t, forbidden[n.Sel.Name] && !slices.Contains(strings.Fields(allowed), n.Sel.Name), "%s uses %s", file, n.Sel.Name)
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "os" {
					require.NotEqual(t, "WriteFile", n.Sel.Name, file)
					require.NotEqual(t, "Create", n.Sel.Name, file)
				}
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "OpenFile" {
					flags := ""
					ast.Inspect(n, func(n ast.Node) bool {
						if id, ok := n.(*ast.Ident); ok {
							flags += " " + id.Name
						}
						return true
					})
					if file == "after/store.go" && strings.Contains(flags, "O_APPEND") {
						return true // what comes after a seal is appended to a journal that stays
					}
					require.Contains(t, flags, exclusive, file)
					require.Contains(t, flags, "O_CREATE", file)
				}
			}
			return true
		})
	})
}
