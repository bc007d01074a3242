package catalog

import "slices"

// Reference is a foreign key between the tables that rows are written to. A
// partition stands for its root on both sides: rows reach it through that.
type Reference struct {
	*Constraint
	From, To *Relation
}

// References are the foreign keys of a table and of its partitions, once each:
// composite ones, those to the table itself, to other schemas, and over generated
// columns included. Copies that partitions inherit are left out.
func (r *Relation) References() []*Reference {
	root := r.Root()
	var out []*Reference
	var collect func(part *Relation)
	collect = func(part *Relation) {
		for _, fk := range part.ForeignKeys() {
			ref := &Reference{fk, root, fk.Ref.Root()}
			if !fk.Inherited && !slices.ContainsFunc(out, ref.same) {
				out = append(out, ref)
			}
		}
		for _, child := range part.Children {
			if child.Partition {
				collect(child)
			}
		}
	}
	collect(root)
	return out
}

// same reports a foreign key that two partitions declare each for itself.
func (r *Reference) same(other *Reference) bool {
	return r.To == other.To && slices.Equal(r.Columns, other.Columns) && slices.Equal(r.RefColumns, other.RefColumns)
}

// Self reports whether the reference is to its own table.
func (r *Reference) Self() bool { return r.From == r.To }

// Generated reports whether Postgres computes a column of the reference.
func (r *Reference) Generated() bool {
	columns, _ := r.Written()
	return len(columns) < len(r.Columns)
}

// Written are the columns that a row gives values to, and the key's in parallel:
// those of the reference without its generated ones.
func (r *Reference) Written() (columns, key []string) {
	for i, name := range r.Columns {
		if c := r.Table.Column(name); c != nil && c.Generated == "" {
			columns, key = append(columns, name), append(key, r.RefColumns[i])
		}
	}
	return columns, key
}

// Optional reports whether a row may go without: with one of the columns NULL,
// or, of MATCH FULL, with all of them.
func (r *Reference) Optional() bool {
	nullable := func(name string) bool { return !r.Table.Column(name).Required() }
	if r.Match == "f" {
		return !slices.ContainsFunc(r.Columns, func(name string) bool { return !nullable(name) })
	}
	return slices.ContainsFunc(r.Columns, nullable)
}
