package factory

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Dataset is a table or file that a space watches over.
type Dataset struct {
	SpaceID        UUID
	ID             UUID
	Name           string
	Description    *string
	Tags           []string
	RowCount       *int64
	OwnerID        UUID // a member of the space
	SourceSystemID UUID // zero: an upload
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// TableName is datasets.
func (Dataset) TableName() string { return "datasets" }

func fillDataset(d *Dataset, c *Cells) {
	d.Name = c.Of("name").Dataset()
	if v := c.Of("description"); v.Chance(0.7) {
		d.Description = ptr(v.Sentence())
	}
	v := c.Of("tags")
	d.Tags = []string{}
	for range v.Index(4) {
		d.Tags = append(d.Tags, v.OneOf("pii", "finance", "gold", "silver", "bronze", "legacy", "daily"))
	}
	if v := c.Of("row_count"); v.Chance(0.9) {
		d.RowCount = ptr(v.Size(0, 2_000_000_000))
	}
	d.CreatedAt = c.Of("created_at").IncreasingTime()
	d.UpdatedAt = c.Of("updated_at").After(d.CreatedAt)
}

// QualityCheck is a rule that a dataset is held to.
type QualityCheck struct {
	SpaceID    UUID
	ID         UUID
	DatasetID  UUID
	Name       string
	Kind       string // freshness, row_count, not_null, unique, range or sql
	Expression *string
	Schedule   *string // five cron fields
	Enabled    bool
	Severity   string // info, warning, error or critical
	CreatedBy  UUID   // a member of the space
	CreatedAt  time.Time
}

// TableName is quality_checks.
func (QualityCheck) TableName() string { return "quality_checks" }

func fillQualityCheck(q *QualityCheck, c *Cells) {
	q.Name = c.Of("name").Check()
	q.Kind = c.Of("kind").OneOf("sql", "sql", "freshness", "row_count", "not_null", "unique", "range")
	q.Expression = expression(q.Kind, c.Of("expression"))
	if v := c.Of("schedule"); v.Chance(0.8) {
		q.Schedule = ptr(v.Cron())
	}
	q.Enabled = true
	q.Severity = c.Of("severity").OneOf("warning", "warning", "error", "error", "info", "critical")
	q.CreatedAt = c.Of("created_at").IncreasingTime()
}

func expression(kind string, v *Value) *string {
	switch kind {
	case "sql":
		return ptr(v.SQL())
	case "row_count":
		return ptr("> " + strconv.FormatInt(v.Size(0, 100_000), 10))
	case "freshness":
		return ptr(strconv.FormatInt(v.Int(1, 48), 10) + "h")
	}
	return ptr(v.Column())
}

// CheckRun is one execution of a check.
type CheckRun struct {
	SpaceID        UUID
	ID             UUID
	QualityCheckID UUID
	Status         string // queued, running, passed, failed or errored
	QueuedAt       time.Time
	StartedAt      *time.Time
	FinishedAt     *time.Time
	Error          *string
}

// TableName is check_runs.
func (CheckRun) TableName() string { return "check_runs" }

func fillCheckRun(r *CheckRun, c *Cells) {
	r.Status = "passed"
	if c.Of("status").Chance(0.2) {
		r.Status = "failed"
	}
	r.QueuedAt = c.Of("queued_at").IncreasingTime()
	r.StartedAt = ptr(c.Of("started_at").After(r.QueuedAt))
	r.FinishedAt = ptr(c.Of("finished_at").After(*r.StartedAt))
}

// CheckResult is one measurement of a run.
type CheckResult struct {
	SpaceID    UUID
	CheckRunID UUID
	Ordinal    int32 // from 0
	Metric     string
	Observed   *float64
	Expected   *string
	Passed     bool
	Sample     json.RawMessage // an array of objects, or NULL
}

// TableName is check_results.
func (CheckResult) TableName() string { return "check_results" }

func fillCheckResult(r *CheckResult, c *Cells) {
	r.Ordinal = int32(c.Row() % (1 << 31))
	r.Metric = c.Of("metric").OneOf("row_count", "null_count", "duplicates", "age_hours", "sum", "mean", "max")
	n := c.Of("observed").Size(0, 1_000_000)
	r.Observed = ptr(float64(n))
	r.Expected = ptr("<= " + strconv.FormatInt(n+c.Of("expected").Size(0, 1000), 10))
	r.Passed = true
}

// sample is what a failing result shows.
func sample(r *CheckResult) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`[{"id": %d, "%s": null}]`, r.Ordinal+1, r.Metric))
}
