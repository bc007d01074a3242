package audit

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// uniqueKeys finds those that tell one tenant what another one has.
func (a *audit) uniqueKeys() error {
	for _, s := range a.subjects {
		scopes := s.direct()
		if len(scopes) == 0 {
			continue
		}
		// The innermost: what includes the space includes its organization.
		for _, piece := range a.pieces(s) {
			if err := a.ownUniqueKeys(piece, scopes[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *audit) ownUniqueKeys(s *subject, sc seedbed.Scoped) error {
	for _, ix := range s.rel.Indexes {
		if !ix.Unique && !ix.Exclusion || ix.Partition || s.tenant != "" && len(s.scopes) == 1 {
			continue
		}
		shared, err := a.overSharedRows(s, sc, ix)
		if err != nil {
			return err
		}
		if !shared {
			a.uniqueKey(s, sc, ix)
		}
	}
	return nil
}

// overSharedRows reports whether a partial key is over rows without a tenant only: by its
// predicate, or, where that guards the one row for which it is true, by the rows.
func (a *audit) overSharedRows(s *subject, sc seedbed.Scoped, ix *catalog.Index) (bool, error) {
	if ix.Predicate == "" {
		return false, nil
	}
	for _, side := range sqltext.TopLevel(sqltext.Unwrap(sqltext.Tokens(ix.Predicate)), "AND") {
		if side = sqltext.Unwrap(side); len(side) == 3 && contains(sc.Columns, side[0].Text) && sqltext.At(side, 1, "IS", "NULL") {
			return true, nil
		}
	}
	guards := !slices.ContainsFunc(ix.Keys, func(k catalog.IndexKey) bool {
		c := s.rel.Column(k.Column)
		return c == nil || c.Type.Underlying().Category != "B"
	})
	may := slices.ContainsFunc(sc.Columns, func(name string) bool { return !s.rel.Column(name).Required() })
	if !guards || !may {
		return false, nil
	}
	var rows, tenants int
	err := a.scalar(fmt.Sprintf("SELECT count(*), count(%s) FROM %s WHERE %s", catalog.Ident(sc.Columns[0]), s.rel.Ident(), ix.Predicate), &rows, &tenants)
	if err != nil {
		return false, a.hidden(s.rel, err)
	}
	return rows > 0 && tenants == 0 || rows == 0 && sc.Optional, nil
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
	if includes(columns, sc.Columns) || s.rel.UniqueBy(sc.Columns) || !a.mayCollide(s, ix) || a.carriesTenant(s, columns) || a.tellsNothing(s, ix, columns) && !a.tellsMembership(s, ix) || slices.ContainsFunc(exprs, holdsAddress) {
		return
	}
	cause := ""
	if !a.usesRLS { // the application reads errors, and no tenant
		cause = "unique keys without the tenant"
	}
	kind, code := "unique key", "23505"
	if ix.Exclusion {
		kind, code = "exclusion", "23P01"
	}
	f := report.Finding{Rule: "unique-without-tenant", Cause: cause, Object: s.name + "." + ix.Name,
		Message:  fmt.Sprintf("%s %s of %s holds across tenants: error %s tells one that another has the value", kind, ix.Name, s.name, code),
		Evidence: []string{ix.Definition},
		Fix:      withTenant(s.rel, ix, a.graph.NeedsIndex(ix), sc.Columns, slices.Concat(columns, exprs))}
	switch {
	case len(exprs) == 0 && isPublicName(s.rel.Name, columns):
		f.Severity, f.Cause = report.Advice, "public names without the tenant"
		f.Fix = "nothing, where it is looked up without a tenant, by an address or a login, and may be known; otherwise " + f.Fix
	case slices.ContainsFunc(columns, isOfRequest):
		f.Severity, f.Cause = report.Advice, "keys of requests without the tenant"
		f.Fix = "nothing, where the application makes it of chance, or of what tells the tenant; otherwise " + f.Fix
	}
	a.find(f)
}

// isOfRequest reports whether a column tells a request from its repetitions.
func isOfRequest(column string) bool { return slices.Contains(words(column), "idempotency") }

// isPublicName reports whether a key is one column by which a row is found before its tenant is
// known: the part of an address that is a row's, or the e-mail of persons who log in.
func isPublicName(table string, columns []string) bool {
	if len(columns) != 1 {
		return false
	}
	w := words(columns[0])
	last := w[len(w)-1]
	return slices.Contains([]string{"slug", "namespace", "permalink", "handle", "selector"}, last) ||
		isLogins(table) && slices.Contains([]string{"email", "mail", "username", "login"}, last)
}

// withTenant is SQL for a unique key that begins with the tenant's columns. Prose for a
// key that foreign keys reference, and for an exclusion, which needs an operator class.
func withTenant(r *catalog.Relation, ix *catalog.Index, referenced bool, tenant, keys []string) string {
	switch {
	case ix.Exclusion || referenced:
		return fmt.Sprintf("make it (%s)", strings.Join(slices.Concat(tenant, keys), ", "))
	case ix.Constraint != nil:
		return fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %[2]s %s", r.Ident(), catalog.Ident(ix.Constraint.Name), withColumns(ix.Constraint.Definition, tenant))
	}
	// The new index comes first: without one the application could write duplicates.
	name := catalog.Ident(ix.Schema, ix.Name)
	definition := withColumns(ix.Definition, tenant)
	return fmt.Sprintf("ALTER INDEX %s RENAME TO %s; %s; DROP INDEX %s", name, catalog.Ident(shortened(ix.Name)+"_of_all"), definition, catalog.Ident(ix.Schema, shortened(ix.Name)+"_of_all"))
}

// shortened leaves room in a name for a few bytes more.
func shortened(name string) string { return strings.ToValidUTF8(name[:min(len(name), 55)], "") }

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

// tellsNothing reports whether a duplicate of a key tells a tenant nothing of another.
func (a *audit) tellsNothing(s *subject, ix *catalog.Index, columns []string) bool {
	return a.chosenByNoTenant(s, ix, columns) || a.withinOwnRow(s, columns) || a.isLogin(s, columns)
}

// isLogin reports whether a key is what persons log in by, where a tenant is a person: such
// a key is there to be no other person's.
func (a *audit) isLogin(s *subject, columns []string) bool {
	t, _ := a.model.Tenant(s.innermost())
	if !isLogins(t.Table[strings.LastIndex(t.Table, ".")+1:]) {
		return false
	}
	return !slices.ContainsFunc(columns, func(name string) bool {
		w := words(name)
		if w[len(w)-1] == "name" { // of anything, unless of a person
			return !isPersons(s.rel.Name) && (len(w) == 1 || !slices.Contains([]string{"user", "login", "display", "nick", "screen", "provider", "service"}, w[len(w)-2]))
		}
		return !slices.Contains([]string{"email", "mail", "username", "login", "handle", "nickname", "phone", "identifier", "subject", "provider", "service"}, w[len(w)-1])
	})
}

// isLogins reports whether the rows of a table are persons who log in, by its name.
func isLogins(table string) bool {
	w := words(table)
	return len(w) > 0 && slices.Contains([]string{"user", "users", "person", "persons", "people", "profile", "profiles"}, w[len(w)-1])
}

// chosenByNoTenant reports whether a key holds a value that no tenant can guess or
// choose. A duplicate cannot be provoked there, so it tells nothing.
func (a *audit) chosenByNoTenant(s *subject, ix *catalog.Index, columns []string) bool {
	for _, name := range columns {
		if a.unguessable(s.rel, name, ix.Primary, 0) && !(len(columns) > 1 && a.isLookup(s.rel, name)) {
			return true
		}
	}
	return false
}

// isLookup reports whether a column references a table of kinds that all tenants share, such
// as the types of something: its few keys are known to every tenant. Persons are no kinds.
func (a *audit) isLookup(r *catalog.Relation, name string) bool {
	return slices.ContainsFunc(a.graph.ForeignKeysOf(r), func(fk *graph.ForeignKey) bool {
		return len(fk.Columns) == 1 && fk.Columns[0] == name && fk.To != nil && !fk.To.HasTenant() && !fk.Self() &&
			len(fk.To.ForeignKeys) == 0 && !isPersons(fk.To.Relation.Name)
	})
}

// isPersons reports whether the rows of a table are persons or their logins, by its name.
func isPersons(table string) bool {
	w := words(table)
	return len(w) > 0 && slices.Contains([]string{"user", "users", "person", "persons", "people", "profile", "profiles", "account", "accounts",
		"member", "members", "identity", "identities", "customer", "customers", "contact", "contacts", "login", "logins"}, w[len(w)-1])
}

// unguessable reports whether no client chooses or guesses the values of a column: UUIDs,
// what Postgres counts, secrets, the ids of text keys, which applications make of random
// letters (cuid, ulid, nanoid), and what references any of those.
func (a *audit) unguessable(r *catalog.Relation, name string, primary bool, depth int) bool {
	c := r.Column(name)
	if c == nil || depth > 3 || isConstant(sqltext.Tokens(c.Default)) || a.isOfElsewhere(r, c) {
		return false
	}
	typ := c.Type.Underlying()
	text := typ.Category == "S" || typ.Name == "bytea"
	switch {
	case typ.Name == "uuid", typ.Name == "xid8", c.Identity != "":
		return true
	case c.Default != "" && calls(c.Default, "nextval", "random", "uuid", "ulid", "cuid", "nanoid", "xact_id"):
		return true
	case text && (isSecret(r.Name, name) || isIdentifier(name)), typ.Name == "bytea" && isOfRequest(name), typ.Category == "N" && isIdentifier(name) && (primary || len(words(name)) > 1):
		return true
	case text && isAddress(name, a.isTenants(r)):
		return true
	}
	for _, fk := range a.graph.ForeignKeysOf(r) {
		if len(fk.Columns) == 1 && fk.Columns[0] == name && a.unguessable(fk.Ref, fk.RefColumns[0], true, depth+1) {
			return true
		}
	}
	return false
}

// isOfElsewhere reports whether a text is the id of a pair whose types are of no table here:
// the application that writes the rows chooses it.
func (a *audit) isOfElsewhere(r *catalog.Relation, c *catalog.Column) bool {
	stem, ok := strings.CutSuffix(c.Name, "_id")
	t := a.graph.Of(r.Root())
	return ok && c.Type.Underlying().Category == "S" && r.Column(stem+"_type") != nil && t != nil && !t.InForeignKey(c.Name) &&
		!slices.ContainsFunc(t.Pairs, func(p *graph.Pair) bool { return p.ID == c.Name && len(p.Targets) > 0 })
}

// words of a name: of apiKey and api_key, api and key.
func words(name string) []string {
	var b strings.Builder
	lower := false
	for _, c := range name {
		if unicode.IsUpper(c) && lower {
			b.WriteByte('_')
		}
		lower = unicode.IsLower(c) || unicode.IsDigit(c)
		b.WriteRune(unicode.ToLower(c))
	}
	return strings.FieldsFunc(b.String(), func(c rune) bool { return c == '_' || c == '-' || c == ' ' })
}

// isSecret reports whether a column holds secrets or their hashes, by its name: they are
// random, or they are no secrets.
func isSecret(table, column string) bool {
	has := func(all []string, any ...string) bool {
		return slices.ContainsFunc(all, func(w string) bool { return slices.Contains(any, w) })
	}
	w := words(column)
	return has(w, "token", "secret", "hash", "hashed", "digest", "nonce", "otp", "signature") ||
		has(w, "key") && has(w, "api", "access", "secret", "public", "private", "pk", "pub", "signing") ||
		has(w, "value", "key") && len(w) == 1 && has(words(table), "key", "keys", "token", "tokens", "secret", "secrets")
}

// isAddress reports whether a column holds what the world has once: a domain; of a table
// of tenants also the name that is in its address.
func isAddress(column string, tenants bool) bool {
	w := words(column)
	last := w[len(w)-1]
	return slices.Contains([]string{"domain", "subdomain", "host", "hostname"}, last) ||
		tenants && slices.Contains([]string{"slug", "url", "handle", "namespace"}, last)
}

// holdsAddress reports whether an expression is a member of JSON that the world has once.
func holdsAddress(expr string) bool {
	tokens := sqltext.Tokens(expr)
	return slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.Is("->>") }) &&
		slices.ContainsFunc(tokens, func(t sqltext.Token) bool {
			return t.Kind == sqltext.String && t.Text != "" && isAddress(t.Text, false)
		})
}

// isTenants reports whether the rows of a table are tenants.
func (a *audit) isTenants(r *catalog.Relation) bool {
	_, ok := a.model.TenantTable(a.name(r.Root()))
	return ok
}

// isIdentifier reports whether a column's name says that it identifies a row, and not by
// what its tenant calls it elsewhere.
func isIdentifier(column string) bool {
	w := words(column)
	if len(w) == 1 {
		return slices.Contains([]string{"id", "oid", "uid", "guid", "uuid"}, w[0])
	}
	chosen := []string{"external", "client", "custom", "tax", "national", "foreign", "device", "vat", "employee", "reference", "ref", "user"}
	return len(w) > 1 && w[len(w)-1] == "id" && !slices.ContainsFunc(w, func(x string) bool { return slices.Contains(chosen, x) })
}

// calls reports whether an expression calls a function with one of these words in its
// name.
func calls(expr string, words ...string) bool {
	for _, t := range sqltext.Tokens(expr) {
		for _, word := range words {
			if t.IsIdentifier() && strings.Contains(strings.ToLower(t.Text), word) {
				return true
			}
		}
	}
	return false
}

// withinOwnRow reports whether a key holds a reference to a row that belongs to a
// tenant: two tenants have no such row in common, so their keys cannot meet. Of a foreign
// key that carries the tenant the rest will do, where that alone is a key of its table. That
// the reference may lead into another tenant is a finding of its own.
func (a *audit) withinOwnRow(s *subject, columns []string) bool {
	for _, fk := range a.graph.ForeignKeysOf(s.rel) {
		if !fk.To.HasTenant() || fk.Self() {
			continue
		}
		if includes(columns, fk.Columns) {
			return true
		}
		for _, sc := range s.scopes {
			own, key := fk.Beyond(sc.Tenant)
			if len(own) > 0 && includes(columns, own) && fk.Ref.UniqueBy(key) {
				return true
			}
		}
	}
	return false
}

// tellsMembership reports whether a key lets a person be a member of one tenant only: a
// duplicate tells that the person, whom another tenant knows too, is a member there.
func (a *audit) tellsMembership(s *subject, ix *catalog.Index) bool {
	declared := slices.ContainsFunc(a.model.Memberships, func(m seedbed.Membership) bool { return m.Table == s.name })
	named := slices.ContainsFunc(words(s.rel.Name), func(w string) bool {
		return slices.Contains([]string{"member", "members", "membership", "memberships", "participant", "participants", "collaborator", "collaborators"}, w)
	})
	if ix.Primary || ix.Predicate != "" || !declared && !named {
		return false
	}
	return slices.ContainsFunc(a.graph.ForeignKeysOf(s.rel), func(fk *graph.ForeignKey) bool {
		return fk.To != nil && !fk.To.HasTenant() && len(ix.Columns()) == len(ix.Keys) && slices.Equal(fk.Columns, ix.Columns())
	})
}
