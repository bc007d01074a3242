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
// What leaks by Postgres's own design, whatever a schema does, is no finding:
//
//   - pg_class.reltuples and relpages are readable by every login. They count the rows
//     of all tenants together, and of each where every tenant has a partition, whose
//     bound then names the tenant too. No grant takes that away without breaking
//     clients; what is finer than a count, pg_statistic, is the rule
//     privilege-statistics, and pg_stats hides the columns of tables with policies.
//   - pg_stat_activity shows the statements of a role's own other sessions. Tenants
//     that share a login see each other's, if the application lets them send SQL at
//     all; parameters are not shown, literals are. Membership of pg_monitor or
//     pg_read_all_stats, which shows those of every role, is role-privileged.
//   - USAGE on a sequence is what an INSERT by default needs, and nextval then counts
//     what all tenants insert. SELECT and UPDATE are the rule privilege-sequence.
//     Random keys, or a sequence a tenant, avoid both.
//   - What a function that is LEAKPROOF, or an error of a cast, tells through a view is
//     prevented by security_barrier, and by policies without it: functions of one's own
//     that are LEAKPROOF are the rule function-leakproof, and the built-in ones do not tell.
//
// Everything runs in one transaction that is rolled back. It counts on the server
// and fetches a few sample rows only, so its memory does not grow with the data.
package audit
