package catalog

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Kind is pg_class.relkind.
type Kind string

// Kinds of relations.
const (
	Table            Kind = "r"
	PartitionedTable Kind = "p"
	View             Kind = "v"
	MaterializedView Kind = "m"
	ForeignTable     Kind = "f"
)

// Relation is a table, a partition, a view, a materialized view or a foreign table.
type Relation struct {
	OID         uint32
	Schema      string
	Name        string
	Kind        Kind
	Owner       string
	Comment     string
	Extension   string  // the extension it belongs to, or ""
	Persistence string  // "p" permanent, "u" unlogged
	RLS         bool    // row-level security enabled
	ForceRLS    bool    // … for the owner too
	Rows        float64 // reltuples: an estimate; -1 where never analysed
	Pages       int32

	Columns     []*Column // in order, dropped ones left out
	Constraints []*Constraint
	Indexes     []*Index
	Triggers    []*Trigger // without the internal ones of constraints
	Policies    []*Policy
	Grants      []Grant
	Options     map[string]string // reloptions: security_invoker, security_barrier, fillfactor, …

	template bool // of partitions to come

	Partition    bool        // it is a partition of Parents[0]
	Parents      []*Relation // what it inherits from
	Children     []*Relation // partitions, or what inherits from it
	Bound        string      // FOR VALUES … of a partition
	Strategy     string      // "l" list, "r" range, "h" hash; of a partitioned table
	PartitionKey string      // such as "RANGE (created_at)"
	PartitionBy  []string    // its columns; expressions are left out

	Definition string      // the query of a view
	Populated  bool        // of a materialized view
	Reads      []*Relation // what a view's query names

	columns   map[string]*Column
	byNum     map[int16]*Column
	parents   []uint32
	partAttrs []int16
}

// IsTable reports whether the relation stores rows of its own or through its partitions.
func (r *Relation) IsTable() bool { return r.Kind == Table || r.Kind == PartitionedTable }

// IsView reports whether it is a view, materialized or not.
func (r *Relation) IsView() bool { return r.Kind == View || r.Kind == MaterializedView }

// Root is the topmost partitioned table above a partition, or r itself.
func (r *Relation) Root() *Relation {
	for r.Partition && len(r.Parents) > 0 {
		r = r.Parents[0]
	}
	return r
}

// Leaves are the partitions below r that hold rows; r itself where it is plain.
func (r *Relation) Leaves() []*Relation {
	if r.Kind != PartitionedTable {
		return []*Relation{r}
	}
	var out []*Relation
	for _, c := range r.Children {
		out = append(out, c.Leaves()...)
	}
	return out
}

// Column by name, or nil.
func (r *Relation) Column(name string) *Column { return r.columns[name] }

// PrimaryKey is the primary key constraint, or nil.
func (r *Relation) PrimaryKey() *Constraint {
	for _, c := range r.Constraints {
		if c.Kind == PrimaryKey {
			return c
		}
	}
	return nil
}

// ForeignKeys are the table's own; on a partition also those it inherits, marked so.
func (r *Relation) ForeignKeys() []*Constraint { return r.constraints(ForeignKey) }

// Uniques are the primary key and the unique constraints. Unique indexes without
// a constraint are in Indexes only.
func (r *Relation) Uniques() []*Constraint { return r.constraints(PrimaryKey, Unique) }

// Checks are the CHECK constraints of the table, those of its domains not.
func (r *Relation) Checks() []*Constraint { return r.constraints(Check) }

func (r *Relation) constraints(kinds ...ConstraintKind) []*Constraint {
	var out []*Constraint
	for _, c := range r.Constraints {
		for _, k := range kinds {
			if c.Kind == k {
				out = append(out, c)
			}
		}
	}
	return out
}

// UniqueBy reports whether no two rows have the same values in the columns: a unique index
// over all rows has no other columns, and no expressions.
func (r *Relation) UniqueBy(columns []string) bool {
	other := func(k IndexKey) bool { return k.Column == "" || !slices.Contains(columns, k.Column) }
	return slices.ContainsFunc(r.Indexes, func(ix *Index) bool {
		return ix.Unique && ix.Valid && ix.Predicate == "" && !slices.ContainsFunc(ix.Keys, other)
	})
}

