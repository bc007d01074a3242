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

// references wants foreign keys between scoped tables to carry the tenant, and what
// looks like a reference to be one.
func (a *audit) references() error {
	for _, s := range a.subjects {
		for _, piece := range a.pieces(s) {
			if err := a.ownReferences(piece); err != nil {
				return err
			}
		}
	}
	return a.undeclaredReferences()
}

func (a *audit) ownReferences(s *subject) error {
	for _, fk := range a.graph.DeclaredAt(s.rel) {
		if target := a.subject(fk.Ref); target != nil {
			a.reference(s, fk, target)
		}
		a.unsetsTenant(s, fk)
	}
	if s.agg == nil {
		return a.levelsApart(s)
	}
	return nil
}

// twoLevel is a row that names its tenants of two levels, one within the other.
type twoLevel struct {
	inner, outer seedbed.Scoped
	level        seedbed.Tenant    // of the inner ones
	tenants      *catalog.Relation // the inner ones
	key          *graph.ForeignKey // to them; nil: none
}

// twoLevels are the levels that columns of a subject name next to one another.
func (a *audit) twoLevels(s *subject) (out []twoLevel) {
	for _, inner := range s.direct() {
		level, _ := a.model.Tenant(inner.Tenant)
		tenants := a.cat.Table(level.Table)
		outer, both := s.at(level.Parent)
		if !both || tenants == nil || len(level.ParentColumns) != len(outer.Columns) || len(a.tenantOf(tenants, "u", outer.Tenant)) != len(outer.Columns) {
			continue
		}
		up := twoLevel{inner: inner, outer: outer, level: level, tenants: tenants}
		for _, fk := range s.node.ForeignKeys {
			if fk.To == a.graph.Of(tenants) && fk.Carries(inner.Tenant) && (up.key == nil || fk.Carries(outer.Tenant)) {
				up.key = fk
			}
		}
		out = append(out, up)
	}
	return out
}

// levelsApart finds keys to the inner tenants that leave the outer one out, though the row has it.
func (a *audit) levelsApart(s *subject) error {
	for _, up := range a.twoLevels(s) {
		target := a.subject(up.tenants)
		if up.key == nil || up.key.Carries(up.outer.Tenant) || target == nil || a.setByTrigger(s, up.key) {
			continue
		}
		if either, err := a.isOfEither(s, up); err != nil || either {
			return err
		}
		a.find(report.Finding{Rule: "reference-without-tenant", Cause: a.keyCause(up.outer.Tenant, target), Object: s.name + "." + up.key.Name, Evidence: []string{up.key.Definition},
			Message: fmt.Sprintf("foreign key %s of %s leads to %s without the %s, which the row names as well: it accepts %s of another %s", up.key.Name, s.name, target.name, up.outer.Tenant, withArticle(up.inner.Tenant), up.outer.Tenant),
			Fix:     carryTenant(s, up.key.Constraint, up.outer.Columns, target, up.level.ParentColumns)})
	}
	return nil
}

// isOfEither reports whether a row is of an inner tenant or of an outer one: both columns may
// be NULL, and no row has both.
func (a *audit) isOfEither(s *subject, up twoLevel) (bool, error) {
	for _, name := range slices.Concat(up.inner.Columns, up.outer.Columns) {
		if c := s.rel.Column(name); c == nil || c.Required() {
			return false, nil
		}
	}
	var both bool
	err := a.scalar(fmt.Sprintf("SELECT EXISTS (SELECT FROM %s t WHERE %s)", s.rel.Ident(), notNull(cols("t", slices.Concat(up.inner.Columns, up.outer.Columns)))), &both)
	if err != nil {
		return false, a.hidden(s.rel, err)
	}
	return !both, nil
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
			if sc.Optional || !deletes && !updates || a.hasAnotherOwner(s, sc) {
				continue
			}
			a.find(report.Finding{Rule: "reference-unsets-tenant", Object: s.name + "." + fk.Name, Evidence: []string{fk.Definition},
				Message: fmt.Sprintf("foreign key %s of %s unsets %s, which says whose the row is, when the row of %s goes", fk.Name, s.name, column, a.name(fk.Ref)),
				Fix:     keepsTenant(s.rel, fk.Constraint, sc.Columns)})
			return
		}
	}
}

