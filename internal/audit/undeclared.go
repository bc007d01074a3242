package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// undeclared is a column, or several, that seem to reference the rows of a table, and that no
// foreign key holds.
type undeclared struct {
	table, target *graph.Table
	columns, keys []*catalog.Column
	// exact: a column is named for the table, and not only for the end of its name, and that
	// table's rows are of tenants. Otherwise only rows make it one: numbers of them where the
	// keys are numbers, which are keys of any table.
	exact   bool
	numbers int64
}

// undeclaredReferences finds the columns that have the names and the types of a key of tenants'
// rows, and hold no foreign key. What their rows say decides how grave that is.
func (a *audit) undeclaredReferences() error {
	if len(a.model.Tenants) == 0 {
		return a.namedReferences()
	}
	for _, t := range a.graph.Tables {
		if t.Relation.Bookkeeping() {
			continue
		}
		for _, c := range t.Relation.Columns {
			if u := a.undeclaredAt(t, c); u != nil {
				if err := a.judgeUndeclared(u); err != nil {
					return err
				}
			}
		}
		for _, s := range a.subjects {
			if u := undeclaredKey(t, s); u != nil {
				if err := a.judgeUndeclared(u); err != nil {
					return err
				}
			}
		}
	}
	return a.joinedTenants()
}

// undeclaredKey is the key of several columns, beside the tenant's, that columns of a table
// seem to reference: named like those of the key, and one of them for the key's table, such as
// board_id and card_no, the key of cards. Nil: they do not, or a foreign key holds them.
func undeclaredKey(t *graph.Table, s *subject) *undeclared {
	keys := keysBeyondTenant(s)
	if len(keys) < 2 || s.node == t || hasHeirs(s.rel) {
		return nil
	}
	u := &undeclared{table: t, target: s.node, keys: keys, exact: true}
	forTable := false
	for _, key := range keys {
		c := t.Relation.Column(key.Name)
		if c == nil || !sameType(key, c) && !bothIntegers(key, c) {
			return nil
		}
		w := words(key.Name)
		forTable = forTable || len(w) > 1 && named(tableName(s.node), strings.Join(w[:len(w)-1], "_"))
		u.columns = append(u.columns, c)
	}
	pk := t.Relation.PrimaryKey()
	own := pk != nil && includes(columnNames(u.columns), pk.Columns) // a table of its own with the same key
	held := slices.ContainsFunc(t.ForeignKeys, func(fk *graph.ForeignKey) bool { return includes(fk.Columns, columnNames(u.columns)) })
	if !forTable || own || held {
		return nil
	}
	return u
}

// tableName is a table's name in small letters, with words apart.
func tableName(t *graph.Table) string { return strings.Join(words(t.Relation.Name), "_") }

// namedReferences finds rows that lead nowhere, by a column that is named for a table with a
// key of one column, as widget_id is for widgets, and that no foreign key holds. Where most rows
// lead to one, that is what the column is; otherwise its name alone says so, and nothing is
// certain.
func (a *audit) namedReferences() error {
	for _, t := range a.graph.Tables {
		if t.Relation.Bookkeeping() {
			continue
		}
		for _, c := range t.Relation.Columns {
			u := a.namedReference(t, c)
			if u == nil {
				continue
			}
			rows, hits, err := a.countLeading(u)
			if err != nil {
				if err := a.hidden(t.Relation, err); err != nil {
					return err
				}
				continue
			}
			switch orphans := rows - hits; {
			case orphans == 0:
			case hits >= max(orphans, u.enough()):
				f, err := a.undeclaredOrphans(u, orphans)
				if err != nil {
					return a.hidden(t.Relation, err)
				}
				a.find(f)
			default:
				a.unchecked(u.object(), "it looks like a reference to %s, and no foreign key holds it; of %s with a value, %d lead to no row of it. If it is one: %s",
					u.target.Name, plural(rows, "row"), orphans, a.addReference(u))
			}
		}
	}
	return nil
}

