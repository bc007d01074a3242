package seedbed

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

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
