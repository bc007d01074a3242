package factory

import (
	"encoding/json"
	"fmt"
	"time"
)

// Alert is an aggregate: written per space, read per organization.
type Alert struct {
	SpaceID        UUID
	ID             UUID
	OrganizationID UUID
	CheckRunID     UUID // zero: none
	SourceSystemID UUID // zero: not sent yet
	Severity       string
	Status         string // open, acknowledged or resolved
	Title          string
	Details        json.RawMessage
	RaisedAt       time.Time
	ResolvedAt     *time.Time
}

// TableName is alerts.
func (Alert) TableName() string { return "alerts" }

func fillAlert(a *Alert, c *Cells) {
	a.Severity = c.Of("severity").OneOf("info", "warning", "warning", "error", "critical")
	a.Status = c.Of("status").OneOf("open", "acknowledged", "resolved")
	a.Title = c.Of("title").Check() + ": failed"
	a.Details = json.RawMessage(fmt.Sprintf(`{"failed_rows": %d}`, c.Of("details").Size(1, 1_000_000)))
	a.RaisedAt = c.Of("raised_at").IncreasingTime()
	if a.Status == "resolved" {
		a.ResolvedAt = ptr(c.Of("resolved_at").After(a.RaisedAt))
	}
}

// AuditLog is an aggregate and a time series: who did what, when.
type AuditLog struct {
	SpaceID        UUID
	OccurredAt     time.Time
	ID             UUID
	OrganizationID UUID
	ActorID        UUID   // a member of the space; zero: the system
	Action         string // noun.verb
	Subject        string // kind/uuid
	Details        json.RawMessage
}

// TableName is audit_logs.
func (AuditLog) TableName() string { return "audit_logs" }

func fillAuditLog(a *AuditLog, c *Cells) {
	a.OccurredAt = c.Of("occurred_at").IncreasingTime()
	v := c.Of("action")
	kind := v.OneOf("dataset", "quality_check", "source_system", "comment", "alert", "space")
	a.Action = kind + "." + v.OneOf("create", "update", "update", "delete", "read", "export")
	a.Subject = kind + "/" + UUID(c.Of("subject").UUIDv4()).String()
	a.Details = json.RawMessage(fmt.Sprintf(`{"ip": "203.0.113.%d"}`, c.Of("details").Int(1, 254)))
}
