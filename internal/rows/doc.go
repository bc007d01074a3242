// Package rows writes rows into a database of any schema, and whatever those rows
// need around them. It is the only writer: factory is its API for tests, fixtures,
// scenarios and dev write with it.
//
//	made, err := rows.Create(ctx, db, &rows.Definition{Table: "invoices"}, 3, nil, rows.Caller{})
//	report, err := rows.Plan{Volumes: []rows.Volume{{Definition: invoices, N: 1000}}}.Run(ctx, db, rows.Caller{})
//
// Create writes rows by INSERT, one batch a call; a Plan fills tables with COPY. Both
// find or make the parents of a row, read what CHECKs, unique keys and partitions ask
// of its values, and search on the server for values where only Postgres can read a
// constraint. What COPY does not check is proven before the commit.
//
// Values are a function of seed, table, column and row number. The package knows no
// testing.
//
// # How a call runs
//
// Create reads the schema (schema_cache.go), makes the rows of a batch with their parents
// and children (batch.go, association.go, tenant.go), and inserts them (write.go). A Plan
// decides how many rows of which tables belong to which tenant (bulk_load.go,
// distribute.go), generates them in COPY's format (generate.go), and proves them (proof.go).
// Values come from a definition or from infer.go; where only Postgres can read a CHECK, a
// search finds them (check_solver.go).
package rows
