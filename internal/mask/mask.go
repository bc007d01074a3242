// Package mask replaces what is private in the values of a database: what the name of
// a column, a field or a JSON key says is secret or personal, and what its shape says
// wherever it stands.
//
//	rule := mask.For("users", column)
//	shown := rule.Value("ann@corp.example", 0)   // user-5f1c0a9b22@masked.test
//
// The same value becomes the same mask, in every table and every run, so that values
// that were equal stay equal. Nothing of the value can be read off a mask, but for a
// birth date's year and what a CHECK forces the mask to keep: a caller whose schema
// refuses the first mask asks for the next one (see [Rule.Value]). Masks have no key,
// though: a reader who can list all likely values, such as phone numbers, can find the
// one behind a mask.
package mask

import (
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// Kind is what a value is, as far as its name tells.
type Kind int

// Kinds of private values.
const (
	Plain      Kind = iota // private only where its shape says so
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
	kind   Kind
	typ    *catalog.Type // without domains
	length int           // of varchar(n); 0 none
	left   string
}

// Tries is how many different masks [Rule.Value] has for a value.
const Tries = 40

// For is the rule for a column of a table.
func For(table string, c *catalog.Column) Rule {
	r := Rule{kind: KindOf(table, c.Name), typ: c.Type.Underlying(), length: c.Length}
	if r.kind != Plain && !r.maskable(r.typ) {
		r.left = c.SQLType
	}
	return r
}

// Left is the type of a column that is private by its name and is left as it is all the
// same, because its type has no mask: a boolean, an enumeration, a moment. Empty: no.
func (r Rule) Left() string { return r.left }

func (r Rule) maskable(t *catalog.Type) bool {
	switch {
	case t.Elem != nil:
		return r.maskable(t.Elem.Underlying())
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

// Value is the mask of a value, which is written as Postgres writes it; the value itself
// where nothing in it is private. Attempt 0 is the mask to prefer. Further ones, up to
// Tries, keep more and more of the value's form, for a CHECK or a unique key that
// refuses the ones before.
func (r Rule) Value(v string, attempt int) string {
	m := masker{attempt: attempt}
	return m.value(r.typ, r.kind, r.length, v)
}

// masker walks through a value.
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
		return hostFor(v) // an address of a network is one whatever it is called
	}
	switch t.Name {
	case "json", "jsonb":
		return m.json(kind, v)
	case "hstore":
		return m.hstore(kind, v)
	case "xml":
		return m.xml(kind, v)
	case "tsvector":
		return "" // the words of texts that are masked
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

// text masks a text of a kind, and in any text what its shape gives away.
func (m masker) text(kind Kind, length int, v string) string {
	if kind == Plain {
		return Shapes(v)
	}
	if strings.TrimSpace(v) == "" {
		return v
	}
	return m.textOfKind(kind, length, v)
}
