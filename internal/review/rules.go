package review

// severities of the rules that are no hazards.
var severities = map[string]Severity{
	"lock-timeout-missing":            Policy,
	"up-after-down-fails":             Policy,
	"identifier-truncated":            Policy,
	"drop-column-drops-index":         Policy,
	"index-too-wide":                  Style,
	"enum-value-order":                Style,
	"constraint-not-enforced":         Policy,
	"tenant-default":                  Policy,
	"statement-timeout-cancels-build": Policy,
	"policy-widened":                  Policy,
	"rls-dropped":                     Policy,
	"rls-unforced":                    Policy,
	"grant-widened":                   Policy,
	"definer-function-public":         Policy,
	"view-bypasses-rls":               Policy,
	"fails-on-rows":                   Policy,
	"data-changed":                    Policy,
	"rows-not-made":                   Style,
	"prefer-identity":                 Style,
	"prefer-bigint-pk":                Style,
	"prefer-jsonb":                    Style,
	"prefer-timestamptz":              Style,
	"avoid-char":                      Style,
	"prefer-text":                     Style,
}

func severityOf(rule string) Severity {
	if s, ok := severities[rule]; ok {
		return s
	}
	return Hazard
}

// Rule is one entry of the list of rules.
type Rule struct {
	Name     string
	Severity Severity
	Summary  string
}

// Rules are all rules that a review can report, in the order in which they are
// documented.
func Rules() []Rule {
	all := make([]Rule, 0, len(summaries))
	for _, s := range summaries {
		all = append(all, Rule{Name: s[0], Severity: severityOf(s[0]), Summary: s[1]})
	}
	return all
}

