package seedbed

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// level is a candidate for a level of tenancy: a table that others point at from
// columns of one name, or such a name alone.
type level struct {
	table    *catalog.Relation // nil: the tenants are not in this database
	key      []*catalog.Column // of table
	own      *catalog.Column   // the column of the key that is not itself an outer tenant's
	subject  string            // what the columns are named for: "space" of space_id
	grade    int
	carriers map[*catalog.Relation]*catalog.Column
	required int
	policies int // tables whose policies compare the column
	settings map[string]int
	joint    int // foreign keys between carriers that include it on both sides
	coverage float64
	led      int // tables whose rows must have a way to it
	reach    float64

	name        string
	setting     string
	parent      *level
	parentCols  []string
	byNameAlone bool
	reasons     []string
}

type levelKey struct {
	table   *catalog.Relation
	subject string
}

// levels finds every candidate and accepts those that the schema treats as tenants.
func (d *discoverer) levels() {
	candidates := d.candidates()
	for _, l := range candidates {
		d.weigh(l)
	}
	slices.SortStableFunc(candidates, func(a, b *level) int {
		return cmp.Or(-cmp.Compare(a.strength(), b.strength()), -cmp.Compare(a.reach, b.reach), cmp.Compare(a.subject, b.subject))
	})
	for _, l := range candidates {
		if why := d.judge(l); why != "" {
			l.reasons = append([]string{why}, l.reasons...)
			d.accept = append(d.accept, l)
		}
	}
	d.outerLevels(candidates)
	d.nameLevels()
	d.linkLevels()
}

// candidates gathers columns by what they reference and what they are named for.
func (d *discoverer) candidates() []*level {
	found := map[levelKey]*level{}
	for _, r := range d.tables {
		for _, fk := range r.ForeignKeys() {
			if !fk.Inherited && fk.Ref.Root() != r {
				d.candidate(found, r, fk)
			}
		}
	}
	d.namedAlike(found)
	d.indirect(found)
	keys := slices.SortedFunc(maps.Keys(found), func(a, b levelKey) int {
		return cmp.Or(cmp.Compare(a.subject, b.subject), cmp.Compare(d.orderOf(a.table), d.orderOf(b.table)))
	})
	var out []*level
	for _, k := range keys {
		out = append(out, found[k])
	}
	return out
}

func (d *discoverer) orderOf(r *catalog.Relation) int {
	if r == nil {
		return -1
	}
	return d.order[r]
}

// candidate records a foreign key that names a whole key of another table.
func (d *discoverer) candidate(found map[levelKey]*level, r *catalog.Relation, fk *catalog.Constraint) {
	t := fk.Ref.Root()
	if _, ours := d.order[t]; !ours {
		return
	}
	key, own := d.keyOf(t, fk.RefColumns)
	if own == nil {
		return
	}
	column := r.Column(fk.Columns[slices.Index(fk.RefColumns, own.Name)])
	subject := cmp.Or(subjectOf(column.Name), strings.Join(words(column.Name), "_"))
	k := levelKey{t, subject}
	l := found[k]
	if l == nil {
		l = &level{table: t, key: key, own: own, subject: subject, carriers: map[*catalog.Relation]*catalog.Column{}, settings: map[string]int{}}
		l.grade = gradeOf(subject, t.Name)
		found[k] = l
	}
	// Of two columns of one name (tenantId and tenant_id) the first stays.
	if l.carriers[r] == nil {
		l.carriers[r] = column
	}
}

// gradeOf goes by the column's name; a name that merely contains the word, such
// as customer_account, counts less.
func gradeOf(subject, table string) int {
	if g := tenantGrade(subject); g > 0 {
		return g
	}
	t := strings.Join(singularName(table), "_")
	if subject == t || strings.HasSuffix(subject, "_"+t) {
		last := subject[strings.LastIndex(subject, "_")+1:]
		return max(0, tenantGrade(last)-1)
	}
	return 0
}

// keyOf is the primary key of t where columns cover it, otherwise the columns
// themselves; and the one column of it that is t's own, not an outer tenant's.
func (d *discoverer) keyOf(t *catalog.Relation, columns []string) (key []*catalog.Column, own *catalog.Column) {
	names := columns
	if pk := t.PrimaryKey(); pk != nil && subset(pk.Columns, columns) {
		names = pk.Columns
	}
	for _, name := range names {
		c := t.Column(name)
		key = append(key, c)
		if len(d.refs[c]) == 0 {
			if own != nil {
				return nil, nil // two columns of its own: no tenant is keyed so
			}
			own = c
		}
	}
	if own == nil && len(key) == 1 {
		own = key[0] // a key that references: one table extends another
	}
	return key, own
}

// namedAlike adds columns without a foreign key that are named like a tenant's key.
func (d *discoverer) namedAlike(found map[levelKey]*level) {
	for _, r := range d.tables {
		for _, c := range r.Columns {
			subject := subjectOf(c.Name)
			if len(d.refs[c]) > 0 || c.Generated != "" || subject == "" || isKeyOf(r, c, subject) {
				continue
			}
			if l := d.meantLevel(found, subject, c); l != nil && l.table != r && l.carriers[r] == nil {
				l.carriers[r] = c
			}
		}
	}
}

