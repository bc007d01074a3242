package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

func (a *audit) tenantColumns() error {
	for _, s := range a.subjects {
		for _, sc := range s.direct() {
			if err := a.tenantColumn(s, sc); err != nil {
				return err
			}
		}
		a.parentNullable(s)
	}
	if a.opt.Model == nil || len(a.model.Tenants) == 0 {
		return nil // a Model that was read has every table
	}
	for _, r := range a.tables {
		if a.subject(r) == nil && !a.model.IsGlobal(a.name(r)) && !r.Bookkeeping() {
			a.find(report.Finding{Rule: "table-undeclared", Cause: "tables undeclared", Object: a.name(r),
				Message: fmt.Sprintf("the Model says nothing of table %s", a.name(r)),
				Fix:     "declare it Scoped, or Global if every tenant may see its rows", Declare: a.global(r)})
		}
	}
	return nil
}

func (a *audit) tenantColumn(s *subject, sc seedbed.Scoped) error {
	var nullable []string
	for _, name := range sc.Columns {
		if c := s.rel.Column(name); c != nil && !c.Required() {
			nullable = append(nullable, name)
		}
	}
	if others := s.otherOwners(sc); len(nullable) > 0 && !sc.Optional && len(others) > 0 {
		a.oneOfSeveral(s, append([]string{nullable[0]}, others...))
	} else if len(nullable) > 0 && !sc.Optional {
		a.find(report.Finding{Rule: "tenant-not-null", Cause: "nullable tenants", Object: s.name + "." + nullable[0],
			Message: fmt.Sprintf("%s.%s says which %s a row belongs to, and may be NULL", s.name, nullable[0], sc.Tenant),
			Fix:     fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", s.rel.Ident(), catalog.Ident(nullable[0])), Declare: a.optional(s)})
	}
	// An aggregate's outer column has a rule of its own.
	if s.agg == nil || sc.Tenant != s.agg.Across {
		if !hasLeading(s.rel, sc.Columns) && !s.readByAnother(sc.Columns) {
			a.find(report.Finding{Rule: "tenant-index", Cause: "no index by the tenant", Object: s.name + "." + sc.Columns[0],
				Message: fmt.Sprintf("no index of %s leads with %s: every query of a tenant reads the rows of all", s.name, tuple(sc.Columns)),
				Fix:     indexBy(s.rel, sc.Columns)})
		}
	}
	a.tenantDefault(s, sc)
	a.tenantType(s, sc)
	return a.tenantForeignKey(s, sc)
}

// otherOwners are columns of a subject that carry tenants of other levels and may be NULL, too:
// a row then is of one of several.
func (s *subject) otherOwners(sc seedbed.Scoped) (out []string) {
	for _, other := range s.direct() {
		if c := s.rel.Column(other.Columns[0]); other.Tenant != sc.Tenant && !other.Optional && c != nil && !c.Required() {
			out = append(out, c.Name)
		}
	}
	return out
}

// oneOfSeveral is the advice about rows that may be of neither of several tenants: none of the
// columns can be NOT NULL.
func (a *audit) oneOfSeveral(s *subject, owners []string) {
	slices.Sort(owners)
	object := s.name + "." + owners[0]
	if slices.ContainsFunc(a.report.Findings, func(f report.Finding) bool { return f.Rule == "tenant-not-null" && f.Object == object }) {
		return
	}
	a.find(report.Finding{Rule: "tenant-not-null", Cause: "one of several tenants", Object: object, Severity: report.Advice,
		Message: fmt.Sprintf("a row of %s may be of neither tenant: %s may all be NULL", s.name, strings.Join(owners, " and ")),
		Fix:     fmt.Sprintf("ALTER TABLE %s ADD CHECK (num_nonnulls(%s) > 0) /* or = 1, where a row is of one of them only */", s.rel.Ident(), catalog.Idents(owners)), Declare: a.optional(s)})
}

// tenantDefault: a row that does not say whose it is goes to the tenant that the default names.
func (a *audit) tenantDefault(s *subject, sc seedbed.Scoped) {
	for _, name := range sc.Columns {
		c := s.rel.Column(name)
		if c == nil || c.Default == "" || c.Generated != "" {
			continue
		}
		tokens := sqltext.Tokens(c.Default)
		if tokens[0].Is("NULL") || len(a.readers.In(tokens)) > 0 || a.asksSession(tokens, 0) {
			continue
		}
		a.find(report.Finding{Rule: "tenant-default", Cause: "DEFAULT " + c.Default, Object: s.name + "." + name, Evidence: []string{"DEFAULT " + c.Default},
			Message: fmt.Sprintf("a row of %s that does not say which %s it belongs to gets one by DEFAULT", s.name, sc.Tenant),
			Fix:     fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT", s.rel.Ident(), catalog.Ident(name))})
	}
}

// tenantType wants a tenant's column to be of the type of the tenant's key.
func (a *audit) tenantType(s *subject, sc seedbed.Scoped) {
	t, _ := a.model.Tenant(sc.Tenant)
	tenants := a.cat.Table(t.Table)
	for i, name := range sc.Columns {
		c := s.rel.Column(name)
		if tenants == nil || c == nil || i >= len(t.Key) {
			continue
		}
		key := tenants.Column(t.Key[i])
		if key == nil || sameType(key, c) || holdsIntegers(c, key) {
			continue
		}
		a.find(report.Finding{Rule: "tenant-type", Cause: "types of tenants", Object: s.name + "." + name,
			Message: fmt.Sprintf("%s.%s is %s, and the key of %s is %s", s.name, name, c.SQLType, a.name(tenants), key.SQLType),
			Fix:     fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %[2]s::%[3]s", s.rel.Ident(), catalog.Ident(name), key.SQLType)})
	}
}

func hasLeading(r *catalog.Relation, columns []string) bool {
	for _, ix := range r.Indexes {
		if (ix.Leads(columns) || overLiveRows(r, ix, columns)) && (ix.Method == "btree" || ix.Method == "hash") {
			return true
		}
	}
	// A partition for each tenant needs none.
	return r.Strategy == "l" && len(columns) == 1 && len(r.PartitionBy) == 1 && r.PartitionBy[0] == columns[0]
}

// readByAnother reports whether an index has a tenant's columns after others that choose fewer
// rows: a name of a unique key, or a reference to a row of the tenant's. The row's own id is none.
func (s *subject) readByAnother(columns []string) bool {
	return slices.ContainsFunc(s.rel.Indexes, func(ix *catalog.Index) bool {
		keys := ix.Columns()
		if !ix.Valid || ix.Predicate != "" || ix.Method != "btree" || len(keys) < 2 || !includes(keys, columns) || contains(columns, keys[0]) {
			return false
		}
		references := slices.ContainsFunc(s.node.ForeignKeys, func(fk *graph.ForeignKey) bool { return fk.Has(keys[0]) && fk.To.HasTenant() })
		c := s.rel.Column(keys[0])
		return references || ix.Unique && c != nil && c.Name != "id" && c.Default == "" && c.Identity == ""
	})
}

// overLiveRows reports whether a partial index leads with columns and has rows that queries of
// a tenant ask for: not those that are marked as deleted.
func overLiveRows(r *catalog.Relation, ix *catalog.Index, columns []string) bool {
	whole := *ix
	whole.Predicate = ""
	if ix.Predicate == "" || !whole.Leads(columns) {
		return false
	}
	for _, side := range sqltext.TopLevel(sqltext.Unwrap(sqltext.Tokens(ix.Predicate)), "AND") {
		if side = sqltext.Unwrap(side); namesDeleted(r, side) && !marksDeleted(r, side) {
			return false
		}
	}
	return true
}

// namesDeleted reports whether a condition has a column in it that marks deleted rows.
func namesDeleted(r *catalog.Relation, condition []sqltext.Token) bool {
	return slices.ContainsFunc(columnsIn(r, condition), func(name string) bool {
		return slices.ContainsFunc(words(name), func(w string) bool {
			return slices.Contains([]string{"deleted", "delete", "archived", "removed", "discarded", "trashed", "purged"}, w)
		})
	})
}

// marksDeleted reports whether a condition chooses the rows that are not deleted:
// deleted_at IS NULL, NOT is_deleted, archived = false.
func marksDeleted(r *catalog.Relation, condition []sqltext.Token) bool {
	n := len(condition)
	return namesDeleted(r, condition) && (n == 3 && condition[1].Is("IS") && condition[2].Is("NULL") || n == 2 && condition[0].Is("NOT") || n == 3 && condition[1].Is("=") && condition[2].Is("false"))
}

// sameType reports whether two columns compare without a cast that an index is lost by.
func sameType(a, b *catalog.Column) bool {
	x, y := a.Type.Underlying(), b.Type.Underlying()
	text := []string{"text", "varchar"}
	return x.OID == y.OID || slices.Contains(text, x.Name) && slices.Contains(text, y.Name)
}

// holdsIntegers reports whether a column is an integer that holds every value of a key, which
// is one of its size or smaller: Postgres compares those exactly, and by the index of either.
func holdsIntegers(c, key *catalog.Column) bool {
	integers := []string{"int2", "int4", "int8"}
	size := slices.Index(integers, key.Type.Underlying().Name)
	return size >= 0 && slices.Index(integers, c.Type.Underlying().Name) >= size
}

// parentColumns are those by which rows without a tenant column belong to the tenant of one
// parent, where they may be NULL. None: there are several parents, or it is a pair.
func parentColumns(s *subject) (columns []string) {
	if len(s.scopes) > 0 || len(s.via) != 1 || s.via[0].Via.Table == "" || s.via[0].Optional {
		return nil
	}
	for _, name := range s.via[0].Via.Columns {
		if c := s.rel.Column(name); c != nil && !c.Required() {
			columns = append(columns, name)
		}
	}
	return columns
}

// parentNullable wants a row that has its tenant from its parent to have a parent.
func (a *audit) parentNullable(s *subject) {
	for _, name := range parentColumns(s)[:min(1, len(parentColumns(s)))] {
		a.find(report.Finding{Rule: "tenant-not-null", Cause: "nullable tenants", Object: s.name + "." + name,
			Message: fmt.Sprintf("%s.%s says by its row of %s which %s a row belongs to, and may be NULL", s.name, name, s.via[0].Via.Table, s.via[0].Tenant),
			Fix:     fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", s.rel.Ident(), catalog.Ident(name))})
	}
}
