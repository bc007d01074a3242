package review

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// serveRules looks whether a named query can be answered from the index that is
// there for it: by its plan's shape, on an empty table, with sequential scans
// and sorts switched off and the table's other indexes out of sight. Cost decides nothing.
func (e *engine) serveRules(ctx context.Context, m *Migration) ([]report.Finding, error) {
	var all []report.Finding
	for _, q := range m.Serves {
		f := m.finding("query-without-index", q.Index, "", "an index whose leading columns are those that the query compares with =, then those that it sorts by")
		f.Statement.Line, f.Statement.SQL = q.Line, q.Query
		shape, failure, err := e.shapeOf(ctx, q)
		if err != nil {
			return nil, err
		}
		switch {
		case failure != nil:
			f.Message, f.Statement.SQLState = "the query does not run: "+failure.Message, failure.Code
		case !shape.used:
			f.Message = q.Index + " is of no use to the query that it is for"
		case shape.sorts:
			f.Message = q.Index + " finds the rows but in another order than the query wants: all of them are sorted"
		default:
			continue
		}
		all = append(all, f)
	}
	return all, nil
}

// shape is how a query's plan stands to the index that is meant for it.
type shape struct {
	used  bool // to find rows, or for their order
	sorts bool // all the same
}

func (e *engine) shapeOf(ctx context.Context, q Serve) (shape, *pgconn.PgError, error) {
	if err := e.sess.exec(ctx, "reset session authorization; begin"); err != nil {
		return shape{}, nil, err
	}
	defer func() { _ = e.sess.exec(context.WithoutCancel(ctx), "rollback;"+e.sess.as) }()
	if err := e.sess.exec(ctx, hideOtherIndexes(q.Index)); err != nil {
		return shape{}, nil, fmt.Errorf("hide the indexes beside %s: %w", q.Index, err)
	}
	plans, err := e.sess.texts(ctx, "explain (format json) "+q.Query)
	failure, err := pgError(err)
	if err != nil || failure != nil {
		return shape{}, failure, err
	}
	s, err := e.readShape(plans, q.Index)
	return s, nil, err
}

// hideOtherIndexes marks all other indexes of the table, and of its partitions, as
// not valid; the transaction is rolled back.
func hideOtherIndexes(name string) string {
	return `set local enable_sort = off; set local enable_incremental_sort = off; set local enable_bitmapscan = off;
	with recursive wanted as (
		select oid from pg_catalog.pg_class where relname = ` + catalog.Literal(name) + ` and relkind in ('i', 'I')
		union select i.inhrelid from pg_catalog.pg_inherits i join wanted w on i.inhparent = w.oid)
	update pg_catalog.pg_index set indisvalid = false
	where indexrelid not in (select oid from wanted) and indexrelid >= 16384
	  and indrelid in (select indrelid from pg_catalog.pg_index where indexrelid in (select oid from wanted))`
}

func (e *engine) readShape(plans []string, wanted string) (shape, error) {
	var s shape
	for _, text := range plans {
		var roots []struct {
			Plan node `json:"Plan"`
		}
		if err := json.Unmarshal([]byte(text), &roots); err != nil {
			return s, fmt.Errorf("read a plan: %w", err)
		}
		for _, r := range roots {
			r.Plan.Each(func(n *node) {
				s.sorts = s.sorts || n.Type == "Sort" || n.Type == "Incremental Sort"
				s.used = s.used || n.Index != "" && e.isOrIsPartOf(n.Index, wanted)
			})
		}
	}
	return s, nil
}

// isOrIsPartOf reports whether an index is the one wanted or a partition's part of
// it.
func (e *engine) isOrIsPartOf(used, wanted string) bool {
	if used == wanted {
		return true
	}
	byOID := map[uint32]index{}
	for _, r := range e.state.rels {
		for oid, i := range r.indexes {
			byOID[oid] = i
		}
	}
	for _, i := range byOID {
		for up := i; up.Name != "" && i.Name == used; up = byOID[up.Parent] {
			if up.Name == wanted {
				return true
			}
		}
	}
	return false
}
