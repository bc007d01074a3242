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

// AlertTrait is what may be said about an alert: In a space, On a run or a source
// system, Resolved, Hostile.
type AlertTrait interface{ alert(*Alert) }

// Alerts makes alerts, some of them resolved.
var Alerts = define[Alert, AlertTrait](Definition[Alert]{
	Row: func(a *Alert, c *Cells) {
		a.Severity = c.Of("severity").OneOf("info", "warning", "warning", "error", "critical")
		a.Status = c.Of("status").OneOf("open", "acknowledged", "resolved")
		a.Title = c.Of("title").Check() + ": failed"
		a.Details = json.RawMessage(fmt.Sprintf(`{"failed_rows": %d}`, c.Of("details").Size(1, 1_000_000)))
		a.RaisedAt = c.Of("raised_at").Rising()
		if a.Status == "resolved" {
			a.ResolvedAt = ptr(c.Of("resolved_at").After(a.RaisedAt))
		}
	},
	Parents: append([]Maker{CheckRuns, QualityChecks, Datasets}, people...),
})

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

// AuditLogTrait is what may be said about an entry: In a space, By a user, Hostile.
type AuditLogTrait interface{ auditLog(*AuditLog) }

// AuditLogs makes entries that move forward in time.
var AuditLogs = define[AuditLog, AuditLogTrait](Definition[AuditLog]{
	Row: func(a *AuditLog, c *Cells) {
		a.OccurredAt = c.Of("occurred_at").Rising()
		v := c.Of("action")
		kind := v.OneOf("dataset", "quality_check", "source_system", "comment", "alert", "space")
		a.Action = kind + "." + v.OneOf("create", "update", "update", "delete", "read", "export")
		a.Subject = kind + "/" + UUID(c.Of("subject").UUIDv4()).String()
		a.Details = json.RawMessage(fmt.Sprintf(`{"ip": "203.0.113.%d"}`, c.Of("details").Int(1, 254)))
	},
	Parents: people,
})
