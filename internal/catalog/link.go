package catalog

import "slices"

// link resolves what objects say of one another, once everything is read.
func (l *loader) link() {
	l.linkTypes()
	for _, r := range l.all {
		for _, c := range r.Columns {
			c.measure()
		}
		l.linkParents(r)
		r.PartitionBy = r.names(r.partAttrs)
	}
	l.markTemplates()
	for _, t := range l.types {
		for _, c := range t.Attributes {
			c.measure()
		}
	}
	for _, r := range l.all {
		slices.SortFunc(r.Children, byName)
		for _, k := range r.Constraints {
			l.linkConstraint(k)
		}
	}
}

func (l *loader) linkParents(r *Relation) {
	for _, oid := range r.parents {
		if p := l.cat.relations[oid]; p != nil {
			r.Parents = append(r.Parents, p)
			p.Children = append(p.Children, r)
		}
	}
}

func (l *loader) linkConstraint(k *Constraint) {
	k.Parent = l.constraints[k.parent]
	if ix := l.indexes[k.index]; ix != nil {
		k.Index = ix
		if k.Kind != ForeignKey {
			ix.Constraint = k
			k.NullsNotDistinct = ix.NullsNotDistinct
		}
	}
}
