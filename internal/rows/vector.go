package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// mostKeys bounds how many rows of a table that is there already serve as parents.
const mostKeys = 1_000_000

// vector holds a column's values for all rows of a set: computed where the engine
// makes them, kept where nobody else knows them.
type vector struct {
	cells  *fake.Cells // make them anew: UUIDs, or what make says
	make   func(*fake.Value) any
	column string
	first  int64
	serial bool // the row's index and first
	same   any  // all rows'
	uuids  [][16]byte
	other  []any
}

func (v *vector) at(i int64) any {
	switch {
	case v.same != nil:
		return v.same
	case v.serial:
		return v.first + i
	case v.uuids != nil:
		return v.uuids[i]
	case v.other != nil:
		return v.other[i]
	case v.make != nil:
		v.cells.At(v.first + i)
		return v.make(v.cells.Of(v.column))
	}
	return v.uuid(i)
}

// byUUID reports whether all values are UUIDs, which have a short way.
func (v *vector) byUUID() bool { return v.other == nil && v.make == nil && v.same == nil && !v.serial }

func (v *vector) uuid(i int64) [16]byte {
	if v.uuids != nil {
		return v.uuids[i]
	}
	v.cells.At(v.first + i)
	return v.cells.Of(v.column).UUID()
}

// add keeps the next row's value.
func (v *vector) add(x any) {
	if id, ok := x.([16]byte); ok && v.other == nil {
		v.uuids = append(v.uuids, id)
		return
	}
	v.other = append(v.other, x)
}

// kept reports whether values arrive while rows are written.
func (v *vector) kept() bool { return v.cells == nil && v.same == nil && !v.serial }

// need has a set's column known to those that reference it.
func (f *filling) need(s *set, col int) {
	if s.keys[col] != nil {
		return
	}
	if s.keys == nil {
		s.keys = map[int]*vector{}
	}
	c := s.table.columns[col]
	v := &vector{column: c.name, first: s.first}
	s.keys[col] = v
	switch {
	case s.found || s.call != nil && len(s.call.says) > 0:
	case c.made() && !s.covers(f, col) && !(s.call != nil && s.call.hostile):
		v.cells = fake.New(f.world.seed, s.table.name, f.now)
		if c.base != uuidOID || !c.inKey {
			make := s.maker(f, c)
			v.make = func(x *fake.Value) any { return canon(c, make(x)) }
		}
	case c.Identity != "" || strings.HasPrefix(c.Default, "nextval("):
		v.serial = true // its numbers are reserved when it is known how many
	}
}

// covers reports whether the definition makes a column itself.
func (s *set) covers(f *filling, col int) bool {
	plan, err := s.rowPlan(f)
	if err != nil {
		return true
	}
	for _, m := range plan.made {
		if m.column.index == col {
			return false
		}
	}
	return true
}

// maker is what makes a column that the definition does not.
func (s *set) maker(f *filling, c *column) func(*fake.Value) any {
	plan, _ := s.rowPlan(f) // covers has made it
	for _, m := range plan.made {
		if m.column == c {
			return m.make
		}
	}
	return plan.maker(c)
}

func (s *set) rowPlan(f *filling) (*rowPlan, error) {
	b := newBuild(f.schema, f.world, f.now)
	return b.plan(s.bp, s.table, s.fixes())
}

// reserve takes n numbers from the sequence behind a column.
func (f *filling) reserve(ctx context.Context, c *column, n int64) (first int64, err error) {
	const sql = `select nextval(s) from pg_get_serial_sequence($1, $2) s`
	if err = f.tx.QueryRow(ctx, sql, c.Table.Ident(), c.name).Scan(&first); err != nil {
		return 0, fmt.Errorf("%s.%s: take numbers from its sequence: %w", c.Table.Name, c.name, err)
	}
	const set = `select setval(s, $3) from pg_get_serial_sequence($1, $2) s`
	if _, err = f.tx.Exec(ctx, set, c.Table.Ident(), c.name, first+n-1); err != nil {
		return 0, fmt.Errorf("%s.%s: take numbers from its sequence: %w", c.Table.Name, c.name, err)
	}
	return first, nil
}

// loadOnly takes the one row that a caller gave.
func (f *filling) loadOnly(s *set) error {
	for col, v := range s.keys {
		x, ok := s.only.value(col)
		if !ok {
			return fmt.Errorf("%s does not say its %s", s.only.label, s.table.columns[col].name)
		}
		v.add(x)
	}
	s.n, s.spans = 1, []int64{0, 1}
	return nil
}

// load reads the keys of rows that are there already, tenant by tenant.
func (f *filling) load(ctx context.Context, s *set) error {
	var cols []*column
	for col := range s.keys {
		cols = append(cols, s.table.columns[col])
	}
	var names []string
	for _, c := range cols {
		names = append(names, c.name)
	}
	selected, tenantCols := []string{}, 0
	for _, name := range names {
		selected = append(selected, "t."+catalog.Ident(name))
	}
	if s.over != nil {
		key := f.schema.graph.TenantSQL(s.table.graph, "t", s.table.levels[0].tenant.Name)
		selected, tenantCols = append(selected, key...), len(key)
	}
	if len(selected) == 0 {
		selected = []string{"1"}
	}
	order := ""
	if pk := s.table.rel.PrimaryKey(); pk != nil {
		order = " order by " + catalog.Idents(pk.Columns)
	}
	rows, err := f.tx.Query(ctx, fmt.Sprintf(`select %s from %s t%s%s limit %d`, strings.Join(selected, ", "), s.table.rel.Ident(), s.free(), order, mostKeys))
	if err != nil {
		return err
	}
	defer rows.Close()
	groups := map[string][][]any{}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		key := ""
		for _, v := range values[len(values)-tenantCols:] {
			key += show(v) + "\x00"
		}
		groups[key] = append(groups[key], values[:len(cols)])
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return f.group(s, cols, groups)
}

// free is the condition for rows that no row references yet, where they may have one
// child each.
func (s *set) free() string {
	if s.freeFor == nil {
		return ""
	}
	e := s.freeFor
	var on []string
	for i, col := range e.cols {
		on = append(on, fmt.Sprintf("c.%s = t.%s", catalog.Ident(e.child.columns[col].name), catalog.Ident(s.table.columns[e.refs[i]].name)))
	}
	return fmt.Sprintf(" where not exists (select from %s c where %s)", e.child.rel.Ident(), strings.Join(on, " and "))
}

// group puts loaded keys in the order of the tenants that rows are spread over.
func (f *filling) group(s *set, cols []*column, groups map[string][][]any) error {
	take := func(group [][]any) {
		for _, values := range group {
			for i, c := range cols {
				s.keys[c.index].add(canon(c, values[i]))
			}
		}
	}
	if s.over == nil {
		take(groups[""])
		s.n = int64(len(groups[""]))
		return nil
	}
	counts := make([]int64, s.over.n)
	for p := range s.over.n {
		group := groups[f.tenantKey(s, p)]
		take(group)
		counts[p] = int64(len(group))
	}
	s.spans = spansOf(counts)
	s.n = s.spans[len(counts)]
	return nil
}

func (f *filling) tenantKey(s *set, p int64) string {
	key := ""
	for _, name := range s.table.levels[0].tenant.Key {
		c := s.over.table.byName[name]
		key += show(s.over.keys[c.index].at(p)) + "\x00"
	}
	return key
}
