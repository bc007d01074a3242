package factory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/rows"
)

// Record is a row of a table that has no struct: what Auto makes. It holds every column
// that was written or that Postgres has chosen.
type Record struct {
	Table  string
	Values map[string]any
}

// TableName makes a Record a Row.
func (r Record) TableName() string { return r.Table }

// Set gives a column a value. nil is NULL.
func (r *Record) Set(column string, value any) {
	if r.Values == nil {
		r.Values = map[string]any{}
	}
	r.Values[column] = value
}

// Get returns a column's value, nil where it is NULL or not there.
func (r Record) Get(column string) any { return r.Values[column] }

// rowOf returns a row of internal/rows, which has its own Record, as a *T.
func rowOf[T any](row any) *T {
	if r, ok := row.(*rows.Record); ok {
		row = (*Record)(r)
	}
	return row.(*T)
}

// String writes the row in one line: teams{id: 0195…, name: Acme}.
func (r Record) String() string {
	columns := slices.Sorted(maps.Keys(r.Values))
	for i, column := range columns {
		columns[i] = fmt.Sprintf("%s: %v", column, r.Values[column])
	}
	return r.Table + "{" + strings.Join(columns, ", ") + "}"
}

// formatUUIDs makes the keys that pgx reads as 16 bytes print as UUIDs.
func (r *Record) formatUUIDs() {
	for column, value := range r.Values {
		if id, ok := value.([16]byte); ok {
			r.Values[column] = UUID(id)
		}
	}
}
