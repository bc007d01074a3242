package seedbed_test

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
)

// What users compile against changes only on purpose: testdata/api.txt holds it as
// it was last released or agreed on. A line that goes breaks a user's build.
func TestPublicSurface(t *testing.T) {
	var lines []string
	for _, p := range packages(t) {
		path := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if strings.HasPrefix(path, "internal") || strings.HasPrefix(path, "cmd") || strings.HasPrefix(path, "examples") || strings.Contains(path, "testdata") {
			continue
		}
		lines = append(lines, surface(t, p)...)
	}
	slices.Sort(lines)
	now := strings.Join(slices.Compact(lines), "\n") + "\n"
	golden := filepath.Join("testdata", "api.txt")
	if testkit.Update() {
		if err := os.WriteFile(golden, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	then, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	before, after := strings.Split(string(then), "\n"), strings.Split(now, "\n")
	for _, line := range before {
		if !slices.Contains(after, line) {
			t.Errorf("gone, which breaks those who use it: %s", line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			t.Errorf("new: %s", line)
		}
	}
	if t.Failed() {
		t.Log("if that is meant, say so in CHANGELOG.md and run: go test . -run PublicSurface -update")
	}
}

// surface is a package's exported declarations, a line each; fields and methods of
// interfaces have lines of their own.
func surface(t *testing.T, p goPackage) (lines []string) {
	t.Helper()
	fset := token.NewFileSet()
	name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
	for _, file := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(f)
		for _, decl := range f.Decls {
			for _, d := range declared(decl) {
				lines = append(lines, name+": "+d)
			}
		}
	}
	return lines
}

func declared(decl ast.Decl) (lines []string) {
	if f, ok := decl.(*ast.FuncDecl); ok {
		if f.Body = nil; f.Recv != nil && !ast.IsExported(strings.TrimLeft(strings.Split(line(f.Recv.List[0].Type), "[")[0], "*")) {
			return nil
		}
		return []string{line(f)}
	}
	g := decl.(*ast.GenDecl)
	for _, spec := range g.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			lines = append(lines, typed(s)...)
		case *ast.ValueSpec:
			for _, n := range s.Names {
				lines = append(lines, g.Tok.String()+" "+n.Name)
			}
		}
	}
	return lines
}

func typed(s *ast.TypeSpec) (lines []string) {
	var members *ast.FieldList
	kind := "struct"
	switch t := s.Type.(type) {
	case *ast.StructType:
		members = t.Fields
	case *ast.InterfaceType:
		members, kind = t.Methods, "interface"
	default:
		return []string{"type " + line(s)}
	}
	lines = []string{"type " + s.Name.Name + " " + kind}
	for _, m := range members.List {
		names := []string{""}
		if len(m.Names) > 0 {
			names = nil
		}
		for _, n := range m.Names {
			names = append(names, n.Name)
		}
		for _, n := range names {
			lines = append(lines, "type "+s.Name.Name+" "+kind+": "+strings.TrimSpace(n+" "+line(m.Type)))
		}
	}
	return lines
}

func line(node any) string {
	var b strings.Builder
	if err := printer.Fprint(&b, token.NewFileSet(), node); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
