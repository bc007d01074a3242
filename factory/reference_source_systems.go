package factory

import (
	"encoding/json"
	"fmt"
	"time"
)

// SourceSystem is what a space reads from or notifies: a simple provider with a
// Config, or a complex one with a row in the table of its type.
type SourceSystem struct {
	SpaceID          UUID
	ID               UUID
	Name             string
	Type             string // slack, pagerduty, email, webhook, snowflake, bigquery, databricks or postgres
	Active           bool
	Config           json.RawMessage // of the simple ones
	SecretRef        *string         // store://path, never the secret
	SecretCiphertext []byte
	SecretKeyID      *string
	CreatedAt        time.Time
}

// TableName is source_systems.
func (SourceSystem) TableName() string { return "source_systems" }

func fillSourceSystem(s *SourceSystem, c *Cells) {
	if s.Type == "" {
		s.Type = c.Of("type").OneOf("slack", "pagerduty", "email", "webhook", "snowflake", "bigquery", "databricks", "postgres")
	}
	s.Name = c.Of("name").Words() + " " + c.Of("tag").Tag()
	s.Active = true
	s.Config = config(s.Type, c.Of("config"))
	if s.Type != "email" && s.Type != "webhook" {
		s.SecretRef = ptr("vault://kv/" + c.Of("secret_ref").Slug())
	}
	s.CreatedAt = c.Of("created_at").IncreasingTime()
}

// config is what a simple provider's CHECK asks for; nil for the complex ones.
func config(typ string, v *Value) json.RawMessage {
	switch typ {
	case "slack":
		return json.RawMessage(fmt.Sprintf(`{"channel": "#%s", "username": "seedbed"}`, v.Slug()))
	case "pagerduty":
		return json.RawMessage(fmt.Sprintf(`{"service_id": "P%06X", "severity": "%s"}`,
			v.Index(1<<24), v.OneOf("critical", "error", "warning", "info")))
	case "email":
		return json.RawMessage(fmt.Sprintf(`{"recipients": ["%s"], "subject_prefix": "[data]"}`, v.Email()))
	case "webhook":
		return json.RawMessage(fmt.Sprintf(`{"url": "https://%s/hooks", "method": "POST", "timeout_seconds": %d}`, v.Host(), v.Int(1, 60)))
	}
	return nil
}

// SnowflakeSystem is the particular part of a Snowflake system.
type SnowflakeSystem struct {
	SpaceID      UUID
	ID           UUID // of its source system
	Account      string
	Warehouse    string
	DatabaseName string
	Username     string
	RoleName     *string
}

// TableName is snowflake_systems.
func (SnowflakeSystem) TableName() string { return "snowflake_systems" }

func fillSnowflakeSystem(s *SnowflakeSystem, c *Cells) {
	s.Account = c.Of("account").Slug() + ".eu-central-1"
	s.Warehouse = c.Of("warehouse").OneOf("LOAD_WH", "TRANSFORM_WH", "REPORT_WH")
	s.DatabaseName = c.Of("database_name").OneOf("ANALYTICS", "RAW", "PROD")
	s.Username = c.Of("username").Username()
}

// BigQuerySystem is the particular part of a BigQuery system.
type BigQuerySystem struct {
	SpaceID     UUID
	ID          UUID // of its source system
	Project     string
	DatasetName string
	Location    string
}

// TableName is bigquery_systems.
func (BigQuerySystem) TableName() string { return "bigquery_systems" }

func fillBigQuerySystem(s *BigQuerySystem, c *Cells) {
	v := c.Of("project")
	s.Project = fmt.Sprintf("%s-%06d", v.Word(), v.Index(1_000_000))
	s.DatasetName = c.Of("dataset_name").OneOf("analytics", "raw", "marts")
	s.Location = c.Of("location").OneOf("EU", "US", "europe-west3")
}

// DatabricksSystem is the particular part of a Databricks system.
type DatabricksSystem struct {
	SpaceID      UUID
	ID           UUID // of its source system
	WorkspaceURL string
	HTTPPath     string
	CatalogName  string
}

// TableName is databricks_systems.
func (DatabricksSystem) TableName() string { return "databricks_systems" }

func fillDatabricksSystem(s *DatabricksSystem, c *Cells) {
	s.WorkspaceURL = "https://" + c.Of("workspace_url").Host()
	s.HTTPPath = "/sql/1.0/warehouses/" + c.Of("http_path").Tag()
	s.CatalogName = c.Of("catalog_name").OneOf("main", "prod", "hive_metastore")
}

// PostgresSystem is the particular part of a Postgres system.
type PostgresSystem struct {
	SpaceID      UUID
	ID           UUID // of its source system
	Host         string
	Port         int32
	DatabaseName string
	Username     string
	SSLMode      string `db:"sslmode"`
}

// TableName is postgres_systems.
func (PostgresSystem) TableName() string { return "postgres_systems" }

func fillPostgresSystem(s *PostgresSystem, c *Cells) {
	s.Host = c.Of("host").Host()
	s.Port = 5432
	s.DatabaseName = c.Of("database_name").OneOf("app", "billing", "warehouse")
	s.Username = c.Of("username").Username()
	s.SSLMode = c.Of("sslmode").OneOf("require", "verify-ca", "verify-full")
}
