package review

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// serveRules looks whether the plan of a named query uses the index that is there
// for it. Sequential scans are switched off, so that the shape of the plan does not
// depend on how many rows there are.
func (e *engine) serveRules(ctx context.Context, m *Migration) ([]Finding, error) {
	var all []Finding
	for _, q := range m.Serves {
		f := Finding{Rule: "query-without-index", Severity: severityOf("query-without-index"), File: m.File, Version: m.Version,
			Line: q.Line, Statement: -1, Target: q.Index, Excerpt: q.Query, Fix: "an index whose leading columns are those that the query compares with =, then those that it sorts by"}
		plans, err := e.sess.texts(ctx, "explain (format json) "+q.Query)
		failure, err := pgError(err)
		if err != nil {
			return nil, err
		}
		if failure != nil {
			f.Message, f.SQLState = "the query does not run: "+failure.Message, failure.Code
			all = append(all, f)
			continue
		}
		used, err := indexesOf(plans)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(used, func(i string) bool { return e.isOrIsPartOf(i, q.Index) }) {
			f.Message = fmt.Sprintf("%s is not used by the query that it is for; the plan uses %v", q.Index, used)
			all = append(all, f)
		}
	}
	return all, nil
}

func indexesOf(plans []string) ([]string, error) {
	var all []string
	for _, text := range plans {
		var roots []struct {
			Plan node `json:"Plan"`
		}
		if err := json.Unmarshal([]byte(text), &roots); err != nil {
			return nil, fmt.Errorf("read a plan: %w", err)
		}
		for _, r := range roots {
			r.Plan.each(func(n *node) {
				if n.Index != "" {
					all = append(all, n.Index)
				}
			})
		}
	}
	return all, nil
}

// isOrIsPartOf reports whether an index is the one wanted or a partition's part of
// it.
func (e *engine) isOrIsPartOf(used, wanted string) bool {
	if used == wanted {
		return true
	}
	byOID := map[uint32]index{}
	for _, r := range e.state.rels {
		for oid, i := range r.indexes {
			byOID[oid] = i
		}
	}
	for _, i := range byOID {
		for up := i; up.Name != "" && i.Name == used; up = byOID[up.Parent] {
			if up.Name == wanted {
				return true
			}
		}
	}
	return false
}
