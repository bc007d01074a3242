// Package trace records the statements that go through a pgx pool, for scopes that
// ask for it: by context, or for a whole pool. Without a scope it costs a look at
// the context.
package trace
