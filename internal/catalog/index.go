package catalog

import "github.com/jackc/pgx/v5"

// Index of a table or materialized view.
type Index struct {
	OID              uint32
	Schema           string
	Name             string
	Table            *Relation
	Method           string // btree, hash, gin, gist, brin, …
	Keys             []IndexKey
	Include          []string
	Predicate        string // of a partial index, without WHERE
	Unique           bool
	Primary          bool
	Exclusion        bool
	Immediate        bool // uniqueness is enforced at once, not deferrable
	NullsNotDistinct bool
	Valid            bool // false after a failed CONCURRENTLY, or while an attached partition lacks it
	Ready            bool
	Partition        bool // it belongs to an index of a partitioned table
	Definition       string
	Constraint       *Constraint // that it backs, or nil

	table       uint32
	keys, flags []int16
	nkeys       int16
	exprs       []string
	ops         []uint32
}

// IndexKey is one key of an index: a column, or an expression.
type IndexKey struct {
	Column     string // "" of an expression
	Expr       string // "" of a column
	OpClass    string
	Desc       bool
	NullsFirst bool
}

// Columns of the keys, up to the first expression: what a lookup can lead with.
func (ix *Index) Columns() []string {
	var out []string
	for _, k := range ix.Keys {
		if k.Column == "" {
			break
		}
		out = append(out, k.Column)
	}
	return out
}

// Leads reports whether the index's first keys are exactly the columns, in any
// order, and whether it covers all rows: partial and invalid ones do not.
func (ix *Index) Leads(columns []string) bool {
	if !ix.Valid || ix.Predicate != "" || len(columns) == 0 || len(ix.Keys) < len(columns) {
		return false
	}
	first := map[string]bool{}
	for _, k := range ix.Keys[:len(columns)] {
		first[k.Column] = true
	}
	for _, c := range columns {
		if !first[c] {
			return false
		}
	}
	return true
}

const opClassesSQL = `select oid, opcname::text from pg_opclass`

func (l *loader) readOpClasses(rows pgx.Rows) error {
	var oid uint32
	var name string
	_, err := pgx.ForEachRow(rows, []any{&oid, &name}, func() error {
		l.opClasses[oid] = name
		return nil
	})
	return err
}

// indnullsnotdistinct is Postgres 15's; see constraintsSQL.
const indexesSQL = `
select i.indexrelid, n.nspname::text, c.relname::text, i.indrelid, m.amname::text, i.indnkeyatts, i.indkey::int2[], i.indoption::int2[],
       case when i.indexprs is null then array_fill(''::text, array[i.indnkeyatts]) else
         array(select case when i.indkey[k - 1] = 0 then pg_get_indexdef(i.indexrelid, k, true) else '' end
               from generate_series(1, i.indnkeyatts) k order by k) end,
       i.indclass::oid[],
       coalesce(pg_get_expr(i.indpred, i.indrelid), ''), i.indisunique, i.indisprimary, i.indisexclusion, i.indimmediate,
       i.nullsnotdistinct, i.indisvalid, i.indisready, c.relispartition, pg_get_indexdef(i.indexrelid)
from (select false as indnullsnotdistinct) late
cross join lateral (select *, indnullsnotdistinct as nullsnotdistinct from pg_index) i
join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_am m on m.oid = c.relam
where ` + notSystem + `
order by i.indrelid, c.relname`

func (l *loader) readIndexes(rows pgx.Rows) error {
	var ix Index
	_, err := pgx.ForEachRow(rows, []any{&ix.OID, &ix.Schema, &ix.Name, &ix.table, &ix.Method, &ix.nkeys, &ix.keys, &ix.flags,
		&ix.exprs, &ix.ops, &ix.Predicate, &ix.Unique, &ix.Primary, &ix.Exclusion, &ix.Immediate,
		&ix.NullsNotDistinct, &ix.Valid, &ix.Ready, &ix.Partition, &ix.Definition}, func() error {
		index := ix
		ix.keys, ix.flags, ix.exprs, ix.ops = nil, nil, nil, nil
		index.Table = l.cat.relations[index.table]
		if index.Table == nil {
			return nil
		}
		index.resolveKeys(l.opClasses)
		index.Table.Indexes = append(index.Table.Indexes, &index)
		l.indexes[index.OID] = &index
		return nil
	})
	return err
}

// Bits of pg_index.indoption.
const (
	indoptionDesc       = 1
	indoptionNullsFirst = 2
)

func (ix *Index) resolveKeys(opClasses map[uint32]string) {
	for i, num := range ix.keys {
		name := ""
		if c := ix.Table.byNum[num]; c != nil {
			name = c.Name
		}
		if i >= int(ix.nkeys) {
			ix.Include = append(ix.Include, name)
			continue
		}
		ix.Keys = append(ix.Keys, IndexKey{
			Column: name, Expr: ix.exprs[i], OpClass: opClasses[ix.ops[i]],
			Desc: ix.flags[i]&indoptionDesc != 0, NullsFirst: ix.flags[i]&indoptionNullsFirst != 0,
		})
	}
}
