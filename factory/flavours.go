package factory

import "time"

// Slack makes a system a Slack channel.
func Slack() Trait[SourceSystem] { return systemOf("slack") }

// PagerDuty makes a system a PagerDuty service.
func PagerDuty() Trait[SourceSystem] { return systemOf("pagerduty") }

// Email makes a system a list of recipients.
func Email() Trait[SourceSystem] { return systemOf("email") }

// Webhook makes a system an HTTP end point.
func Webhook() Trait[SourceSystem] { return systemOf("webhook") }

// Snowflake makes a system a Snowflake account, its subtype row included.
func Snowflake() Trait[SourceSystem] { return systemOf("snowflake") }

// BigQuery makes a system a BigQuery project, its subtype row included.
func BigQuery() Trait[SourceSystem] { return systemOf("bigquery") }

// Databricks makes a system a Databricks workspace, its subtype row included.
func Databricks() Trait[SourceSystem] { return systemOf("databricks") }

// Postgres makes a system a Postgres database, its subtype row included.
func Postgres() Trait[SourceSystem] { return systemOf("postgres") }

func systemOf(typ string) Trait[SourceSystem] {
	return func(s *SourceSystem) { become(s, typ) }
}

// Admin gives members the role that administers the space.
func Admin() Trait[SpaceMembership] {
	return func(m *SpaceMembership) { m.Role = "admin" }
}

// Queued makes a run wait.
func Queued() Trait[CheckRun] {
	return func(r *CheckRun) { r.Status, r.StartedAt, r.FinishedAt, r.Error = "queued", nil, nil, nil }
}

// Errored makes a run end without a result.
func Errored() Trait[CheckRun] {
	return func(r *CheckRun) { r.Status, r.Error = "errored", ptr("canceling statement due to statement timeout") }
}

// Resolved makes an alert a thing of the past.
func Resolved() Trait[Alert] {
	return func(a *Alert) { a.Status, a.ResolvedAt = "resolved", ptr(a.RaisedAt.Add(time.Hour)) }
}