// namedReference is what a column is named for, or nil.
func (a *audit) namedReference(t *graph.Table, c *catalog.Column) *undeclared {
	w := words(c.Name)
	if len(w) < 2 || w[len(w)-1] != "id" || heldOtherwise(t, c.Name) {
		return nil
	}
	stem := strings.Join(w[:len(w)-1], "_")
	for _, to := range a.graph.Tables {
		pk := to.Relation.PrimaryKey()
		if to.Relation.Bookkeeping() || pk == nil || len(pk.Columns) != 1 || hasHeirs(to.Relation) || refersBack(to, t, c.Name) {
			continue
		}
		if !named(tableName(to), stem) || to == t { // or the table's own key
			continue
		}
		if key := to.Relation.Column(pk.Columns[0]); sameType(key, c) {
			return &undeclared{table: t, target: to, columns: []*catalog.Column{c}, keys: []*catalog.Column{key}, numbers: manyNumbers}
		}
	}
	return nil
}

// undeclaredOrphans is the finding of rows that lead nowhere, where others do.
func (a *audit) undeclaredOrphans(u *undeclared, orphans int64) (f report.Finding, err error) {
	f = report.Finding{Rule: "reference-orphan", Object: u.object(), Fix: comment("delete or correct the rows first") + " " + a.addReference(u),
		Message: fmt.Sprintf("%s of %s referencing a row of %s that does not exist, by %s, which no foreign key holds",
			plural(orphans, "row"), u.table.Name, u.target.Name, strings.Join(columnNames(u.columns), ", "))}
	nowhere := fmt.Sprintf("%s AND NOT %s", u.set(), u.there())
	if f.Rows, f.Sample, err = a.offenders(u.table.Relation, nowhere, columnNames(u.columns)); err != nil {
		return f, err
	}
	f.Cause, err = a.oneMissing(u.table.Relation, u.target.Relation, nowhere, columnNames(u.columns))
	return f, err
}

// judgeUndeclared counts the rows that lead nowhere, or to another tenant.
func (a *audit) judgeUndeclared(u *undeclared) error {
	rows, hits, err := a.countLeading(u)
	if err != nil {
		return a.hidden(u.table.Relation, err)
	}
	orphans := rows - hits
	f := report.Finding{Rule: "reference-undeclared", Cause: "references without keys", Object: u.object(),
		Message: fmt.Sprintf("%s looks like a reference to %s, and no foreign key holds it", u.object(), u.target.Name),
		Fix:     a.addReference(u)}
	switch {
	case !u.exact && (hits < orphans || hits < u.enough()):
		return nil
	case orphans > 0 && hits >= orphans:
		if f, err = a.undeclaredOrphans(u, orphans); err != nil {
			return a.hidden(u.table.Relation, err)
		}
	case orphans > 0:
		f.Message += fmt.Sprintf("; %d of its %s no row there", orphans, leadTo(rows))
	}
	if u.outlives() {
		f.Severity, f.Cause = report.Advice, cmp.Or(f.Cause, logsWithoutKeys)
		f.Fix += "; " + comment(fmt.Sprintf("none where rows of %s are to outlive what they name", u.table.Name))
	}
	a.find(f)
	if hits == 0 {
		return nil
	}
	a.followed = append(a.followed, u)
	return a.crossingUndeclared(u)
}

// outlives reports whether rows of a table may have to stay when what they name is deleted: it
// is a log, or has figures, by its name.
func (u *undeclared) outlives() bool {
	return isLog(u.table.Relation) || slices.ContainsFunc(words(u.table.Relation.Name), func(w string) bool {
		return slices.Contains([]string{"metric", "metrics", "stat", "stats", "statistics", "count", "counts", "counter", "counters", "usage", "usages", "rollup", "rollups"}, w)
	})
}

