package check

import "github.com/qarion/seedbed/pgtest/check/relation"

// Named says what a relation is called, and what loads it: see package relation.
type Named = relation.Named

// One is at most one related row, which must be loaded before it is touched.
type One[T any, R Named] = relation.One[T, R]

// Many is any number of related rows, which must be loaded before they are touched.
type Many[T any, R Named] = relation.Many[T, R]
