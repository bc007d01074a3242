package infer

import (
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
)

// inherit gives the tables without a tenant column that of a parent, nearest first.
func (n *inference) inherit() {
	for n.round(n.viaParent) || n.round(n.viaPair) || n.round(n.viaCascade) {
		continue
	}
}

// round applies a rule to every table that is still open, and reports whether it
// found something. What one round finds counts from the next round on.
func (n *inference) round(rule func(*table) ([]Scope, string)) bool {
	found := map[*table][]Scope{}
	for _, t := range n.tables {
		if len(t.scopes) > 0 || n.top(t) {
			continue
		}
		if scopes, why := rule(t); len(scopes) > 0 {
			found[t] = scopes
			n.addReason("scoped "+t.name, why)
		}
	}
	for t, scopes := range found {
		t.scopes = scopes
	}
	return len(found) > 0
}

// top reports whether t holds tenants whose parent, if any, is known already.
func (n *inference) top(t *table) bool {
	return t.level != nil && (t.level.Parent != nil || len(n.accepted) == 1)
}

func (n *inference) viaParent(t *table) ([]Scope, string) {
	return n.viaKey(t, func(ref *catalog.Reference) bool { return !ref.Optional() }, "requires a row of %s, by %s")
}

// viaCascade takes an optional reference for a parent only if rows go with it.
func (n *inference) viaCascade(t *table) ([]Scope, string) {
	return n.viaKey(t, func(ref *catalog.Reference) bool { return ref.OnDelete == catalog.Cascade },
		"is deleted with its row of %s, by %s, though that may be NULL")
}

func (n *inference) viaKey(t *table, fits func(*catalog.Reference) bool, why string) ([]Scope, string) {
	var best *catalog.Reference
	for _, ref := range t.refs {
		to := n.tableOf[ref.To]
		if !fits(ref) || len(to.innermostLevels()) == 0 || to.level != nil && (t.level != nil || to.level.candidate.isUsersTable()) {
			continue
		}
		if best == nil || closeness(t, ref) > closeness(t, best) || closeness(t, ref) == closeness(t, best) && position(ref) < position(best) {
			best = ref
		}
	}
	if best == nil {
		return nil, ""
	}
	to := n.tableOf[best.To]
	var out []Scope
	for _, l := range to.innermostLevels() {
		out = append(out, Scope{Table: t.Relation, Level: l, Via: Ref{Columns: best.Columns, Table: best.To, Key: best.RefColumns}})
	}
	return out, fmt.Sprintf("a row "+why, to.name, list(best.Columns))
}

// closeness prefers the parent that a row is part of: in its key, deleted with it.
func closeness(t *table, ref *catalog.Reference) int {
	score := 0
	if pk := t.PrimaryKey(); pk != nil && subset(ref.Columns, pk.Columns) {
		score += 2
	}
	if ref.OnDelete == catalog.Cascade {
		score++
	}
	return score
}

func position(ref *catalog.Reference) int16 { return ref.From.Column(ref.Columns[0]).Num }

// innermostLevels returns the levels that rows referencing one of t belong to: the
// innermost of those that every row of t has.
func (t *table) innermostLevels() []*Level {
	if t.level != nil {
		return []*Level{t.level}
	}
	var out []*Level
	for _, s := range t.scopes {
		if !s.Optional && !slices.ContainsFunc(t.scopes, func(o Scope) bool { return !o.Optional && o.Level.hasAncestor(s.Level) }) {
			out = append(out, s.Level)
		}
	}
	return out
}

// viaPair gives a table whose polymorphic pair points at scoped tables only the
// tenant of its target.
func (n *inference) viaPair(t *table) ([]Scope, string) {
	for _, p := range t.pairs {
		if len(p.Targets) == 0 || !p.Type.Required() || !p.ID.Required() {
			continue
		}
		shared := n.tableOf[p.Targets[0].Table].innermostLevels()
		for _, target := range p.Targets[1:] {
			levels := n.tableOf[target.Table].innermostLevels()
			shared = slices.DeleteFunc(slices.Clone(shared), func(l *Level) bool { return !slices.Contains(levels, l) })
		}
		if len(shared) > 0 {
			via := Ref{Columns: []string{p.Type.Name, p.ID.Name}}
			return []Scope{{Table: t.Relation, Level: shared[0], Via: via}}, fmt.Sprintf("every target of the pair %s is", list(via.Columns))
		}
	}
	return nil, ""
}