// isKeyOf tells tenants.tenant_id from a reference.
func isKeyOf(r *catalog.Relation, c *catalog.Column, subject string) bool {
	pk := r.PrimaryKey()
	return pk != nil && pk.Columns[len(pk.Columns)-1] == c.Name && sameSubject(subject, strings.Join(singularName(r.Name), "_"))
}

// meantLevel finds or makes the candidate that a column means by its name alone.
func (d *discoverer) meantLevel(found map[levelKey]*level, subject string, c *catalog.Column) *level {
	var matches []*level
	for k, l := range found {
		if k.subject == subject && (l.own == nil || alike(l.own.Type.Underlying(), c.Type.Underlying())) {
			matches = append(matches, l)
		}
	}
	if len(matches) > 0 {
		slices.SortFunc(matches, func(a, b *level) int { return cmp.Compare(d.orderOf(a.table), d.orderOf(b.table)) })
		return matches[0]
	}
	if tenantGrade(subject) == 0 {
		return nil
	}
	l := &level{subject: subject, grade: tenantGrade(subject), carriers: map[*catalog.Relation]*catalog.Column{}, settings: map[string]int{}}
	l.byNameAlone = true
	for _, t := range d.tables {
		pk := t.PrimaryKey()
		if pk == nil || !sameSubject(subject, strings.Join(singularName(t.Name), "_")) {
			continue
		}
		if key, own := d.keyOf(t, pk.Columns); own != nil && alike(own.Type.Underlying(), c.Type.Underlying()) {
			l.table, l.key, l.own = t, key, own
			break
		}
	}
	found[levelKey{l.table, subject}] = l
	return l
}

// indirect adds columns of the right name whose foreign keys lead to the tenant
// through other tables: (space_id, dataset_id) to datasets, whose space_id does.
func (d *discoverer) indirect(found map[levelKey]*level) {
	for _, l := range found {
		if l.own == nil {
			continue
		}
		for _, r := range d.tables {
			if r == l.table || l.carriers[r] != nil {
				continue
			}
			for _, c := range r.Columns {
				if subjectOf(c.Name) == l.subject && d.reaches(c, l.own) {
					l.carriers[r] = c
					break
				}
			}
		}
	}
}

// weigh counts what speaks for a candidate.
func (d *discoverer) weigh(l *level) {
	for r, c := range l.carriers {
		if c.Required() {
			l.required++
		}
		d.weighPolicies(l, r, c)
		for _, fk := range r.ForeignKeys() {
			if other := l.carriers[fk.Ref.Root()]; other != nil && !fk.Inherited && len(fk.Columns) > 1 {
				if i := slices.Index(fk.Columns, c.Name); i >= 0 && fk.RefColumns[i] == other.Name {
					l.joint++
				}
			}
		}
	}
	if l.table != nil {
		d.weighPolicies(l, l.table, l.own)
	}
	others := len(d.tables)
	if l.table != nil {
		others--
	}
	l.coverage = float64(len(l.carriers)) / float64(max(1, others))
	l.led = d.reachable(l)
	l.reach = float64(l.led) / float64(max(1, others))
}

func (d *discoverer) weighPolicies(l *level, r *catalog.Relation, c *catalog.Column) {
	seen := false
	for _, p := range d.policy[r] {
		if p.column != c.Name {
			continue
		}
		if p.setting != "" {
			l.settings[p.setting]++
		}
		seen = true
	}
	if seen {
		l.policies++
	}
}

// reachable counts the tables whose rows must have a way to the level's tenants.
func (d *discoverer) reachable(l *level) int {
	in := map[*catalog.Relation]bool{}
	for r := range l.carriers {
		in[r] = true
	}
	for grown := true; grown; {
		grown = false
		for _, r := range d.tables {
			if in[r] || r == l.table {
				continue
			}
			for _, fk := range r.ForeignKeys() {
				if in[fk.Ref.Root()] && !fk.Nullable() {
					in[r], grown = true, true
					break
				}
			}
		}
	}
	return len(in)
}

// strength orders candidates: what policies compare comes first, then names, then
// how many tables carry it.
func (l *level) strength() float64 {
	s := float64(l.grade) + 2*l.coverage
	if l.policies > 0 {
		s += 2 + float64(l.policies)/float64(len(l.carriers)+1)
	}
	if l.joint > 0 {
		s++
	}
	return s
}

