package seedbed

import (
	"context"
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
)

// Validate compares the Model with a live database. It returns an *InvalidError
// that names every table and column that does not exist, with what was probably
// meant, and everything that the catalog contradicts: a key that is not unique,
// columns whose types differ, a level that is not declared, a column that
// references something else. Tables that the Model does not mention are no error.
//
// It reads the catalog only, never rows.
func (m Model) Validate(ctx context.Context, db DB) error {
	cat, err := catalog.Load(ctx, db, catalog.Options{Extensions: true})
	if err != nil {
		return fmt.Errorf("validate model: %w", err)
	}
	return m.validate(cat)
}

func (m Model) validate(cat *catalog.Catalog) error {
	v := &validation{model: m, cat: cat, seen: map[string]bool{}}
	for _, t := range m.Tenants {
		v.tenant(t)
	}
	for _, s := range m.Scoped {
		v.scoped(s)
	}
	for _, a := range m.Aggregates {
		v.aggregate(a)
	}
	for _, g := range m.Global {
		v.global(g)
	}
	for _, p := range m.Polymorphic {
		v.pair(p)
	}
	for _, i := range m.Inheritance {
		v.inheritance(i)
	}
	for _, s := range m.Memberships {
		v.membership(s)
	}
	if len(v.problems) > 0 {
		return &InvalidError{Problems: v.problems}
	}
	return nil
}

// validation gathers problems. declaration is the line being looked at.
type validation struct {
	model       Model
	cat         *catalog.Catalog
	declaration string          // by its name
	seen        map[string]bool // names of levels
	problems    []Problem
}

func (v *validation) fail(object, format string, args ...any) {
	v.problems = append(v.problems, Problem{Declaration: v.declaration, Object: object, Message: fmt.Sprintf(format, args...)})
}

// table finds a table that rows can be written to, or records why it is none.
func (v *validation) table(name string) *catalog.Relation {
	if name == "" {
		v.fail("", "no table is named")
		return nil
	}
	r := v.cat.Table(name)
	switch {
	case r == nil:
		v.fail(name, "table %s does not exist%s", name, v.meantTable(name))
		return nil
	case r.Partition:
		v.fail(name, "%s is a partition: name the partitioned table, %s", name, v.cat.Name(r.Root()))
	case !r.IsTable():
		v.fail(name, "%s is a %s, not a table", name, kindName(r.Kind))
	}
	return r
}

func kindName(k catalog.Kind) string {
	switch k {
	case catalog.View:
		return "view"
	case catalog.MaterializedView:
		return "materialized view"
	case catalog.ForeignTable:
		return "foreign table"
	}
	return "relation of kind " + string(k)
}

func (v *validation) meantTable(name string) string {
	_, wanted := catalog.SplitName(name)
	var names []string
	for _, r := range v.cat.Tables() {
		if r.Name == wanted {
			return "; did you mean " + v.cat.Name(r) + "?"
		}
		names = append(names, v.cat.Name(r))
	}
	return catalog.Suggestion(name, names)
}

// column finds a column, or records that it does not exist.
func (v *validation) column(r *catalog.Relation, name string) *catalog.Column {
	if c := r.Column(name); c != nil {
		return c
	}
	table := v.cat.Name(r)
	if name == "" {
		v.fail(table, "no column of %s is named where one must be", table)
		return nil
	}
	var names []string
	for _, c := range r.Columns {
		names = append(names, c.Name)
	}
	v.fail(table+"."+name, "column %s.%s does not exist%s", table, name, catalog.Suggestion(name, names))
	return nil
}

// columns finds them all, or returns nil.
func (v *validation) columns(r *catalog.Relation, names []string) []*catalog.Column {
	if len(names) == 0 {
		v.fail(v.cat.Name(r), "no columns of %s are named where some must be", v.cat.Name(r))
		return nil
	}
	var out []*catalog.Column
	for _, name := range names {
		if c := v.column(r, name); c != nil {
			out = append(out, c)
		}
	}
	if len(out) < len(names) {
		return nil
	}
	return out
}

func (v *validation) tenant(t Tenant) {
	v.declaration = t.name()
	if t.Name == "" {
		v.fail("", "the tenant level of table %q has no name", t.Table)
	}
	if v.seen[t.Name] {
		v.fail("", "two tenant levels are called %q", t.Name)
	}
	v.seen[t.Name] = true
	v.setting(t.Name, t.Setting, t.Claim, t.Session)
	parent, declared := v.model.Tenant(t.Parent)
	if t.Parent != "" && !declared {
		v.fail("", "tenant level %q, parent of %q, is not declared%s", t.Parent, t.Name, catalog.Suggestion(t.Parent, v.levels()))
	}
	if slices.ContainsFunc(v.model.Above(t.Name), func(above Tenant) bool { return above.Name == t.Name }) {
		v.fail("", "tenant level %q is above itself", t.Name)
	}
	if t.Table == "" {
		return
	}
	r := v.table(t.Table)
	if r == nil {
		return
	}
	if key := v.columns(r, t.Key); key != nil {
		v.unique(r, t.Key)
	}
	if declared {
		v.carries(r, t.ParentColumns, parent)
	}
}

func (v *validation) levels() []string {
	var out []string
	for _, t := range v.model.Tenants {
		out = append(out, t.Name)
	}
	return out
}

// unique records a key that no unique index guarantees.
func (v *validation) unique(r *catalog.Relation, key []string) {
	for _, ix := range r.Indexes {
		if ix.Unique && len(ix.Keys) == len(key) && ix.Leads(key) {
			return
		}
	}
	v.fail(v.cat.Name(r), "%s%s is no key: no primary key or unique index is on just these columns", v.cat.Name(r), list(key))
}

func (v *validation) sameType(a, b *catalog.Column) {
	if x, y := a.Type.Underlying(), b.Type.Underlying(); !alike(x, y) {
		v.fail(v.cat.Name(a.Table)+"."+a.Name, "%s.%s is %s, but %s.%s, which it should equal, is %s",
			v.cat.Name(a.Table), a.Name, a.SQLType, v.cat.Name(b.Table), b.Name, b.SQLType)
	}
}

// alike reports whether values of the types can be compared without a cast:
// integers among themselves, and strings.
func alike(a, b *catalog.Type) bool {
	if a.OID == b.OID {
		return true
	}
	return a.Category == b.Category && a.Category != "U" && a.Category != "E" && a.Kind == catalog.BaseType
}
