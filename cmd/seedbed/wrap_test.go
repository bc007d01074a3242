package main

import "testing"

// TestWrapLinesKeepsItems: what can be searched for stays on one line.
func TestWrapLinesKeepsItems(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"short", "scoped a: b by (c, d)", "scoped a: b by (c, d)\n"},
		{"list of columns", "pair some_notes(owner_type, owner_id): no target", "pair\nsome_notes(owner_type, owner_id):\nno target\n"},
		{"arrow", "scoped parts: team via (engine) -> engines(id)", "scoped parts: team via (engine)\n-> engines(id)\n"},
		{"prose in parentheses", "  - a setting (or the role of it) says", "  - a setting (or the role of it)\n    says\n"},
	} {
		if got := wrapLines(c.text, 33); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}
