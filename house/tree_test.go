package house

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	root   = ".."
	module = "roomrec"
)

// pkg is what `go list` says of a package of the tree.
type pkg struct {
	Name       string // its path in the tree, "." for the root
	ImportPath string
	Imports    []string // of the files that are not tests
	Deps       []string // the same, all the way down
	Incomplete bool
}

var packages = sync.OnceValues(func() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Deps,Incomplete", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		p.Name = strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		all = append(all, p)
	}
})

func tree(t *testing.T) []pkg {
	all, err := packages()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

// skipped are folders that are not ours or not source.
var skipped = []string{".git", ".cache", "bin", "node_modules", "tools"}

// files returns the paths, from the root, of the tree's files that keep accepts.
func files(t *testing.T, keep func(path string) bool) []string {
	var found []string
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains(skipped, d.Name()) {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(root, path)
		if err == nil && d.Type().IsRegular() && keep(filepath.ToSlash(rel)) {
			found = append(found, filepath.ToSlash(rel))
		}
		return err
	}))
	return found
}

// source is one parsed Go file.
type source struct {
	path string // from the root
	file *ast.File
	fset *token.FileSet
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// within reports whether the file lies in one of the folders or below.
func (s source) within(folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(s.path, f+"/") })
}

func (s source) at(n ast.Node) string {
	p := s.fset.Position(n.Pos())
	return s.path + ":" + p.String()[strings.IndexByte(p.String(), ':')+1:]
}

func sources(t *testing.T) []source {
	var all []source
	for _, path := range files(t, func(p string) bool { return strings.HasSuffix(p, ".go") }) {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, filepath.Join(root, path), nil, parser.ParseComments)
		require.NoError(t, err)
		all = append(all, source{path, f, fset})
	}
	return all
}

// imported returns the name by which the file knows a package, "" if it does not import it.
func (s source) imported(path string) string {
	for _, imp := range s.file.Imports {
		if strings.Trim(imp.Path.Value, `"`) != path {
			continue
		}
		if imp.Name != nil {
			return imp.Name.Name
		}
		return path[strings.LastIndexByte(path, '/')+1:]
	}
	return ""
}

// uses calls f for every pkg.Name of the imported package path.
func (s source) uses(path string, f func(name string, at ast.Node)) {
	local := s.imported(path)
	if local == "" {
		return
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && x.Obj == nil {
			f(sel.Sel.Name, sel)
		}
		return true
	})
}
