package factory_test

import (
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
)

// insert returns a function that creates three rows.
func insert[T factory.Row](f *factory.Factory[T], options ...factory.Option) func(t *testing.T, db seedbed.DB) {
	return func(t *testing.T, db seedbed.DB) {
		t.Helper()
		rows := f.CreateN(t, db, 3, options...)
		var zero T
		if n := count(t, db, `select count(*) from `+zero.TableName()); n < len(rows) {
			t.Errorf("%s: %d rows, want at least %d", zero.TableName(), n, len(rows))
		}
	}
}

// Each built-in factory makes rows in an empty database, with each of its traits.
func TestEveryFactoryAndTrait(t *testing.T) {
	t.Parallel()
	for name, create := range map[string]func(*testing.T, seedbed.DB){
		"organizations":          insert(factory.Organizations),
		"organizations hostile":  insert(factory.Organizations, factory.Hostile()),
		"spaces":                 insert(factory.Spaces),
		"spaces inactive":        insert(factory.Spaces, factory.Inactive()),
		"users":                  insert(factory.Users),
		"users hostile":          insert(factory.Users, factory.Hostile()),
		"organization members":   insert(factory.OrganizationMemberships),
		"space members":          insert(factory.SpaceMemberships),
		"space members admin":    insert(factory.SpaceMemberships, factory.Admin()),
		"space members inactive": insert(factory.SpaceMemberships, factory.Inactive()),
		"datasets":               insert(factory.Datasets),
		"datasets hostile":       insert(factory.Datasets, factory.Hostile()),
		"checks":                 insert(factory.QualityChecks),
		"checks inactive":        insert(factory.QualityChecks, factory.Inactive()),
		"checks hostile":         insert(factory.QualityChecks, factory.Hostile()),
		"runs":                   insert(factory.CheckRuns),
		"runs failing":           insert(factory.CheckRuns, factory.Failing()),
		"runs queued":            insert(factory.CheckRuns, factory.Queued()),
		"runs errored":           insert(factory.CheckRuns, factory.Errored()),
		"results":                insert(factory.CheckResults),
		"results failing":        insert(factory.CheckResults, factory.Failing()),
		"results hostile":        insert(factory.CheckResults, factory.Hostile()),
		"systems":                insert(factory.SourceSystems),
		"systems slack":          insert(factory.SourceSystems, factory.Slack()),
		"systems pagerduty":      insert(factory.SourceSystems, factory.PagerDuty()),
		"systems email":          insert(factory.SourceSystems, factory.Email()),
		"systems webhook":        insert(factory.SourceSystems, factory.Webhook()),
		"systems snowflake":      insert(factory.SourceSystems, factory.Snowflake()),
		"systems bigquery":       insert(factory.SourceSystems, factory.BigQuery()),
		"systems databricks":     insert(factory.SourceSystems, factory.Databricks()),
		"systems postgres":       insert(factory.SourceSystems, factory.Postgres()),
		"systems inactive":       insert(factory.SourceSystems, factory.Inactive()),
		"systems hostile":        insert(factory.SourceSystems, factory.Hostile()),
		"snowflake systems":      insert(factory.SnowflakeSystems),
		"bigquery systems":       insert(factory.BigQuerySystems),
		"databricks systems":     insert(factory.DatabricksSystems),
		"postgres systems":       insert(factory.PostgresSystems),
		"alerts":                 insert(factory.Alerts),
		"alerts resolved":        insert(factory.Alerts, factory.Resolved()),
		"alerts hostile":         insert(factory.Alerts, factory.Hostile()),
		"audit logs":             insert(factory.AuditLogs),
		"audit logs hostile":     insert(factory.AuditLogs, factory.Hostile()),
		"comments":               insert(factory.Comments),
		"comments hostile":       insert(factory.Comments, factory.Hostile()),
		"attachments":            insert(factory.Attachments),
		"attachments hostile":    insert(factory.Attachments, factory.Hostile()),
		"annotations":            insert(factory.Annotations),
		"annotations hostile":    insert(factory.Annotations, factory.Hostile()),
		"auto comments":          func(t *testing.T, db seedbed.DB) { factory.Auto("comments").CreateN(t, db, 3) },
		"replies to a new thread": func(t *testing.T, db seedbed.DB) {
			first := factory.Comments.Create(t, db)
			insert(factory.Comments, factory.Reply(first))(t, db)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			create(t, seeder(t, pg.DB(t)))
		})
	}
}
