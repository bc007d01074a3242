// Package audit is the engine behind the assertions: it looks at a database
// through any pgx handle and returns findings. It knows nothing of tests; the
// functions of pgtest/check and the command `seedbed check` are skins over it.
//
//	report, err := audit.Integrity(ctx, db, audit.Options{})
//	for _, f := range report.Findings { … }
//
// Every rule is in Rules, with its reason. What could not be looked at is in
// Report.Unchecked: silence means that it was looked at and is well.
//
// Everything runs in one transaction that is rolled back. It counts on the server
// and fetches a few sample rows only, so its memory does not grow with the data.
package audit