// leadTo is how many rows lead somewhere.
func leadTo(rows int64) string {
	if rows == 1 {
		return "1 value leads to"
	}
	return fmt.Sprintf("%d values lead to", rows)
}

// countLeading counts the rows with a value in the columns, and those that lead to a row.
func (a *audit) countLeading(u *undeclared) (rows, hits int64, err error) {
	err = a.scalar(fmt.Sprintf("SELECT count(*), count(*) FILTER (WHERE %s) FROM %s t WHERE %s", u.there(), u.table.Relation.Ident(), u.set()), &rows, &hits)
	return rows, hits, err
}

// leads is the condition that a row t leads to the row that an alias stands for.
func (u *undeclared) leads(alias string) string {
	var match []string
	for i := range u.columns {
		mine, theirs := graph.Comparable(u.columns[i], u.keys[i], "t", alias)
		match = append(match, theirs+" = "+mine)
	}
	return strings.Join(match, " AND ")
}

// there is the condition that the row to which a row t leads exists.
func (u *undeclared) there() string {
	return fmt.Sprintf("EXISTS (SELECT FROM %s u WHERE %s)", u.target.Relation.Ident(), u.leads("u"))
}

// set is the condition that a row t has a reference: what a default says, and no row has for
// its key, is none.
func (u *undeclared) set() string {
	where := notNull(cols("t", columnNames(u.columns)))
	for _, c := range u.columns {
		if saysNone(c) {
			where += fmt.Sprintf(" AND (%s <> %s OR %s)", col("t", c.Name), c.Default, u.there())
		}
	}
	return where
}

// saysNone reports whether a default is the same for every row, as an empty text and 0 are.
func saysNone(c *catalog.Column) bool { return isConstant(sqltext.Tokens(c.Default)) }

// object is the column, with its table: of several the last, which is the nearest to the row.
func (u *undeclared) object() string {
	return u.table.Name + "." + u.columns[len(u.columns)-1].Name
}

