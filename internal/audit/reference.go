package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/report"
)

// references wants foreign keys between scoped tables to carry the tenant, and what
// looks like a reference to be one.
func (a *audit) references() error {
	for _, s := range a.subjects {
		for _, piece := range a.pieces(s) {
			a.ownReferences(piece)
		}
		for _, c := range s.rel.Columns {
			a.bareReference(s, c)
		}
	}
	return nil
}

func (a *audit) ownReferences(s *subject) {
	for _, fk := range a.graph.DeclaredAt(s.rel) {
		if target := a.subject(fk.Ref); target != nil {
			a.reference(s, fk, target)
			a.otherSide(s, fk, target)
		}
		a.unsetsTenant(s, fk)
	}
}

// unsetsTenant: SET NULL and SET DEFAULT take all columns of a key, unless some are named.
func (a *audit) unsetsTenant(s *subject, fk *graph.ForeignKey) {
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
			a.find(report.Finding{Rule: "reference-unsets-tenant", Object: s.name + "." + fk.Name, Evidence: []string{fk.Definition},
				Message: fmt.Sprintf("foreign key %s of %s unsets %s, which says whose the row is, when the row of %s goes", fk.Name, s.name, column, a.name(fk.Ref)),
				Fix:     keepsTenant(s.rel, fk.Constraint, sc.Columns)})
			return
		}
	}
}

// keepsTenant is SQL for a foreign key that unsets its columns without those of the tenant.
func keepsTenant(r *catalog.Relation, fk *catalog.Constraint, tenant []string) string {
	definition := fk.Definition
	for _, action := range []string{" ON UPDATE SET NULL", " ON UPDATE SET DEFAULT"} { // which cannot name columns
		definition = strings.ReplaceAll(definition, action, "")
	}
	if at := strings.Index(definition, " ON DELETE SET "); at >= 0 {
		definition = definition[:at] + deletion(fk, tenant)
	}
	return fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %[2]s %s", r.Ident(), catalog.Ident(fk.Name), definition)
}

// carryTenant is SQL that puts a foreign key with the tenant in place of one without.
func carryTenant(s *subject, fk *catalog.Constraint, mine []string, target *subject, theirs []string) string {
	columns, key := slices.Clone(mine), slices.Clone(theirs)
	for i, name := range fk.Columns {
		if !contains(mine, name) {
			columns, key = append(columns, name), append(key, fk.RefColumns[i])
		}
	}
	if pk := keyBeyondTenant(target); includes(theirs, key[len(theirs):]) && pk != nil && len(key) == len(theirs)+1 { // the columns were crossed
		key[len(theirs)] = pk.Name
	}
	add := addKey(s.rel, columns, target.rel, key, deletion(fk, mine))
	if strings.HasPrefix(add, "add ") || fk.OnUpdate != catalog.NoAction {
		return add
	}
	return add + fmt.Sprintf("; ALTER TABLE %s DROP CONSTRAINT %s", s.rel.Ident(), catalog.Ident(fk.Name))
}

// addReference is SQL for the foreign key of a column that looks like a reference.
func (a *audit) addReference(s *subject, c *catalog.Column, target *subject, key *catalog.Column) string {
	for _, mine := range s.direct() {
		if theirs, ok := target.at(mine.Tenant); ok && !theirs.Optional && len(mine.Columns) == len(theirs.Columns) {
			return addKey(s.rel, slices.Concat(mine.Columns, []string{c.Name}), target.rel, slices.Concat(theirs.Columns, []string{key.Name}), "")
		}
	}
	return addKey(s.rel, []string{c.Name}, target.rel, []string{key.Name}, "")
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
		a.find(report.Finding{Rule: "reference-undeclared", Cause: "references without keys", Object: s.name + "." + c.Name,
			Message: fmt.Sprintf("%s.%s looks like a reference to %s, and no foreign key holds it", s.name, c.Name, target.name),
			Fix:     a.addReference(s, c, target, key)})
		return
	}
}

// heldOtherwise reports columns that a foreign key, the Model or a key of their own explains.
func (a *audit) heldOtherwise(s *subject, column string) bool {
	if pk := s.rel.PrimaryKey(); pk != nil && contains(pk.Columns, column) {
		return true
	}
	if s.node.InForeignKey(column) || s.node.ShadowOf(column) != nil { // shadows have a rule of their own
		return true
	}
	for _, p := range s.node.Pairs {
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

func (a *audit) reference(s *subject, fk *graph.ForeignKey, target *subject) {
	for _, mine := range s.direct() {
		for _, theirs := range target.direct() {
			if theirs.Optional { // a key over both columns could not lead to what is shared
				continue
			}
			if mine.Tenant != theirs.Tenant || fk.IsTenantKey() || fk.StaysWithin(mine.Tenant) {
				continue
			}
			a.find(report.Finding{Rule: "reference-without-tenant", Cause: a.keyCause(mine.Tenant, target), Object: s.name + "." + fk.Name,
				Message:  fmt.Sprintf("foreign key %s of %s leads to %s without the %s: it accepts another tenant's row", fk.Name, s.name, target.name, mine.Tenant),
				Evidence: []string{fk.Definition},
				Fix:      carryTenant(s, fk.Constraint, mine.Columns, target, theirs.Columns)})
			return
		}
	}
}

// otherSide finds rows that join two tables, whose tenant is that of one side, and whose
// other side may be another tenant's: such a table has no column to hold them together.
func (a *audit) otherSide(s *subject, fk *graph.ForeignKey, target *subject) {
	if len(s.scopes) > 0 || s.tenant != "" {
		return
	}
	for _, via := range s.via {
		theirs, ok := target.at(via.Tenant)
		up := a.cat.Table(via.Via.Table)
		if !ok || theirs.Optional || up == nil || up.Root() == target.rel || includes(fk.Columns, via.Via.Columns) || slices.Equal(fk.Columns, via.Via.Columns) {
			continue
		}
		a.find(report.Finding{Rule: "reference-without-tenant", Cause: a.keyCause(via.Tenant, target), Object: s.name + "." + fk.Name, Evidence: []string{fk.Definition},
			Message: fmt.Sprintf("%s joins %s, whose %s it has, with %s of any %s", s.name, via.Via.Table, via.Tenant, target.name, via.Tenant),
			Fix:     fmt.Sprintf("give %s the column %s, and carry it in both foreign keys", s.name, catalog.Idents(theirs.Columns))})
		return
	}
}

// keyCause is why a foreign key leaves the tenant out: its target has no key to carry it,
// or most foreign keys of the schema do not carry it.
func (a *audit) keyCause(level string, target *subject) string {
	if a.bare == nil {
		a.bare = map[string]bool{}
		for _, t := range a.model.Tenants {
			a.bare[t.Name] = a.mostKeysBare(t.Name)
		}
	}
	if a.bare[level] {
		return "keys without the " + level
	}
	return "keys to " + target.name
}

func (a *audit) mostKeysBare(level string) bool {
	with, all := 0, 0
	for _, s := range a.subjects {
		if _, ok := s.at(level); !ok {
			continue
		}
		for _, fk := range s.node.BetweenTenants() {
			if _, ok := a.subject(fk.Ref).at(level); !ok {
				continue
			}
			if all++; fk.Carries(level) {
				with++
			}
		}
	}
	return 2*with < all
}
