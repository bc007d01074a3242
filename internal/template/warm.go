package template

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// warm has a new session load what a test's first statements would: the machinery
// of the extended protocol, of the planner and of an index scan, and, if there is
// time, the descriptions of the template's tables. Otherwise these statements take
// twice as long as they do later. It leaves nothing behind: the statements have no
// name, and those on the test's tables are parsed and never run.
func (c *Clone) warm(ctx context.Context, conn *pgconn.PgConn, thorough bool) error {
	pipeline := conn.StartPipeline(ctx)
	for range 3 {
		pipeline.SendQueryParams("SELECT $1::text", [][]byte{[]byte("warm")}, nil, nil, nil)
		pipeline.SendQueryParams("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid",
			[][]byte{[]byte("1259")}, nil, nil, nil)
	}
	if thorough && c.layout != nil && !c.template.cold.Load() {
		for _, table := range c.layout.Tables[:min(len(c.layout.Tables), warmTables)] {
			pipeline.SendPrepare("", "SELECT * FROM "+table.Name, nil)
		}
	}
	if err := pipeline.Sync(); err != nil {
		return err
	}
	err := pipeline.Close()
	if code(err) != "" {
		c.template.cold.Store(true) // a schema that the role may not use, perhaps: once is enough
		return nil
	}
	return err
}

// warmTables bounds what warming costs, about 40 µs a table.
const warmTables = 24
