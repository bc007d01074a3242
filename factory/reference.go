package factory

import (
	"github.com/qarion/seedbed/internal/rows"
)

// The factories of the reference schema. Each makes rows of the table whose name it
// has, and what those rows need.
var (
	// Organizations makes customers.
	Organizations = New(Definition[Organization]{Row: fillOrganization})
	// Spaces makes tenants.
	Spaces = New(Definition[Space]{Row: fillSpace, Parents: []Maker{Organizations}})
	// Users makes people.
	Users = New(Definition[User]{Row: fillUser})
	// OrganizationMemberships makes people members of organizations.
	OrganizationMemberships = New(Definition[OrganizationMembership]{Row: fillOrganizationMembership, Parents: []Maker{Organizations, Users}})
	// SpaceMemberships makes people members of spaces.
	SpaceMemberships = New(Definition[SpaceMembership]{Row: fillSpaceMembership, Parents: []Maker{Spaces, Users, Organizations}})
	// Datasets makes datasets. Their sizes are skewed: most are small, a few huge.
	Datasets = New(Definition[Dataset]{Row: fillDataset, Parents: people})
	// QualityChecks makes rules, most of them scheduled.
	QualityChecks = New(Definition[QualityCheck]{Row: fillQualityCheck, Parents: append([]Maker{Datasets}, people...)})
	// CheckRuns makes executions, one after the other in time; four in five passed.
	CheckRuns = New(Definition[CheckRun]{Row: fillCheckRun, Parents: append([]Maker{QualityChecks, Datasets}, people...)})
	// CheckResults makes measurements that passed.
	CheckResults = New(Definition[CheckResult]{Row: fillCheckResult, Parents: append([]Maker{CheckRuns, QualityChecks, Datasets}, people...)})
	// SourceSystems makes systems of every type. A complex one comes with its row in the
	// subtype's table.
	SourceSystems = New(Definition[SourceSystem]{Row: fillSourceSystem, Parents: append([]Maker{SnowflakeSystems, BigQuerySystems, DatabricksSystems, PostgresSystems}, people...)})
	// SnowflakeSystems makes Snowflake systems, base row included.
	SnowflakeSystems = New(Definition[SnowflakeSystem]{Row: fillSnowflakeSystem, Parents: systemParents})
	// BigQuerySystems makes BigQuery systems, base row included.
	BigQuerySystems = New(Definition[BigQuerySystem]{Row: fillBigQuerySystem, Parents: systemParents})
	// DatabricksSystems makes Databricks systems, base row included.
	DatabricksSystems = New(Definition[DatabricksSystem]{Row: fillDatabricksSystem, Parents: systemParents})
	// PostgresSystems makes Postgres systems, base row included.
	PostgresSystems = New(Definition[PostgresSystem]{Row: fillPostgresSystem, Parents: systemParents})
	// Alerts makes alerts, some of them resolved.
	Alerts = New(Definition[Alert]{Row: fillAlert, Parents: append([]Maker{CheckRuns, QualityChecks, Datasets}, people...)})
	// AuditLogs makes entries that move forward in time.
	AuditLogs = New(Definition[AuditLog]{Row: fillAuditLog, Parents: people})
	// Comments makes remarks.
	Comments = New(Definition[Comment]{Row: fillComment, Parents: resources})
	// Attachments makes files, most of them small.
	Attachments = New(Definition[Attachment]{Row: fillAttachment, Parents: append([]Maker{Comments}, resources...)})
	// Annotations makes named values.
	Annotations = New(Definition[Annotation]{Row: fillAnnotation, Parents: append([]Maker{Comments}, resources...)})
)

// Which factories make the parents of rows.
var (
	people        = []Maker{SpaceMemberships, Spaces, Users, Organizations}
	systemParents = append([]Maker{lazySourceSystems{}}, people...)
	resources     = append([]Maker{Datasets, QualityChecks, CheckRuns, SourceSystems, Alerts,
		SnowflakeSystems, BigQuerySystems, DatabricksSystems, PostgresSystems}, people...)
)

// lazySourceSystems is SourceSystems for Parents: Go cannot initialize a base and its
// subtypes that name each other.
type lazySourceSystems struct{}

func (lazySourceSystems) definition() *rows.Definition { return SourceSystems.def }

// Builtin returns a volume of every built-in factory, with every trait and every type of
// its rows, for Lint on a database with the reference schema.
func Builtin() []Volume {
	plain := []Volume{Organizations.N(2), Spaces.N(2), Users.N(2), OrganizationMemberships.N(2), SpaceMemberships.N(2),
		Datasets.N(2), QualityChecks.N(6), CheckRuns.N(6), CheckResults.N(6), SourceSystems.N(8), SnowflakeSystems.N(2),
		BigQuerySystems.N(2), DatabricksSystems.N(2), PostgresSystems.N(2), Alerts.N(6), AuditLogs.N(4), Comments.N(8),
		Attachments.N(8), Annotations.N(8)}
	states := []Volume{Spaces.N(2, Inactive()), SpaceMemberships.N(2, Inactive()), SpaceMemberships.N(1, Admin()),
		QualityChecks.N(2, Inactive()), SourceSystems.N(2, Inactive()), CheckRuns.N(2, Failing()), CheckRuns.N(1, Queued()),
		CheckRuns.N(1, Errored()), CheckResults.N(2, Failing()), Alerts.N(2, Resolved())}
	hostile := []Volume{Organizations.N(21, Hostile()), Users.N(21, Hostile()), Datasets.N(21, Hostile()), QualityChecks.N(21, Hostile()),
		CheckResults.N(21, Hostile()), SourceSystems.N(21, Hostile()), Alerts.N(21, Hostile()), AuditLogs.N(21, Hostile()),
		Comments.N(21, Hostile()), Attachments.N(21, Hostile()), Annotations.N(21, Hostile())}
	all := append(append(plain, states...), hostile...)
	for _, typ := range []Option{Slack(), PagerDuty(), Email(), Webhook(), Snowflake(), BigQuery(), Databricks(), Postgres()} {
		all = append(all, SourceSystems.N(2, typ))
	}
	return all
}

func ptr[T any](v T) *T { return &v }
