package factory

import (
	"reflect"
	"time"

	"github.com/qarion/seedbed/internal/fake"
)

// Slack makes a source system a Slack channel.
func Slack() Option { return sourceType("Slack()", "slack") }

// PagerDuty makes a source system a PagerDuty service.
func PagerDuty() Option { return sourceType("PagerDuty()", "pagerduty") }

// Email makes a source system a list of recipients.
func Email() Option { return sourceType("Email()", "email") }

// Webhook makes a source system an HTTP end point.
func Webhook() Option { return sourceType("Webhook()", "webhook") }

// Snowflake makes a source system a Snowflake account, its subtype row included.
func Snowflake() Option { return sourceType("Snowflake()", "snowflake") }

// BigQuery makes a source system a BigQuery project, its subtype row included.
func BigQuery() Option { return sourceType("BigQuery()", "bigquery") }

// Databricks makes a source system a Databricks workspace, its subtype row included.
func Databricks() Option { return sourceType("Databricks()", "databricks") }

// Postgres makes a source system a Postgres database, its subtype row included.
func Postgres() Option { return sourceType("Postgres()", "postgres") }

// sourceType gives a source system a type, and the config that goes with it. An option has
// no cells, so the config is derived from the system's name.
func sourceType(name, typ string) Option {
	return trait(name, func(s *SourceSystem) {
		cells := (*Cells)(fake.New(fake.Derive(fake.DefaultSeed, s.Name), "source_systems", fake.Epoch))
		s.Type, s.Config = typ, config(typ, cells.Of("config"))
		if s.SecretRef == nil && s.SecretCiphertext == nil && typ != "email" && typ != "webhook" {
			s.SecretRef = ptr("vault://kv/" + cells.Of("secret_ref").Slug())
		}
	})
}

// Admin gives members the role that administers the space, or the organization.
func Admin() Option {
	return fieldSetters{"Admin()", []fieldSetter{
		setterOf(func(m *SpaceMembership) { m.Role = "admin" }),
		setterOf(func(m *OrganizationMembership) { m.Role = "admin" }),
	}}
}

// Inactive switches things off: a source system, a check's schedule; it archives a
// space, and lets a member leave.
func Inactive() Option {
	return fieldSetters{"Inactive()", []fieldSetter{
		setterOf(func(s *SourceSystem) { s.Active = false }),
		setterOf(func(q *QualityCheck) { q.Enabled = false }),
		setterOf(func(s *Space) { s.ArchivedAt = ptr(s.CreatedAt.Add(time.Hour)) }),
		setterOf(func(m *SpaceMembership) { m.LeftAt = ptr(m.JoinedAt.Add(time.Hour)) }),
	}}
}

// Failing makes a check run fail, and a result fail with a sample of the rows at fault.
func Failing() Option {
	return fieldSetters{"Failing()", []fieldSetter{
		setterOf(failRun),
		setterOf(func(r *CheckResult) { r.Passed, r.Expected, r.Sample = false, ptr("= 0"), sample(r) }),
	}}
}

func failRun(r *CheckRun) {
	r.Status, r.Error = "failed", nil
	if r.StartedAt == nil {
		r.StartedAt = ptr(r.QueuedAt.Add(time.Second))
	}
	if r.FinishedAt == nil {
		r.FinishedAt = ptr(r.StartedAt.Add(time.Minute))
	}
}

// Queued makes a check run wait for its start.
func Queued() Option {
	return trait("Queued()", func(r *CheckRun) { r.Status, r.StartedAt, r.FinishedAt, r.Error = "queued", nil, nil, nil })
}

// Errored makes a check run end with an error and without a result.
func Errored() Option {
	return trait("Errored()", func(r *CheckRun) { r.Status, r.Error = "errored", ptr("canceling statement due to statement timeout") })
}

// Resolved makes an alert resolved, an hour after it was raised.
func Resolved() Option {
	return trait("Resolved()", func(a *Alert) { a.Status, a.ResolvedAt = "resolved", ptr(a.RaisedAt.Add(time.Hour)) })
}

// trait is a Set with a name, for messages.
func trait[T any](name string, f func(*T)) Option {
	return fieldSetters{name, []fieldSetter{setterOf(f)}}
}

// setterOf makes a part of a trait.
func setterOf[T any](f func(*T)) fieldSetter {
	return fieldSetter{reflect.TypeFor[T](), func(row any) { f(row.(*T)) }}
}
