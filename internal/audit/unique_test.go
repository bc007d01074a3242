package audit

import (
	"testing"

	"github.com/qarion/seedbed"
)

// What persons log in by is unique for all of them; what a tenant of several persons calls its
// things is not.
func TestLoginsAreOfAll(t *testing.T) {
	t.Parallel()
	a := &audit{model: seedbed.Model{Tenants: []seedbed.Tenant{{Name: "user", Table: "auth.users"}, {Name: "team", Table: "teams"}}}}
	for _, c := range []struct {
		level   string
		columns []string
		want    bool
	}{
		{"user", []string{"username"}, true},
		{"user", []string{"provider", "subject"}, true},
		{"user", []string{"verified_email"}, true},
		{"user", []string{"title"}, false},
		{"user", []string{"email", "title"}, false},
		{"team", []string{"email"}, false},
	} {
		s := &subject{scopes: []seedbed.Scoped{{Tenant: c.level}}}
		if got := a.isLogin(s, c.columns); got != c.want {
			t.Errorf("%q of a %s: %v", c.columns, c.level, got)
		}
	}
}

func TestAddressesInJSON(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]bool{
		"((meta ->> 'host'::text))":                             true,
		"((((meta -> 'names'::text) -> 0) ->> 'domain'::text))": true,
		"((meta ->> 'title'::text))":                            false,
		"lower(title)":                                          false,
		"(host || ''::text)":                                    false,
	} {
		if got := holdsAddress(expr); got != want {
			t.Errorf("%s: %v", expr, got)
		}
	}
}
