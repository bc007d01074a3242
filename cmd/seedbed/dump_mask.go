package main

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"strings"

	"github.com/qarion/seedbed/internal/mask"
)

// masks are the ways to hide a value that one may ask for, beside what a dump does of
// its own. Each gives the same for the same; hash and redact give themselves for what
// they gave, so that a dump of what was dumped is the same.
var masks = map[string]func(string) string{
	"scramble": func(s string) string { return mask.ScrambleLike(s, 0) },
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