// addReference is SQL for the foreign key, which takes NULL where a default says that there is
// none, and the type of what it references.
func (a *audit) addReference(u *undeclared) string {
	var before []string
	for i, c := range u.columns {
		name := catalog.Ident(c.Name)
		if saysNone(c) {
			before = append(before, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT, ALTER COLUMN %[2]s DROP NOT NULL; UPDATE %[1]s SET %[2]s = NULL WHERE %[2]s = %[3]s; ", u.table.Relation.Ident(), name, c.Default))
		}
		if !sameType(u.keys[i], c) && !bothIntegers(u.keys[i], c) {
			before = append(before, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %[2]s::%[3]s; ", u.table.Relation.Ident(), name, u.keys[i].SQLType))
		}
	}
	var mine, theirs []string
	for _, s := range u.table.Scopes {
		if to, ok := u.target.Scope(s.Level.Name); ok && !to.Optional && !a.isOneOfSeveral(u.target, to.Scoped) && len(s.Scoped.Columns) > 0 && len(s.Scoped.Columns) == len(to.Scoped.Columns) {
			mine, theirs = s.Scoped.Columns, to.Scoped.Columns
			break
		}
	}
	action, own := "", columnNames(u.columns)
	if u.outlives() && !slices.ContainsFunc(u.columns, (*catalog.Column).Required) {
		action = " ON DELETE SET NULL"
		if len(mine) > 0 {
			action += " (" + catalog.Idents(own) + ")"
		}
	}
	return strings.Join(before, "") + addKey(u.table.Relation, slices.Concat(mine, own), u.target.Relation, slices.Concat(theirs, columnNames(u.keys)), action)
}

// isOneOfSeveral reports whether rows of a table may be of a tenant of another level instead:
// a key that carries a tenant would lead to none of those.
func (a *audit) isOneOfSeveral(t *graph.Table, sc seedbed.Scoped) bool {
	s := a.subject(t.Relation)
	c := t.Relation.Column(append(sc.Columns, "")[0])
	return s != nil && c != nil && !c.Required() && len(s.otherOwners(sc)) > 0
}

// enough is how many rows must lead to the target where the name is not all of its name.
func (u *undeclared) enough() int64 {
	if u.keys[0].Type.Underlying().Category == "N" {
		return u.numbers
	}
	return 1
}

// crossingUndeclared finds rows that lead to another tenant's.
func (a *audit) crossingUndeclared(u *undeclared) error {
	for _, level := range a.shared(u.table.Relation, u.target.Relation) {
		own, other := a.tenantOf(u.table.Relation, "t", level), a.tenantOf(u.target.Relation, "u", level)
		if len(own) != len(other) {
			continue
		}
		there := fmt.Sprintf("SELECT FROM %s u WHERE %s", u.target.Relation.Ident(), u.leads("u"))
		where := fmt.Sprintf("EXISTS (%[1]s AND NOT (%[2]s)) AND NOT EXISTS (%[1]s AND %[2]s)", there, equal(other, own))
		n, rows, err := a.crossingRows(u.table.Relation, where, columnNames(u.columns), level, own, there, other)
		if err != nil {
			return a.hidden(u.table.Relation, err)
		}
		if n > 0 {
			a.find(report.Finding{Rule: "reference-crosses", Object: u.object(), Rows: n, Sample: rows,
				Message: fmt.Sprintf("%s of %s referencing a row of %s that belongs to another %s, by %s, which no foreign key holds",
					plural(n, "row"), u.table.Name, u.target.Name, level, strings.Join(columnNames(u.columns), ", ")),
				Fix: "correct or delete them, and find the code that wrote them; a foreign key that carries the tenant prevents new ones"})
		}
	}
	return nil
}

// heldOtherwise reports columns that a foreign key or the Model explains.
func heldOtherwise(t *graph.Table, column string) bool {
	if t.InForeignKey(column) || t.ShadowOf(column) != nil { // shadows have a rule of their own
		return true
	}
	return slices.ContainsFunc(t.Pairs, func(p *graph.Pair) bool { return p.ID == column }) ||
		slices.ContainsFunc(t.Scopes, func(s graph.Scope) bool {
			return contains(s.Scoped.Columns, column) || contains(s.Via.Columns, column)
		}) || t.Tenant != nil && contains(t.Tenant.Key, column)
}

// keysBeyondTenant are the columns of a primary key that are not the tenant's.
func keysBeyondTenant(s *subject) (out []*catalog.Column) {
	pk := s.rel.PrimaryKey()
	if pk == nil {
		return nil
	}
	rest := pk.Columns
	for _, sc := range s.direct() {
		rest = without(rest, sc.Columns)
	}
	for _, name := range rest {
		out = append(out, s.rel.Column(name))
	}
	return out
}

// named reports whether a table's name is the plural of a stem, or the stem.
func named(table, stem string) bool { return slices.Contains(numbersOf(stem), table) }

// numbersOf are a stem and its plurals.
func numbersOf(stem string) []string {
	if y, ok := strings.CutSuffix(stem, "y"); ok {
		return []string{stem, stem + "s", stem + "es", y + "ies"}
	}
	return []string{stem, stem + "s", stem + "es"}
}

func columnNames(columns []*catalog.Column) (out []string) {
	for _, c := range columns {
		out = append(out, c.Name)
	}
	return out
}

// refersBack reports whether a foreign key leads from one table to a column of another: that
// column is what is referenced, and no reference itself.
func refersBack(from, to *graph.Table, column string) bool {
	return slices.ContainsFunc(from.ForeignKeys, func(fk *graph.ForeignKey) bool { return fk.To == to && contains(fk.RefColumns, column) })
}

// hasHeirs reports whether tables inherit from one: a foreign key to it does not see their rows.
func hasHeirs(r *catalog.Relation) bool {
	return slices.ContainsFunc(r.Children, func(c *catalog.Relation) bool { return !c.Partition })
}
