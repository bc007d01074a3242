package review

import "slices"

// diff is what changed from one state to the next, in what hangs on relations that
// are in both; whole relations are gone or made.
type diff struct {
	made, gone []*relation
	same       []pair // in both, and looked at anew
}

// pair is one relation before and after.
type pair struct{ old, new *relation }

func compare(before, after *state) diff {
	var d diff
	for oid, r := range after.rels {
		old := before.rels[oid]
		switch {
		case old == nil:
			d.made = append(d.made, r)
		case old != r && old.Detail && r.Detail:
			d.same = append(d.same, pair{old, r})
		}
	}
	for oid, r := range before.rels {
		if after.rels[oid] == nil {
			d.gone = append(d.gone, r)
		}
	}
	byOID := func(a, b *relation) int { return int(a.OID) - int(b.OID) }
	slices.SortFunc(d.made, byOID)
	slices.SortFunc(d.gone, byOID)
	slices.SortFunc(d.same, func(a, b pair) int { return int(a.new.OID) - int(b.new.OID) })
	return d
}

func (p pair) newColumns() []column {
	var all []column
	for num, c := range p.new.columns {
		if _, ok := p.old.columns[num]; !ok {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b column) int { return int(a.Num) - int(b.Num) })
	return all
}

func (p pair) goneColumns() []column {
	return pair{old: p.new, new: p.old}.newColumns()
}

// columnPair is one column before and after.
type columnPair struct{ old, new column }

func (p pair) columns() []columnPair {
	var all []columnPair
	for num, c := range p.new.columns {
		if old, ok := p.old.columns[num]; ok {
			all = append(all, columnPair{old, c})
		}
	}
	slices.SortFunc(all, func(a, b columnPair) int { return int(a.new.Num) - int(b.new.Num) })
	return all
}

func (c columnPair) retyped() bool {
	return c.old.TypeID != c.new.TypeID || c.old.Typmod != c.new.Typmod || c.old.Collation != c.new.Collation
}

func missing[T any](from, in map[uint32]T, oid func(T) uint32) []T {
	var all []T
	for id, v := range from {
		if _, ok := in[id]; !ok {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b T) int { return int(oid(a)) - int(oid(b)) })
	return all
}

func (p pair) newConstraints() []constraint {
	return missing(p.new.constraints, p.old.constraints, func(c constraint) uint32 { return c.OID })
}

func (p pair) goneConstraints() []constraint {
	return missing(p.old.constraints, p.new.constraints, func(c constraint) uint32 { return c.OID })
}

func (p pair) newIndexes() []index {
	return missing(p.new.indexes, p.old.indexes, func(i index) uint32 { return i.OID })
}

func (p pair) goneIndexes() []index {
	return missing(p.old.indexes, p.new.indexes, func(i index) uint32 { return i.OID })
}

// rebuilt are the indexes that have a new file.
func (p pair) rebuilt() []index {
	var all []index
	for oid, i := range p.new.indexes {
		if old, ok := p.old.indexes[oid]; ok && old.File != i.File {
			all = append(all, i)
		}
	}
	return all
}

// newTriggers are those made or replaced.
func (p pair) newTriggers() []trigger {
	var all []trigger
	for oid, t := range p.new.triggers {
		if old, ok := p.old.triggers[oid]; !ok || old.Def != t.Def && old.Name == t.Name {
			all = append(all, t)
		}
	}
	return all
}

// validated are the constraints that were NOT VALID.
func (p pair) validated() []constraint {
	var all []constraint
	for oid, c := range p.new.constraints {
		if old, ok := p.old.constraints[oid]; ok && c.Valid && !old.Valid {
			all = append(all, c)
		}
	}
	return all
}

// constraintIndexes are the indexes that belong to a constraint of the relation.
func (r *relation) backs(oid uint32) bool {
	for _, c := range r.constraints {
		if c.Index == oid && (c.Type == "p" || c.Type == "u" || c.Type == "x") {
			return true
		}
	}
	return false
}
