package seedbed_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/qarion/seedbed"

type goPackage struct {
	ImportPath, Dir  string
	Imports, GoFiles []string
}

func packages(t *testing.T) (all []goPackage) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p goPackage
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// A layer holds packages that import packages of layers below it, and of no other.
type layer struct {
	holds    string
	packages string
}

// layers are all packages, from the ground up.
var layers = []layer{
	{"small tools of one purpose; the catalog as plain structs; what services import", "internal/buildid internal/catalog internal/closewait internal/dirfs internal/fake internal/flock internal/generation internal/look internal/queryplan internal/sqltext internal/testlog internal/yamlerror internal/figures relation sanitize"},
	{"what is found, and how it is told; the environment variables", "internal/report internal/variables"},
	{"what is concluded from a catalog or a statement; the programs of Postgres", "internal/infer internal/mask internal/postgres internal/review internal/trace"},
	{"the public vocabulary, and servers", ". internal/server"},
	{"references between tables; templates; migrations", "internal/graph internal/template migrations"},
	{"the one writer of rows; the picture of a schema; a database for each test; development databases", "internal/dev internal/diagram internal/rows pgtest"},
	{"how users say what rows they want", "factory fixtures"},
	{"rules over rows and catalogs; worlds with a name", "internal/audit internal/scenario"},
	{"assertions, and the shell", "cmd/seedbed pgtest/check"},
	{"what only this repository's tests import", "internal/testkit internal/testpg"},
}

// Imports run down the layers.
func TestImportsRunDown(t *testing.T) {
	height := map[string]int{}
	for i, l := range layers {
		for _, p := range strings.Fields(l.packages) {
			height[p] = i
		}
	}
	for _, p := range packages(t) {
		from, known := height[relative(p.ImportPath)]
		if !known {
			t.Errorf("%s is in no layer: put it into one", p.ImportPath)
		}
		for _, path := range p.Imports {
			if to, ours := height[relative(path)]; ours && strings.HasPrefix(path, module) && to >= from && relative(p.ImportPath) != "internal/testpg" {
				t.Errorf("%s (%s) imports %s (%s)", p.ImportPath, layers[from].holds, path, layers[to].holds)
			}
		}
	}
}

// relative is a package's folder in this module.
func relative(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// A few directions say more than their layers do. Each rule says who alone may import
// what, or who may not, and why.
func TestImportsPointOneWay(t *testing.T) {
	only := []struct{ what, who, why string }{
		{"github.com/fergusstrange/embedded-postgres", "internal/postgres", "its quirks are handled in one place"},
		{"github.com/pressly/goose/v3", "migrations", "so that another engine would be one package's work"},
		{"github.com/brianvoe/gofakeit/v6", "internal/fake", "its random streams are made deterministic in one place"},
		{"github.com/spf13/cobra", "cmd/seedbed", "users import us into their test binaries"},
		{"golang.org/x/term", "cmd/seedbed", "users import us into their test binaries"},
	}
	never := []struct{ who, what, why string }{
		{"factory", "pgtest", "it works on anyone's pool, connection or transaction"},
		{"fixtures", "pgtest", "it works on anyone's pool, connection or transaction"},
		{"pgtest/check", "pgtest", "it works on anyone's pool, connection or transaction"},
		{"factory", "internal/server", "it needs a handle, not a server"},
		{"fixtures", "internal/server", "it needs a handle, not a server"},
		{"pgtest/check", "internal/server", "it needs a handle, not a server"},
		{"migrations", "internal/server", "it needs a handle, not a server"},
		{"internal/rows", "pgtest", "it works on anyone's pool, connection or transaction"},
		{"internal/rows", "testing", "programs write rows, too"},
		{"migrations", "testing", "programs migrate, too"},
	}
	for _, p := range packages(t) {
		name := relative(p.ImportPath)
		for _, path := range p.Imports {
			for _, r := range only {
				if (path == r.what || strings.HasPrefix(path, r.what+"/")) && name != r.who {
					t.Errorf("%s imports %s, which only %s may: %s", p.ImportPath, path, r.who, r.why)
				}
			}
			for _, r := range never {
				if name == r.who && relative(path) == r.what {
					t.Errorf("%s imports %s: %s", p.ImportPath, path, r.why)
				}
			}
		}
	}
}

// References between tables are worked out in one place, internal/graph. What lies below
// it, discovery and Validate, follows the catalog's foreign keys itself.
func TestImportsOneGraph(t *testing.T) {
	below := []string{"internal/catalog", "internal/graph", "internal/infer", "."}
	for _, p := range packages(t) {
		if slices.Contains(below, relative(p.ImportPath)) {
			continue
		}
		for _, name := range p.GoFiles {
			for _, walk := range foreignKeyWalks(t, filepath.Join(p.Dir, name)) {
				t.Errorf("%s/%s:%s walks the catalog's foreign keys: ask internal/graph, whose tables have ForeignKeys, References and ReferencedKeys, or teach it the question", relative(p.ImportPath), name, walk)
			}
		}
	}
}

// foreignKeyWalks are the lines of a file that look for foreign keys in a catalog: by
// Relation.ForeignKeys() and References(), or among the constraints of a kind.
func foreignKeyWalks(t *testing.T, file string) (found []string) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	add := func(n ast.Node, what string) {
		found = append(found, fmt.Sprintf("%d: %s", fset.Position(n.Pos()).Line, what))
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if of, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) == 0 && (of.Sel.Name == "ForeignKeys" || of.Sel.Name == "References") {
				add(n, of.Sel.Name+"()")
			}
		case *ast.BinaryExpr:
			for _, side := range []ast.Expr{n.X, n.Y} {
				of, ok := side.(*ast.SelectorExpr)
				if ok && of.Sel.Name == "ForeignKey" && isNamed(of.X, "catalog") {
					add(n, "catalog.ForeignKey")
				}
			}
		}
		return true
	})
	return found
}

