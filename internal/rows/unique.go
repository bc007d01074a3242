package rows

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// chooseUniqueColumns marks, for each unique key, the column whose made-up values will
// differ from row to row: the one that can do so most believably.
func (t *table) chooseUniqueColumns() {
	for _, ix := range t.uniqueIndexes() {
		if c := t.uniqueColumnOf(ix); c != nil && c.mayBeFilledUniquely() {
			c.mustDiffer = true
		}
		if !t.alwaysDiffers(ix) {
			c := t.uniqueColumnOf(ix)
			if c != nil && c.distinctness() == 0 {
				// The column has too few values: different parents must tell the rows apart.
				if ref := t.lastReferenceIn(ix); ref != nil {
					ref.exclusive = true
					continue
				}
			}
			if c != nil {
				c.mustDiffer = true
				c.alwaysInferred = !c.isInferred()
			}
		}
	}
	for _, c := range t.columns {
		if c.Writable() && !c.inReference && c.partitionValues() != nil {
			c.alwaysInferred = true
		}
		if c.Writable() && !c.Required() && !c.inReference && c.rule().notNull {
			c.alwaysInferred = true
		}
	}
}

// mayBeFilledUniquely reports whether a plan may fill a nullable column of a unique key with
// values that differ, as a user's e-mail address.
func (c *column) mayBeFilledUniquely() bool {
	return !c.Required() && !c.Filled() && c.Writable() && !c.inReference && !c.leftNull && c.distinctness() == 8 && !seldomFilled.MatchString(strings.ToLower(c.name)) &&
		c.partitionValues() == nil && len(c.rule().patterns) == 0
}

// alwaysDiffers reports whether the key differs from row to row anyway: by a parent, a
// sequence, a UUID or a NULL.
func (t *table) alwaysDiffers(ix *catalog.Index) bool {
	for _, k := range ix.Keys {
		c := t.columnsByName[k.Column]
		if c == nil {
			continue
		}
		if c.Identity != "" || strings.HasPrefix(c.Default, "nextval(") || c.baseOID == uuidOID && c.hasVolatileDefault() ||
			c.mustDiffer || !c.Required() && !c.Filled() && !c.inReference && !ix.NullsNotDistinct {
			return true
		}
		for _, ref := range t.references {
			if ref.exclusive && slices.Contains(ref.ownColumns, c.index) {
				return true
			}
		}
	}
	return false
}

// lastReferenceIn returns the last reference that decides a column of a key, other than the
// tenant's; or nil.
func (t *table) lastReferenceIn(ix *catalog.Index) (last *reference) {
	for _, k := range ix.Keys {
		for _, ref := range t.references {
			if c := t.columnsByName[k.Column]; c != nil && slices.Contains(ref.ownColumns, c.index) && !ref.toTenant && ref.pair == nil {
				last = ref
			}
		}
	}
	return last
}

// uniqueColumnOf returns the column of a key that can differ most believably, or nil.
func (t *table) uniqueColumnOf(ix *catalog.Index) *column {
	var best *column
	consider := func(c *column) {
		if c != nil && c.Writable() && !c.inReference && (best == nil || c.distinctness() > best.distinctness()) {
			best = c
		}
	}
	for _, k := range ix.Keys {
		c := t.columnsByName[k.Column]
		switch {
		case c == nil:
			consider(t.firstColumnIn(k.Expr))
		case c.Generated != "":
			for _, from := range t.generatedFrom(c) {
				consider(from)
			}
		default:
			consider(c)
		}
	}
	return best
}

// firstColumnIn returns the first column that an expression names, or nil.
func (t *table) firstColumnIn(expr string) *column {
	for _, word := range regexp.MustCompile(`\w+`).FindAllString(expr, -1) {
		if c := t.columnsByName[word]; c != nil && !c.inReference {
			return c
		}
	}
	return nil
}

