// Package rows writes rows into a database of any schema: values, parents, sequences.
//
//	for _, sql := range rows.AdvanceSQL(cat, written) {
//		tx.Exec(ctx, sql) // sequences go on after the keys that were written
//	}
//
// It knows no testing. Packages factory and fixtures write with it.
package rows
