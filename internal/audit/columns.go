package audit

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// bookkeeping tables of migration tools belong to nobody's Model.
var bookkeeping = []string{"goose_db_version", "schema_migrations", "flyway_schema_history", "atlas_schema_revisions",
	"alembic_version", "django_migrations", "ar_internal_metadata", "river_migration", "gorp_migrations", "migrations"}

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
		if a.subject(r) == nil && !a.model.IsGlobal(a.name(r)) && !contains(bookkeeping, r.Name) {
			a.find(Finding{Rule: "table-undeclared", Object: a.name(r),
				Message: fmt.Sprintf("the Model says nothing of table %s", a.name(r)),
				Fix:     "declare it Scoped, or Global if every tenant may see its rows"})
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
		a.find(Finding{Rule: "tenant-not-null", Object: s.name + "." + nullable[0],
			Message: fmt.Sprintf("%s.%s says which %s a row belongs to, and may be NULL", s.name, nullable[0], sc.Tenant),
			Fix:     fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL, or declare it Optional in the Model", s.rel.Ident(), catalog.Ident(nullable[0]))})
	}
	// An aggregate's outer column has a rule of its own.
	if s.agg == nil || sc.Tenant != s.agg.Across {
		if !hasLeading(s.rel, sc.Columns) {
			a.find(Finding{Rule: "tenant-index", Object: s.name + "." + sc.Columns[0],
				Message: fmt.Sprintf("no index of %s leads with %s: every query of a tenant reads the rows of all", s.name, tuple(sc.Columns)),
				Fix:     fmt.Sprintf("CREATE INDEX CONCURRENTLY ON %s (%s, …)", s.rel.Ident(), catalog.Idents(sc.Columns))})
		}
	}
	a.tenantForeignKey(s, sc)
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
	for _, fk := range s.rel.ForeignKeys() {
		if !a.leadsToTenant(fk, sc, t, tenants) {
			continue
		}
		if loose := looseColumns(fk, sc.Columns); len(loose) > 0 {
			weak = append(weak, fmt.Sprintf("%s is not checked where %s is NULL", fk.Name, strings.Join(loose, " or ")))
			continue
		}
		return
	}
	a.find(Finding{Rule: "tenant-foreign-key", Object: s.name + "." + sc.Columns[0], Evidence: weak,
		Message: fmt.Sprintf("no foreign key of %s leads from %s to %s", s.name, tuple(sc.Columns), a.name(tenants)),
		Fix: fmt.Sprintf("ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %s (%s) NOT VALID, then VALIDATE it",
			s.rel.Ident(), catalog.Idents(sc.Columns), tenants.Ident(), catalog.Idents(t.Key))})
}

// leadsToTenant reports whether a foreign key maps a scope's columns to the key of
// its tenants, or to the same level's columns of the tenants below.
func (a *audit) leadsToTenant(fk *catalog.Constraint, sc seedbed.Scoped, t seedbed.Tenant, tenants *catalog.Relation) bool {
	ref := fk.Ref.Root()
	if ref == tenants {
		return maps(fk, sc.Columns, t.Key)
	}
	for _, below := range a.model.Tenants {
		if below.Parent == t.Name && a.cat.Table(below.Table) == ref && len(below.ParentColumns) > 0 {
			return maps(fk, sc.Columns, below.ParentColumns)
		}
	}
	return false
}

// maps reports whether a foreign key leads from some columns to others.
func maps(fk *catalog.Constraint, from, to []string) bool {
	if len(from) != len(to) {
		return false
	}
	for i := range from {
		found := false
		for j := range fk.Columns {
			found = found || fk.Columns[j] == from[i] && fk.RefColumns[j] == to[i]
		}
		if !found {
			return false
		}
	}
	return true
}

// looseColumns of a MATCH SIMPLE key: those outside of the scope that may be NULL,
// and with which the whole key is not checked.
func looseColumns(fk *catalog.Constraint, scope []string) []string {
	var out []string
	if fk.Match == "f" {
		return nil
	}
	for _, name := range without(fk.Columns, scope) {
		if c := fk.Table.Column(name); c != nil && !c.Required() {
			out = append(out, name)
		}
	}
	return out
}

// references finds foreign keys between scoped tables that leave the tenant out.
func (a *audit) references() error {
	for _, s := range a.subjects {
		for _, fk := range s.rel.ForeignKeys() {
			target := a.subject(fk.Ref)
			if fk.Inherited || target == nil {
				continue
			}
			a.reference(s, fk, target)
		}
		for _, fk := range s.rel.ForeignKeys() {
			if !fk.Inherited {
				a.unsetsTenant(s, fk)
			}
		}
		for _, c := range s.rel.Columns {
			a.bareReference(s, c)
		}
	}
	return nil
}

// unsetsTenant: SET NULL and SET DEFAULT take all columns of a key, unless some are named.
func (a *audit) unsetsTenant(s *subject, fk *catalog.Constraint) {
	set := fk.DeleteColumns
	if len(set) == 0 {
		set = fk.Columns
	}
	for _, sc := range s.direct() {
		for _, column := range sc.Columns {
			deletes := (fk.OnDelete == catalog.SetNull || fk.OnDelete == catalog.SetDefault) && contains(set, column)
			updates := (fk.OnUpdate == catalog.SetNull || fk.OnUpdate == catalog.SetDefault) && contains(fk.Columns, column)
			if sc.Optional || !deletes && !updates {
				continue
			}
			a.find(Finding{Rule: "reference-unsets-tenant", Object: s.name + "." + fk.Name, Evidence: []string{fk.Definition},
				Message: fmt.Sprintf("foreign key %s of %s unsets %s, which says whose the row is, when the row of %s goes", fk.Name, s.name, column, a.name(fk.Ref)),
				Fix:     fmt.Sprintf("ON DELETE SET NULL (%s)", catalog.Idents(without(fk.Columns, sc.Columns)))})
			return
		}
	}
}

// bareReference finds columns that are named and typed like the key of a scoped
// table, and hold no foreign key.
func (a *audit) bareReference(s *subject, c *catalog.Column) {
	stem, isRef := strings.CutSuffix(strings.ToLower(c.Name), "_id")
	if !isRef || a.heldOtherwise(s, c.Name) {
		return
	}
	for _, target := range a.subjects {
		key := keyBeyondTenant(target)
		if key == nil || key.Type.OID != c.Type.OID || key == c || !(named(target.rel.Name, stem) || stem == "parent" && target == s) {
			continue
		}
		a.find(Finding{Rule: "reference-undeclared", Object: s.name + "." + c.Name,
			Message: fmt.Sprintf("%s.%s looks like a reference to %s, and no foreign key holds it", s.name, c.Name, target.name),
			Fix: fmt.Sprintf("ALTER TABLE %s ADD FOREIGN KEY (…, %s) REFERENCES %s (…, %s) with the tenant's columns, NOT VALID, then VALIDATE it",
				s.rel.Ident(), catalog.Ident(c.Name), target.rel.Ident(), catalog.Ident(key.Name))})
		return
	}
}

// heldOtherwise reports columns that a foreign key, the Model or a key of their own explains.
func (a *audit) heldOtherwise(s *subject, column string) bool {
	for _, k := range s.rel.Constraints {
		if (k.Kind == catalog.ForeignKey || k.Kind == catalog.PrimaryKey) && contains(k.Columns, column) {
			return true
		}
	}
	for _, p := range a.model.Pairs(s.name) {
		for _, t := range p.Targets {
			if t.Shadow == column {
				return true // a rule of its own
			}
		}
		if p.ID == column {
			return true
		}
	}
	for _, sc := range append(append([]seedbed.Scoped{}, s.scopes...), s.via...) {
		if contains(sc.Columns, column) || contains(sc.Via.Columns, column) {
			return true
		}
	}
	return false
}

// keyBeyondTenant is the one column of a primary key that is not the tenant's.
func keyBeyondTenant(s *subject) *catalog.Column {
	pk := s.rel.PrimaryKey()
	if pk == nil {
		return nil
	}
	rest := pk.Columns
	for _, sc := range s.direct() {
		rest = without(rest, sc.Columns)
	}
	if len(rest) != 1 {
		return nil
	}
	return s.rel.Column(rest[0])
}

// named reports whether a table's name is the plural of a stem, or the stem.
func named(table, stem string) bool {
	table = strings.ToLower(table)
	y, endsInY := strings.CutSuffix(stem, "y")
	return table == stem || table == stem+"s" || table == stem+"es" || endsInY && table == y+"ies"
}

func (a *audit) reference(s *subject, fk *catalog.Constraint, target *subject) {
	for _, mine := range s.direct() {
		for _, theirs := range target.direct() {
			if mine.Tenant != theirs.Tenant || maps(fk, mine.Columns, theirs.Columns) || a.isTenantKey(fk, s, target) {
				continue
			}
			// A reference that carries the inner tenant need not repeat the outer one.
			if a.carriesBelow(fk, s, target, mine.Tenant) {
				continue
			}
			a.find(Finding{Rule: "reference-without-tenant", Object: s.name + "." + fk.Name,
				Message:  fmt.Sprintf("foreign key %s of %s leads to %s without the %s: it accepts another tenant's row", fk.Name, s.name, target.name, mine.Tenant),
				Evidence: []string{fk.Definition},
				Fix: fmt.Sprintf("FOREIGN KEY (%s) REFERENCES %s (%s), for which %s needs a unique key on these columns",
					catalog.Idents(append(append([]string{}, mine.Columns...), without(fk.Columns, mine.Columns)...)), target.rel.Ident(),
					catalog.Idents(append(append([]string{}, theirs.Columns...), without(fk.RefColumns, theirs.Columns)...)), target.name)})
			return
		}
	}
}

// isTenantKey reports whether a foreign key is what says which tenant the row belongs to.
func (a *audit) isTenantKey(fk *catalog.Constraint, s, target *subject) bool {
	if target.tenant == "" {
		return false
	}
	for _, sc := range s.scopes {
		t, _ := a.model.Tenant(target.tenant)
		if sc.Tenant == target.tenant && maps(fk, sc.Columns, t.Key) {
			return true
		}
	}
	return false
}

func (a *audit) carriesBelow(fk *catalog.Constraint, s, target *subject, level string) bool {
	for _, mine := range s.scopes {
		for _, above := range a.model.Above(mine.Tenant) {
			if above.Name != level {
				continue
			}
			for _, theirs := range target.scopes {
				if theirs.Tenant == mine.Tenant && maps(fk, mine.Columns, theirs.Columns) {
					return true
				}
			}
		}
	}
	return false
}

// uniqueKeys finds those that tell one tenant what another one has.
func (a *audit) uniqueKeys() error {
	for _, s := range a.subjects {
		for _, sc := range s.direct() {
			for _, ix := range s.rel.Indexes {
				if !ix.Unique && !ix.Exclusion || s.tenant != "" && len(s.scopes) == 1 {
					continue
				}
				a.uniqueKey(s, sc, ix)
			}
			break // the innermost: what includes the space includes its organization
		}
	}
	return nil
}

func (a *audit) uniqueKey(s *subject, sc seedbed.Scoped, ix *catalog.Index) {
	var columns, exprs []string
	for _, k := range ix.Keys {
		if k.Column != "" {
			columns = append(columns, k.Column)
		} else {
			exprs = append(exprs, k.Expr)
		}
	}
	if includes(columns, sc.Columns) || a.random(s, columns) || a.carriesTenant(s, columns) {
		return
	}
	kind, code := "unique key", "23505"
	if ix.Exclusion {
		kind, code = "exclusion", "23P01"
	}
	a.find(Finding{Rule: "unique-without-tenant", Object: s.name + "." + ix.Name,
		Message:  fmt.Sprintf("%s %s of %s holds across tenants: error %s tells one that another has the value", kind, ix.Name, s.name, code),
		Evidence: []string{ix.Definition},
		Fix:      fmt.Sprintf("make it (%s)", strings.Join(append(append(append([]string{}, sc.Columns...), columns...), exprs...), ", "))})
}

// carriesTenant reports whether a key holds any level's tenant: an organization's
// slug must be unique among the organizations' spaces, say.
func (a *audit) carriesTenant(s *subject, columns []string) bool {
	if s.tenant == "" {
		return false
	}
	for _, sc := range s.scopes {
		if includes(columns, sc.Columns) {
			return true
		}
	}
	return false
}

// random reports whether a key holds a column whose values nobody guesses.
func (a *audit) random(s *subject, columns []string) bool {
	for _, name := range columns {
		c := s.rel.Column(name)
		if c == nil {
			continue
		}
		if c.Type.Underlying().Name == "uuid" {
			return true
		}
		for _, t := range lex(c.Default) {
			if strings.Contains(strings.ToLower(t.text), "random") || strings.Contains(strings.ToLower(t.text), "uuid") {
				return true
			}
		}
	}
	return false
}
