package infer

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
)

// memberships finds, for each level, the tables that policies ask whether the
// session's user belongs to a tenant.
func (n *inference) memberships() {
	for _, l := range n.accepted {
		if m, asked := n.membership(l); m != nil {
			n.out.Memberships = append(n.out.Memberships, m)
			why := fmt.Sprintf("policies on %s look for the session's user there", few(asked))
			n.addReason("membership "+n.cat.Name(m.Table), why)
			if m.Setting != "" {
				n.addReason("membership "+n.cat.Name(m.Table), "the user is "+m.Identity.says())
			}
		}
	}
}

// membership is the table that most policies on the carriers of a level look into.
func (n *inference) membership(l *Level) (*Membership, []string) {
	type use struct {
		membership
		column *catalog.Column
	}
	asked := map[*catalog.Column][]string{}
	uses := map[*catalog.Column]use{}
	for _, t := range l.candidate.evidence.compared {
		for _, x := range t.compared {
			for _, m := range x.members {
				u, ok := l.candidate.carriers[m.table]
				if !ok || slices.Contains(asked[m.user], t.name) {
					continue
				}
				uses[m.user] = use{m, u.column}
				asked[m.user] = append(asked[m.user], t.name)
			}
		}
	}
	var users []*catalog.Column
	for user := range uses {
		users = append(users, user)
	}
	if len(users) == 0 {
		return nil, nil
	}
	slices.SortFunc(users, func(a, b *catalog.Column) int {
		return cmp.Or(-cmp.Compare(len(asked[a]), len(asked[b])), -cmp.Compare(truth(a.Required()), truth(b.Required())), cmp.Compare(a.Table.Name, b.Table.Name))
	})
	best := uses[users[0]]
	return &Membership{Table: best.table.Relation, Level: l, Columns: n.columnsFor(l, best.table, best.column),
		User: []string{best.user.Name}, Identity: best.Identity}, asked[users[0]]
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// says is who the session is, in words.
func (x Identity) says() string {
	s := "setting " + x.Setting
	for i, claim := range x.Claim {
		if i == 0 {
			s += ", claim " + claim
		} else {
			s += "." + claim
		}
	}
	if x.Session.Table != nil {
		s += fmt.Sprintf(", which is the key %s of a row of %s that has it in %s", list(x.Session.Key), x.Session.Table.Name, list(x.Session.Columns))
	}
	return s
}
