package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// masks are the ways to hide a value. Each gives the same for the same, and of the
// same form, so that references, unique keys and CHECKs go on holding.
var masks = map[string]func(string) string{
	"email":    maskEmail,
	"name":     maskName,
	"scramble": scramble,
	"hash":     func(s string) string { return hex.EncodeToString(digest(s)[:8]) },
	"redact":   func(string) string { return "***" },
	"emails":   maskEmails,
	"keep":     nil,
}

// personal maps what a column's name says to how it is masked.
var personal = []struct {
	name *regexp.Regexp // of table.column
	kind string
}{
	{regexp.MustCompile(`(?i)\.([a-z_]*_)?e_?mail(_address)?$`), "email"},
	{regexp.MustCompile(`(?i)(user|person|people|customer|contact|employee|member|patient|lead|account_holder)s?\.((full|first|last|middle|display|nick)_?)?name$`), "name"},
	{regexp.MustCompile(`(?i)\.([a-z_]*_)?(password|passwd|secret|token|api_?key|private_?key|credential|salt|hash)(s|_ref|_hash|_digest|_ciphertext|_encrypted)?$`), "scramble"},
	{regexp.MustCompile(`(?i)\.([a-z_]*_)?(phone|mobile|fax|iban|bic|ssn|tax_?id|passport|card_?number|birth_?date|date_of_birth|street|address|zip|postal_?code|ip_?address)(_number)?$`), "scramble"},
}

// parseMasks reads TABLE.COLUMN=KIND, and those of seedbed.yaml below it.
func parseMasks(flags []string, file map[string]string) (map[string]string, error) {
	rules := map[string]string{}
	add := func(from, column, kind string) error {
		if _, known := masks[kind]; !known || !strings.Contains(column, ".") {
			return usagef("%s %s=%s: write TABLE.COLUMN=KIND; KIND is email, emails, name, scramble, hash, redact or keep", from, column, kind)
		}
		rules[column] = kind
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

// masksFor are the masks of a database's columns, and the names of those that are
// masked as a whole.
func masksFor(ctx context.Context, db seedbed.DB, rules map[string]string, guess bool) (map[string]func(string) string, []string, error) {
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return nil, nil, err
	}
	out, known, named := map[string]func(string) string{}, map[string]bool{}, map[string]bool{}
	for _, t := range cat.Tables() {
		for _, c := range t.Columns {
			column := cat.Name(t) + "." + c.Name
			known[column] = true
			kind, told := rules[column]
			if !told && guess && maskable(c) {
				kind = kindOf(column, c)
			}
			if masks[kind] != nil {
				out[column] = masks[kind]
			}
			if told || kind != "emails" {
				named[column] = masks[kind] != nil
			}
		}
	}
	var names []string
	for name := range known {
		names = append(names, name)
	}
	for column := range rules {
		if !known[column] {
			return nil, nil, usagef("mask %s: there is no such column%s", column, didYouMean(column, names))
		}
	}
	var masked []string
	for column, is := range named {
		if is {
			masked = append(masked, column)
		}
	}
	slices.Sort(masked)
	return out, masked, nil
}

// maskable are columns of text, JSON or bytes that Postgres does not write itself.
func maskable(c *catalog.Column) bool {
	base := c.Type.Underlying()
	return c.Generated == "" && (base.Category == "S" || base.Name == "bytea" || strings.HasPrefix(base.Name, "json"))
}

// kindOf is how a column is masked that nobody has said anything about: as a whole by
// what its name says, else where it has an e-mail address in it.
func kindOf(column string, c *catalog.Column) string {
	base := c.Type.Underlying().Name
	for _, p := range personal {
		if p.name.MatchString(snake(column)) && !strings.HasPrefix(base, "json") {
			return p.kind
		}
	}
	if base == "bytea" {
		return ""
	}
	return "emails"
}

var hump = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// snake writes workEmail as work_email.
func snake(name string) string { return strings.ToLower(hump.ReplaceAllString(name, "${1}_$2")) }

func digest(s string) []byte {
	sum := sha256.Sum256([]byte("seedbed mask\x00" + s))
	return sum[:]
}

func maskEmail(s string) string {
	return hex.EncodeToString(digest(strings.ToLower(s))[:6]) + "@masked.example"
}

var address = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`)

func maskEmails(s string) string { return address.ReplaceAllStringFunc(s, maskEmail) }

// maskName is a name that nobody in the data has: the value chooses it.
func maskName(s string) string {
	cells := fake.New(binary.BigEndian.Uint64(digest(s)), "masked", fake.Epoch)
	cells.At(0)
	return cells.Of("name").Name()
}

// kept is what scramble leaves: the scheme of a URL, the first byte of a bytea, which
// tells versions apart.
var kept = regexp.MustCompile(`^(\\x[0-9a-f]{2}|[a-z][a-z0-9+.-]*://)`)

// scramble puts a letter for each letter and a digit for each digit; what is neither
// stays.
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
