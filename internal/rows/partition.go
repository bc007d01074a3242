package rows

import (
	"regexp"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/fake"
)

var (
	boundFrom = regexp.MustCompile(`FROM \('?([^',)]*)'?.*TO \('?([^',)]*)'?`)
	boundIn   = regexp.MustCompile(`IN \((.*)\)`)
)

// partition makes values that a partition takes, where the column decides which and
// no default partition takes the rest.
func (c *column) partition() func(*fake.Value) any {
	t := c.Table
	if len(t.PartitionBy) == 0 || t.PartitionBy[0] != c.name {
		return nil
	}
	var choices []string
	for _, p := range t.Children {
		if p.Bound == "DEFAULT" {
			return nil
		}
		if m := boundIn.FindStringSubmatch(p.Bound); m != nil {
			choices = append(choices, literalsOf(m[1])...)
		}
		if m := boundFrom.FindStringSubmatch(p.Bound); m != nil && m[1] != "MINVALUE" {
			choices = append(choices, m[1])
		}
	}
	if len(choices) == 0 {
		return nil
	}
	name := c.Type.Underlying().Name
	return func(v *fake.Value) any {
		s := choices[v.Index(len(choices))]
		if strings.HasPrefix(name, "timestamp") {
			return later(s, v)
		}
		return s
	}
}

// later moves on from a partition's beginning by the row, a second each for a day.
func later(from string, v *fake.Value) any {
	for _, layout := range []string{"2006-01-02 15:04:05-07", "2006-01-02 15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, from); err == nil {
			return at.Add(time.Duration(v.Row()%86_400) * time.Second)
		}
	}
	return from
}
