package audit

import (
	"context"
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/report"
)

// Integrity checks that references are whole: polymorphic pairs and their shadow
// keys, subtypes and their settings, every constraint whether validated or not,
// columns that are named for a table, what is deferred, sequences and partitions. It reads each table a few times and
// writes nothing.
//
// It returns an error only where it could not run at all: a lost connection, a
// cancelled context. Where Options.Model does not fit the schema, that is a finding.
func Integrity(ctx context.Context, db seedbed.DB, opt Options) (*report.Report, error) {
	return run(ctx, db, opt, append(slices.Clip(integritySteps), step{"references without keys", nil, (*audit).namedReferences}))
}

var integritySteps = []step{
	{"deferred constraints", []string{"deferred-pending"}, (*audit).deferred},
	{"polymorphic pairs", []string{"pair-orphan", "pair-wrong-tenant", "pair-unknown-type", "pair-half-null"}, (*audit).pairs},
	{"shadow keys", []string{"pair-shadow-missing", "pair-shadow-generated", "pair-shadow-disagrees", "pair-shadow-foreign-key", "pair-not-covered"}, (*audit).shadows},
	{"subtypes", []string{"subtype-missing", "subtype-orphan", "subtype-mismatch", "subtype-unknown"}, (*audit).subtypes},
	{"settings", []string{"config-missing", "config-not-object", "config-not-expected", "config-disagrees", "config-unchecked"}, (*audit).configs},
	{"foreign keys", []string{"foreign-key-orphan"}, (*audit).foreignKeys},
	{"checks", []string{"constraint-broken"}, (*audit).checks},
	{"constraints", []string{"constraint-not-valid", "constraint-off", "trigger-off", "index-invalid", "table-without-key"}, (*audit).constraints},
	{"sequences", []string{"sequence-behind", "sequence-exhausted"}, (*audit).sequences},
	{"partitions", []string{"partition-wrong", "partition-broken"}, (*audit).partitions},
}

// Check is Integrity and Isolation in one run, over one reading of the catalog.
func Check(ctx context.Context, db seedbed.DB, opt Options) (*report.Report, error) {
	return run(ctx, db, opt, slices.Concat(integritySteps, isolationSteps))
}
