package queryplan

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Query is what is planned.
type Query struct {
	SQL  string
	Args []any
	// Role plans it: its policies are part of the plan. Empty: the session's.
	Role string
	// Index leaves the planner no other index of its table. Empty: all of them.
	// It takes a superuser.
	Index string
	// Unanalysed plans as if no table had ever been analysed, so that the same schema
	// gives the same plan whatever the rows are. It takes a superuser.
	Unanalysed bool
}

// Shape of a plan.
type Shape struct {
	Root Node
	Text string // as EXPLAIN writes it, without costs

	parents map[string]string // of partitions and of their indexes
	leading map[string]string // first column or expression of each index
}

// shapeSettings leave a scan from end to end, a sort or a hash only where there is no
// index to go by.
const shapeSettings = `select set_config(name, 'off', true) from unnest(array['enable_seqscan', 'enable_sort', 'enable_incremental_sort',
	'enable_hashjoin', 'enable_mergejoin', 'enable_bitmapscan', 'jit']) name union all select set_config('max_parallel_workers_per_gather', '0', true)`

// forgetStatistics makes every table of the database's own schemas one that was never
// analysed.
const forgetStatistics = `with t as materialized (select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		where c.oid >= 16384 and n.nspname !~ '^pg_(toast|temp)'),
	stats as (delete from pg_catalog.pg_statistic where starelid in (select oid from t)),
	extended as (delete from pg_catalog.pg_statistic_ext_data)
	update pg_catalog.pg_class set relpages = 0, reltuples = -1 where oid in (select oid from t) and relkind in ('r', 'm', 'p')`

// hideOthers marks the other indexes of the index's table, and of its partitions, as not
// valid.
const hideOthers = `with recursive wanted as (
		select oid from pg_catalog.pg_class where relname = $1 and relkind in ('i', 'I')
		union select i.inhrelid from pg_catalog.pg_inherits i join wanted w on i.inhparent = w.oid)
	update pg_catalog.pg_index set indisvalid = false
	where indexrelid not in (select oid from wanted) and indexrelid >= 16384
	  and indrelid in (select indrelid from pg_catalog.pg_index where indexrelid in (select oid from wanted))`

// Explain plans a query, which does not run. What it changes for that lasts as long as
// the transaction, which the caller rolls back.
func Explain(ctx context.Context, tx pgx.Tx, q Query) (*Shape, error) {
	s := &Shape{}
	var err error
	if s.parents, err = pairs(ctx, tx, `select c.relname::text, p.relname::text from pg_catalog.pg_inherits i
		join pg_catalog.pg_class c on c.oid = i.inhrelid join pg_catalog.pg_class p on p.oid = i.inhparent`); err != nil {
		return nil, fmt.Errorf("read the partitions: %w", err)
	}
	if s.leading, err = pairs(ctx, tx, `select c.relname::text, pg_catalog.pg_get_indexdef(c.oid, 1, true) from pg_catalog.pg_class c
		where c.relkind = 'i' and c.oid >= 16384`); err != nil {
		return nil, fmt.Errorf("read the indexes: %w", err)
	}
	if q.Unanalysed {
		if _, err := tx.Exec(ctx, forgetStatistics); err != nil {
			return nil, fmt.Errorf("forget the tables' statistics: %w", err)
		}
	}
	if q.Index != "" {
		if _, err := tx.Exec(ctx, hideOthers, q.Index); err != nil {
			return nil, fmt.Errorf("hide the indexes beside %s: %w", q.Index, err)
		}
	}
	if _, err := tx.Exec(ctx, shapeSettings); err != nil {
		return nil, fmt.Errorf("set what the planner may do: %w", err)
	}
	if q.Role != "" {
		if _, err := tx.Exec(ctx, "set local role "+pgx.Identifier{q.Role}.Sanitize()); err != nil {
			return nil, fmt.Errorf("plan as %s: %w", q.Role, err)
		}
	}
	return s, s.explain(ctx, tx, q)
}

func (s *Shape) explain(ctx context.Context, tx pgx.Tx, q Query) error {
	var roots []struct {
		Plan Node `json:"Plan"`
	}
	var plan []byte
	if err := tx.QueryRow(ctx, "explain (format json) "+q.SQL, q.Args...).Scan(&plan); err != nil {
		return fmt.Errorf("plan the query: %w", err)
	}
	if err := json.Unmarshal(plan, &roots); err != nil || len(roots) == 0 {
		return fmt.Errorf("read the plan: %w", err)
	}
	s.Root = roots[0].Plan
	rows, err := tx.Query(ctx, "explain (costs off) "+q.SQL, q.Args...)
	if err != nil {
		return fmt.Errorf("plan the query: %w", err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, l := range lines {
		s.Text += l + "\n"
	}
	return err
}

// pairs are the rows of a query with two columns.
func pairs(ctx context.Context, tx pgx.Tx, sql string) (map[string]string, error) {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	var key, value string
	_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		all[key] = value
		return nil
	})
	return all, err
}

// qualifier is the table's name before a column's in a condition.
var qualifier = regexp.MustCompile(`("[^"]+"|\b[a-z_][a-z0-9_$]*)\.`)

// leads reports whether a node's condition is on the first column of its index: on a
// later one alone it reads the whole index.
func (s *Shape) leads(n *Node) bool {
	if !n.Narrows() {
		return false
	}
	first, known := s.leading[n.Index]
	if !known {
		return true
	}
	word := regexp.MustCompile(`(^|[^A-Za-z0-9_$"])` + regexp.QuoteMeta(first) + `($|[^A-Za-z0-9_$"])`)
	return word.MatchString(qualifier.ReplaceAllString(n.IndexCond, ""))
}

// is reports whether a table or an index is the one of that name, or a partition's part
// of it.
func (s *Shape) is(name, wanted string) bool {
	for at, ok := name, true; ok; at, ok = s.parents[at] {
		if at == wanted {
			return true
		}
	}
	return false
}

// Uses reports whether the index finds rows: it narrows a scan down, or spares the sort
// that the query would need.
func (s *Shape) Uses(index string) bool {
	found := false
	s.Root.Each(func(n *Node) {
		found = found || n.Index != "" && s.is(n.Index, index) && (s.leads(n) || !s.Sorts() && s.limited())
	})
	return found
}

// limited reports whether the query takes only the first rows.
func (s *Shape) limited() bool {
	found := false
	s.Root.Each(func(n *Node) { found = found || n.Type == "Limit" })
	return found
}

// Sorts reports whether rows are sorted.
func (s *Shape) Sorts() bool {
	found := false
	s.Root.Each(func(n *Node) { found = found || n.Type == "Sort" || n.Type == "Incremental Sort" })
	return found
}

// Scans reports whether the table is read from end to end.
func (s *Shape) Scans(table string) bool {
	found := false
	s.Root.Each(func(n *Node) {
		found = found || n.Relation != "" && n.Type != "ModifyTable" && s.is(n.Relation, table) && (n.Unguided() || n.Index != "" && !s.leads(n))
	})
	return found
}

// Reads reports whether the plan reads the table at all.
func (s *Shape) Reads(table string) bool {
	found := false
	s.Root.Each(func(n *Node) { found = found || n.Relation != "" && s.is(n.Relation, table) })
	return found
}

// Tables are those that the plan reads, partitions by their parents' names.
func (s *Shape) Tables() []string {
	var all []string
	s.Root.Each(func(n *Node) {
		if n.Relation == "" || n.Type == "ModifyTable" {
			return
		}
		name := n.Relation
		for s.parents[name] != "" {
			name = s.parents[name]
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	})
	return all
}
