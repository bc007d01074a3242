package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
)

// tablesToFill are those that hold rows of their own or of their partitions.
const tablesToFill = `select format('%I.%I', n.nspname, c.relname)
	from pg_class c join pg_namespace n on n.oid = c.relnamespace
	where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
	  and n.nspname !~ '^(pg_|information_schema$|seedbed_)'
	  and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
	  and (c.relkind = 'r' or exists (select from pg_inherits i where i.inhparent = c.oid))
	order by 1`

// nullColumns are those that a factory leaves empty, with a value of their type: what
// is not there cannot be seen to be lost.
const nullColumns = `select format('update %s set %I = %s where %2$I is null', a.attrelid::regclass, a.attname, v.value)
	from pg_attribute a join pg_type t on t.oid = a.atttypid
	join (values ('S', '''row'''), ('N', '7'), ('B', 'true'), ('D', '''2001-02-03''')) v (category, value) on v.category = t.typcategory
	where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped and not a.attnotnull
	  and a.attgenerated = '' and a.attidentity = ''
	  and not exists (select from pg_constraint k where k.conrelid = a.attrelid and k.contype in ('f', 'u', 'p', 'x') and a.attnum = any (k.conkey))
	order by a.attnum`

// fillTables makes n rows of every table, for a review that tries migrations on rows.
func fillTables(n int64) func(ctx context.Context, db seedbed.DB) error {
	return func(ctx context.Context, db seedbed.DB) error {
		tables, err := texts(ctx, db, tablesToFill)
		if err != nil || len(tables) == 0 {
			return err
		}
		var plan factory.Plan
		for _, table := range tables {
			plan.Rows = append(plan.Rows, factory.Auto(table).N(n))
		}
		if _, err := plan.Run(ctx, db); err != nil {
			return err
		}
		for _, table := range tables {
			if err := fillNulls(ctx, db, table); err != nil {
				return err
			}
		}
		return nil
	}
}

// fillNulls gives every column a value that may have one; a column whose constraints
// refuse it stays as it is.
func fillNulls(ctx context.Context, db seedbed.DB, table string) error {
	updates, err := texts(ctx, db, nullColumns, table)
	if err != nil {
		return err
	}
	for _, update := range updates {
		if _, err := db.Exec(ctx, "savepoint seedbed_rows"); err != nil {
			return err
		}
		if _, err := db.Exec(ctx, update); err == nil {
			continue
		}
		if _, err := db.Exec(ctx, "rollback to savepoint seedbed_rows"); err != nil {
			return err
		}
	}
	return nil
}

func texts(ctx context.Context, db seedbed.DB, sql string, args ...any) ([]string, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("make rows: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("make rows: %w", err)
	}
	return all, nil
}
