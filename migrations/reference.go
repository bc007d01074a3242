package migrations

import (
	"embed"
	"io/fs"

	"github.com/qarion/seedbed"
)

//go:embed schema/*.sql
var embedded embed.FS

// FS has the reference schema as goose files, for pgtest.Server, [Up] or goose.
var FS = subtree(embedded, "schema")

// subtree returns a directory of fsys. If dir is not a valid path it returns fsys, and
// Open then reports an error.
func subtree(fsys fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(fsys, dir)
	if err != nil {
		return fsys
	}
	return sub
}

// Model declares what the tables of the reference schema mean. It equals what
// seedbed.Discover reads from a database with [FS] applied. Each call returns a new value.
func Model() seedbed.Model {
	return seedbed.Model{
		Tenants: []seedbed.Tenant{
			{Name: "organization", Table: "organizations", Key: columns("id"), Setting: "seedbed.organization_id"},
			{Name: "space", Table: "spaces", Key: columns("id"), Setting: "seedbed.space_id",
				Parent: "organization", ParentColumns: columns("organization_id")},
		},
		Scoped: append(scopedToSpace("space_memberships", "datasets", "quality_checks", "check_runs", "check_results",
			"source_systems", "snowflake_systems", "bigquery_systems", "databricks_systems", "postgres_systems",
			"comments", "attachments", "annotations"),
			seedbed.Scoped{Table: "organization_memberships", Tenant: "organization", Columns: columns("organization_id")}),
		Aggregates: []seedbed.Aggregate{aggregate("alerts"), aggregate("audit_logs")},
		Global:     []string{"users"},
		Polymorphic: []seedbed.Polymorphic{
			pair("comments", resources()...),
			pair("attachments", append(resources(), resource("comment", "comments"))...),
			pair("annotations", append(resources(), resource("comment", "comments"))...),
		},
		Inheritance: []seedbed.Inheritance{{
			Table: "source_systems", Key: columns("space_id", "id"), Discriminator: "type",
			Subtypes: []seedbed.Subtype{
				{Value: "slack", Column: "config"}, {Value: "pagerduty", Column: "config"},
				{Value: "email", Column: "config"}, {Value: "webhook", Column: "config"},
				warehouse("snowflake"), warehouse("bigquery"), warehouse("databricks"), warehouse("postgres"),
			},
		}},
	}
}

// resources are the targets of comments, attachments and annotations alike.
func resources() []seedbed.Target {
	return []seedbed.Target{
		resource("dataset", "datasets"), resource("quality_check", "quality_checks"), resource("check_run", "check_runs"),
		resource("source_system", "source_systems"), resource("alert", "alerts"),
	}
}

func columns(names ...string) []string { return names }

func scopedToSpace(tables ...string) []seedbed.Scoped {
	all := make([]seedbed.Scoped, len(tables))
	for i, table := range tables {
		all[i] = seedbed.Scoped{Table: table, Tenant: "space", Columns: columns("space_id")}
	}
	return all
}

func aggregate(table string) seedbed.Aggregate {
	return seedbed.Aggregate{Table: table, Tenant: "space", Columns: columns("space_id"),
		Across: "organization", AcrossColumns: columns("organization_id")}
}

func resource(kind, table string) seedbed.Target {
	return seedbed.Target{Type: kind, Table: table, Key: "id", Shadow: kind + "_id"}
}

func pair(table string, targets ...seedbed.Target) seedbed.Polymorphic {
	return seedbed.Polymorphic{Table: table, Type: "resource_type", ID: "resource_id", Tenant: columns("space_id"), Targets: targets}
}

func warehouse(kind string) seedbed.Subtype {
	return seedbed.Subtype{Value: kind, Table: kind + "_systems", Key: columns("space_id", "id"), Discriminator: "type"}
}
