package migrations_test

import (
	"testing"

	"github.com/qarion/seedbed/migrations"
)

// The reference schema is what the rules ask for, without a single waiver.
func TestReferenceSchemaReviewsClean(t *testing.T) {
	report, err := migrations.Review(t.Context(), superuser(t), migrations.FS, migrations.ReviewOptions{Role: "seedbed_owner"})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Migrations) != len(report.Set().Migrations()) {
		t.Errorf("reviewed %d of %d migrations", len(report.Migrations), len(report.Set().Migrations()))
	}
	for _, f := range report.Findings {
		t.Errorf("%s:%d: %s %s %s: %s", f.File, f.Line, f.Severity, f.Rule, f.Target, f.Message)
	}
	if len(report.Waived) > 0 {
		t.Errorf("%d findings are waived", len(report.Waived))
	}
}