// judge decides on a candidate, stronger ones accepted before. It returns the
// reason, or "" to refuse.
func (d *discoverer) judge(l *level) string {
	first := len(d.accept) == 0
	share := 1.0
	if !first {
		share = l.coverage / max(0.01, d.accept[0].coverage)
	}
	if d.taken(l) {
		return ""
	}
	widely := len(l.carriers) > 1 && l.coverage >= 0.3
	switch {
	case l.grade == sureGrade:
		return "its columns are named for a tenant"
	case l.policies > 0 && l.grade > 0 && (first || share >= 0.2 || len(l.settings) > 0 && !d.sharesSetting(l)):
		return "row-level security compares its columns with the session's tenant"
	case l.policies > 0 && first && l.coverage >= 0.3:
		return "row-level security compares its columns with something of the session"
	case l.joint >= 2 && l.grade > 0 && (first || share >= 0.5):
		return "foreign keys between the tables that carry it include it"
	case l.joint >= 3 && first && l.coverage >= 0.5:
		return "foreign keys between the tables that carry it include it"
	case first && l.grade == strongGrade && (l.coverage >= 0.3 || l.reach >= 0.5):
		return "most tables lead to it, and it is named as tenants are"
	case first && l.grade == mediumGrade && l.reach >= 0.75 && l.required > 1:
		return "three quarters of the tables lead to it, and tenants are often called that"
	case first && l.grade > 0 && l.coverage >= 0.5 && l.required > 0:
		return "at least half of the tables carry it, and tenants are sometimes called that"
	case !first && widely && l.grade == strongGrade && share >= 0.5,
		!first && widely && l.grade > 0 && share >= 0.8 && l.subject != "owner":
		return fmt.Sprintf("nearly as many tables carry it as carry %s", d.accept[0].subject)
	}
	return ""
}

// taken reports whether a stronger candidate already is this level under another
// column name, such as default_space_id beside space_id.
func (d *discoverer) taken(l *level) bool {
	return slices.ContainsFunc(d.accept, func(a *level) bool { return a.table != nil && a.table == l.table })
}

func (d *discoverer) sharesSetting(l *level) bool {
	return slices.ContainsFunc(d.accept, func(a *level) bool {
		for s := range l.settings {
			if a.settings[s] > 0 {
				return true
			}
		}
		return false
	})
}

// outerLevels accepts what tenants themselves belong to, if it is named as
// tenants are: the organization of a space. It need not be carried elsewhere.
func (d *discoverer) outerLevels(candidates []*level) {
	for i := 0; i < len(d.accept); i++ {
		inner := d.accept[i]
		if inner.table == nil {
			continue
		}
		for _, l := range candidates {
			c := l.carriers[inner.table]
			if c == nil || slices.Contains(d.accept, l) || d.taken(l) || l.table == nil {
				continue
			}
			if l.grade >= strongGrade || l.grade >= mediumGrade && len(l.carriers) > 1 && c.Required() {
				l.reasons = append(l.reasons, fmt.Sprintf("each %s belongs to one, by %s.%s", inner.subject, d.name(inner.table), c.Name))
				d.accept = append(d.accept, l)
			}
		}
	}
}

func (d *discoverer) nameLevels() {
	for _, l := range d.accept {
		l.name = l.subject
		if l.table != nil {
			l.name = strings.Join(singularName(l.table.Name), "_")
		}
		for _, other := range d.accept {
			if other != l && other.name == l.name {
				l.name += "_by_" + l.subject
			}
		}
		l.setting = mostUsed(l.settings)
	}
}

func mostUsed(counts map[string]int) string {
	best := ""
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		if counts[k] > counts[best] {
			best = k
		}
	}
	return best
}

// linkLevels finds each level's parent: the nearest of those that its table carries.
func (d *discoverer) linkLevels() {
	for _, l := range d.accept {
		if l.table == nil {
			continue
		}
		for _, p := range d.accept {
			if c := p.carriers[l.table]; p != l && c != nil && (l.parent == nil || p.under(l.parent)) {
				l.parent = p
				l.parentCols = d.columnsFor(p, l.table, c)
			}
		}
	}
}

// under reports whether p's table carries q: then q is further out.
func (l *level) under(q *level) bool { return l.table != nil && q.carriers[l.table] != nil }

// above reports whether q is somewhere above l.
func (l *level) above(q *level) bool {
	for i, p := 0, l.parent; p != nil && i < 16; i, p = i+1, p.parent {
		if p == q {
			return true
		}
	}
	return false
}

// columnsFor gives the columns of r that hold the whole key of a level, of which
// c holds its own part; for a composite key the rest is found beside it.
func (d *discoverer) columnsFor(l *level, r *catalog.Relation, c *catalog.Column) []string {
	if len(l.key) <= 1 {
		return []string{c.Name}
	}
	for _, fk := range r.ForeignKeys() {
		if i := slices.Index(fk.Columns, c.Name); i >= 0 {
			if cols := matched(fk, l); fk.Ref.Root() == l.table && cols != nil {
				return cols
			}
		}
	}
	var out []string
	for _, k := range l.key {
		if k == l.own {
			out = append(out, c.Name)
		} else if r.Column(k.Name) != nil {
			out = append(out, k.Name)
		}
	}
	return out
}

// matched are a foreign key's columns in the order of the level's key, or nil.
func matched(fk *catalog.Constraint, l *level) []string {
	var out []string
	for _, k := range l.key {
		i := slices.Index(fk.RefColumns, k.Name)
		if i < 0 {
			return nil
		}
		out = append(out, fk.Columns[i])
	}
	return out
}
