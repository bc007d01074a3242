package factory

import (
	"encoding/json"
	"fmt"
	"path"
	"time"
)

// Comment is a remark on any resource of its space.
type Comment struct {
	SpaceID      UUID
	ID           UUID
	ResourceType string
	ResourceID   UUID
	ParentID     UUID // zero: it starts a thread
	AuthorID     UUID // a member of the space
	Body         string
	CreatedAt    time.Time
	EditedAt     *time.Time
}

// TableName is comments.
func (Comment) TableName() string { return "comments" }

func fillComment(m *Comment, c *Cells) {
	m.Body = c.Of("body").Comment()
	m.CreatedAt = c.Of("created_at").IncreasingTime()
	if v := c.Of("edited_at"); v.Chance(0.1) {
		m.EditedAt = ptr(v.After(m.CreatedAt))
	}
}

// Reply makes comments answer another one, on the same resource.
func Reply(to Comment) Option {
	return Set(func(c *Comment) {
		c.SpaceID, c.ResourceType, c.ResourceID, c.ParentID = to.SpaceID, to.ResourceType, to.ResourceID, to.ID
	})
}

// Attachment is a file on any resource of its space, comments included.
type Attachment struct {
	SpaceID      UUID
	ID           UUID
	ResourceType string
	ResourceID   UUID
	Filename     string
	ContentType  string
	Content      []byte
	ByteSize     int32  // generated
	SHA256       []byte `db:"sha256"` // generated
	Metadata     json.RawMessage
	UploadedBy   UUID // a member of the space
	CreatedAt    time.Time
}

// TableName is attachments.
func (Attachment) TableName() string { return "attachments" }

func fillAttachment(a *Attachment, c *Cells) {
	a.Filename = c.Of("filename").File()
	a.ContentType = contentType(a.Filename)
	v := c.Of("content")
	a.Content = v.Bytes(int(v.Size(16, 4096)))
	a.Metadata = json.RawMessage(fmt.Sprintf(`{"pages": %d}`, c.Of("metadata").Int(1, 40)))
	a.CreatedAt = c.Of("created_at").IncreasingTime()
}

// Annotation is a named value on any resource of its space.
type Annotation struct {
	SpaceID      UUID
	ID           UUID
	ResourceType string
	ResourceID   UUID
	Name         string
	Value        json.RawMessage
	AnnotatedBy  UUID // a member of the space
	CreatedAt    time.Time
}

// TableName is annotations.
func (Annotation) TableName() string { return "annotations" }

func fillAnnotation(a *Annotation, c *Cells) {
	a.Name = c.Of("name").OneOf("owner", "sla", "grain", "pii", "source") + "." + c.Of("tag").Tag()
	v := c.Of("value")
	a.Value = json.RawMessage(v.OneOf(`true`, `false`, `"daily"`, `"gold"`, `{"hours": 24}`, `["a", "b"]`, `3.5`))
	a.CreatedAt = c.Of("created_at").IncreasingTime()
}

func contentType(file string) string {
	switch path.Ext(file) {
	case ".csv":
		return "text/csv"
	case ".pdf":
		return "application/pdf"
	case ".png":
		return "image/png"
	case ".json":
		return "application/json"
	}
	return "application/octet-stream"
}
