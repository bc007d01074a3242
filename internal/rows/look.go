package rows

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// named finds the parent that a draft names without having all of its columns: an
// alert on a run knows its space's id by the run, and not the organization that the
// space is of. nil where no key of the parent is known, or no row has it.
func (b *build) named(d *draft, e *edge) (*node, error) {
	known := map[int]any{}
	for i, col := range e.cols {
		if _, waits := d.values[col].(pending); d.set[col] && d.values[col] != nil && !waits {
			known[e.refs[i]] = canon(e.parent.columns[e.refs[i]], d.values[col])
		}
	}
	key := e.parent.keyAmong(known)
	if b.query == nil || len(key) == 0 || len(key) == len(e.cols) {
		return nil, nil
	}
	for _, n := range b.seen {
		if n.table == e.parent && n.has(key, known) {
			return n, nil
		}
	}
	n, err := b.look(d, e, key, known)
	if n != nil {
		b.seen = append(b.seen, n)
	}
	return n, err
}

// agree looks whether the columns of a reference that different paths have set are
// those of one row.
func (b *build) agree(d *draft, e *edge, chain []*draft) error {
	mixed := false
	for _, col := range e.cols {
		mixed = mixed || d.paths[col].Via != d.paths[e.cols[0]].Via
	}
	if !mixed || b.find(d, e, d.links, chain) != nil {
		return nil
	}
	n, err := b.named(d, e)
	if n == nil || err != nil {
		return err
	}
	return d.attach(e, n)
}

func (n *node) has(key []int, known map[int]any) bool {
	return !slices.ContainsFunc(key, func(col int) bool { return n.known[col] != known[col] })
}

// keyAmong is the shortest unique key of the table that the columns contain, or nil.
func (t *table) keyAmong(known map[int]any) (shortest []int) {
	for _, k := range t.rel.Uniques() {
		var key []int
		for _, name := range k.Columns {
			if col := t.byName[name].index; known[col] != nil {
				key = append(key, col)
			}
		}
		if len(key) == len(k.Columns) && (shortest == nil || len(key) < len(shortest)) {
			shortest = key
		}
	}
	return shortest
}

// looker lets the build ask the database for parents, as the role that will write.
func (b *build) looker(ctx context.Context, db seedbed.DB) {
	inTx, _ := transactional(db)
	b.query = func(d *draft, of *table, sql string, args []any, read func(values []any)) error {
		w := newWriter(b, db, inTx)
		r := w.begin()
		if of.rel.RLS {
			stepUp(r.control, []string{of.rel.Ident()})
			w.setTenant(d, r.control)
		}
		r.add(of.name, sql, args, func(rows pgx.Rows) error {
			for rows.Next() {
				values, err := rows.Values()
				if err != nil {
					return err
				}
				read(values)
			}
			return rows.Err()
		})
		return w.end(ctx, r, of.rel.RLS)
	}
}

// look finds the parent that has a key; nil where there is none.
func (b *build) look(d *draft, e *edge, key []int, known map[int]any) (*node, error) {
	n := &node{table: e.parent, known: known, label: "as it is in the database"}
	sql, args := e.lookSQL(key, known)
	found := false
	err := b.query(d, e.parent, sql, args, func(values []any) {
		found = true
		for i, ref := range e.refs {
			n.known[ref] = canon(e.parent.columns[ref], values[i])
		}
	})
	if err != nil || !found {
		return nil, err
	}
	return n, nil
}

func (e *edge) lookSQL(key []int, known map[int]any) (sql string, args []any) {
	var want, where []string
	for _, ref := range e.refs {
		want = append(want, e.parent.columns[ref].name)
	}
	for _, col := range slices.Sorted(slices.Values(key)) {
		args = append(args, known[col])
		where = append(where, fmt.Sprintf("%s = $%d", catalog.Ident(e.parent.columns[col].name), len(args)))
	}
	return fmt.Sprintf("select %s from %s where %s", catalog.Idents(want), e.parent.rel.Ident(), strings.Join(where, " and ")), args
}
