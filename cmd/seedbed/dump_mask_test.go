package main

import (
	"regexp"
	"testing"
)

// A mask gives the same for the same and something else for something else; what has
// to load again keeps its form.
func TestMasks(t *testing.T) {
	for kind, c := range map[string]struct{ a, b, form string }{
		"hash":     {"a", "b", `^masked-[0-9a-f]{16}$`},
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
	for _, kind := range []string{"hash", "redact", "keep"} {
		if once := masks[kind]("secret"); masks[kind](once) != once {
			t.Errorf("%s: %q becomes %q the second time", kind, once, masks[kind](once))
		}
	}
}
