package seedbed

import (
	"fmt"
	"slices"
	"strings"
)

// String writes the Model as text, a line a declaration, sorted: two Models that
// declare the same have the same text.
func (m Model) String() string {
	var b strings.Builder
	for _, block := range [][]string{
		lines(m.Tenants, Tenant.String), lines(m.Scoped, Scoped.String), lines(m.Aggregates, Aggregate.String),
		lines(m.Global, globalName),
		lines(m.Polymorphic, Polymorphic.String), lines(m.Inheritance, Inheritance.String), lines(m.Memberships, Membership.String),
	} {
		slices.Sort(block)
		for _, line := range block {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Equal reports whether two Models declare the same, in whatever order.
func (m Model) Equal(other Model) bool { return m.String() == other.String() }

// Diff lists the declarations that only m has with a minus, those that only
// other has with a plus; "" where they are equal.
func (m Model) Diff(other Model) string {
	mine, theirs := strings.Split(m.String(), "\n"), strings.Split(other.String(), "\n")
	var b strings.Builder
	for _, line := range mine {
		if !slices.Contains(theirs, line) {
			b.WriteString("- " + line + "\n")
		}
	}
	for _, line := range theirs {
		if !slices.Contains(mine, line) {
			b.WriteString("+ " + line + "\n")
		}
	}
	return b.String()
}

func lines[T any](items []T, write func(T) string) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = write(item)
	}
	return out
}

func bare(table string) string { return strings.TrimPrefix(table, "public.") }

func list(columns []string) string { return "(" + strings.Join(columns, ", ") + ")" }

// The names of declarations, by which Evidence, InvalidError and Without refer to them.

func (t Tenant) name() string        { return "tenant " + t.Name }
func (s Scoped) name() string        { return "scoped " + bare(s.Table) }
func (a Aggregate) name() string     { return "aggregate " + bare(a.Table) }
func globalName(table string) string { return "global " + bare(table) }
func (p Polymorphic) name() string   { return "pair " + bare(p.Table) + list([]string{p.Type, p.ID}) }
func (i Inheritance) name() string   { return "inheritance " + bare(i.Table) }
func (m Membership) name() string    { return "membership " + bare(m.Table) }

// String is the level on one line.
func (t Tenant) String() string {
	s := t.name()
	if t.Table != "" {
		s += ": " + bare(t.Table) + list(t.Key)
	}
	if t.Parent != "" {
		s += " in " + t.Parent + " by " + list(t.ParentColumns)
	}
	return s + setting(t.Setting, t.Claim, t.Session)
}

// setting says how a session tells who it is.
func setting(name string, claim []string, session Ref) string {
	if name == "" {
		return ""
	}
	s := ", setting " + name
	if len(claim) > 0 {
		s += " claim " + strings.Join(claim, ".")
	}
	if !session.IsZero() {
		s += " of " + bare(session.Table) + list(session.Key) + " -> " + list(session.Columns)
	}
	return s
}

// String is the scope on one line.
func (s Scoped) String() string {
	how := "by " + list(s.Columns)
	if len(s.Columns) == 0 && !s.Via.IsZero() {
		how = "via " + s.Via.String()
	}
	if s.Optional {
		how += ", optional"
	}
	return fmt.Sprintf("%s: %s %s", s.name(), s.Tenant, how)
}

// String is the reference on one line.
func (r Ref) String() string {
	if r.Table == "" {
		return list(r.Columns) + " -> its target"
	}
	return list(r.Columns) + " -> " + bare(r.Table) + list(r.Key)
}

// String is the aggregate on one line.
func (a Aggregate) String() string {
	return fmt.Sprintf("%s: %s by %s across %s by %s", a.name(), a.Tenant, list(a.Columns), a.Across, list(a.AcrossColumns))
}

// String is the membership on one line.
func (m Membership) String() string {
	return fmt.Sprintf("%s: %s by %s, user by %s%s", m.name(), m.Tenant, list(m.Columns), list(m.User), setting(m.Setting, m.Claim, m.Session))
}

// String is the pair on one line.
func (p Polymorphic) String() string {
	s := p.name()
	if len(p.Tenant) > 0 {
		s += " within " + list(p.Tenant)
	}
	if len(p.Targets) == 0 {
		return s + ": no known target"
	}
	targets := lines(p.Targets, Target.String)
	slices.Sort(targets)
	return s + ": " + strings.Join(targets, "; ")
}

// String is the target in few words.
func (t Target) String() string {
	s := fmt.Sprintf("%s -> %s(%s)", t.Type, bare(t.Table), t.Key)
	if t.Shadow != "" {
		s += " shadowed by " + t.Shadow
	}
	return s
}

// String is the inheritance on one line.
func (i Inheritance) String() string {
	subtypes := lines(i.Subtypes, Subtype.String)
	slices.Sort(subtypes)
	return fmt.Sprintf("%s%s by %s: %s", i.name(), list(i.Key), i.Discriminator, strings.Join(subtypes, "; "))
}

// String is the subtype in few words.
func (s Subtype) String() string {
	out := s.Value
	if s.Table != "" {
		out += " -> " + bare(s.Table) + list(s.Key)
	}
	if s.Discriminator != "" {
		out += " as " + s.Discriminator
	}
	if s.Column != "" {
		out += " in " + s.Column
	}
	return out
}
