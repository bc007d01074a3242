package report

import "slices"

// Rule is one thing that must hold.
type Rule struct {
	// Name is stable: exceptions and reports refer to it.
	Name string
	// Severity of what breaks it.
	Severity Severity
	// Holds is what the rule demands.
	Holds string
	// Why is what goes wrong otherwise.
	Why string
}

// Severity says how soon a finding matters.
type Severity string

// Severities, the worst first.
const (
	// Breach is data that is wrong, or another tenant's within reach: it was seen.
	Breach Severity = "breach"
	// Risk is what lets a breach happen, or did not prevent one.
	Risk Severity = "risk"
	// Advice is what costs time, or a reader's trust.
	Advice Severity = "advice"
)

// Rules are all there are, in the order of reports.
var Rules = []Rule{
	{"rows-hidden", Risk, "The check sees every row.", "A check under row-level security passes vacuously: what it cannot see it cannot find."},
	{"rows-unreadable", Risk, "Every table can be read.", "What could not be read was not checked."},

	{"model-misfit", Risk, "The Model and the schema say the same.", "What the schema does not have cannot be checked, or was lost."},
	{"table-undeclared", Risk, "The Model says of every table whose it is.", "A table that nobody thought of is open to every tenant."},
	{"tenant-not-null", Risk, "The column that says whose a row is, is NOT NULL.", "A row of nobody passes foreign keys and checks that compare with its tenant."},
	{"tenant-index", Advice, "An index leads with the tenant's column.", "Every query of one tenant reads the rows of all, and slows down as others grow."},
	{"tenant-foreign-key", Risk, "The tenant's column references the tenants.", "Rows of tenants that do not exist, and rows left when a tenant is deleted."},
	{"tenant-default", Risk, "The column that says whose a row is has no DEFAULT, or one that reads the session.", "An INSERT that forgets the tenant gives its row to another one, without an error."},
	{"tenant-type", Advice, "The tenant's column has one type everywhere.", "A comparison of two types reads no index, and a cast may make two tenants one."},
	{"reference-without-tenant", Risk, "A reference between scoped tables carries the tenant.", "Foreign keys ignore row-level security: the reference leads to another tenant's row, tells whether it exists, and its deletion cascades."},
	{"reference-unsets-tenant", Risk, "Deleting what a row references leaves its tenant alone.", "ON DELETE SET NULL takes all columns of the key: the row becomes nobody's, or the deletion fails."},
	{"reference-undeclared", Advice, "What looks like a reference is a foreign key.", "Nothing keeps it in its tenant, or from pointing at nothing."},
	{"unique-without-tenant", Risk, "A unique key includes the tenant, or is random.", "A duplicate-key error tells one tenant what another has, and one can take a name from all."},
	{"rls-enabled", Risk, "Row-level security is enabled.", "Policies do nothing where it is not."},
	{"rls-forced", Risk, "Row-level security is forced.", "The owner of a table passes its policies otherwise, and views and functions with it."},
	{"rls-command-uncovered", Advice, "A policy covers each command that is granted.", "Without one the command silently reaches no row."},
	{"policy-without-tenant", Risk, "A policy keeps to the session's tenant.", "Permissive policies add up: the most generous one decides."},
	{"policy-shares", Advice, "What a policy opens to every tenant is marked as shared on purpose.", "It is read by whoever asks: the mark is all that protects the others."},
	{"policy-user-editable", Risk, "A policy goes by nothing that a user writes.", "Who edits their own profile, or sends a header, becomes a member of any tenant."},
	{"policy-per-row", Advice, "A policy calls functions once a query.", "A call for each row makes a scan of a thousand rows a thousand calls."},
	{"policies-several", Advice, "One permissive policy for a command and a role.", "Each is evaluated for every row, and the most generous one decides."},
	{"policy-duplicate", Advice, "No two policies say the same.", "Who tightens one leaves the other open."},
	{"partition-open", Risk, "A partition has row-level security of its own.", "The parent's policies do not apply to a query that names the partition."},
	{"role-superuser", Risk, "The application is no superuser.", "Row-level security does not apply to superusers."},
	{"role-bypassrls", Risk, "The application does not bypass row-level security.", "No policy applies to a role with BYPASSRLS, nor to one that can become it."},
	{"role-owner", Risk, "The application does not own its tables.", "An owner drops policies and switches row-level security off."},
	{"role-privileged", Risk, "The application has no rights over roles, files or all tables.", "They lead around every policy."},
	{"privilege-truncate", Risk, "The application may not TRUNCATE.", "Row-level security does not apply to it."},
	{"privilege-references", Advice, "The application may not reference tables with keys of its own.", "A foreign key's check sees the rows of every tenant."},
	{"privilege-trigger", Risk, "The application may not add triggers.", "A trigger runs in the statements of every other role."},
	{"privilege-sequence", Risk, "The application may not read sequences.", "Their last value counts the rows of all tenants."},
	{"privilege-statistics", Advice, "The application may not read the statistics of columns.", "They hold the commonest values of every tenant's rows, and no policy applies to them."},
	{"privilege-grant-option", Advice, "The application may not grant on what it was granted.", "It hands tables to roles that nobody thought of."},
	{"privilege-default", Risk, "Tables to come are not granted to PUBLIC, nor with rights past row-level security.", "The next migration grants what nobody wrote in it."},
	{"privilege-create", Risk, "The application creates nothing in the schemas of the tables.", "An object of its own, found first, runs with the rights of whoever uses the name."},
	{"privilege-public", Risk, "Nothing scoped is granted to PUBLIC.", "Every login has it, also those that nobody thought of."},
	{"view-security-invoker", Risk, "A view over scoped tables has security_invoker.", "It reads with its owner's rights, whatever those are or become."},
	{"view-security-barrier", Advice, "A view that filters tenants has security_barrier.", "The planner may run a caller's function on rows before the filter, and it can print them."},
	{"view-check-option", Risk, "A view that filters tenants and is written through has a CHECK OPTION.", "Through it rows can be written, or moved, that it does not show: another tenant's."},
	{"matview-granted", Risk, "No materialized view over scoped tables is granted.", "It holds rows of every tenant, and no policy applies to it."},
	{"foreign-table-granted", Risk, "No foreign table with a tenant's column is granted.", "Row-level security cannot be enabled on it: it shows the rows of every tenant."},
	{"rewrite-rule", Risk, "No rewrite rule reaches scoped tables past their policies.", "A rule acts with the rights of its table's owner, whoever wrote the statement."},
	{"definer-search-path", Risk, "A SECURITY DEFINER function pins its search_path.", "A caller who puts a table or an operator of its own first runs it with the owner's rights."},
	{"definer-bypasses-rls", Risk, "No callable SECURITY DEFINER function reads scoped tables past their policies.", "It hands any caller the rows of every tenant."},
	{"function-leakproof", Risk, "No function of one's own is LEAKPROOF.", "Such a function sees rows before the policy does, and may print them in an error."},
	{"auth-users-exposed", Risk, "No view shows auth.users.", "Whoever may read it has the mail addresses of all."},
	{"sensitive-exposed", Risk, "A table with secrets or numbers of persons has row-level security.", "Every tenant reads those of all."},
	{"tenant-preset", Risk, "No role and no database has the tenant's setting set.", "A session that forgets to say whom it serves serves that tenant."},
	{"aggregate-undeclared", Risk, "A table that carries two levels of tenancy is declared an aggregate.", "Nobody checks who reads across it."},
	{"aggregate-key", Risk, "An aggregate's outer tenant is that of its inner one, by a foreign key.", "A row with the wrong organization shows in another organization's overview."},
	{"aggregate-index", Advice, "An index of an aggregate leads with the outer tenant.", "The overview of one organization reads the rows of all."},
	{"aggregate-predicate", Risk, "Whoever reads an aggregate across is kept to one outer tenant.", "An administrator sees what other organizations write."},
	{"server-version", Risk, "The server has the fixes of known ways around row-level security.", "Anybody can read how to use them."},
	{"row-without-tenant", Breach, "Every row belongs to a tenant.", "Nobody owns it, so nobody deletes it, and checks that compare tenants skip it."},
	{"row-of-unknown-tenant", Breach, "A row's tenant exists.", "A tenant that was deleted, or never was, still has data."},
	{"reference-crosses", Breach, "A reference stays in its tenant.", "Whoever follows it reads another tenant's row."},
	{"pair-crosses", Breach, "A polymorphic reference stays in its tenant.", "Whoever follows it reads another tenant's row."},
	{"aggregate-disagrees", Breach, "An aggregate's row names the outer tenant of its inner one.", "It shows in another organization's overview."},
	{"probe-read", Breach, "Another tenant's rows cannot be read.", "It was tried, as the application, and they can."},
	{"probe-write", Breach, "Another tenant's rows cannot be written, nor rows moved out or in.", "It was tried, as the application, and they can."},
	{"probe-oracle", Breach, "What another tenant has looks like what nobody has.", "The difference tells one tenant what exists in another."},
	{"probe-setting", Breach, "A setting that is unset, empty or garbage gives no rows and no error.", "After COMMIT a transaction's setting is empty, not unset: the next request of that connection sees all, or fails."},
	{"probe-across", Breach, "An administrator sees exactly the rows of its own tenants.", "It was tried, and it sees others, or not all."},
	{"probe-control", Risk, "A tenant can do to its own rows what was granted.", "A probe that could not have succeeded proves nothing."},

	{"pair-orphan", Breach, "A polymorphic pair points at a row that exists.", "An orphan shows in lists and fails when opened, and nothing cleans it up."},
	{"pair-wrong-tenant", Breach, "A polymorphic pair points at a row of the same tenant.", "Whoever follows the reference reads another tenant's row."},
	{"pair-unknown-type", Breach, "A polymorphic pair's type is one that is declared.", "No check covers a type that nobody declared: it is a silent orphan."},
	{"pair-half-null", Breach, "Both halves of a polymorphic pair are set, or neither.", "Half a reference points nowhere."},
	{"pair-shadow-missing", Risk, "Where a pair has shadow keys, each of its targets has one.", "The target without one is held by nothing: its rows become orphans when it is deleted."},
	{"pair-shadow-generated", Risk, "A shadow column is generated and stored.", "A column that anybody can write may disagree with its pair; a virtual one holds no foreign key."},
	{"pair-shadow-disagrees", Breach, "A shadow column holds the pair's id for its type, and NULL otherwise.", "The foreign key then guards another reference than the one that is read."},
	{"pair-shadow-foreign-key", Risk, "A shadow column holds a foreign key to its target, in the same tenant.", "Without the key the shadow guards nothing."},
	{"pair-not-covered", Risk, "A CHECK demands that exactly one of a pair's shadows is set.", "A type without shadow passes every foreign key, and is a silent orphan."},

	{"subtype-missing", Breach, "A base row has the row of its subtype.", "Code that loads the subtype finds nothing, or half a configuration."},
	{"subtype-orphan", Breach, "A subtype row has its base row.", "It belongs to nothing, and is never cleaned up."},
	{"subtype-mismatch", Breach, "A subtype row's base is of that subtype.", "The row is read as something that it is not."},
	{"subtype-unknown", Breach, "A discriminator's value is one that is declared.", "No code knows how to read the row."},
	{"config-missing", Breach, "A subtype that keeps its settings in a column has them.", "A provider without settings fails when it is used, not when it is saved."},
	{"config-not-object", Breach, "Settings in JSON are an object.", "Lax JSON paths unwrap arrays and skip scalars, so checks on keys pass."},
	{"config-not-expected", Advice, "A subtype with a table of its own has no settings in the column.", "Two sources of truth for one provider."},
	{"config-disagrees", Breach, "Settings that name a type name that of their row.", "Code that goes by the settings and code that goes by the column read two different things."},
	{"config-unchecked", Advice, "Each subtype's settings are pinned by a CHECK, where some are.", "The one without takes any JSON."},

	{"foreign-key-orphan", Breach, "Every reference of a foreign key leads to a row.", "Loads with triggers off, and constraints that are not validated, leave rows that no statement could write."},
	{"constraint-broken", Breach, "Every row satisfies its CHECK and NOT NULL constraints.", "A row from before the constraint, or one that got past it, breaks code that relies on it."},
	{"constraint-not-valid", Advice, "Every constraint is validated.", "Postgres checks new rows only, and the planner trusts nothing."},
	{"constraint-off", Risk, "Every constraint is enforced.", "It looks whole in the schema and checks nothing."},
	{"trigger-off", Risk, "Every trigger is enabled.", "What it maintains goes stale without an error."},
	{"deferred-pending", Breach, "Deferred constraints hold now.", "The transaction will fail at COMMIT, far from its cause."},
	{"table-without-key", Advice, "Every table has a primary key.", "Nothing tells its rows apart: a duplicate cannot be deleted, and logical replication stops."},
	{"index-invalid", Risk, "Every index is valid.", "It costs every write and serves no query; a unique one may have duplicates beside it."},
	{"sequence-behind", Breach, "A sequence is ahead of the column that it fills.", "The next INSERT fails with a duplicate key."},
	{"sequence-exhausted", Breach, "A sequence has values left.", "INSERT fails for everybody once it has not."},
	{"partition-wrong", Breach, "A row is in the partition that its key says.", "Queries that prune partitions do not find it."},
	{"canary", Breach, "Nothing of another tenant shows.", "Whoever sees it sees another tenant's data."},
	{"n-plus-one", Advice, "One line sends one statement for many rows.", "It costs a round trip a row, and grows with the data."},
	{"query-budget", Risk, "A scope sends no more statements than its budget.", "Round trips are what most of a request's time goes to."},
	{"shape-budget", Risk, "A statement is sent no more often than its budget.", "What was read once need not be read again."},
	{"pool-hygiene", Breach, "A connection goes back to the pool as it came.", "The next request inherits it: another tenant's setting, a role, a lock that nobody releases."},
	{"partition-broken", Risk, "Partitions are whole: attached, and with every index of their parent.", "An index of the parent stays unusable, or a query sees half of the rows."},
}

