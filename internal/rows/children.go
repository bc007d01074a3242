package rows

import (
	"fmt"
	"slices"
)

// children are rows that a row comes with: Has.
type children struct {
	n          int
	definition *Definition
}

// children makes what d comes with: what the caller asked for, then the row that
// its subtype needs.
func (b *build) children(d *draft, chain []*draft) error {
	for _, c := range d.has {
		bp := c.definition
		t, err := b.schema.table(bp.Table)
		if err != nil {
			return err
		}
		d.subtypes[t] = true
		for range c.n {
			if err := b.child(d, bp, t, chain); err != nil {
				return err
			}
		}
	}
	inherits, ok := b.schema.model.Inherits(d.table.name)
	if !ok {
		return nil
	}
	c := d.table.byName[inherits.Discriminator]
	for _, sub := range inherits.Subtypes {
		if c == nil || sub.Table == "" || text(c, d.values[c.index]) != sub.Value {
			continue
		}
		t, err := b.schema.table(sub.Table)
		if err != nil {
			return err
		}
		if !d.subtypes[t] {
			return b.child(d, d.bp.maker(b.schema, t), t, chain)
		}
	}
	return nil
}

func (b *build) child(d *draft, bp *Definition, t *table, chain []*draft) error {
	used := false
	call, err := newCall(b.schema, bp.Options)
	if err != nil {
		return err
	}
	kind := linkOn
	if t.within(d.table) && !slices.ContainsFunc(t.edges, func(e *edge) bool { return !e.tenant && e.parent == d.table }) {
		kind = linkIn
	}
	links := []link{{node: d.node(), kind: kind, used: &used}}
	_, err = b.add(wish{bp: bp, table: t, links: append(links, placing(d.links)...), call: call, chain: chain})
	if err == nil && !used {
		return fmt.Errorf("Has: %w", unused(t, links[:1]))
	}
	return err
}

// placing leaves out what a row is about: its children are about the row.
func placing(links []link) []link {
	var out []link
	for _, k := range links {
		if k.kind != linkOn {
			out = append(out, k)
		}
	}
	return out
}
