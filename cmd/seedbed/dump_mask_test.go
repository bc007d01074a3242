package main

import (
	"regexp"
	"testing"
)

// A mask gives the same for the same, something else for something else, and keeps
// the form that a CHECK may want.
func TestMasks(t *testing.T) {
	for kind, c := range map[string]struct{ a, b, form string }{
		"email":    {"Alice@Acme.test", "bob@acme.test", `^[0-9a-f]{12}@masked\.example$`},
		"emails":   {"ask alice@acme.test, please", "ask bob@acme.test, please", `^ask [0-9a-f]{12}@masked\.example, please$`},
		"name":     {"Alice Liddell", "Bob", `^\S+ \S+`},
		"hash":     {"a", "b", `^[0-9a-f]{16}$`},
		"scramble": {"vault://kv/team-7/Key", "vault://kv/team-8/Key", `^vault://[a-z]{2}/[a-z]{4}-[0-9]/[A-Z][a-z]{2}$`},
	} {
		mask := masks[kind]
		a, b := mask(c.a), mask(c.b)
		if a != mask(c.a) || a == b || a == c.a {
			t.Errorf("%s: %q gives %q and %q, %q gives %q", kind, c.a, a, mask(c.a), c.b, b)
		}
		for _, got := range []string{a, b} {
			if !regexp.MustCompile(c.form).MatchString(got) {
				t.Errorf("%s: %q is not of the form %s", kind, got, c.form)
			}
		}
	}
	if a, b := maskEmail("Alice@Acme.test"), maskEmail("alice@acme.TEST"); a != b {
		t.Errorf("one address in two spellings is %s and %s", a, b)
	}
}

func TestScramble(t *testing.T) {
	for in, form := range map[string]string{
		"":                 `^$`,
		`\x0102ff`:         `^\\x01[0-9a-f]{4}$`,
		"+49 (30) 1234-56": `^\+\d\d \(\d\d\) \d{4}-\d\d$`,
		"Ünï":              `^x[a-z]x$`,
	} {
		if got := scramble(in); !regexp.MustCompile(form).MatchString(got) {
			t.Errorf("%q gives %q, not of the form %s", in, got, form)
		}
	}
	long := make([]byte, 100)
	for i := range long {
		long[i] = 'a'
	}
	if s := scramble(string(long)); s[:32] == s[32:64] {
		t.Errorf("a long value repeats itself: %s", s)
	}
}

// The names of columns that are personal, and of some that only look so.
func TestPersonalColumns(t *testing.T) {
	kind := func(column string) string {
		for _, p := range personal {
			if p.name.MatchString(snake(column)) {
				return p.kind
			}
		}
		return ""
	}
	for column, want := range map[string]string{
		"users.email": "email", "app.Users.workEmail": "email", "users.work_email": "email", "contacts.e_mail": "email",
		"users.name": "name", "customers.first_name": "name", "datasets.name": "", "snowflake_systems.username": "",
		"logins.password": "scramble", "source_systems.secret_ref": "scramble", "keys.api_key": "scramble", "users.password_hash": "scramble",
		"people.phone_number": "scramble", "people.iban": "scramble", "people.street": "scramble",
		"source_systems.secret_key_id": "", "files.sha256": "", "rooms.addressee": "", "tokens.id": "",
	} {
		if got := kind(column); got != want {
			t.Errorf("%s is masked by %q, want %q", column, got, want)
		}
	}
}
