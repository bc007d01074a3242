package rows

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// uniqueIndexes are the unique keys that rows made here must mind. A partial one counts
// as if it were whole, unless rows can stay out of it: of UNIQUE (org_id) WHERE
// is_owner no row needs to be an owner.
func (t *table) uniqueIndexes() []*catalog.Index {
	if t.uniques != nil {
		return t.uniques
	}
	t.uniques = []*catalog.Index{}
	for _, ix := range t.rel.Indexes {
		if ix.Unique && !t.staysOut(ix) {
			t.uniques = append(t.uniques, ix)
		}
	}
	return t.uniques
}

// staysOut reports whether no row made here satisfies the predicate of a partial index,
// and sees to it that none does.
func (t *table) staysOut(ix *catalog.Index) bool {
	if ix.Predicate == "" {
		return false
	}
	for _, part := range sqltext.TopLevel(sqltext.Unwrap(sqltext.Tokens(ix.Predicate)), "and") {
		if t.evades(sqltext.Unwrap(part)) {
			return true
		}
	}
	return false
}

// evades has a column avoid the value that a condition asks for, where it has others.
func (t *table) evades(condition []sqltext.Token) bool {
	condition = slices.DeleteFunc(slices.Clone(condition), func(t sqltext.Token) bool { return t.Is("(") || t.Is(")") })
	if len(condition) == 0 {
		return false
	}
	value, want := "true", condition[0]
	switch {
	case len(condition) == 1:
	case len(condition) == 2 && condition[0].Is("not"):
		value, want = "false", condition[1]
	case len(condition) >= 3 && t.byName[condition[0].Text] != nil:
		literal := slices.IndexFunc(condition, func(t sqltext.Token) bool { return t.Kind == sqltext.String || t.Is("true") || t.Is("false") })
		equal := slices.IndexFunc(condition, func(t sqltext.Token) bool { return t.Is("=") })
		isNotNull := len(condition) == 4 && condition[1].Is("is") && condition[2].Is("not") && condition[3].Is("null")
		c := t.byName[condition[0].Text]
		if isNotNull {
			return !c.Required() && !c.Filled() && !c.inEdge
		}
		if literal < 0 || equal < 0 || literal < equal {
			return false
		}
		value = condition[literal].Text
	default:
		return false
	}
	c := t.byName[want.Text]
	if !want.Name() || c == nil || !c.Writable() || c.inEdge {
		return false
	}
	return c.avoid(value)
}

// avoid leaves a value to others; false where the column has no other one.
func (c *column) avoid(value string) bool {
	r := c.rule()
	switch {
	case c.base == boolOID:
		if slices.Contains(c.avoided, map[string]string{"true": "false", "false": "true"}[value]) {
			return false
		}
	case len(r.choices) > 0:
		left := slices.DeleteFunc(slices.Clone(r.choices), func(s string) bool { return s == value || slices.Contains(c.avoided, s) })
		if len(left) == 0 {
			return false
		}
	case c.constOK && c.constant == value:
		return false
	}
	c.avoided = append(c.avoided, value)
	if c.constOK && strings.EqualFold(c.constant, value) {
		c.forced = true
	}
	return true
}
