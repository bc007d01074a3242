package audit

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// conflicts inserts a row of one's own with the key that another tenant's row has, ON
// CONFLICT DO UPDATE: it must neither overwrite that row nor tell that it is there.
// Where all that a key compares is random, no client guesses it, and an error tells
// nothing; but a client that has seen one, in a link, must not get past policies with it.
func (t *probed) conflicts() error {
	name := t.harmless()
	if !t.may("INSERT") || len(t.key) == 0 || name == "" || t.s.tenant == t.level {
		return nil
	}
	for _, ix := range t.s.rel.Indexes {
		columns := ix.Columns()
		if !ix.Unique || !ix.Valid || !ix.Immediate || ix.Predicate != "" || len(columns) < len(ix.Keys) || includes(columns, t.columns) {
			continue
		}
		taken, err := t.otherHasKey(ix, columns)
		if err == nil && taken {
			err = t.conflict(ix, columns, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// otherHasKey reports whether the other tenant's row is in the way of another row with its
// key: one with a NULL in it is not, unless the index says so.
func (t *probed) otherHasKey(ix *catalog.Index, columns []string) (bool, error) {
	if ix.NullsNotDistinct {
		return true, nil
	}
	_, whole, err := t.p.value(fmt.Sprintf("SELECT 1 FROM (SELECT (%s::%s).*) r WHERE num_nulls(%s) = 0",
		catalog.Literal(t.other.text), t.s.rel.Ident(), strings.Join(cols("r", columns), ", ")))
	return whole, err
}

func (t *probed) conflict(ix *catalog.Index, columns []string, name string) error {
	insert, ok := t.insertAs(columns)
	if !ok {
		return nil
	}
	suffix := fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s = excluded.%s", catalog.Idents(columns), catalog.Ident(name), catalog.Ident(name))
	if t.may("UPDATE") && t.may("SELECT") {
		got, err := t.p.try(t.me, insert+suffix)
		if err != nil {
			return err
		}
		if !got.failed() && got.rows > 0 {
			t.find("probe-write", t.s.name, "another tenant's row can be overwritten by ON CONFLICT DO UPDATE", insert+suffix, got, fixPolicy)
			return nil
		}
		if got.denied() && !t.p.a.tellsNothing(t.s, ix, columns) {
			t.find("probe-oracle", t.s.name+"."+ix.Name, "ON CONFLICT DO UPDATE tells that another tenant has the value", insert+suffix, got, fixUnique)
			return nil
		}
	}
	if t.p.a.tellsNothing(t.s, ix, columns) {
		return nil
	}
	got, err := t.p.try(t.me, insert)
	if err == nil && got.code == "23505" && strings.Contains(got.message, `"`+ix.Name+`"`) {
		t.find("probe-oracle", t.s.name+"."+ix.Name, "a duplicate-key error tells that another tenant has the value", insert, got, fixUnique)
	}
	return err
}

const fixUnique = "let the unique key begin with the tenant's column"

// insertAs is an INSERT of a new row of one's own tenant, with some columns as the
// other tenant's row has them.
func (t *probed) insertAs(columns []string) (string, bool) {
	var from []string
	names := t.writable()
	for _, n := range names {
		r := t.own
		if contains(columns, n) {
			r = t.other
		}
		expr := fmt.Sprintf("(%s::%s).%s", catalog.Literal(r.text), t.s.rel.Ident(), catalog.Ident(n))
		if fresh, ok := unused(t.s.rel.Column(n)); ok && contains(t.key, n) && !contains(t.columns, n) && !contains(columns, n) && !t.s.node.InForeignKey(n) {
			expr = catalog.Literal(fresh)
		}
		from = append(from, expr)
	}
	for _, c := range columns {
		if !contains(names, c) {
			return "", false // generated: it follows from others
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s", t.s.rel.Ident(), catalog.Idents(names), strings.Join(from, ", ")), true
}
