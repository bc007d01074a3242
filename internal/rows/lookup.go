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

// lookupParent queries the parent of which r knows a unique key, but not all columns of the
// reference: an alert about a check run knows the id of its space through the run, and not
// the organization of the space. nil where r knows no such key, or no row has it.
func (b *batch) lookupParent(r *row, ref *reference) (*parentRow, error) {
	known := map[int]any{}
	for i, col := range ref.childColumns {
		if _, waits := r.values[col].(pending); r.isSet[col] && r.values[col] != nil && !waits {
			known[ref.parentColumns[i]] = canonical(ref.parent.columns[ref.parentColumns[i]], r.values[col])
		}
	}
	if len(known) < len(ref.childColumns) {
		r.addTenantKey(ref.parent, known)
	}
	key := ref.parent.keyAmong(known)
	saysNoMore := len(key) == len(ref.childColumns) && !slices.ContainsFunc(key, func(col int) bool { return !slices.Contains(ref.parentColumns, col) })
	if b.queryAsWriter == nil || len(key) == 0 || saysNoMore {
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

// addTenantKey adds the tenant of r to what is known of its parent: where each tenant has
// one row of the parent's table, that row is the parent.
func (r *row) addTenantKey(parent *table, known map[int]any) {
	for _, l := range parent.levels {
		key := r.tenantKeyOf(l.tenant.Name)
		if len(key) != len(l.columns) {
			continue
		}
		for i, col := range l.columns {
			if _, waits := key[i].(pending); !waits {
				known[col] = key[i]
			}
		}
	}
}

// checkAgreement checks a reference whose columns were set on different paths: it returns a
// *DisagreeError where they are not the columns of one row.
func (b *batch) checkAgreement(r *row, ref *reference, chain []*row) error {
	oneOrigin := true
	for _, col := range ref.childColumns {
		oneOrigin = oneOrigin && r.origins[col].Via == r.origins[ref.childColumns[0]].Via
	}
	if oneOrigin || b.findParent(r, ref, r.associations, chain) != nil {
		return nil
	}
	p, err := b.lookupParent(r, ref)
	if p == nil || err != nil {
		return err
	}
	return r.setParent(ref, p)
}

// hasKey reports whether the row has these values in the columns of a key.
func (p *parentRow) hasKey(key []int, known map[int]any) bool {
	return !slices.ContainsFunc(key, func(col int) bool { return p.known[col] != known[col] })
}

// keyAmong returns the columns of the shortest unique key that is known whole, or nil.
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

// enableLookups lets the batch query parents in the database: in the role, and with the
// tenant settings, with which the rows will be written.
func (b *batch) enableLookups(ctx context.Context, db seedbed.DB) {
	inTx, _ := transactional(db)
	b.queryAsWriter = func(row *row, of *table, sql string, args []any, read func(values []any)) error {
		w := newWriter(b, db, inTx)
		r := w.beginRound()
		if of.relation.RLS {
			queueSeederRole(r.exec, []string{of.relation.Ident()})
			w.setTenant(row, r.exec)
		}
		r.add(sentStatement{table: of.name, sql: sql, readAnswer: func(rows pgx.Rows) error {
			for rows.Next() {
				values, err := rows.Values()
				if err != nil {
					return err
				}
				read(values)
			}
			return rows.Err()
		}}, args)
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

// lookupSQL selects the columns of the reference from the row that has a key.
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
