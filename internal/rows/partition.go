package rows

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

var (
	rangeBound = regexp.MustCompile(`^FOR VALUES FROM \('?([^',)]*)'?.*\) TO \('?([^',)]*)'?`)
	listBound  = regexp.MustCompile(`^FOR VALUES IN \((.*)\)$`)
)

// partitionRange is what a partition takes of a column, as Postgres prints it: one value,
// with to empty, or those from a lower up to an upper bound.
type partitionRange struct{ from, to string }

// partitionValues returns what makes values that a partition takes; nil where the column
// decides no partition, or a DEFAULT partition takes the rest.
func (c *column) partitionValues() func(*fake.Value) any {
	var ranges []partitionRange
	if !c.collectPartitions(c.Table, &ranges) || len(ranges) == 0 {
		return nil
	}
	typ := c.Type.Underlying().Name
	return func(v *fake.Value) any {
		r := ranges[v.Index(len(ranges))]
		if r.to == "" {
			return r.from
		}
		return r.value(typ, v.Row())
	}
}

// collectPartitions collects the ranges of the partitions of a table, and of theirs, by the
// column. It returns false where a DEFAULT partition takes everything.
func (c *column) collectPartitions(t *catalog.Relation, ranges *[]partitionRange) bool {
	decides := len(t.PartitionBy) > 0 && t.PartitionBy[0] == c.name
	for _, p := range t.Children {
		if decides {
			if p.Bound == "DEFAULT" {
				return false
			}
			if m := listBound.FindStringSubmatch(p.Bound); m != nil {
				for _, value := range literals(m[1]) {
					*ranges = append(*ranges, partitionRange{from: value})
				}
			}
			if m := rangeBound.FindStringSubmatch(p.Bound); m != nil && m[1] != "MINVALUE" {
				*ranges = append(*ranges, partitionRange{m[1], m[2]})
			}
		}
	}
	if decides {
		return true
	}
	for _, p := range t.Children {
		if len(p.Children) > 0 && !c.collectPartitions(p, ranges) {
			return false
		}
	}
	return true
}

// value returns a value within the range: another one for each row, until all have been
// used.
func (r partitionRange) value(typ string, row int64) any {
	if from, ok := parseBoundTime(r.from); ok {
		span := 24 * time.Hour
		if to, ok := parseBoundTime(r.to); ok {
			span = to.Sub(from)
		}
		step := min(time.Second, max(span/1000, time.Microsecond))
		if typ == "date" {
			step = 24 * time.Hour
		}
		at := from.Add(time.Duration(row%max(int64(span/step), 1)) * step)
		if typ == "date" {
			return at.Format(time.DateOnly)
		}
		return at
	}
	if from, err := strconv.ParseInt(r.from, 10, 64); err == nil {
		to, err := strconv.ParseInt(r.to, 10, 64)
		if err != nil || to <= from {
			to = from + 1_000_000
		}
		return from + row%(to-from)
	}
	return r.from
}

// parseBoundTime reads a bound that is a date or a timestamp.
func parseBoundTime(bound string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05.999999", time.DateOnly} {
		if at, err := time.Parse(layout, bound); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// checkPartitions refuses a partitioned table without partitions: it takes no row.
func (t *table) checkPartitions() error {
	if len(t.relation.Leaves()) == 0 {
		return fmt.Errorf("%s is partitioned BY %s and has no partition, so it takes no row: create a partition, or a DEFAULT one", t.name, t.relation.PartitionKey)
	}
	return nil
}