// Constraint by name, or nil.
func (r *Relation) Constraint(name string) *Constraint {
	for _, c := range r.Constraints {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Option reads a boolean reloption as Postgres does: absent is false, bare is true.
func (r *Relation) Option(name string) bool {
	v, ok := r.Options[name]
	if !ok {
		return false
	}
	switch strings.ToLower(v) {
	case "", "true", "on", "yes", "1", "t", "y":
		return true
	}
	return false
}

// ReadsDeep is every relation that a view reads, through other views too.
func (r *Relation) ReadsDeep() []*Relation {
	seen := map[*Relation]bool{r: true}
	var out []*Relation
	var walk func(*Relation)
	walk = func(v *Relation) {
		for _, s := range v.Reads {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
				walk(s)
			}
		}
	}
	walk(r)
	return out
}

var relationsSQL = `
select c.oid, n.nspname::text, c.relname::text, c.relkind::text, pg_get_userbyid(c.relowner)::text,
       ` + commentOn("pg_class", "c.oid", "0") + `, coalesce(ext.name, ''),
       c.relpersistence::text, c.relrowsecurity, c.relforcerowsecurity, c.reltuples::float8, c.relpages,
       c.relispartition, coalesce(pg_get_expr(c.relpartbound, c.oid), ''),
       coalesce(p.partstrat::text, ''), coalesce(p.partattrs::int2[], '{}'),
       coalesce(case when p.partrelid is not null then pg_get_partkeydef(c.oid) end, ''),
       array(select i.inhparent from pg_inherits i where i.inhrelid = c.oid order by i.inhseqno),
       coalesce(c.reloptions, '{}'), coalesce(c.relacl, acldefault('r', c.relowner))::text[],
       coalesce(case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end, ''), c.relispopulated
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_partitioned_table p on p.partrelid = c.oid
` + joinExtension("pg_class", "c.oid") + `
where c.relkind in ('r', 'p', 'v', 'm', 'f') and ` + notSystem + `
order by c.oid`

func (l *loader) readRelations(rows pgx.Rows) error {
	var r Relation
	var options, acl []string
	_, err := pgx.ForEachRow(rows, []any{&r.OID, &r.Schema, &r.Name, &r.Kind, &r.Owner, &r.Comment, &r.Extension,
		&r.Persistence, &r.RLS, &r.ForceRLS, &r.Rows, &r.Pages, &r.Partition, &r.Bound, &r.Strategy, &r.partAttrs,
		&r.PartitionKey, &r.parents, &options, &acl, &r.Definition, &r.Populated}, func() error {
		rel := r
		r.partAttrs, r.parents = nil, nil
		rel.columns, rel.byNum = map[string]*Column{}, map[int16]*Column{}
		rel.Grants = ParseACL(acl)
		rel.Options = parseOptions(options)
		l.cat.relations[rel.OID] = &rel
		l.all = append(l.all, &rel)
		return nil
	})
	return err
}

func parseOptions(items []string) map[string]string {
	if len(items) == 0 {
		return nil
	}
	out := make(map[string]string, len(items))
	for _, item := range items {
		name, value, _ := strings.Cut(item, "=")
		out[name] = value
	}
	return out
}

const viewsSQL = `
select distinct w.ev_class, d.refobjid
from pg_rewrite w
join pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
join pg_namespace n on n.oid = v.relnamespace
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
 and d.refclassid = 'pg_class'::regclass and d.deptype = 'n' and d.refobjid <> w.ev_class
where ` + notSystem + `
order by 1, 2`

func (l *loader) readViews(rows pgx.Rows) error {
	var view, read uint32
	_, err := pgx.ForEachRow(rows, []any{&view, &read}, func() error {
		v, r := l.cat.relations[view], l.cat.relations[read]
		if v != nil && r != nil {
			v.Reads = append(v.Reads, r)
		}
		return nil
	})
	return err
}