// distinctness ranks how believably a column can differ from row to row: 0 is not at all.
func (c *column) distinctness() int {
	r := c.rule()
	if lo, hi, ok := c.integerBounds(); len(r.choices) > 0 || c.baseOID == boolOID || ok && hi-lo < fewValues {
		return 0
	}
	switch t := c.Type.Underlying(); {
	case c.partitionValues() != nil:
		return 1
	case t.Name == "uuid":
		return 9
	case t.Category == "S" && (r.maxLen == 0 || r.maxLen >= 8):
		return 8
	case t.Name == "int8", t.Name == "int4":
		return 7
	case !c.Required() && seldomFilled.MatchString(strings.ToLower(c.name)):
		return 0
	case t.Name == "timestamptz", t.Name == "timestamp":
		return 6
	case t.Name == "numeric", t.Name == "date":
		return 5
	}
	return 1
}

// uniqueIndexes returns the unique indexes that new rows must respect. A partial one
// counts, unless rows can stay out of it: of UNIQUE (org_id) WHERE is_owner, no row needs
// to be an owner.
func (t *table) uniqueIndexes() []*catalog.Index {
	if t.uniqueIndexCache != nil {
		return t.uniqueIndexCache
	}
	t.uniqueIndexCache = []*catalog.Index{}
	for _, ix := range t.relation.Indexes {
		if ix.Unique && (t.differsByText(ix) || !t.avoidsIndex(ix)) {
			t.uniqueIndexCache = append(t.uniqueIndexCache, ix)
		}
	}
	return t.uniqueIndexCache
}

// differsByText reports whether texts can keep the rows of an index apart, so that none has to
// stay out of it.
func (t *table) differsByText(ix *catalog.Index) bool {
	c := t.uniqueColumnOf(ix)
	return c != nil && c.distinctness() == 8 && !mentionsColumn(ix.Predicate, c.name) && !seldomFilled.MatchString(strings.ToLower(c.name))
}

// avoidsIndex makes new rows stay out of a partial index. It returns false where they
// cannot.
func (t *table) avoidsIndex(ix *catalog.Index) bool {
	if ix.Predicate == "" {
		return false
	}
	for _, part := range sqltext.TopLevel(sqltext.Unwrap(sqltext.Tokens(ix.Predicate)), "and") {
		if t.avoidCondition(sqltext.Unwrap(part)) {
			return true
		}
	}
	return false
}

// avoidCondition makes a column avoid the value that a condition demands. It returns false
// where the column has no other value.
func (t *table) avoidCondition(condition []sqltext.Token) bool {
	condition = slices.DeleteFunc(slices.Clone(condition), func(t sqltext.Token) bool { return t.Is("(") || t.Is(")") })
	if len(condition) == 0 {
		return false
	}
	value, want := "true", condition[0]
	switch {
	case len(condition) == 1:
	case len(condition) == 2 && condition[0].Is("not"):
		value, want = "false", condition[1]
	case len(condition) >= 3 && t.columnsByName[condition[0].Text] != nil:
		literal := slices.IndexFunc(condition, func(t sqltext.Token) bool { return t.Kind == sqltext.String || t.Is("true") || t.Is("false") })
		equal := slices.IndexFunc(condition, func(t sqltext.Token) bool { return t.Is("=") })
		isNotNull := len(condition) == 4 && condition[1].Is("is") && condition[2].Is("not") && condition[3].Is("null")
		c := t.columnsByName[condition[0].Text]
		if isNotNull {
			return !c.Required() && !c.Filled() && !c.inReference
		}
		if literal < 0 || equal < 0 || literal < equal {
			return false
		}
		return c.Writable() && !c.inReference && c.avoidValues(literalsOf(condition[literal:]))
	default:
		return false
	}
	c := t.columnsByName[want.Text]
	if !want.IsIdentifier() || c == nil || !c.Writable() || c.inReference {
		return false
	}
	return c.avoidValues([]string{value})
}

// literalsOf returns the texts, and the words true and false, of a condition.
func literalsOf(condition []sqltext.Token) []string {
	var out []string
	for _, t := range condition {
		if t.Kind == sqltext.String || t.Is("true") || t.Is("false") {
			out = append(out, t.Text)
		}
	}
	return out
}

