package rows

import (
	"slices"
	"time"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// violation is a row that one constraint should refuse.
type violation struct {
	name       string
	definition string
	code       string         // the error expected
	row        map[string]any // the valid row, changed
	reason     string         // why there is none
	check      *catalog.Constraint
}

// violations of a table, made of two valid rows: the second one, changed so that one
// constraint minds.
func (t *table) violations(first, second *draft) []violation {
	var out []violation
	for _, c := range t.columns {
		if c.NotNull && c.Writable() && c.Identity == "" {
			v := violation{name: c.name, definition: "NOT NULL", code: "23502"}
			v.row = second.changed(map[string]any{c.name: nil})
			out = append(out, v)
		}
	}
	for _, k := range t.rel.Constraints {
		v := violation{name: k.Name, definition: k.Definition}
		switch k.Kind {
		case catalog.PrimaryKey, catalog.Unique:
			v.code, v.row, v.reason = "23505", second.changed(first.only(k.Columns)), t.notWritable(k.Columns)
		case catalog.Exclusion:
			v.code, v.row = "23P01", second.changed(first.all())
			v.row = second.without(v.row)
		case catalog.ForeignKey:
			if k.Inherited || !k.Enforced {
				continue
			}
			v.code = "23503"
			v.row, v.reason = t.orphan(k, second)
		case catalog.Check:
			v.code, v.check, v.row = "23514", k, second.changed(nil)
		default:
			continue
		}
		out = append(out, v)
	}
	return out
}

// all is the draft's row by column, generated ones left out.
func (d *draft) all() map[string]any {
	out := map[string]any{}
	if d == nil {
		return out
	}
	for i, c := range d.table.columns {
		if d.set[i] && c.Writable() {
			out[c.name] = d.values[i]
		}
	}
	return out
}

func (d *draft) only(columns []string) map[string]any {
	all, out := d.all(), map[string]any{}
	for _, name := range columns {
		if v, ok := all[name]; ok {
			out[name] = v
		}
	}
	return out
}

// changed is the row with a new key and some columns exchanged.
func (d *draft) changed(with map[string]any) map[string]any {
	out := d.without(d.all())
	for name, v := range with {
		out[name] = v
	}
	return out
}

// without gives the row a key that no other row has, as far as that is the row's own.
func (d *draft) without(row map[string]any) map[string]any {
	if d == nil {
		return row
	}
	cells := fake.New(99, d.table.name, fake.Epoch.Add(48*time.Hour))
	cells.At(d.number + 1<<30)
	for _, c := range d.table.columns {
		switch {
		case c.Identity != "" || c.inKey && c.left() && c.base != uuidOID:
			delete(row, c.name)
		case c.inKey && c.base == uuidOID && !c.inEdge:
			row[c.name] = cells.Of(c.name).UUID()
		}
	}
	return row
}

func (t *table) notWritable(columns []string) string {
	for _, name := range columns {
		if c := t.byName[name]; !c.Writable() {
			return "its column " + name + " is written by Postgres only"
		}
	}
	return ""
}

// orphan points a foreign key at nothing. A shadow key is reached through its pair.
func (t *table) orphan(k *catalog.Constraint, d *draft) (map[string]any, string) {
	cells := fake.New(77, t.name, fake.Epoch)
	cells.At(1 << 30) // a number that nobody has reached
	change := map[string]any{}
	for _, name := range k.Columns {
		c := t.byName[name]
		if c.Generated != "" || t.tenantColumn(c.index) && len(k.Columns) > 1 {
			continue
		}
		change[name] = guess(&column{Column: c.Column, name: c.name, base: c.base, unique: true, index: c.index})(cells.Of(name + " orphan"))
		if c.Type.Underlying().Name == "int2" {
			change[name] = 32_000
		}
		if c.base == uuidOID {
			change[name] = cells.Of(name).UUIDv4()
		}
	}
	if len(change) > 0 {
		return d.changed(change), ""
	}
	for _, e := range t.edges {
		target, ok := seedTarget(e)
		if ok && slices.Contains(k.Columns, target) {
			row := d.changed(map[string]any{e.pair.ID: cells.Of("orphan").UUIDv4()})
			row[e.pair.Type] = e.label
			return row, ""
		}
	}
	last := t.byName[k.Columns[len(k.Columns)-1]]
	if last.Writable() && last.base == uuidOID {
		return d.changed(map[string]any{last.name: cells.Of(last.name).UUIDv4()}), ""
	}
	return nil, "its columns are the tenant's, or written by Postgres only"
}

func seedTarget(e *edge) (shadow string, ok bool) {
	if e.pair == nil {
		return "", false
	}
	target, ok := e.pair.Target(e.label)
	return target.Shadow, ok && target.Shadow != ""
}