// Splinter are the ids under which Supabase's linter of that name knows what a rule finds.
var Splinter = map[string][]string{
	"auth-users-exposed":    {"0002_auth_users_exposed"},
	"policy-per-row":        {"0003_auth_rls_initplan"},
	"table-without-key":     {"0004_no_primary_key"},
	"policies-several":      {"0006_multiple_permissive_policies"},
	"policy-duplicate":      {"0006_multiple_permissive_policies"},
	"rls-enabled":           {"0007_policy_exists_rls_disabled", "0013_rls_disabled_in_public"},
	"rls-command-uncovered": {"0008_rls_enabled_no_policy"},
	"view-security-invoker": {"0010_security_definer_view"},
	"definer-search-path":   {"0011_function_search_path_mutable"},
	"policy-user-editable":  {"0015_rls_references_user_metadata"},
	"matview-granted":       {"0016_materialized_view_in_api"},
	"foreign-table-granted": {"0017_foreign_table_in_api"},
	"sensitive-exposed":     {"0023_sensitive_columns_exposed"},
	"policy-without-tenant": {"0024_rls_policy_always_true"},
	"definer-bypasses-rls":  {"0028_anon_security_definer_function_executable", "0029_authenticated_security_definer_function_executable"},
	"index-invalid":         {"0030_invalid_index"},
}

// RuleNamed finds a rule.
func RuleNamed(name string) (Rule, bool) {
	for _, r := range Rules {
		if r.Name == name {
			return r, true
		}
	}
	return Rule{}, false
}

// SeverityOf is that of a rule's findings.
func SeverityOf(rule string) Severity {
	r, _ := RuleNamed(rule)
	return r.Severity
}

// Place of a rule in the order of reports.
func place(rule string) int {
	return slices.IndexFunc(Rules, func(r Rule) bool { return r.Name == rule })
}

// worse is the more urgent of two severities.
func worse(a, b Severity) Severity {
	order := []Severity{Breach, Risk, Advice, ""}
	if slices.Index(order, a) <= slices.Index(order, b) {
		return a
	}
	return b
}
