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
			for _, t := range a.asCaller(sqltext.Tokens(p.Using+" "+p.WithCheck), 0) {
				if !t.Name() {
					continue
				}
				for _, read := range a.relations[t.Text] {
					if read = read.Root(); read.IsTable() && !slices.Contains(seen, read) {
						seen, names = append(seen, read), append(names, a.name(read))
					}
				}
			}
		}
	}
	return names
}

// asCaller are an expression's tokens, and those of the functions in it that run as their
// caller.
func (a *audit) asCaller(tokens []sqltext.Token, depth int) []sqltext.Token {
	out := slices.Clone(tokens)
	for i, t := range tokens {
		if !t.Name() || i+1 == len(tokens) || !tokens[i+1].Is("(") || depth > 2 {
			continue
		}
		for _, f := range a.cat.Functions {
			if f.Name == t.Text && f.Extension == "" && !f.SecurityDefiner {
				out = append(out, a.asCaller(code(f), depth+1)...)
			}
		}
	}
	return out
}
