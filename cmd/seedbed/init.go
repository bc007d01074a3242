package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"text/template"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

// firstTest is the file that init writes beside seedbed.yaml.
const firstTest = "seedbed_test.go"

func (a *app) initCommand() *cobra.Command {
	var f sourceFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write seedbed.yaml and a first test for this project",
		Long: `Init finds the project's migrations and writes two files to its root: seedbed.yaml, which
says where they are to every other command, and seedbed_test.go, a test with a database of its
own, which passes; where a test of the root has a pgtest.Server already, the first alone.
Files that are there are never overwritten.`,
		Example: `  seedbed init
  seedbed init --migrations db/migrate    # where there are several directories`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.init(cmd.Context(), f) },
	}
	f.define(cmd.Flags())
	return cmd
}

// init writes all files or none.
func (a *app) init(ctx context.Context, f sourceFlags) error {
	project, err := dev.FindProject(".")
	if err != nil {
		return err
	}
	module := fileExists(filepath.Join(project.Root, "go.mod"))
	names := []string{configFile}
	tested := testWithServer(project.Root)
	if module && tested == "" {
		names = append(names, firstTest)
	}
	for _, name := range names {
		if fileExists(filepath.Join(project.Root, name)) {
			return usagef("%s is there already; nothing was written. To begin anew: rm %s", name, shellQuote(relativeToCwd(filepath.Join(project.Root, name))))
		}
	}
	source, told, err := f.configured(&config{})
	if err == nil && !told {
		source, err = a.findSource(ctx, "seedbed init --migrations")
	}
	if err != nil {
		return err
	}
	if source.Reference() && !f.reference {
		return usagef("no migrations were found in %s. With a directory of them: seedbed init --migrations DIR. With Seedbed's own schema: seedbed init --reference", project.Root)
	}
	if err := a.checkSource(source, "seedbed init --migrations"); err != nil {
		return err
	}
	return a.writeInit(project.Root, names, tested, firstFiles{Package: packageOf(project.Root), Source: source.Names(project.Root), File: isFile(source)})
}

func (a *app) writeInit(root string, names []string, tested string, files firstFiles) error {
	for _, name := range names {
		text, err := files.text(name)
		if err != nil {
			return err
		}
		if err := writeNew(filepath.Join(root, name), text); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "wrote %s\n", relativeToCwd(filepath.Join(root, name)))
	}
	next := "seedbed dev"
	if len(names) > 1 {
		next = "go mod tidy && go test -run TestDatabase . && seedbed dev"
		if !namesUs(root) {
			next = "go get github.com/qarion/seedbed@" + moduleVersion() + " && " + next
		}
	} else if tested != "" {
		fmt.Fprintf(a.err, "%s has a pgtest.Server, so no other test was written.\n", tested)
		next = "go test . && seedbed dev"
	} else {
		fmt.Fprintln(a.err, "There is no go.mod, so no test was written.")
	}
	fmt.Fprintf(a.err, "Next: %s\n", next)
	return nil
}

// testWithServer names a test in dir that has databases already; "" is none.
func testWithServer(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && filepath.Base(file) != firstTest && bytes.Contains(text, []byte("pgtest.Server{")) {
			return filepath.Base(file)
		}
	}
	return ""
}

// namesUs reports whether the module in root knows already which version of this one it
// takes, or which directory in its place.
func namesUs(root string) bool {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	return err == nil && bytes.Contains(text, []byte("github.com/qarion/seedbed"))
}

// writeNew writes a file that is not there.
func writeNew(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// moduleVersion is the version of this module to ask the go command for.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") && !strings.Contains(info.Main.Version, "+") {
		return info.Main.Version
	}
	return "latest"
}

// firstFiles is what the files of init are made of.
type firstFiles struct {
	Package string
	Source  []string // from the project's root; none is the reference schema
	File    bool     // Source is one file
}

// Dir and Base are the parts of the path of a file.
func (f firstFiles) Dir() string  { return filepath.ToSlash(filepath.Dir(f.Source[0])) }
func (f firstFiles) Base() string { return filepath.Base(f.Source[0]) }

func (f firstFiles) text(name string) ([]byte, error) {
	var b bytes.Buffer
	if err := firstTemplates.ExecuteTemplate(&b, name, f); err != nil {
		return nil, err
	}
	if name == firstTest {
		return format.Source(b.Bytes())
	}
	return b.Bytes(), nil
}

var firstTemplates = template.Must(template.New("").Parse(`
{{- define "seedbed.yaml" -}}
# What the seedbed command knows of this project, from whichever directory it is called.
# Flags win over the environment, and that over this file.
{{- if not .Source}}
# migrations: db/migrate        # without it: Seedbed's reference schema
{{- else if eq (len .Source) 1}}
migrations: {{printf "%q" (index .Source 0)}}
{{- else}}
migrations:
{{- range .Source}}
  - {{printf "%q" .}}
{{- end}}
{{- end}}
# postgres: "18"                # major version of the development database
# seed: 7                       # what made-up data follows from
# fixtures: testdata/fixtures   # what seedbed seed loads
# mask: {leads.notes: redact}   # how seedbed dump hides columns, beside those it knows by name
# except:                       # findings of seedbed check that are intended
#   - {rule: constraint-not-valid, object: orders.orders_total_check, reason: validated in May}
# model: {global: [countries]}  # corrects what seedbed model prints
{{end}}

{{- define "seedbed_test.go" -}}
package {{.Package}}_test

import (
	{{if .Source}}"os"
	{{end}}"testing"

	{{if ne (len .Source) 1}}"github.com/qarion/seedbed/migrations"
	{{end}}"github.com/qarion/seedbed/pgtest"
)

// pg gives every test a database of its own, with all migrations applied.
var pg = &pgtest.Server{
{{- if not .Source}}Migrations: migrations.FS
{{- else if .File}}Migrations: os.DirFS({{printf "%q" .Dir}}), Dir: {{printf "%q" .Base}}
{{- else if eq (len .Source) 1}}Migrations: os.DirFS({{printf "%q" (index .Source 0)}})
{{- else}}Migrations: migrations.Dirs(os.DirFS("."){{range .Source}}, {{printf "%q" .}}{{end}})
{{- end}}}

func TestDatabase(t *testing.T) {
	t.Parallel()
	db := pg.DB(t) // a *pgxpool.Pool inside; db.SQL() and db.URL() for other clients
	var tables int
	err := db.QueryRow(t.Context(), ` + "`" + `SELECT count(*) FROM pg_tables
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'goose_db_version'` + "`" + `).Scan(&tables)
	if err != nil {
		t.Fatal(err)
	}
	if tables == 0 {
		t.Error("the migrations made no table")
	}
	// From here: factory.Auto("table").Create(t, db) makes a row and what it references,
	// check.Integrity(t, db) and check.Isolation(t, db) look for orphans and leaks.
	// After the first import of another package: go mod tidy.
}
{{end}}`))

// packageOf is the name of the package in dir: that of its files, else one that its
// name yields.
func packageOf(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly)
		if err == nil && parsed.Name.Name != "documentation" {
			return strings.TrimSuffix(parsed.Name.Name, "_test")
		}
	}
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, filepath.Base(dir))
	if name == "" || unicode.IsDigit(rune(name[0])) || token.IsKeyword(name) {
		return "project" + name
	}
	return name
}

func isFile(source dev.Source) bool {
	if len(source) != 1 {
		return false
	}
	info, err := os.Stat(source[0])
	return err == nil && !info.IsDir()
}

func fileExists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