// hasAnotherOwner reports whether a row is always of a tenant of another level, too, which is not
// above: the project that a user saw last says nothing of whose the row is.
func (a *audit) hasAnotherOwner(s *subject, sc seedbed.Scoped) bool {
	return slices.ContainsFunc(s.direct(), func(other seedbed.Scoped) bool {
		above := slices.ContainsFunc(a.model.Above(sc.Tenant), func(t seedbed.Tenant) bool { return t.Name == other.Tenant })
		return other.Tenant != sc.Tenant && !above && !slices.ContainsFunc(other.Columns, func(name string) bool { return !s.rel.Column(name).Required() })
	})
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
	if pk := keysBeyondTenant(target); includes(theirs, key[len(theirs):]) && len(pk) == 1 && len(key) == len(theirs)+1 { // the columns were crossed
		key[len(theirs)] = pk[0].Name
	}
	add := addKey(s.rel, columns, target.rel, key, deletion(fk, mine))
	if strings.HasPrefix(add, "add ") || fk.OnUpdate != catalog.NoAction {
		return add
	}
	return add + fmt.Sprintf("; ALTER TABLE %s DROP CONSTRAINT %s", s.rel.Ident(), catalog.Ident(fk.Name))
}

// reference finds foreign keys between tenants' rows that nothing keeps within one tenant.
func (a *audit) reference(s *subject, fk *graph.ForeignKey, target *subject) {
	if admission := a.admission(s); fk.TellsTenant() || a.setByTrigger(s, fk) || admission != nil && admission.Name == fk.Name {
		return // whom a row lets in on others is another tenant than theirs
	}
	for _, level := range a.shared(s.rel, target.rel) {
		if target.tenant == level {
			continue // beside whose the row is: another tenant by meaning, as a friend is
		}
		// A key over both columns could not lead to what is shared.
		if theirs, _ := target.node.Scope(level); theirs.Optional || fk.HeldWithin(level) || excludesTenant(s, fk, level) {
			continue
		}
		message, fix := a.describeUnbound(s, fk, target, level)
		a.find(report.Finding{Rule: "reference-without-tenant", Cause: a.keyCause(level, target), Object: s.name + "." + fk.Name,
			Message: message, Evidence: []string{fk.Definition}, Fix: fix})
		return
	}
}

// describeUnbound says of a foreign key that its rows may be of two tenants, and what carries
// the tenant: columns of both tables, those by which both reach it, or none yet.
func (a *audit) describeUnbound(s *subject, fk *graph.ForeignKey, target *subject, level string) (message, fix string) {
	mine, own := s.at(level)
	if s.tenant == level {
		mine, own = s.scopes[0], true
	}
	theirs, others := target.at(level)
	composite := func(columns, key []string) string {
		return decideShared(target, key, level) + carryTenant(s, fk.Constraint, columns, target, key)
	}
	if own && others {
		return fmt.Sprintf("foreign key %s of %s leads to %s without the %s: it accepts another tenant's row", fk.Name, s.name, target.name, level),
			composite(mine.Columns, theirs.Columns)
	}
	up, _ := s.node.Scope(level)
	down, _ := target.node.Scope(level)
	message = fmt.Sprintf("foreign key %s of %s leads to %s, and nothing keeps both to one %s: it accepts another tenant's row", fk.Name, s.name, target.name, level)
	switch {
	// Where the key names the other row's parent itself, its columns would be there twice.
	case up.Via.Table != "" && up.Via.Table == down.Via.Table && !slices.ContainsFunc(down.Via.Columns, func(c string) bool { return contains(fk.RefColumns, c) }):
		return message, composite(up.Via.Columns, down.Via.Columns)
	case up.Via.Table != "" && others && len(s.scopes) == 0:
		return fmt.Sprintf("%s joins %s, whose %s it has, with %s of any %s", s.name, up.Via.Table, level, target.name, level),
			fmt.Sprintf("give %s the column %s, and carry it in both foreign keys", s.name, catalog.Idents(theirs.Columns))
	}
	var lack []string
	for _, x := range []*subject{s, target} {
		if _, has := x.at(level); !has && !contains(lack, x.name) {
			lack = append(lack, x.name)
		}
	}
	return message, fmt.Sprintf("give %s a column for the %s, and carry it in the foreign keys", strings.Join(lack, " and "), level)
}

