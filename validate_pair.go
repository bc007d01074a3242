package seedbed

import (
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
)

func (v *validation) pair(p Polymorphic) {
	v.declaration = p.name()
	r := v.table(p.Table)
	if r == nil {
		return
	}
	typ, id := v.column(r, p.Type), v.column(r, p.ID)
	if len(p.Tenant) > 0 {
		v.columns(r, p.Tenant)
	}
	seen := map[string]bool{}
	for _, t := range p.Targets {
		if seen[t.Type] {
			v.fail(p.Table, "type %q of %s%s is declared twice", t.Type, p.Table, list([]string{p.Type, p.ID}))
		}
		seen[t.Type] = true
		v.allowed(typ, t.Type)
		v.target(r, id, t)
	}
}

func (v *validation) target(r *catalog.Relation, id *catalog.Column, t Target) {
	if target := v.table(t.Table); target != nil {
		key := v.column(target, t.Key)
		if key != nil && id != nil && id.Type.Underlying().Category != "S" {
			v.sameType(id, key)
		}
	}
	if t.Shadow == "" {
		return
	}
	if shadow := v.column(r, t.Shadow); shadow != nil && shadow.Generated == "" {
		v.fail(v.cat.Name(r)+"."+t.Shadow, "shadow column %s.%s is not generated: a row could say otherwise than its pair", v.cat.Name(r), t.Shadow)
	}
}

// allowed records a value that an enum does not have.
func (v *validation) allowed(c *catalog.Column, value string) {
	if c == nil {
		return
	}
	t := c.Type.Underlying()
	if t.Kind == catalog.EnumType && !slices.Contains(t.Labels, value) {
		v.fail(v.cat.Name(c.Table)+"."+c.Name, "%q is no value of %s, the type of %s.%s%s", value, t.SQL, v.cat.Name(c.Table), c.Name, catalog.Suggestion(value, t.Labels))
	}
}

func (v *validation) inheritance(i Inheritance) {
	v.declaration = i.name()
	r := v.table(i.Table)
	if r == nil {
		return
	}
	key := v.columns(r, i.Key)
	if key != nil {
		v.unique(r, i.Key)
	}
	discriminator := v.column(r, i.Discriminator)
	seen := map[string]bool{}
	for _, s := range i.Subtypes {
		if seen[s.Value] {
			v.fail(i.Table, "subtype %q of %s is declared twice", s.Value, i.Table)
		}
		seen[s.Value] = true
		v.allowed(discriminator, s.Value)
		if s.Column != "" {
			v.column(r, s.Column)
		}
		if s.Table != "" {
			v.subtype(key, s)
		}
	}
}

func (v *validation) subtype(key []*catalog.Column, s Subtype) {
	r := v.table(s.Table)
	if r == nil {
		return
	}
	if s.Discriminator != "" {
		v.column(r, s.Discriminator)
	}
	cols := v.columns(r, s.Key)
	if cols == nil || key == nil {
		return
	}
	if len(cols) != len(key) {
		v.fail(s.Table, "%s has %d key columns, its base %d", s.Table, len(cols), len(key))
		return
	}
	for i := range cols {
		v.sameType(cols[i], key[i])
	}
	v.unique(r, s.Key)
}
