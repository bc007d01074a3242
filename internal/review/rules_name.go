package review

import (
	"fmt"
	"slices"
	"strings"
)

// nameRules: identifiers that Postgres cuts at 63 bytes, which it says in a notice.
func (j *evaluator) nameRules(s *step) {
	for _, m := range s.notices {
		if m.code != "42622" { // name_too_long
			continue
		}
		j.add(s, "identifier-truncated", "", NoLock,
			m.text+": code that names it in full finds it, a second one with the same beginning does not go in, and dumps have another name", "a name of at most 63 bytes")
	}
}

// lostIndexes: an index over several columns goes with any of them, unsaid.
func (j *evaluator) lostIndexes(s *step, p pair) {
	for _, i := range p.goneIndexes() {
		first, existed := j.start.rels[p.old.OID].indexes[i.OID]
		if !existed || i.Parent != 0 || len(first.Key) < 2 || !p.lost(first.Key) {
			continue
		}
		var left []int16
		for _, k := range first.Key {
			if _, still := p.new.columns[k]; still {
				left = append(left, k)
			}
		}
		if len(left) == 0 {
			continue
		}
		rest := strings.Join(p.new.columnNames(left), ", ")
		j.on(s, "drop-column-drops-index", p.new, fmt.Sprintf("%s goes with the column: queries that it served by (%s) scan %s from this moment", i.Name, rest, j.name(p.new)),
			fmt.Sprintf("before it, CREATE INDEX CONCURRENTLY ON %s (%s); %s", p.new.sql(), rest, j.mig.Tool.Alone))
	}
}

// mostIndexColumns is how many columns of a non-unique index still pay.
const mostIndexColumns = 3

// wideIndex: an index that is rarely used beyond its first columns, and always written.
// One over the columns of a foreign key is as wide as the key.
func (j *evaluator) wideIndex(s *step, r *relation, i index) {
	if i.Unique || i.Keys <= mostIndexColumns || i.Method != "btree" || r.hasKeyOver(i.Key[:i.Keys]) {
		return
	}
	j.add(s, "index-too-wide", r.String(), NoLock, fmt.Sprintf("%s has %d key columns: each write pays for all of them, queries rarely use more than %d", i.Name, i.Keys, mostIndexColumns),
		"fewer key columns, in the order of the queries' conditions; columns that are only read go behind INCLUDE")
}

// hasKeyOver reports whether a foreign key has just these columns, in any order.
func (r *relation) hasKeyOver(columns []int16) bool {
	for _, c := range r.constraints {
		if c.Type == "f" && len(c.Key) == len(columns) && !slices.ContainsFunc(c.Key, func(n int16) bool { return !slices.Contains(columns, n) }) {
			return true
		}
	}
	return false
}
