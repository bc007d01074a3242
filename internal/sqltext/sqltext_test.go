package sqltext_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/sqltext"
)

func texts(r sqltext.Result) []string {
	var all []string
	for _, s := range r.Statements {
		all = append(all, s.Text)
	}
	return all
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, sql string
		want      []string
		unclosed  string
	}{
		{"two", "select 1; select 2", []string{"select 1", "select 2"}, ""},
		{"empty ones and comments", ";; -- a;b\n/* c; /* d; */ e; */ select 1;\n-- end", []string{"select 1"}, ""},
		{"quotes", `select ';''x;' "a;""b"; select E'\';'`, []string{`select ';''x;' "a;""b"`, `select E'\';'`}, ""},
		{"dollar quotes", "do $a$ begin; $$ ; $$; end $a$; select $1;", []string{"do $a$ begin; $$ ; $$; end $a$", "select $1"}, ""},
		{"identifier with dollar", "select a$b; select 1", []string{"select a$b", "select 1"}, ""},
		{"rule", "create rule r as on insert to t do also (delete from a; delete from b); select 1", []string{"create rule r as on insert to t do also (delete from a; delete from b)", "select 1"}, ""},
		{"atomic", "create function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3",
			[]string{"create function f() returns int begin atomic select case when true then 1 end; select 2; end", "select 3"}, ""},
		{"plain begin", "begin; select 1; end", []string{"begin", "select 1", "end"}, ""},
		{"open dollar", "create function f() as $$ begin;", []string{"create function f() as $$ begin;"}, "a dollar-quoted string"},
		{"open string", "select 'a;", []string{"select 'a;"}, "a quoted string"},
		{"open comment", "select 1; /* a;", []string{"select 1"}, "a comment"},
		{"open parentheses", "create rule r as on insert to t do also (delete from a;", []string{"create rule r as on insert to t do also (delete from a;"}, "parentheses"},
		{"open atomic", "create function f() returns int begin atomic select 1;", []string{"create function f() returns int begin atomic select 1;"}, "BEGIN ATOMIC"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sqltext.Split(c.sql)
			if got := texts(r); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if r.Unclosed != c.unclosed {
				t.Errorf("unclosed %q, want %q", r.Unclosed, c.unclosed)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	sql := `ALTER TABLE "My""T".Ünïx ADD x int DEFAULT 1.5e3::numeric /* c */ CHECK (y <> U&'a')`
	var got []string
	for _, tok := range sqltext.Tokens(sql) {
		got = append(got, tok.Text)
		if tok.Kind == sqltext.Word && !strings.EqualFold(sql[tok.Pos:tok.Pos+len(tok.Text)], tok.Text) {
			t.Errorf("%q is not at %d", tok.Text, tok.Pos)
		}
	}
	want := []string{"alter", "table", `My"T`, ".", strings.ToLower("Ünïx"), "add", "x", "int", "default", "1.5e3", "::", "numeric", "check", "(", "y", "<>", "a", ")"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("select 'a'; do $x$ begin end $x$; /* ( */")
	f.Fuzz(func(t *testing.T, sql string) {
		for _, s := range sqltext.Split(sql).Statements {
			if s.Pos < 0 || !strings.HasPrefix(strings.TrimSpace(sql[s.Pos:]), s.Text) || len(s.Tokens) == 0 {
				t.Errorf("statement %q is not at %d of %q", s.Text, s.Pos, sql)
			}
		}
	})
}

func TestOperators(t *testing.T) {
	for sql, want := range map[string][]string{
		"a<>-1":          {"a", "<>", "-", "1"},
		"a @-b":          {"a", "@-", "b"},
		"a !~~* b--c":    {"a", "!~~*", "b"},
		"x:=y::text[1]":  {"x", ":=", "y", "::", "text", "[", "1", "]"},
		"a>/* b */=$1+c": {"a", ">", "=", "$1", "+", "c"},
	} {
		var got []string
		for _, tok := range sqltext.Tokens(sql) {
			got = append(got, tok.Text)
			if tok.End <= tok.Pos || tok.End > len(sql) {
				t.Errorf("%s: %q is from %d to %d", sql, tok.Text, tok.Pos, tok.End)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
}

func TestExpressions(t *testing.T) {
	expr := `((kind = ANY ('{post,"a,b"}'::text[])) AND (name !~ '^x') AND (owner_id = 'me''s'))`
	if got := sqltext.Literals(expr); !slices.Equal(got, []string{"post", "a,b", "me's"}) {
		t.Errorf("literals %q", got)
	}
	if !sqltext.Mentions(expr, "kind", "owner_id") || sqltext.Mentions(expr, "post") {
		t.Error("mentions")
	}
	if parts := sqltext.TopLevel(sqltext.Unwrap(sqltext.Tokens(expr)), "AND"); len(parts) != 3 {
		t.Errorf("%d parts", len(parts))
	}
}

// A function reads a setting directly or by calling another; comments and texts are no
// calls.
func TestSettingReaders(t *testing.T) {
	readers := sqltext.ReadSettings(map[string]string{
		"z_tenant":   "select nullif(current_setting('app.tenant', true), '')::uuid",
		"a_caller":   "begin return z_tenant(); end",
		"both":       "select current_setting('app.user') || a_caller()",
		"comment":    "select 1 -- current_setting('app.not')",
		"text":       "select 'current_setting(''app.not'')'",
		"of_the_own": "select current_setting('search_path')",
	})
	for expression, want := range map[string]string{
		"id = a_caller()": "app.tenant", "id = both()": "app.user app.tenant", "id = comment() or id = text() or of_the_own() = ''": "",
		"id = z_tenant() or id = current_setting('app.other')": "app.tenant app.other", "a_caller = 1": "",
	} {
		if got := strings.Join(readers.In(sqltext.Tokens(expression)), " "); got != want {
			t.Errorf("%s reads %q, want %q", expression, got, want)
		}
	}
}
