package audit

import (
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// readByPolicies are the tables that the policies of a table look into, and those that the
// policies of these do: which of their rows show decides which of its rows do. What a
// SECURITY DEFINER function reads it reads as its owner, whatever policies say.
func (a *audit) readByPolicies(table string) (names []string) {
	r := a.cat.Table(table)
	if r == nil {
		return nil
	}
	seen := []*catalog.Relation{r}
	for i := 0; i < len(seen); i++ {
		for _, p := range seen[i].Policies {
			for _, read := range a.tablesIn(a.asCaller(sqltext.Tokens(p.Using+" "+p.WithCheck), 0)) {
				if !slices.Contains(seen, read) {
					seen, names = append(seen, read), append(names, a.name(read))
				}
			}
		}
	}
	return names
}

// tablesIn are the tables that an expression names; of a partition its root.
func (a *audit) tablesIn(tokens []sqltext.Token) (out []*catalog.Relation) {
	for i := range tokens {
		for _, r := range a.named(tokens, i) {
			if r = r.Root(); r.IsTable() && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// named are the relations that a name may stand for: of its schema, where it has one. What has
// an alias before it is a column.
func (a *audit) named(tokens []sqltext.Token, i int) []*catalog.Relation {
	if !tokens[i].IsIdentifier() {
		return nil
	}
	all := a.relations[tokens[i].Text]
	if i < 2 || !tokens[i-1].Is(".") || !tokens[i-2].IsIdentifier() {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(r *catalog.Relation) bool { return r.Schema != tokens[i-2].Text })
}

// asCaller are an expression's tokens, and those of the functions in it that run as their
// caller.
func (a *audit) asCaller(tokens []sqltext.Token, depth int) []sqltext.Token {
	out := slices.Clone(tokens)
	if depth > 2 {
		return out
	}
	for _, f := range a.calledIn(tokens) {
		if !f.SecurityDefiner {
			out = append(out, a.asCaller(code(f), depth+1)...)
		}
	}
	return out
}

// calledIn are the functions that an expression may call, by their names.
func (a *audit) calledIn(tokens []sqltext.Token) (out []*catalog.Function) {
	for i, t := range tokens {
		if !t.IsIdentifier() || i+1 == len(tokens) || !tokens[i+1].Is("(") {
			continue
		}
		for _, f := range a.cat.Functions {
			if f.Name == t.Text && f.Extension == "" {
				out = append(out, f)
			}
		}
	}
	return out
}
