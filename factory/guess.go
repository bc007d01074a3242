package factory

import (
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/fake"
)

// guess makes a maker of values for a column that nobody has defined, from its type
// and, for the meaning, its name.
func guess(c *column) func(*fake.Value) any {
	t := c.Type.Underlying()
	if len(t.Labels) > 0 {
		labels := t.Labels
		return func(v *fake.Value) any { return v.OneOf(labels...) }
	}
	switch t.Name {
	case "uuid":
		return func(v *fake.Value) any { return v.UUID() }
	case "bool":
		return func(v *fake.Value) any { return v.Chance(0.5) }
	case "int2":
		return func(v *fake.Value) any { return v.Int(0, 1000) }
	case "int4", "int8":
		return guessInt(c.name)
	case "float4", "float8", "numeric", "money":
		return func(v *fake.Value) any { return float64(v.Int(0, 99)) / 4 }
	case "timestamptz", "timestamp":
		return func(v *fake.Value) any { return v.Rising() }
	case "date":
		return func(v *fake.Value) any { return v.Rising().Truncate(24 * time.Hour) }
	case "jsonb", "json":
		return func(*fake.Value) any { return "{}" }
	case "bytea":
		return func(v *fake.Value) any { return v.Bytes(16) }
	}
	if t.Elem != nil {
		return func(*fake.Value) any { return "{}" }
	}
	return guessText(c)
}

func guessInt(name string) func(*fake.Value) any {
	if strings.HasSuffix(name, "number") || strings.HasSuffix(name, "position") || name == "id" {
		return func(v *fake.Value) any { return v.Serial() }
	}
	return func(v *fake.Value) any { return v.Size(1, 10_000) }
}

func guessText(c *column) func(*fake.Value) any {
	text := textNamed(c.name)
	if c.Length <= 0 {
		return func(v *fake.Value) any { return text(v) }
	}
	limit := c.Length
	return func(v *fake.Value) any {
		s := text(v)
		return s[:min(len(s), limit)]
	}
}

func textNamed(name string) func(*fake.Value) string {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(name, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("email"):
		return (*fake.Value).Email
	case has("slug"):
		return (*fake.Value).Slug
	case has("url", "link", "website"):
		return (*fake.Value).URL
	case has("username", "login", "handle"):
		return (*fake.Value).Username
	case has("phone"):
		return (*fake.Value).Phone
	case has("body", "description", "comment", "message", "note", "text", "content"):
		return (*fake.Value).Comment
	case has("title", "subject"):
		return (*fake.Value).Words
	case has("name", "label"):
		return (*fake.Value).Company
	}
	return (*fake.Value).Tag
}
