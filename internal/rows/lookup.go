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

// lookupParent finds the parent that a row names without having all of its columns: an
// alert on a run knows its space's id by the run, and not the organization that the
// space is of. nil where no key of the parent is known, or no row has it.
func (b *batch) lookupParent(r *row, ref *reference) (*parentRow, error) {
	known := map[int]any{}
	for i, col := range ref.childColumns {
		if _, waits := r.values[col].(pending); r.isSet[col] && r.values[col] != nil && !waits {
			known[ref.parentColumns[i]] = canonical(ref.parent.columns[ref.parentColumns[i]], r.values[col])
		}
	}
	key := ref.parent.keyAmong(known)
	if b.queryAsWriter == nil || len(key) == 0 || len(key) == len(ref.childColumns) {
		return nil, nil
	}
	for _, p := range b.lookedUpParents {
		if p.table == ref.parent && p.hasKey(key, known) {
			return p, nil
		}
	}
	p, err := b.queryParent(r, ref, key, known)
	if p != nil {
		b.lookedUpParents = append(b.lookedUpParents, p)
	}
	return p, err
}

// checkAgreement looks whether the columns of a reference that different paths have set are
// those of one row.
func (b *batch) checkAgreement(r *row, ref *reference, chain []*row) error {
	mixed := false
	for _, col := range ref.childColumns {
		mixed = mixed || r.origins[col].Via != r.origins[ref.childColumns[0]].Via
	}
	if !mixed || b.findParent(r, ref, r.associations, chain) != nil {
		return nil
	}
	p, err := b.lookupParent(r, ref)
	if p == nil || err != nil {
		return err
	}
	return r.setParent(ref, p)
}

func (p *parentRow) hasKey(key []int, known map[int]any) bool {
	return !slices.ContainsFunc(key, func(col int) bool { return p.known[col] != known[col] })
}

// keyAmong is the shortest unique key of the table that the columns contain, or nil.
func (t *table) keyAmong(known map[int]any) (shortest []int) {
	for _, k := range t.relation.Uniques() {
		var key []int
		for _, name := range k.Columns {
			if col := t.columnsByName[name].index; known[col] != nil {
				key = append(key, col)
			}
		}
		if len(key) == len(k.Columns) && (shortest == nil || len(key) < len(shortest)) {
			shortest = key
		}
	}
	return shortest
}

// enableLookups lets the batch ask the database for parents, as the role that will write.
func (b *batch) enableLookups(ctx context.Context, db seedbed.DB) {
	inTx, _ := transactional(db)
	b.queryAsWriter = func(row *row, of *table, sql string, args []any, read func(values []any)) error {
		w := newWriter(b, db, inTx)
		r := w.beginRound()
		if of.relation.RLS {
			queueSeederRole(r.exec, []string{of.relation.Ident()})
			w.setTenant(row, r.exec)
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
		return w.endRound(ctx, r, of.relation.RLS)
	}
}

// queryParent finds the parent that has a key; nil where there is none.
func (b *batch) queryParent(r *row, ref *reference, key []int, known map[int]any) (*parentRow, error) {
	p := &parentRow{table: ref.parent, known: known, description: "as it is in the database"}
	sql, args := ref.lookupSQL(key, known)
	found := false
	err := b.queryAsWriter(r, ref.parent, sql, args, func(values []any) {
		found = true
		for i, column := range ref.parentColumns {
			p.known[column] = canonical(ref.parent.columns[column], values[i])
		}
	})
	if err != nil || !found {
		return nil, err
	}
	return p, nil
}

func (ref *reference) lookupSQL(key []int, known map[int]any) (sql string, args []any) {
	var want, where []string
	for _, column := range ref.parentColumns {
		want = append(want, ref.parent.columns[column].name)
	}
	for _, col := range slices.Sorted(slices.Values(key)) {
		args = append(args, known[col])
		where = append(where, fmt.Sprintf("%s = $%d", catalog.Ident(ref.parent.columns[col].name), len(args)))
	}
	return fmt.Sprintf("select %s from %s where %s", catalog.Idents(want), ref.parent.relation.Ident(), strings.Join(where, " and ")), args
}
