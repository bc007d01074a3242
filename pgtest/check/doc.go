// Package check has assertions for tests of code that serves many tenants from
// Postgres: each is one line, works on any pgx handle and any schema, finds what
// an expert reviewer would find, and is silent on what is healthy.
//
//	check.Isolation(t, db)     // tenants are kept apart: catalog, rows, and attempts as the application's role
//	check.Integrity(t, db)     // references are whole: pairs, shadows, subtypes, constraints, sequences
//	check.Sanitized(t, page)   // a payload leaves with clean bytes and can be encoded
//
// A failure names the rule, the object, the evidence, the reason and the fix. The
// functions here are thin: what looks is in packages that return values and
// errors and know no test, so that programs can use them too. For payloads that
// is package sanitize.
//
// Rules lists what Isolation and Integrity demand, with the reasons, and with the ids of
// the lints of Supabase's splinter that find the same. What one fault explains is one
// finding: its Follows are the same fault in other objects, and what it leads to.
//
// Isolation and Integrity cost tens of milliseconds on a test's database,
// Sanitized a fraction of encoding the payload.
package check
