package diagram

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// big is a schema of n tables in groups of a subject each, as real ones are: most
// references stay in the group, some lead to hubs; pairs point across.
func big(n int) string {
	subjects := []string{"billing", "catalog", "crm", "ticket", "asset", "report", "survey", "payroll", "fleet", "legal"}
	parts := []string{"item", "entry", "line", "note", "event", "rule", "plan", "batch", "member", "log", "link", "state", "draft", "tag", "total"}
	r := rand.New(rand.NewPCG(1, 2))
	var s strings.Builder
	s.WriteString("create table organizations (id uuid primary key);\n" +
		"create table spaces (id uuid primary key, organization_id uuid not null references organizations);\n" +
		"create table countries (id uuid primary key);\n" +
		"create table people (space_id uuid not null references spaces, id uuid not null, country_id uuid references countries, primary key (space_id, id));\n")
	for i := range n - 4 {
		g, k := i%len(subjects), i/len(subjects)
		fmt.Fprintf(&s, "create table %s_%ss (space_id uuid not null references spaces, id uuid not null, name text", subjects[g], parts[k])
		var keys strings.Builder
		if k > 0 {
			to := parts[r.IntN(k)]
			fmt.Fprintf(&s, ", %s_id uuid", to)
			fmt.Fprintf(&keys, ", foreign key (space_id, %s_id) references %s_%ss", to, subjects[g], to)
		}
		if r.IntN(4) == 0 {
			s.WriteString(", person_id uuid")
			keys.WriteString(", foreign key (space_id, person_id) references people")
		}
		if k > 6 && r.IntN(12) == 0 {
			fmt.Fprintf(&s, ", subject_type text not null check (subject_type in ('crm_item', 'ticket_item', 'asset_item')), subject_id uuid not null")
		}
		s.WriteString(", primary key (space_id, id)" + keys.String() + ");\n")
	}
	return s.String()
}

func BenchmarkSVG(b *testing.B) {
	for _, n := range []int{25, 150} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m, cat := described(b, big(n))
			for b.Loop() {
				SVG(m, cat)
			}
		})
	}
}
