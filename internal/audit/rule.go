package audit

// Rule is one thing that must hold.
type Rule struct {
	// Name is stable: exceptions and reports refer to it.
	Name string
	// Holds is what the rule demands.
	Holds string
	// Why is what goes wrong otherwise.
	Why string
}

// Rules are all there are, in the order of reports.
var Rules = []Rule{
	{"rows-hidden", "The check sees every row.", "A check under row-level security passes vacuously: what it cannot see it cannot find."},
	{"rows-unreadable", "Every table can be read.", "What could not be read was not checked."},

	{"pair-orphan", "A polymorphic pair points at a row that exists.", "An orphan shows in lists and fails when opened, and nothing cleans it up."},
	{"pair-wrong-tenant", "A polymorphic pair points at a row of the same tenant.", "Whoever follows the reference reads another tenant's row."},
	{"pair-unknown-type", "A polymorphic pair's type is one that is declared.", "No check covers a type that nobody declared: it is a silent orphan."},
	{"pair-half-null", "Both halves of a polymorphic pair are set, or neither.", "Half a reference points nowhere."},
	{"pair-shadow-missing", "Where a pair has shadow keys, each of its targets has one.", "The target without one is held by nothing: its rows become orphans when it is deleted."},
	{"pair-shadow-generated", "A shadow column is generated and stored.", "A column that anybody can write may disagree with its pair; a virtual one holds no foreign key."},
	{"pair-shadow-disagrees", "A shadow column holds the pair's id for its type, and NULL otherwise.", "The foreign key then guards another reference than the one that is read."},
	{"pair-shadow-foreign-key", "A shadow column holds a foreign key to its target, in the same tenant.", "Without the key the shadow guards nothing."},
	{"pair-not-covered", "A CHECK demands that exactly one of a pair's shadows is set.", "A type without shadow passes every foreign key, and is a silent orphan."},

	{"subtype-missing", "A base row has the row of its subtype.", "Code that loads the subtype finds nothing, or half a configuration."},
	{"subtype-orphan", "A subtype row has its base row.", "It belongs to nothing, and is never cleaned up."},
	{"subtype-mismatch", "A subtype row's base is of that subtype.", "The row is read as something that it is not."},
	{"subtype-unknown", "A discriminator's value is one that is declared.", "No code knows how to read the row."},
	{"config-missing", "A subtype that keeps its settings in a column has them.", "A provider without settings fails when it is used, not when it is saved."},
	{"config-not-object", "Settings in JSON are an object.", "Lax JSON paths unwrap arrays and skip scalars, so checks on keys pass."},
	{"config-not-expected", "A subtype with a table of its own has no settings in the column.", "Two sources of truth for one provider."},
	{"config-unchecked", "Each subtype's settings are pinned by a CHECK, where some are.", "The one without takes any JSON."},

	{"foreign-key-orphan", "Every reference of a foreign key leads to a row.", "Loads with triggers off, and constraints that are not validated, leave rows that no statement could write."},
	{"constraint-broken", "Every row satisfies its CHECK and NOT NULL constraints.", "A row from before the constraint, or one that got past it, breaks code that relies on it."},
	{"constraint-not-valid", "Every constraint is validated.", "Postgres checks new rows only, and the planner trusts nothing."},
	{"constraint-off", "Every constraint is enforced.", "It looks whole in the schema and checks nothing."},
	{"trigger-off", "Every trigger is enabled.", "What it maintains goes stale without an error."},
	{"deferred-pending", "Deferred constraints hold now.", "The transaction will fail at COMMIT, far from its cause."},
	{"index-invalid", "Every index is valid.", "It costs every write and serves no query; a unique one may have duplicates beside it."},
	{"sequence-behind", "A sequence is ahead of the column that it fills.", "The next INSERT fails with a duplicate key."},
	{"sequence-exhausted", "A sequence has values left.", "INSERT fails for everybody once it has not."},
	{"partition-wrong", "A row is in the partition that its key says.", "Queries that prune partitions do not find it."},
	{"partition-broken", "Partitions are whole: attached, and with every index of their parent.", "An index of the parent stays unusable, or a query sees half of the rows."},
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
