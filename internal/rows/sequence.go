package rows

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// AdvanceSequencesSQL returns a query for each sequence that a column of these tables draws
// from. The query moves the sequence past the values in the columns, so that the next row
// which leaves its key to Postgres gets a free one; a sequence that is ahead stays. It ends
// in a WHERE clause, to which the caller may add.
//
// The columns are found by their defaults (pg_depend), so a sequence needs no owner, may
// serve several tables, count down, or stand in an expression: of a text such as 'INV-' ||
// nextval('n') the last digits count.
func AdvanceSequencesSQL(cat *catalog.Catalog, tables []*catalog.Relation) []string {
	written := map[*catalog.Relation]bool{}
	for _, t := range tables {
		written[t.Root()] = true
	}
	var queries []string
	for _, s := range cat.Sequences {
		var values []string
		for _, c := range s.DrawnBy {
			if c != nil && written[c.Table.Root()] {
				values = append(values, fmt.Sprintf("select %s from %s", numberSQL(c), c.Table.Root().Ident()))
			}
		}
		if len(values) > 0 {
			queries = append(queries, advanceSQL(s, strings.Join(values, " union all ")))
		}
	}
	return queries
}

// numberSQL is a column's value as a number, or NULL.
func numberSQL(c *catalog.Column) string {
	if c.Type.Underlying().Category == "N" {
		return catalog.Ident(c.Name) + "::numeric"
	}
	return "substring(" + catalog.Ident(c.Name) + `::text from '(\d{1,30})\D*$')::numeric`
}

// advanceSQL moves a sequence past the largest of the values, or the smallest where it
// counts down.
func advanceSQL(s *catalog.Sequence, values string) string {
	extreme, beyond := "max", ">="
	if s.Increment < 0 {
		extreme, beyond = "min", "<="
	}
	sequence := catalog.Literal(catalog.Ident(s.Schema, s.Name)) + "::regclass"
	return fmt.Sprintf(`select setval(%s, trunc(m)::bigint) from (select %s(v) from (%s) x (v) where v between %d and %d) y (m)
where m is not null and m %s coalesce(pg_sequence_last_value(%s), m)`,
		sequence, extreme, values, s.Min, s.Max, beyond, sequence)
}

// advanceSequences moves the sequences of tables past the numbers in the tables, which may
// have been written by hand. A role that may not do that goes on with what the sequences
// give.
func (s *schema) advanceSequences(ctx context.Context, db seedbed.DB, tables []*catalog.Relation) error {
	if len(tables) == 0 {
		return nil
	}
	err := transact(ctx, db, func(tx pgx.Tx) error {
		var queries pgx.Batch
		for _, sql := range AdvanceSequencesSQL(s.cat, tables) {
			queries.Queue(sql)
		}
		if err := tx.SendBatch(ctx, &queries).Close(); err != nil {
			return fmt.Errorf("move sequences past the keys that are there: %w", err)
		}
		return nil
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		return nil
	}
	return err
}
