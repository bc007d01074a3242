package seedbed

import (
	"slices"
	"testing"
)

// The expressions are as Postgres writes them back.
func TestLiterals(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string][]string{
		`(kind = ANY (ARRAY['a'::text, 'b'::text]))`:                          {"a", "b"},
		`((kind)::text = ANY ('{a,"b c",d}'::text[]))`:                        {"a", "b c", "d"},
		`(kind = 'it''s'::text)`:                                              {"it's"},
		`((kind <> ''::text) AND (kind ~ '^[a-z]+$'::text))`:                  nil,
		`(kind <> 'a'::text)`:                                                 nil,
		`CASE kind WHEN 'P'::text THEN id WHEN 'Q'::text THEN NULL::uuid END`: {"P", "Q"},
		`((kind)::text !~~ 'x%'::text)`:                                       nil,
		`("odd ""kind""" = 'a'::text)`:                                        {"a"},
		`'unclosed`:                                                           {"unclosed"},
	} {
		if got := literals(expr); !slices.Equal(got, want) {
			t.Errorf("literals of %s = %q, want %q", expr, got, want)
		}
	}
}

func TestSettingIn(t *testing.T) {
	t.Parallel()
	readers := map[string]string{"current_space": "app.space_id"}
	for expr, want := range map[string]string{
		`(NULLIF(current_setting('app.tenant'::text, true), ''::text))::uuid`: "app.tenant",
		`( SELECT current_space() AS current_space)`:                          "app.space_id",
		`current_setting('role'::text)`:                                       "",
		`(current_space = 'current_setting'::text)`:                           "",
	} {
		if got := settingIn(lex(expr), readers); got != want {
			t.Errorf("setting in %s = %q, want %q", expr, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"tenant_id": "tenant", "tenantId": "tenant", "TenantID": "tenant", "id_tenant": "tenant", "tenantid": "tenant", "Tenant ID": "tenant",
		"tenant": "tenant", "organization_uuid": "organization", "workspaceKey": "workspace",
		"id": "", "name": "", "paid": "", "account": "account", "uuid": "",
	} {
		if got := subjectOf(name); got != want {
			t.Errorf("subjectOf(%q) = %q, want %q", name, got, want)
		}
	}
	for plural, want := range map[string]string{
		"companies": "company", "addresses": "address", "boxes": "box", "spaces": "space", "status": "status", "analysis": "analysis",
		"analyses": "analysis", "people": "person", "quality_checks": "quality_check", "glass": "glass", "branches": "branch",
	} {
		if got := singular(plural); got != want {
			t.Errorf("singular(%q) = %q, want %q", plural, got, want)
		}
	}
}

func FuzzLex(f *testing.F) {
	for _, seed := range []string{`(a = 'b'::text)`, `"x" = ANY ('{a,b}')`, `'`, `"`, `{`, "\xff", `<>~`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		literals(expr)
		operands(expr, func([]token, []token) {})
		mentions(expr, "a")
	})
}
