// Package mask replaces private values of a database. It knows them by the name of a
// column, an attribute or a JSON key, and, anywhere in a text, by their form, such as that
// of an e-mail address or a card number.
//
//	rule := mask.For("users", column)
//	masked := rule.Value("ann@corp.example", 0)   // user-5f1c0a9b22@masked.test
//
// Equal values get equal masks, in every table and every run. A mask shows nothing of
// the value, except a birth date's year, and what a CHECK requires: where the schema
// refuses the first mask, the caller asks for the next one (see [Rule.Value]). Masks have
// no key: a reader who can list all likely values, such as phone numbers, can find the one
// behind a mask.
package mask

import (
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// Kind is the kind of private value that a name stands for.
type Kind int

// Kinds of private values.
const (
	Plain      Kind = iota // private only if its form is
	Secret                 // passwords, tokens, keys
	Identifier             // bank, tax, passport and card numbers, PINs
	Email
	Phone
	Person  // a person's name
	Address // streets, post codes
	Birth   // a birth date
	Network // an IP address
)

// Rule is how the values of a column are masked.
type Rule struct {
	kind         Kind
	typ          *catalog.Type // without domains
	length       int           // of varchar(n); 0 none
	unmaskedType string        // see UnmaskedType
}

// Tries is the number of different masks that [Rule.Value] has for a value.
const Tries = 40

// For returns the rule for a column of a table.
func For(table string, c *catalog.Column) Rule {
	r := Rule{kind: KindOf(table, c.Name), typ: c.Type.Underlying(), length: c.Length}
	if r.kind != Plain && !r.isMaskable(r.typ) && !r.cannotHold(r.typ) {
		r.unmaskedType = c.SQLType
	}
	return r
}

// UnmaskedType returns the type of a column that is private by its name but not masked,
// because its type has no mask: an enumeration, a timestamp. It returns "" for any other
// column.
func (r Rule) UnmaskedType() string { return r.unmaskedType }

// cannotHold reports whether the type has no room for what the name stands for: a boolean
// holds nothing private, and a number is no secret but the count of some.
func (r Rule) cannotHold(t *catalog.Type) bool {
	return t.Name == "bool" || t.Category == "N" && r.kind == Secret
}

func (r Rule) isMaskable(t *catalog.Type) bool {
	switch {
	case t.Elem != nil:
		return r.isMaskable(t.Elem.Underlying())
	case len(t.Labels) > 0 || t.Name == "bool":
		return false
	case t.Category == "S", t.Category == "I", len(t.Attributes) > 0:
		return true
	}
	switch t.Name {
	case "json", "jsonb", "hstore", "xml", "tsvector":
		return true
	case "uuid", "bytea":
		return r.kind == Secret || r.kind == Identifier
	case "int2", "int4", "int8", "numeric":
		return r.kind == Identifier || r.kind == Phone
	case "date", "timestamp", "timestamptz":
		return r.kind == Birth
	}
	return false
}

// Value returns the mask of a value in Postgres's text form, or the value itself if it is
// not private. Attempt 0 is the best mask. Further attempts, up to Tries, keep more and
// more of the value's form, for columns whose CHECK or unique key refuses the masks
// before.
func (r Rule) Value(v string, attempt int) string {
	m := masker{attempt: attempt}
	return m.value(r.typ, r.kind, r.length, v)
}

// masker masks the parts of a value; attempt as for Rule.Value.
type masker struct{ attempt int }

func (m masker) value(t *catalog.Type, kind Kind, length int, v string) string {
	t = t.Underlying()
	switch {
	case v == "" || len(t.Labels) > 0 || t.Name == "bool":
		return v
	case t.Elem != nil:
		return m.array(t.Elem, kind, length, v)
	case len(t.Attributes) > 0:
		return m.composite(t, kind, v)
	case t.Category == "S":
		return m.text(kind, length, v)
	case t.Category == "I":
		return networkMask(v) // inet, cidr and macaddr are addresses, whatever the name
	}
	switch t.Name {
	case "json", "jsonb":
		return m.json(kind, v)
	case "hstore":
		return m.hstore(kind, v)
	case "xml":
		return m.xml(kind, v)
	case "tsvector":
		return "" // it has the words of other columns, which are masked
	case "uuid", "bytea":
		if kind == Secret || kind == Identifier {
			return m.bytes(t.Name, v)
		}
	case "int2", "int4", "int8", "numeric":
		if kind == Identifier || kind == Phone {
			return m.number(t.Name, v)
		}
	case "date", "timestamp", "timestamptz":
		if kind == Birth && len(v) >= 10 && v[4] == '-' {
			return v[:4] + "-01-01" + v[10:]
		}
	}
	return v
}

// text masks a text of a private kind as a whole, and other texts in part.
func (m masker) text(kind Kind, length int, v string) string {
	if kind == Plain {
		masked := FreeText(v)
		if m.attempt > 0 && masked != v {
			return ScrambleLike(v, m.attempt-1)
		}
		return masked
	}
	if strings.TrimSpace(v) == "" {
		return v
	}
	return m.privateText(kind, length, v)
}
