package infer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/qarion/seedbed/internal/catalog"
)

// searches is for how many types of a pair all tables are searched, and atOnce how
// many tables one query looks into.
const (
	searches = 10
	atOnce   = 100
)

// count finds out how many of the ids are keys of each table.
func (n *inference) count(near []possible, ids []string) error {
	for start := 0; start < len(near); start += atOnce {
		part := near[start:min(start+atOnce, len(near))]
		var parts []string
		var args []any
		for i, p := range part {
			if fit := fitting(p.table.Column(p.key).Type, ids); len(fit) > 0 {
				args = append(args, fit)
				parts = append(parts, fmt.Sprintf("select '%d', count(*)::text from %s where %s", i, p.table.Ident(), among(p.table.Column(p.key), len(args))))
			}
		}
		if len(parts) == 0 {
			continue
		}
		err := n.query(part[0].table.name, func(i, hits *string) {
			at, _ := strconv.Atoi(*i)
			part[at].hits, _ = strconv.Atoi(*hits)
		}, strings.Join(parts, " union all "), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// holders are the tables, whatever they are called, that have all of the ids as keys.
func (n *inference) holders(id *catalog.Column, ids []string, tried []possible) ([]possible, error) {
	var all []possible
	for _, t := range n.tables {
		key := n.targetKey(t, id)
		if key != "" && alike(t.Column(key).Type, id.Type) && !slices.ContainsFunc(tried, func(p possible) bool { return p.table == t }) {
			all = append(all, possible{table: t, key: key})
		}
	}
	if err := n.count(all, ids); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p possible) bool { return p.hits < len(ids) }), nil
}

// among compares a key with a parameter in the key's own type, so that its index serves.
func among(key *catalog.Column, parameter int) string {
	name := catalog.Ident(key.Name)
	switch typ := key.Type.Underlying().Name; typ {
	case "uuid", "int2", "int4", "int8", "text", "varchar", "bpchar":
		return fmt.Sprintf("%s = any($%d::text[]::%s[])", name, parameter, typ)
	}
	return fmt.Sprintf("%s::text = any($%d::text[])", name, parameter)
}

// digits that surely fit into an integer type.
var digits = map[string]int{"int2": 4, "int4": 9, "int8": 18}

// fitting are the ids of a form that a type takes.
func fitting(t *catalog.Type, ids []string) []string {
	name := t.Underlying().Name
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		switch {
		case name == "uuid":
			return len(strings.ReplaceAll(id, "-", "")) != 32 || strings.Trim(id, "-0123456789abcdefABCDEF") != ""
		case digits[name] > 0:
			return len(id) > digits[name] || id == "" || strings.ContainsFunc(id, func(r rune) bool { return r < '0' || r > '9' })
		}
		return false
	})
}

// telling reports whether ids say which table they are of: small numbers are keys of
// any table.
func telling(ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool {
		return len(id) > 12 || strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsDigit(r) })
	})
}

// couldBe reports whether the ids are of a form that the key's type takes.
func couldBe(p possible, ids []string) bool {
	return len(fitting(p.table.Column(p.key).Type, ids)) == len(ids)
}