// decideShared is what is to be decided before a key carries the tenant of rows that may have
// none: it would refuse what leads to those.
func decideShared(target *subject, key []string, level string) string {
	for _, name := range key {
		if c := target.rel.Column(name); c != nil && !c.Required() {
			return fmt.Sprintf("if rows of %s without %s are for all, declare them optional in the Model, and leave the key; otherwise make %s of %[1]s NOT NULL first, then ", target.name, withArticle(level), name)
		}
	}
	return ""
}

// keyCause is why a foreign key leaves the tenant out: its target has no key to carry it,
// or most foreign keys of the schema do not carry it, or none is what keeps tenants apart.
func (a *audit) keyCause(level string, target *subject) string {
	if a.bare == nil {
		a.bare = map[string]bool{}
		for _, t := range a.model.Tenants {
			a.bare[t.Name] = a.mostKeysBare(t.Name)
		}
	}
	if a.bare[level] || !a.usesRLS {
		return "keys without the tenant"
	}
	return "keys to " + target.name
}

func (a *audit) mostKeysBare(level string) bool {
	with, all := 0, 0
	for _, s := range a.subjects {
		for _, fk := range s.node.BetweenTenants() {
			if fk.TellsTenant() || !slices.Contains(a.shared(s.rel, fk.Ref), level) {
				continue
			}
			if all++; fk.HeldWithin(level) {
				with++
			}
		}
	}
	return 2*with < all
}

// excludesTenant reports whether a CHECK lets a row have either the columns of a foreign key or
// those of its tenant: a row that has both could contradict itself, and there is none.
func excludesTenant(s *subject, fk *graph.ForeignKey, level string) bool {
	mine, own := s.at(level)
	return own && slices.ContainsFunc(fk.Columns, func(x string) bool {
		return slices.ContainsFunc(mine.Columns, func(y string) bool {
			return x != y && slices.ContainsFunc(s.rel.Checks(), func(k *catalog.Constraint) bool {
				return contains(k.Columns, x) && contains(k.Columns, y) && notBoth(bare(sqltext.Tokens(k.Expr)), x, y)
			})
		})
	})
}

// notBoth reports whether a condition is true only where one of two columns is NULL: by
// num_nonnulls, by <> between IS NULL of each, or with IS NULL of one in each case.
func notBoth(condition []sqltext.Token, x, y string) bool {
	one := func(t sqltext.Token) bool { return t.IsIdentifier() && (t.Text == x || t.Text == y) }
	n := len(condition)
	if n > 3 && condition[0].Is("num_nonnulls") && sqltext.Closing(condition[1:]) == n-4 {
		return (condition[n-2].Is("=") || condition[n-2].Is("<=")) && condition[n-1].Text == "1"
	}
	if sides := sqltext.TopLevel(condition, "<>"); len(sides) == 2 {
		a, b := sqltext.Unwrap(sides[0]), sqltext.Unwrap(sides[1])
		return len(a) > 2 && len(a) == len(b) && one(a[0]) && one(b[0]) && a[0].Text != b[0].Text && a[1].Is("IS") && b[1].Is("IS") && a[len(a)-1].Is("NULL") && b[len(b)-1].Is("NULL")
	}
	return !slices.ContainsFunc(sqltext.TopLevel(condition, "OR"), func(side []sqltext.Token) bool {
		return !slices.ContainsFunc(sqltext.TopLevel(sqltext.Unwrap(side), "AND"), func(part []sqltext.Token) bool {
			part = sqltext.Unwrap(part)
			return len(part) == 3 && one(part[0]) && sqltext.At(part, 1, "IS", "NULL")
		})
	})
}
