package factory

import "time"

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

func ptr[T any](v T) *T { return &v }