// avoidValues makes the column avoid all of the values. It returns false where the column
// has no other.
func (c *column) avoidValues(values []string) bool {
	r := c.rule()
	switch {
	case c.baseOID == boolOID:
		opposite := func(value string) bool {
			return slices.Contains(c.avoidedValues, map[string]string{"true": "false", "false": "true"}[value])
		}
		if slices.ContainsFunc(values, opposite) {
			return false
		}
	case len(r.choices) > 0:
		left := slices.DeleteFunc(slices.Clone(r.choices), func(s string) bool { return slices.Contains(values, s) || slices.Contains(c.avoidedValues, s) })
		if len(left) == 0 {
			return false
		}
	case c.hasConstantDefault && slices.Contains(values, c.constantDefault):
		return false
	}
	c.avoidedValues = append(c.avoidedValues, values...)
	if c.hasConstantDefault && slices.ContainsFunc(values, func(value string) bool { return strings.EqualFold(c.constantDefault, value) }) {
		c.alwaysInferred = true
	}
	return true
}

// KeySpaceError says that a table cannot have as many rows as were asked for: its unique
// keys and CHECKs leave too few values.
type KeySpaceError struct {
	Table       string
	Rows, Most  int64
	There       int64 // rows that the table has already
	Column      string
	Definitions []string // of the key, and of what limits the column
}

func (e *KeySpaceError) Error() string {
	beside := ""
	if e.There > 0 {
		beside = fmt.Sprintf(" beside the %d that are there", e.There)
	}
	return fmt.Sprintf("%s: %d rows asked for%s, and %s has %d values: %s; ask for fewer rows, %s %s holds",
		e.Table, e.Rows, beside, e.Column, e.Most, strings.Join(e.Definitions, ", "), outOfKeySpace.inGo, e.Column)
}

// checkKeySpace returns a *KeySpaceError where a unique key over one made-up column allows
// fewer rows than the table would have.
func (load *bulkLoad) checkKeySpace(ctx context.Context, tb *tableBatch) error {
	if tb.options != nil && len(tb.options.overrides) > 0 || tb.definition.Fill != nil {
		return nil
	}
	for _, ix := range tb.table.uniqueIndexes() {
		c := tb.table.columnsByName[ix.Keys[0].Column]
		if len(ix.Keys) > 1 || c == nil || c.inReference || !c.isInferred() || c.solved != nil {
			continue
		}
		most, there := c.distinctValues(), int64(0)
		if load.hasRows[tb.table] && most < mostExistingKeys {
			if err := load.tx.QueryRow(ctx, "select count(*) from "+tb.table.relation.Ident()).Scan(&there); err != nil {
				return err
			}
		}
		if most-there < tb.size {
			return &KeySpaceError{Table: tb.table.name, Rows: tb.size, Most: most, There: there, Column: c.name, Definitions: append([]string{ix.Definition}, c.checkDefinitions()...)}
		}
	}
	return nil
}

// distinctValues returns how many different values the column can have.
func (c *column) distinctValues() int64 {
	r := c.rule()
	typ := c.Type.Underlying()
	if lo, hi, ok := c.integerBounds(); ok && len(r.choices) == 0 {
		return hi - lo + 1
	}
	switch {
	case len(r.choices) > 0:
		return int64(len(r.choices) - len(c.avoidedValues))
	case c.baseOID == boolOID:
		return 2
	case typ.Name == "int2":
		return math.MaxInt16
	case typ.Name == "int4":
		return math.MaxInt32
	}
	return math.MaxInt64
}

// integerBounds returns the least and the largest value that CHECKs allow a column of an
// integer type; false where they leave one end open.
func (c *column) integerBounds() (lo, hi int64, ok bool) {
	r, typ := c.rule(), c.Type.Underlying()
	if r.min == nil || r.max == nil || typ.Category != "N" || typ.Name == "numeric" || strings.HasPrefix(typ.Name, "float") {
		return 0, 0, false
	}
	from, to := r.narrow(0, 0, 1)
	return int64(from), int64(to), true
}

// checkDefinitions returns the definitions of the CHECKs about this column alone.
func (c *column) checkDefinitions() []string {
	var out []string
	for _, k := range append([]*catalog.Constraint{}, c.Table.Checks()...) {
		if len(k.Columns) == 1 && k.Columns[0] == c.name {
			out = append(out, k.Definition)
		}
	}
	return out
}

// inUnique reports whether a unique index has the column as a key.
func (c *column) inUnique() bool {
	for _, ix := range c.Table.Indexes {
		if !ix.Unique {
			continue
		}
		for _, k := range ix.Keys {
			if k.Column == c.name {
				return true
			}
		}
	}
	return false
}
