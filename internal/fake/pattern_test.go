package fake

import (
	"regexp"
	"testing"
)

func TestPatternMatchesAndIsUnique(t *testing.T) {
	c := New(1, "t", Epoch)
	for _, expr := range []string{
		`^[a-z0-9]+(-[a-z0-9]+)*$`, `^[A-Z]{3}-\d{4}$`, `^(vault|aws-sm|env)://[A-Za-z0-9_./#-]{1,400}$`, `^(\S+ ){4}\S+$`,
		`^[^@[:space:]]+@[^@[:space:]]+$`, `^#[0-9a-f]{6}$`, `^[a-z][a-z0-9-]{4,28}[a-z0-9]$`, `^a|b|c[0-9]$`, `x?y*z`,
	} {
		p, err := NewPattern(expr, 0)
		if err != nil {
			t.Fatalf("%s: %v", expr, err)
		}
		re := regexp.MustCompile(expr)
		seen := map[string]int{}
		for row := range int(min(p.Strings(), 5000)) {
			c.At(int64(row))
			s := c.Of("code").Match(p)
			if !re.MatchString(s) {
				t.Fatalf("%s: %q does not match", expr, s)
			}
			if before, ok := seen[s]; ok {
				t.Fatalf("%s: rows %d and %d are both %q", expr, before, row, s)
			}
			seen[s] = row
		}
	}
}
