package scenario

import (
	"context"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
)

// Rows is a number of rows of a table.
type Rows struct {
	Table string
	N     int64
}

// Volumes makes rows of the tables named, in one transaction: those of the built-in
// factories in the reference schema, and those of factory.Auto in other tables.
func Volumes(ctx context.Context, db seedbed.DB, rows []Rows, o Options) (factory.Report, error) {
	reference, err := isReference(ctx, db)
	if err != nil {
		return factory.Report{}, err
	}
	plan := factory.Plan{Options: []factory.Option{factory.Seed(o.Seed), factory.Now(o.Now)}, Progress: o.Filling}
	if o.Model != nil {
		plan.Options = append(plan.Options, factory.WithModel(*o.Model))
	}
	for _, r := range rows {
		volume := func(n int64) factory.Volume { return factory.Auto(r.Table).N(n) }
		if known := builtin[r.Table]; known != nil && reference {
			volume = known
		}
		plan.Rows = append(plan.Rows, volume(r.N))
	}
	return plan.Run(ctx, db)
}

// builtin returns volumes of the built-in factories, by table of the reference schema.
var builtin = map[string]func(int64) factory.Volume{
	"organizations":            func(n int64) factory.Volume { return factory.Organizations.N(n) },
	"spaces":                   func(n int64) factory.Volume { return factory.Spaces.N(n) },
	"users":                    func(n int64) factory.Volume { return factory.Users.N(n) },
	"organization_memberships": func(n int64) factory.Volume { return factory.OrganizationMemberships.N(n) },
	"space_memberships":        func(n int64) factory.Volume { return factory.SpaceMemberships.N(n) },
	"datasets":                 func(n int64) factory.Volume { return factory.Datasets.N(n) },
	"quality_checks":           func(n int64) factory.Volume { return factory.QualityChecks.N(n) },
	"check_runs":               func(n int64) factory.Volume { return factory.CheckRuns.N(n) },
	"check_results":            func(n int64) factory.Volume { return factory.CheckResults.N(n) },
	"source_systems":           func(n int64) factory.Volume { return factory.SourceSystems.N(n) },
	"comments":                 func(n int64) factory.Volume { return factory.Comments.N(n) },
	"attachments":              func(n int64) factory.Volume { return factory.Attachments.N(n) },
	"annotations":              func(n int64) factory.Volume { return factory.Annotations.N(n) },
	"alerts":                   func(n int64) factory.Volume { return factory.Alerts.N(n) },
	"audit_logs":               func(n int64) factory.Volume { return factory.AuditLogs.N(n) },
}
