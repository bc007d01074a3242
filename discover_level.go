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
