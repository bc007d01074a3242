// Package seedbed says what the tables of a multi-tenant Postgres database
// mean, once: which column scopes a row to its tenant, which tables are
// aggregates read across tenants, which pairs of columns point at any resource,
// and which table tells its subtypes apart.
//
// Everything else in the toolkit reads that declaration. The packages are
//
//   - pgtest: a real, migrated, private Postgres for each test
//   - pgtest/check: assertions over any pgx handle
//   - factory: typed row builders, from one row to millions
//   - fixtures: declarative datasets
//   - migrations: the reference schema, and tools over any folder of migrations
//   - sanitize, relation: for services; no broken bytes leave in a response, and a
//     relation that was not loaded says so
//   - cmd/seedbed: the same for the shell
package seedbed
