package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// masks are the ways to hide a value that one may ask for, beside what a dump does of
// its own. Each gives the same for the same; hash and redact give themselves for what
// they gave, so that a dump of what was dumped is the same.
var masks = map[string]func(string) string{
	"scramble": scramble,
	"hash":     hash,
	"redact":   func(string) string { return "***" },
	"keep":     func(s string) string { return s },
}

// parseMasks reads TABLE.COLUMN=KIND, and those of seedbed.yaml below it.
func parseMasks(flags []string, file map[string]string) (map[string]func(string) string, error) {
	rules := map[string]func(string) string{}
	add := func(from, column, kind string) error {
		_, malformed := path.Match(column, "")
		if masks[kind] == nil || !strings.Contains(column, ".") || malformed != nil {
			return usagef("%s %s=%s: write TABLE.COLUMN=KIND; KIND is scramble, hash, redact or keep", from, column, kind)
		}
		rules[column] = masks[kind]
		return nil
	}
	for column, kind := range file {
		if err := add("seedbed.yaml: mask", column, kind); err != nil {
			return nil, err
		}
	}
	for _, text := range flags {
		column, kind, _ := strings.Cut(text, "=")
		if err := add("--mask", column, kind); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// maskColumns completes the rules by what the database's columns are. Masks of columns
// that are not there are refused: a secret would go out. A secret whose form a CHECK
// dictates is scrambled, where nobody says otherwise, so that it can be loaded again.
func maskColumns(ctx context.Context, db seedbed.DB, rules map[string]func(string) string, private bool) error {
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return err
	}
	columns := map[string]*catalog.Column{}
	for _, t := range cat.Tables() {
		for _, c := range t.Columns {
			columns[cat.Name(t)+"."+c.Name] = c
		}
	}
	told := map[string]bool{}
	for rule := range rules {
		some := false
		for name := range columns {
			if ok, _ := path.Match(rule, name); ok {
				told[name], some = true, true
			}
		}
		if !some {
			return usagef("mask %s: there is no such column%s", rule, didYouMean(rule, slices.Sorted(maps.Keys(columns))))
		}
	}
	for name, c := range columns {
		if private && !told[name] && secretName.MatchString(c.Name) && formed(c) {
			rules[name] = scramble
		}
	}
	return nil
}

var secretName = regexp.MustCompile(`(?i)(^|_)(password|secret|token|key|credentials?|hash|salt)(_|$)`)

// formed reports whether a CHECK looks into a column's text.
func formed(c *catalog.Column) bool {
	return slices.ContainsFunc(c.Table.Checks(), func(k *catalog.Constraint) bool {
		return slices.Contains(k.Columns, c.Name) && (strings.Contains(k.Expr, "~") || strings.Contains(k.Expr, "byte("))
	})
}

// parseWhere reads TABLE=CONDITION.
func parseWhere(all []string) (map[string]string, error) {
	var where map[string]string
	for _, text := range all {
		table, condition, ok := strings.Cut(text, "=")
		if table = strings.TrimSpace(table); !ok || table == "" || strings.TrimSpace(condition) == "" {
			return nil, usagef("--where %s: write TABLE=CONDITION, as in \"datasets=t.name = 'orders'\"", text)
		}
		if where == nil {
			where = map[string]string{}
		}
		where[table] = condition
	}
	return where, nil
}

func digest(s string) []byte {
	sum := sha256.Sum256([]byte("seedbed mask\x00" + s))
	return sum[:]
}

var hashed = regexp.MustCompile(`^masked-[0-9a-f]{16}$`)

func hash(s string) string {
	if hashed.MatchString(s) {
		return s
	}
	return "masked-" + hex.EncodeToString(digest(s)[:8])
}

// kept is what scramble leaves: the scheme of a URL, the first byte of a bytea, which
// tells versions apart.
var kept = regexp.MustCompile(`^(\\x[0-9a-f]{2}|[a-z][a-z0-9+.-]*://)`)

// scramble puts a letter for each letter and a digit for each digit; what is neither
// stays, so that what a CHECK wants of a text still holds.
func scramble(s string) string {
	lead := kept.FindString(s)
	hexadecimal := strings.HasPrefix(lead, `\x`)
	stream, out := digest(s), []rune(lead)
	for i, r := range []rune(s[len(lead):]) {
		if i > 0 && i%32 == 0 {
			stream = digest(string(stream))
		}
		b := rune(stream[i%32])
		switch {
		case hexadecimal:
			r = rune("0123456789abcdef"[b%16])
		case r >= 'a' && r <= 'z':
			r = 'a' + b%26
		case r >= 'A' && r <= 'Z':
			r = 'A' + b%26
		case r >= '0' && r <= '9':
			r = '0' + b%10
		case r > 127:
			r = 'x'
		}
		out = append(out, r)
	}
	return string(out)
}
