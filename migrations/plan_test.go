package migrations_test

import (
	"encoding/json"
	"testing"

	"github.com/qarion/seedbed"
)

// plan is the part of EXPLAIN's output that the tests use.
type plan struct {
	Node      string  `json:"Node Type"`
	Relation  string  `json:"Relation Name"`
	Index     string  `json:"Index Name"`
	IndexCond string  `json:"Index Cond"`
	Filter    string  `json:"Filter"`
	Rows      float64 `json:"Actual Rows"`
	Loops     float64 `json:"Actual Loops"`
	Removed   float64 `json:"Rows Removed by Filter"`
	Hit       float64 `json:"Shared Hit Blocks"`
	Read      float64 `json:"Shared Read Blocks"`
	Plans     []plan  `json:"Plans"`
}

// explain runs the query and returns its plan with actual row counts.
func explain(t *testing.T, db seedbed.DB, sql string, args ...any) plan {
	t.Helper()
	raw := queryValue[string](t, db, "explain (analyze, buffers, timing off, format json) "+sql, args...)
	var out []struct{ Plan plan }
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		t.Fatal(err)
	}
	return out[0].Plan
}

// scans returns the nodes that read a relation and were executed.
func (p plan) scans() []plan {
	var all []plan
	if p.Relation != "" || p.Node == "Bitmap Index Scan" {
		if p.Loops > 0 {
			all = append(all, p)
		}
	}
	for _, sub := range p.Plans {
		all = append(all, sub.scans()...)
	}
	return all
}

// scan returns the node that reads the relation, of a bitmap scan with its index.
func (p plan) scan(relation string) plan {
	if p.Relation == relation {
		for _, sub := range p.Plans {
			if sub.Node == "Bitmap Index Scan" {
				p.Index, p.IndexCond = sub.Index, sub.IndexCond
			}
		}
		return p
	}
	for _, sub := range p.Plans {
		if found := sub.scan(relation); found.Relation != "" {
			return found
		}
	}
	return plan{}
}
