package catalog

import "github.com/jackc/pgx/v5"

// ConstraintKind is pg_constraint.contype.
type ConstraintKind string

// Kinds of constraints.
const (
	PrimaryKey ConstraintKind = "p"
	Unique     ConstraintKind = "u"
	ForeignKey ConstraintKind = "f"
	Check      ConstraintKind = "c"
	Exclusion  ConstraintKind = "x"
	NotNull    ConstraintKind = "n" // Postgres 18; before, only Column.NotNull knows
)

// Action is what a foreign key does on UPDATE or DELETE.
type Action string

// Actions, as in pg_constraint.confdeltype.
const (
	NoAction   Action = "a"
	Restrict   Action = "r"
	Cascade    Action = "c"
	SetNull    Action = "n"
	SetDefault Action = "d"
)

// Constraint of a table or of a domain.
type Constraint struct {
	OID        uint32
	Name       string
	Kind       ConstraintKind
	Table      *Relation // nil on a domain
	Domain     *Type     // nil on a table
	Columns    []string  // in the constraint's order; of a CHECK, the columns it reads
	Expr       string    // of a CHECK, without the word
	Definition string    // as pg_get_constraintdef writes it; "" of NOT NULL

	Ref           *Relation // the table that a foreign key points at
	RefColumns    []string  // in parallel with Columns
	OnUpdate      Action
	OnDelete      Action
	DeleteColumns []string // of ON DELETE SET NULL (…), where only some are set
	Match         string   // "s" simple, "f" full

	Operators        []string // of EXCLUDE, in parallel with its index's keys
	Index            *Index   // that backs PRIMARY KEY, UNIQUE and EXCLUDE; of a foreign key, the referenced one
	NullsNotDistinct bool
	Period           bool // WITHOUT OVERLAPS or PERIOD

	Deferrable  bool
	Deferred    bool // INITIALLY DEFERRED
	Validated   bool // false after NOT VALID
	Enforced    bool // false after NOT ENFORCED
	TriggersOff bool // a foreign key whose triggers someone disabled
	NoInherit   bool
	Parent      *Constraint // the one of the partitioned table that this one comes from
	Inherited   bool        // comes from a parent table, partitioned or not

	parent, index, table, domain, ref uint32
	cols, refCols, delCols            []int16
}

// confdelsetcols is Postgres 15's, conenforced and conperiod are 18's. Where
// pg_constraint lacks them, the bare names in the lateral query mean those of late, its
// neighbour.
const constraintsSQL = `
select k.oid, k.conname::text, k.contype::text, k.conrelid, k.contypid, coalesce(k.conkey, '{}'), k.confrelid,
       coalesce(k.confkey, '{}'), coalesce(k.delsetcols, '{}'),
       k.confupdtype::text, k.confdeltype::text, k.confmatchtype::text,
       k.condeferrable, k.condeferred, k.convalidated, k.connoinherit,
       k.coninhcount > 0 or k.conparentid <> 0, k.conparentid, k.conindid,
       coalesce(pg_get_expr(k.conbin, k.conrelid), ''), coalesce(case when k.contype <> 'n' then pg_get_constraintdef(k.oid) end, ''),
       case when k.conexclop is null then '{}' else array(select o.oprname::text
         from unnest(k.conexclop) with ordinality x(op, n) join pg_operator o on o.oid = x.op order by x.n) end,
       k.enforced, k.period
from (select null::int2[] as confdelsetcols, true as conenforced, false as conperiod) late
cross join lateral (select *, confdelsetcols as delsetcols, conenforced as enforced, conperiod as period from pg_constraint) k
join pg_namespace n on n.oid = k.connamespace
where k.contype in ('p', 'u', 'f', 'c', 'x', 'n') and ` + notSystem + `
order by k.conrelid, k.conname, k.oid`

func (l *loader) readConstraints(rows pgx.Rows) error {
	var k Constraint
	_, err := pgx.ForEachRow(rows, []any{&k.OID, &k.Name, &k.Kind, &k.table, &k.domain, &k.cols, &k.ref,
		&k.refCols, &k.delCols, &k.OnUpdate, &k.OnDelete, &k.Match,
		&k.Deferrable, &k.Deferred, &k.Validated, &k.NoInherit, &k.Inherited, &k.parent, &k.index,
		&k.Expr, &k.Definition, &k.Operators, &k.Enforced, &k.Period}, func() error {
		con := k
		k.cols, k.refCols, k.delCols, k.Operators = nil, nil, nil, nil
		l.adopt(&con)
		return nil
	})
	return err
}

func (l *loader) adopt(k *Constraint) {
	k.Table, k.Domain, k.Ref = l.cat.relations[k.table], l.cat.types[k.domain], l.cat.relations[k.ref]
	switch {
	case k.Kind == ForeignKey && k.Ref == nil:
		return // it points at a system catalog or came while we read
	case k.Table != nil:
		k.Columns = k.Table.names(k.cols)
		k.Table.Constraints = append(k.Table.Constraints, k)
	case k.Domain != nil && k.Kind == Check:
		k.Domain.Checks = append(k.Domain.Checks, k)
	default:
		return
	}
	if k.Ref != nil {
		k.RefColumns, k.DeleteColumns = k.Ref.names(k.refCols), k.Table.names(k.delCols)
	} else {
		k.OnUpdate, k.OnDelete, k.Match = "", "", ""
	}
	l.constraints[k.OID] = k
}

// names translates attribute numbers; nil for none.
func (r *Relation) names(nums []int16) []string {
	var out []string
	for _, n := range nums {
		if c := r.byNum[n]; c != nil {
			out = append(out, c.Name)
		}
	}
	return out
}