func isNamed(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// What a service imports brings no flags of go test into it, however far down.
func TestProductionNeverPullsInTesting(t *testing.T) {
	for _, p := range []string{"", "/sanitize", "/relation", "/migrations"} {
		out, err := exec.Command("go", "list", "-deps", module+p).Output()
		if err != nil {
			t.Fatal(err)
		}
		if deps := strings.Fields(string(out)); slices.Contains(deps, "testing") || len(deps) < 10 {
			t.Errorf("%s%s depends on testing, or on nothing (%d packages)", module, p, len(deps))
		}
	}
}

// Every package and every exported name says what it is.
func TestEverythingExportedIsDocumented(t *testing.T) {
	for _, p := range packages(t) {
		d := documentation(t, p)
		if d.Doc == "" {
			t.Errorf("%s has no package documentation", p.ImportPath)
		}
		if strings.Contains(p.ImportPath, "/internal/") || d.Name == "main" {
			continue
		}
		undocumented := func(name, text string) {
			if text == "" {
				t.Errorf("%s.%s is not documented", p.ImportPath, name)
			}
		}
		for _, f := range d.Funcs {
			undocumented(f.Name, f.Doc)
		}
		for _, typ := range d.Types {
			undocumented(typ.Name, typ.Doc)
			for _, f := range append(typ.Funcs, typ.Methods...) {
				if f.Name != "Error" && f.Name != "Unwrap" { // what they do is known
					undocumented(typ.Name+"."+f.Name, f.Doc)
				}
			}
		}
		for _, v := range append(d.Vars, d.Consts...) {
			for _, spec := range v.Decl.Specs {
				if value := spec.(*ast.ValueSpec); v.Doc == "" && value.Doc == nil && value.Comment == nil {
					undocumented(value.Names[0].Name, "")
				}
			}
		}
	}
}

// A public type is not another name for an internal one: its documentation would be
// where users cannot see it.
func TestNoPublicAliasIntoInternal(t *testing.T) {
	for _, p := range packages(t) {
		if strings.Contains(p.ImportPath, "/internal/") || strings.HasSuffix(p.ImportPath, "/cmd/seedbed") {
			continue
		}
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			internal := map[string]bool{} // by the name in this file
			for _, i := range f.Imports {
				path := strings.Trim(i.Path.Value, `"`)
				internal[path[strings.LastIndex(path, "/")+1:]] = strings.Contains(path, "/internal/")
			}
			ast.Inspect(f, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok || !spec.Assign.IsValid() || !spec.Name.IsExported() {
					return true
				}
				if of, ok := spec.Type.(*ast.SelectorExpr); ok && internal[of.X.(*ast.Ident).Name] {
					t.Errorf("%s.%s is an alias of %s.%s, which is internal", p.ImportPath, spec.Name, of.X, of.Sel)
				}
				return true
			})
		}
	}
}

func documentation(t *testing.T, p goPackage) *doc.Package {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	d, err := doc.NewFromFiles(fset, files, p.ImportPath)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
