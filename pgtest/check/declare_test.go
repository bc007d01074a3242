package check_test

import (
	"context"
	"go/ast"
	"go/parser"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/fixtures"
	"github.com/qarion/seedbed/pgtest/check"
)

// What a finding says to write into seedbed.yaml silences it, and what follows from it
// of the same rule, when it is pasted as it is. So does the Go that a test prints.
func TestDeclaredFindingsAreGone(t *testing.T) {
	t.Parallel()
	db := reference(t)
	admin := db.As(t, super, nil)
	for _, c := range []struct{ name, sql, rule, object string }{
		{"shared on purpose", "alter table datasets disable row level security; drop policy datasets_space on datasets", "rls-enabled", "datasets"},
		{"a row of no tenant", `create table public."Old Notes" (id bigint primary key, space_id uuid references spaces, body text)`, "tenant-not-null", "Old Notes.space_id"},
		{"rows of no tenant at two levels", "create table notes (id bigint primary key, space_id uuid references spaces, organization_id uuid references organizations)", "tenant-not-null", "notes.organization_id"},
		{"read across", `create table logs (space_id uuid not null references spaces, organization_id uuid not null references organizations, id bigint, primary key (space_id, id))`, "aggregate-undeclared", "logs"},
		{"unique in the world", "create unique index slug on datasets (name, row_count)", "unique-without-tenant", "datasets.slug"},
		{"no reference", "alter table alerts drop constraint alerts_space_id_check_run_id_fkey", "reference-undeclared", "alerts.check_run_id"},
		{"marked as shared", "alter table datasets add column shared boolean not null default false; create policy opened on datasets for select using (shared)", "policy-shares", "datasets.opened"},
		{"a function for everybody", `create function "all"() returns bigint language sql security definer set search_path = '' as 'select count(*) from public.datasets'; alter function "all"() owner to postgres`, "definer-bypasses-rls", "public.all()"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx, err := admin.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			if err := simple(t.Context(), tx, c.sql); err != nil {
				t.Fatal(err)
			}
			matches := func(f check.Finding) bool { return f.Rule == c.rule && f.Object == c.object }
			before := isolation(t, tx, "")
			pasted := ""
			for _, f := range before.Findings {
				if matches(f) {
					pasted = f.Declare
				}
			}
			if pasted == "" {
				t.Fatalf("nothing to paste for %s of %s:\n%s", c.rule, c.object, before)
			}
			after := isolation(t, tx, pasted)
			if inTest := isolationWith(t, tx, pastedOptions(t, tx, before.String(), c.rule+": "+c.object+"\n")); slices.ContainsFunc(inTest.Findings, matches) {
				t.Errorf("with the Options of\n%s\n%s is still found:\n%s", before, c.object, inTest)
			}
			if slices.ContainsFunc(after.Findings, matches) {
				t.Errorf("with\n%s\nin seedbed.yaml %s is still found:\n%s", pasted, c.object, after)
			}
			if said := after.String(); strings.Contains(said, "model-misfit") {
				t.Errorf("with\n%s\nin seedbed.yaml:\n%s", pasted, said)
			}
		})
	}
}

// isolation checks as a project does that has the lines in its seedbed.yaml.
func isolation(t *testing.T, tx seedbed.DB, lines string) *check.Report {
	t.Helper()
	files := fstest.MapFS{"seedbed.yaml": {Data: []byte(lines)}}
	corrections, err := fixtures.ReadModel(files, "seedbed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Except []check.Exception
	}
	if err := yaml.Unmarshal([]byte(lines), &file); err != nil {
		t.Fatal(err)
	}
	options := check.Options{Except: file.Except}
	if !corrections.IsZero() {
		found, err := corrections.Discover(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		options.Model = &found.Model
	}
	return isolationWith(t, tx, options)
}

func isolationWith(t *testing.T, tx seedbed.DB, options check.Options) *check.Report {
	t.Helper()
	options.NoProbes = true
	report, err := check.IsolationContext(t.Context(), tx, options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// pastedOptions are the Options that the text of a failed test gives as the way out of the
// finding with this title.
func pastedOptions(t *testing.T, tx seedbed.DB, text, title string) (options check.Options) {
	t.Helper()
	_, finding, _ := strings.Cut(text, "  "+title)
	finding, _, _ = strings.Cut(finding, "\n\n")
	_, lines, found := strings.Cut(finding, "    or   in the test, ")
	if !found || strings.Contains(finding, "seedbed.yaml") {
		t.Fatalf("no Go for %s in:\n%s", title, text)
	}
	if _, exceptions, found := strings.Cut(lines, "check.Options{Except: "); found {
		evaluate(t, strings.TrimSuffix(strings.TrimSpace(exceptions), "}"), &options.Except)
		return options
	}
	_, corrections, _ := strings.Cut(lines, "model := found.Model.With(")
	corrections, pass, found := strings.Cut(corrections, ")\n")
	if !found || strings.TrimSpace(pass) != "check.Options{Model: &model}" {
		t.Fatalf("no Options for %s in:\n%s", title, text)
	}
	discovered, err := seedbed.Discover(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	var correction seedbed.Model
	evaluate(t, corrections, &correction)
	model := discovered.Model.With(correction)
	return check.Options{Model: &model}
}

// evaluate reads a Go literal of strings, bools, slices and structs into a value.
func evaluate(t *testing.T, literal string, into any) {
	t.Helper()
	expr, err := parser.ParseExpr(literal)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, literal)
	}
	var set func(reflect.Value, ast.Expr)
	set = func(v reflect.Value, e ast.Expr) {
		switch e := e.(type) {
		case *ast.BasicLit:
			text, err := strconv.Unquote(e.Value)
			if err != nil {
				t.Fatal(err)
			}
			v.SetString(text)
		case *ast.Ident:
			v.SetBool(e.Name == "true")
		case *ast.CompositeLit:
			for _, element := range e.Elts {
				if pair, named := element.(*ast.KeyValueExpr); named {
					field := v.FieldByName(pair.Key.(*ast.Ident).Name)
					if !field.IsValid() {
						t.Fatalf("%s has no field %s in:\n%s", v.Type(), pair.Key, literal)
					}
					set(field, pair.Value)
					continue
				}
				v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
				set(v.Index(v.Len()-1), element)
			}
		default:
			t.Fatalf("a %T in:\n%s", e, literal)
		}
	}
	set(reflect.ValueOf(into).Elem(), expr)
}
