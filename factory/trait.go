package factory

// Row is a row of a table, as a struct has it: the method says of which table,
// with its schema where the search path does not find it. Fields are columns by
// their `db` tag, or by their name in snake case.
type Row interface{ TableName() string }

// Trait says something about rows of T, after the definition has: any function of
// that shape is one.
//
//	func Red(w *Widget) { w.Color = "red" }
//
//	Widgets.Create(t, db, Red)
//
// What a trait sets is written as it is, false and 0 included.
type Trait[T any] func(*T)

// Set makes a trait of a function for the built-in factories, whose calls take
// Options as well and so cannot take a plain function:
//
//	factory.Datasets.Create(t, db, factory.In(space), factory.Set(func(d *factory.Dataset) { d.Name = "orders" }))
func Set[T any](f func(row *T)) Trait[T] { return f }

// The traits that a built-in factory takes are an interface of its table with one
// method. Trait[T] has the methods of all tables, each with its T, so that it fits
// one table only; options have those of the tables that they make sense for. So
// the compiler knows that a comment's trait is none of a dataset's, although
// nothing here is ever called.

func (Trait[T]) organization(*T)           {}
func (Trait[T]) space(*T)                  {}
func (Trait[T]) user(*T)                   {}
func (Trait[T]) organizationMembership(*T) {}
func (Trait[T]) spaceMembership(*T)        {}
func (Trait[T]) dataset(*T)                {}
func (Trait[T]) qualityCheck(*T)           {}
func (Trait[T]) checkRun(*T)               {}
func (Trait[T]) checkResult(*T)            {}
func (Trait[T]) sourceSystem(*T)           {}
func (Trait[T]) snowflakeSystem(*T)        {}
func (Trait[T]) bigQuerySystem(*T)         {}
func (Trait[T]) databricksSystem(*T)       {}
func (Trait[T]) postgresSystem(*T)         {}
func (Trait[T]) alert(*T)                  {}
func (Trait[T]) auditLog(*T)               {}
func (Trait[T]) comment(*T)                {}
func (Trait[T]) attachment(*T)             {}
func (Trait[T]) annotation(*T)             {}

type (
	onOrganizations           struct{}
	onSpaces                  struct{}
	onUsers                   struct{}
	onOrganizationMemberships struct{}
	onSpaceMemberships        struct{}
	onDatasets                struct{}
	onQualityChecks           struct{}
	onCheckRuns               struct{}
	onCheckResults            struct{}
	onSourceSystems           struct{}
	onSubtypes                struct{}
	onAlerts                  struct{}
	onAuditLogs               struct{}
	onComments                struct{}
	onAttachments             struct{}
	onAnnotations             struct{}
)

func (onOrganizations) organization(*Organization)                               {}
func (onSpaces) space(*Space)                                                    {}
func (onUsers) user(*User)                                                       {}
func (onOrganizationMemberships) organizationMembership(*OrganizationMembership) {}
func (onSpaceMemberships) spaceMembership(*SpaceMembership)                      {}
func (onDatasets) dataset(*Dataset)                                              {}
func (onQualityChecks) qualityCheck(*QualityCheck)                               {}
func (onCheckRuns) checkRun(*CheckRun)                                           {}
func (onCheckResults) checkResult(*CheckResult)                                  {}
func (onSourceSystems) sourceSystem(*SourceSystem)                               {}
func (onSubtypes) snowflakeSystem(*SnowflakeSystem)                              {}
func (onSubtypes) bigQuerySystem(*BigQuerySystem)                                {}
func (onSubtypes) databricksSystem(*DatabricksSystem)                            {}
func (onSubtypes) postgresSystem(*PostgresSystem)                                {}
func (onAlerts) alert(*Alert)                                                    {}
func (onAuditLogs) auditLog(*AuditLog)                                           {}
func (onComments) comment(*Comment)                                              {}
func (onAttachments) attachment(*Attachment)                                     {}
func (onAnnotations) annotation(*Annotation)                                     {}

// Tables by what may be said about them.
type (
	authoredTables struct {
		onSpaceMemberships
		onOrganizationMemberships
		onDatasets
		onQualityChecks
		onAuditLogs
		onComments
		onAttachments
		onAnnotations
	}
	resourceTables struct {
		onDatasets
		onQualityChecks
		onCheckRuns
		onCheckResults
		onSubtypes
		onAlerts
		onAuditLogs
		onComments
		onAttachments
		onAnnotations
	}
	scopedTables struct {
		onSpaces
		onOrganizationMemberships
		onSpaceMemberships
		onDatasets
		onQualityChecks
		onCheckRuns
		onCheckResults
		onSourceSystems
		onSubtypes
		onAlerts
		onAuditLogs
		onComments
		onAttachments
		onAnnotations
	}
	allTables struct {
		scopedTables
		onOrganizations
		onUsers
	}
)
