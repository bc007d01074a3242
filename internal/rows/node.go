package rows

import "reflect"

// node is a row that others may belong to: one the caller has, one that such a row
// implies, or one that this call makes.
type node struct {
	table *table
	draft *draft // of this call, or nil
	// known values of a row that is already there, by column
	known map[int]any
	label string // how errors name it: "On(datasets 0195…)"
}

// value of a column; false where nobody knows it.
func (n *node) value(col int) (any, bool) {
	if n.draft == nil {
		v, ok := n.known[col]
		return v, ok
	}
	d := n.draft
	if d.set[col] {
		return canon(n.table.columns[col], d.values[col]), true
	}
	c := n.table.columns[col]
	if c.Generated != "" || c.Filled() {
		return pending{d, col}, true
	}
	return nil, false
}

// tenant key of the row at a level: nil where it has none or nobody knows.
func (n *node) tenantKey(name string) []any {
	l, ok := n.table.level(name)
	if !ok {
		return n.ownKey(name)
	}
	if len(l.cols) == 0 {
		if n.draft != nil {
			return n.draft.via[name].key
		}
		return nil
	}
	return n.values(l.cols)
}

// ownKey is for the tenants themselves.
func (n *node) ownKey(name string) []any {
	t, ok := n.table.schema.model.TenantTable(n.table.name)
	if !ok || t.Name != name {
		return nil
	}
	var cols []int
	for _, k := range t.Key {
		if c := n.table.byName[k]; c != nil {
			cols = append(cols, c.index)
		}
	}
	return n.values(cols)
}

func (n *node) values(cols []int) []any {
	out := make([]any, 0, len(cols))
	for _, c := range cols {
		v, ok := n.value(c)
		if !ok || v == nil {
			return nil
		}
		out = append(out, v)
	}
	return out
}

// external makes a node of a row that the caller has.
func (s *schema) external(trait string, row Row) (*node, error) {
	t, err := s.table(row.TableName())
	if err != nil {
		return nil, err
	}
	n := &node{table: t, known: map[int]any{}}
	if rec, ok := asRecord(row); ok {
		for name, v := range rec.Values {
			if c := t.byName[name]; c != nil {
				n.known[c.index] = canon(c, v)
			}
		}
	} else if err := n.read(row); err != nil {
		return nil, err
	}
	n.label = trait + "(" + t.name + n.key() + ")"
	return n, nil
}

func (n *node) read(row Row) error {
	v := reflect.ValueOf(row)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	b, err := bind(layoutOf(v.Type()), n.table)
	if err != nil {
		return err
	}
	for _, f := range b.fields {
		x := v.FieldByIndex(f.index)
		if x.IsZero() && b.missing(f.column, x) {
			continue
		}
		n.known[f.column.index] = canon(f.column, x.Interface())
	}
	return nil
}

// key of the row for people, with a space before it.
func (n *node) key() string {
	pk := n.table.rel.PrimaryKey()
	if pk == nil {
		return ""
	}
	out := ""
	for _, name := range pk.Columns {
		c := n.table.byName[name]
		if v, ok := n.value(c.index); ok && !n.table.tenantColumn(c.index) {
			out += " " + show(v)
		}
	}
	return out
}

// implied are the rows that an existing row's references name. What they share with
// it, its tenant above all, is known of them too.
func (n *node) implied() []*node {
	var out []*node
	for _, e := range n.table.edges {
		if e.pair != nil {
			typ, _ := n.value(e.typ)
			if typ != e.label {
				continue
			}
		}
		keys := n.values(e.cols)
		if len(keys) < len(e.cols) || len(keys) == 0 {
			continue
		}
		p := &node{table: e.parent, known: map[int]any{}}
		for i, ref := range e.refs {
			p.known[ref] = keys[i]
		}
		for _, l := range e.parent.levels {
			for i, v := range n.tenantKey(l.tenant.Name) {
				if i < len(l.cols) {
					p.known[l.cols[i]] = v
				}
			}
		}
		p.label = e.parent.name + p.key() + " of " + n.label
		out = append(out, p)
	}
	return out
}