var summaries = [][2]string{
	{"index-not-concurrent", "CREATE INDEX without CONCURRENTLY on an existing table blocks writes while it builds"},
	{"drop-index-not-concurrent", "DROP INDEX without CONCURRENTLY takes ACCESS EXCLUSIVE on table and index"},
	{"reindex-not-concurrent", "REINDEX without CONCURRENTLY blocks writes, and reads that need the index"},
	{"add-unique-builds-index", "a UNIQUE constraint that builds its index under ACCESS EXCLUSIVE"},
	{"add-pk-builds-index", "a PRIMARY KEY that builds its index under ACCESS EXCLUSIVE"},
	{"add-exclusion-builds-index", "an EXCLUDE constraint that builds its index under ACCESS EXCLUSIVE"},
	{"add-check-validating", "a CHECK added VALID scans the table under ACCESS EXCLUSIVE"},
	{"add-fk-validating", "a FOREIGN KEY added VALID scans both tables under SHARE ROW EXCLUSIVE"},
	{"validate-in-same-transaction", "VALIDATE CONSTRAINT while the lock of the NOT VALID step is still held"},
	{"set-not-null-scan", "SET NOT NULL scans the table because no valid CHECK proves it"},
	{"add-column-volatile-default-rewrite", "ADD COLUMN with a volatile default rewrites the table"},
	{"add-column-serial-rewrite", "ADD COLUMN serial or identity rewrites the table"},
	{"add-column-generated-stored-rewrite", "ADD COLUMN GENERATED … STORED rewrites the table"},
	{"add-column-domain-rewrite", "ADD COLUMN of a constrained domain rewrites the table"},
	{"add-column-constraint-scan", "ADD COLUMN with an inline CHECK scans the table"},
	{"alter-type-rewrite", "ALTER COLUMN TYPE rewrites the table and its indexes"},
	{"alter-type-scan", "ALTER COLUMN TYPE checks a constraint or rebuilds an index under ACCESS EXCLUSIVE"},
	{"set-logged-rewrite", "SET LOGGED or UNLOGGED rewrites the table"},
	{"vacuum-full", "VACUUM FULL rewrites the table under ACCESS EXCLUSIVE"},
	{"cluster-rewrite", "CLUSTER rewrites the table under ACCESS EXCLUSIVE"},
	{"refresh-matview-blocking", "REFRESH MATERIALIZED VIEW without CONCURRENTLY blocks its readers"},
	{"attach-partition-scan", "ATTACH PARTITION scans because no CHECK proves the bound"},
	{"detach-partition-blocking", "DETACH PARTITION without CONCURRENTLY takes ACCESS EXCLUSIVE on the parent"},
	{"create-partition-locks-parent", "CREATE TABLE … PARTITION OF takes ACCESS EXCLUSIVE on the parent"},
	{"explicit-lock-table", "LOCK TABLE in a mode that blocks writes or reads"},
	{"create-trigger-blocks-writes", "CREATE TRIGGER takes SHARE ROW EXCLUSIVE"},
	{"domain-constraint-scan", "a domain constraint scans every table that uses the domain, under SHARE"},
	{"drop-fk-locks-referenced", "dropping a FOREIGN KEY takes ACCESS EXCLUSIVE on the referenced table too"},
	{"work-while-holding-lock", "long work while an earlier statement's lock is still held"},
	{"exclusive-locks-on-multiple-tables", "several statements of one transaction take ACCESS EXCLUSIVE on several tables"},
	{"unbatched-backfill", "UPDATE or DELETE that goes through a whole table in one statement"},
	{"mixed-ddl-dml-backfill", "bulk DML in the transaction that holds ACCESS EXCLUSIVE on the same table"},
	{"truncate-table", "TRUNCATE of an existing table"},
	{"truncate-cascade", "TRUNCATE … CASCADE reaches further tables"},
	{"drop-cascade", "DROP … CASCADE removes dependants that it does not name"},
	{"narrowing-type", "ALTER COLUMN TYPE to a narrower type"},
	{"add-column-required", "ADD COLUMN NOT NULL without DEFAULT"},
	{"rename-table", "renames a table that running code uses"},
	{"rename-column", "renames a column that running code uses"},
	{"drop-column", "drops a column that running code uses"},
	{"drop-table", "drops a table that running code uses"},
	{"move-schema", "moves a table to another schema, or renames the schema"},
	{"rename-enum-value", "renames an enum value that running code uses"},
	{"concurrent-in-transaction", "CONCURRENTLY in a transactional migration fails"},
	{"concurrent-in-multi-statement", "CONCURRENTLY with other statements in one chunk fails"},
	{"nontransactional-in-transaction", "a command that cannot run in a transaction, in a transactional migration"},
	{"no-transaction-not-resumable", "a migration without a transaction that cannot be run again after failing half way"},
	{"enum-value-used-in-tx", "a new enum value used in the transaction that added it"},
	{"transaction-control-in-migration", "BEGIN, COMMIT or ROLLBACK inside the migration's transaction"},
	{"set-local-no-effect", "SET LOCAL outside of a transaction does nothing"},
	{"session-set-leak", "SET in a transactional migration leaks to later migrations"},
	{"lock-timeout-disabled", "lock_timeout set to 0"},
	{"goose-splits-statement", "goose cuts a statement in pieces for want of StatementBegin and StatementEnd"},
	{"fk-without-index", "a FOREIGN KEY whose columns lead no usable index"},
	{"duplicate-index", "a new index that is identical to another"},
	{"redundant-prefix-index", "a new index that is a prefix of another"},
	{"invalid-index", "an index that is left invalid"},
	{"query-without-index", "a named query that does not use its index"},
	{"down-missing", "no Down section although Up changes the schema"},
	{"down-residue", "the schema after Up and Down differs from the one before"},
	{"down-fails", "Down fails"},
	{"up-after-down-fails", "Up fails after Down"},
	{"identifier-truncated", "an identifier of more than 63 bytes, which Postgres cuts"},
	{"drop-column-drops-index", "an index over further columns goes with a dropped column"},
	{"index-too-wide", "a non-unique index over more than three columns"},
	{"enum-value-order", "a new enum value that sorts between those that are there"},
	{"constraint-not-enforced", "a NOT ENFORCED constraint, which Postgres never checks"},
	{"tenant-default", "a constant default on the column that says whose a row is"},
	{"statement-timeout-cancels-build", "CONCURRENTLY under a statement_timeout, which leaves an invalid index"},
	{"policy-widened", "a role reaches rows that its policies kept from it"},
	{"rls-dropped", "row-level security is switched off: every role with a grant reaches every row"},
	{"rls-unforced", "row-level security no longer binds the table's owner"},
	{"grant-widened", "a role is granted a command on a table under row-level security"},
	{"definer-function-public", "a SECURITY DEFINER function that every role may execute"},
	{"view-bypasses-rls", "a view reads tables under row-level security as its owner"},
	{"fails-on-rows", "Up or Down fails where tables have rows"},
	{"data-changed", "columns hold something else after Up and Down"},
	{"rows-not-made", "no rows could be made to try a migration on"},
	{"fails", "the migration does not apply"},
	{"lock-timeout-missing", "takes SHARE or stronger on an existing relation with no lock_timeout"},
	{"prefer-identity", "serial instead of identity"},
	{"prefer-bigint-pk", "a 32-bit primary key"},
	{"prefer-jsonb", "json instead of jsonb"},
	{"prefer-timestamptz", "timestamp without time zone"},
	{"avoid-char", "char(n)"},
	{"prefer-text", "varchar(n)"},
}
