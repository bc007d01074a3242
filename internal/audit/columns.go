package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

func (a *audit) tenantColumns() error {
	for _, s := range a.subjects {
		for _, sc := range s.direct() {
			a.tenantColumn(s, sc)
		}
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

func (a *audit) tenantColumn(s *subject, sc seedbed.Scoped) {
	var nullable []string
	for _, name := range sc.Columns {
		if c := s.rel.Column(name); c != nil && !c.Required() {
			nullable = append(nullable, name)
		}
	}
	if len(nullable) > 0 && !sc.Optional {
		a.find(report.Finding{Rule: "tenant-not-null", Cause: "nullable " + sc.Tenant, Object: s.name + "." + nullable[0],
			Message: fmt.Sprintf("%s.%s says which %s a row belongs to, and may be NULL", s.name, nullable[0], sc.Tenant),
			Fix:     fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", s.rel.Ident(), catalog.Ident(nullable[0])), Declare: a.optional(s)})
	}
	// An aggregate's outer column has a rule of its own.
	if s.agg == nil || sc.Tenant != s.agg.Across {
		if !hasLeading(s.rel, sc.Columns) {
			a.find(report.Finding{Rule: "tenant-index", Cause: "no index by " + sc.Tenant, Object: s.name + "." + sc.Columns[0],
				Message: fmt.Sprintf("no index of %s leads with %s: every query of a tenant reads the rows of all", s.name, tuple(sc.Columns)),
				Fix:     indexBy(s.rel, sc.Columns)})
		}
	}
	a.tenantForeignKey(s, sc)
	a.tenantDefault(s, sc)
	a.tenantType(s, sc)
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
		a.find(report.Finding{Rule: "tenant-default", Object: s.name + "." + name, Evidence: []string{"DEFAULT " + c.Default},
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
		if key == nil || sameType(key, c) {
			continue
		}
		a.find(report.Finding{Rule: "tenant-type", Cause: "types of " + sc.Tenant, Object: s.name + "." + name,
			Message: fmt.Sprintf("%s.%s is %s, and the key of %s is %s", s.name, name, c.SQLType, a.name(tenants), key.SQLType),
			Fix:     fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %[2]s::%[3]s", s.rel.Ident(), catalog.Ident(name), key.SQLType)})
	}
}

func hasLeading(r *catalog.Relation, columns []string) bool {
	for _, ix := range r.Indexes {
		if ix.Leads(columns) && (ix.Method == "btree" || ix.Method == "hash") {
			return true
		}
	}
	// A partition for each tenant needs none.
	return r.Strategy == "l" && len(columns) == 1 && len(r.PartitionBy) == 1 && r.PartitionBy[0] == columns[0]
}

// tenantForeignKey looks for a key from a scope's columns to its tenants. Where a
// row carries two levels, the outer one may be held by the key to the inner
// tenants, which are themselves bound to theirs.
func (a *audit) tenantForeignKey(s *subject, sc seedbed.Scoped) {
	t, ok := a.model.Tenant(sc.Tenant)
	tenants := a.cat.Table(t.Table)
	if !ok || tenants == nil {
		return
	}
	var weak []string
	for _, fk := range s.node.ForeignKeys {
		if !fk.BindsTenant(sc.Tenant, sc.Columns) {
			continue
		}
		if loose := fk.Unchecked(sc.Columns); len(loose) > 0 {
			weak = append(weak, fmt.Sprintf("%s is not checked where %s is NULL", fk.Name, strings.Join(loose, " or ")))
			continue
		}
		return
	}
	a.find(report.Finding{Rule: "tenant-foreign-key", Cause: "no key to " + sc.Tenant, Object: s.name + "." + sc.Columns[0], Evidence: weak,
		Message: fmt.Sprintf("no foreign key of %s leads from %s to %s", s.name, tuple(sc.Columns), a.name(tenants)),
		Fix:     addKey(s.rel, sc.Columns, tenants, t.Key, "")})
}

// sameType reports whether two columns compare without a cast that an index is lost by.
func sameType(a, b *catalog.Column) bool {
	x, y := a.Type.Underlying(), b.Type.Underlying()
	text := []string{"text", "varchar"}
	return x.OID == y.OID || slices.Contains(text, x.Name) && slices.Contains(text, y.Name)
}
