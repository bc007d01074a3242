package review

import (
	"fmt"
	"slices"
	"strings"
)

// dataRules: DML that goes through whole tables.
func (j *evaluator) dataRules(s *step) {
	for i := range s.plans {
		for _, c := range s.plans[i].changes(j.oldNamed(s), s.partOf) {
			r := s.stateAfter.find(c.schema, c.name)
			if r == nil || !j.old(r.OID) {
				continue
			}
			if c.whole {
				j.backfill(s, r, strings.ToUpper(c.operation))
			}
			if (c.whole || c.bulk) && s.locksBefore[r.OID] == AccessExclusive {
				j.mixed(s, r)
			}
		}
	}
	j.rowByRow(s)
}

// partOf reports whether a scan is of a table or of one of its partitions.
func (s *step) partOf(n *node, schema, name string) bool {
	if n.Schema == schema && n.Relation == name {
		return true
	}
	part := s.stateAfter.find(n.Schema, n.Relation)
	return part != nil && slices.ContainsFunc(s.stateAfter.ancestors(part), func(a *relation) bool { return a.Schema == schema && a.Name == name })
}

func (j *evaluator) backfill(s *step, r *relation, verb string) {
	fix := fmt.Sprintf("in batches that commit: a DO loop, %s, that runs %s … WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE … LIMIT 5000)); COMMIT; until none is left", j.mig.Tool.Alone, verb, r.sql())
	if r.Kind == "p" {
		fix = "partition by partition, each " + fix
	}
	j.add(s, "unbatched-backfill", j.name(r), s.lockOn(r.OID),
		fmt.Sprintf("%s goes through all of %s in one statement: row locks, WAL and dead rows pile up until it commits", verb, j.name(r)), fix)
}

func (j *evaluator) mixed(s *step, r *relation) {
	j.add(s, "mixed-ddl-dml-backfill", j.name(r), AccessExclusive,
		fmt.Sprintf("%s stays closed to reads and writes, from an earlier statement of this transaction, for as long as its rows are changed", j.name(r)),
		"commit the DDL in one migration and change the rows in the next, in batches")
}

// rowByRow: a loop over all rows that changes them one at a time. The table is empty
// here, so the change itself never ran: it is read in the code.
func (j *evaluator) rowByRow(s *step) {
	if !s.mayRunCode() || s.has("commit") {
		return
	}
	for i := range s.plans {
		for _, n := range s.plans[i].scans(j.oldNamed(s)) {
			r := s.stateAfter.find(n.Schema, n.Relation)
			if r == nil || !s.has("loop") {
				continue
			}
			if verb := s.changesByName(r.Name); verb != "" {
				j.backfill(s, r, verb)
				if s.locksBefore[r.OID] == AccessExclusive {
					j.mixed(s, r)
				}
			}
		}
	}
}

// changesByName is UPDATE or DELETE where the code says so of the table.
func (s *step) changesByName(table string) string {
	for i, w := range s.words {
		if !w.Is("update") && !(w.Is("delete") && i+1 < len(s.words) && s.words[i+1].Is("from")) {
			continue
		}
		for k := i + 1; k < min(i+6, len(s.words)); k++ {
			if s.words[k].IsIdentifier() && s.words[k].Text == table {
				return strings.ToUpper(w.Text)
			}
			if s.words[k].Is("set") || s.words[k].Is("where") {
				break
			}
		}
	}
	return ""
}

// work is something in a step that takes as long as a table is large.
type work struct {
	oid  uint32
	what string
	need Lock // what the work itself asks for
}

// longWork lists scans, rewrites, index builds and bulk DML on old tables.
func (j *evaluator) longWork(s *step) []work {
	var all []work
	for oid, r := range s.stateAfter.rels {
		switch {
		case !j.old(oid) || r.Kind != "r" && r.Kind != "m":
		case s.rewrote(r):
			all = append(all, work{oid, "a rewrite of " + j.name(r), AccessExclusive})
		case s.verified(r):
			all = append(all, work{oid, "a scan of " + j.name(r), AccessExclusive})
		case j.indexBuilt(s, r):
			all = append(all, work{oid, "an index build on " + j.name(r), j.buildLock(s, oid)})
		case j.foreignKeyChecked(s, r):
			all = append(all, work{oid, "a foreign key check of " + j.name(r), ShareRowExclusive})
		}
	}
	for _, p := range s.diff.same {
		if p.new.Kind == "m" && p.old.File != p.new.File && j.old(p.new.OID) {
			all = append(all, work{p.new.OID, "a refresh of " + j.name(p.new), AccessExclusive})
		}
		if len(p.validated()) > 0 && j.old(p.new.OID) {
			all = append(all, work{p.new.OID, "a validation of " + j.name(p.new), ShareUpdateExclusive})
		}
	}
	for i := range s.plans {
		for _, c := range s.plans[i].changes(j.oldNamed(s), s.partOf) {
			if r := s.stateAfter.find(c.schema, c.name); r != nil && c.whole {
				all = append(all, work{r.OID, c.operation + " of all of " + j.name(r), AccessExclusive})
			}
		}
		for _, n := range s.plans[i].scans(j.oldNamed(s)) {
			if r := s.stateAfter.find(n.Schema, n.Relation); r != nil {
				all = append(all, work{r.OID, "a scan of " + j.name(r), AccessShare})
			}
		}
	}
	slices.SortFunc(all, func(a, b work) int { return int(a.oid) - int(b.oid) })
	return all
}

func (j *evaluator) indexBuilt(s *step, r *relation) bool {
	for _, m := range s.notices {
		if strings.HasPrefix(m.text, `building index "`) && strings.Contains(m.text, `" on table "`+r.Name+`"`) {
			return true
		}
	}
	return false
}

func (j *evaluator) foreignKeyChecked(s *step, r *relation) bool {
	for _, c := range r.constraints {
		if c.Type == "f" && s.saidOf("validating foreign key constraint", c.Name) {
			return true
		}
	}
	return false
}

// workRules: long work while an earlier statement's lock is held on another table,
// or a stronger one on the same.
func (j *evaluator) workRules(s *step) {
	if len(s.locksBefore) == 0 || s.outsideTransaction {
		return
	}
	validates := map[uint32]bool{}
	for _, p := range s.diff.same {
		for _, c := range p.validated() {
			validates[p.new.OID], validates[c.FRel] = true, true
		}
	}
	for _, w := range j.longWork(s) {
		for _, oid := range s.locksBefore.sorted() {
			mode, r := s.locksBefore[oid], j.start.rels[oid]
			if r == nil || mode < Share || r.Kind == "v" || validates[oid] || j.related(s, oid, w.oid) {
				continue
			}
			if oid == w.oid && (w.need >= mode || j.bulkOn(s, oid)) {
				continue
			}
			j.add(s, "work-while-holding-lock", j.name(r), mode,
				fmt.Sprintf("%s stays locked by an earlier statement of this transaction during %s", j.name(r), w.what),
				"commit in between: one migration for the quick change that needs the strong lock, another for the long work")
		}
	}
}

// buildLock is what building an index asks for: a constraint's asks for more.
func (j *evaluator) buildLock(s *step, oid uint32) Lock {
	for _, p := range s.diff.same {
		if p.new.OID != oid {
			continue
		}
		for _, i := range p.newIndexes() {
			if !p.new.backs(i.OID) {
				return Share
			}
		}
	}
	if s.has("reindex") {
		return Share
	}
	return AccessExclusive
}

// bulkOn: bulk DML on the table itself is another rule's.
func (j *evaluator) bulkOn(s *step, oid uint32) bool {
	for i := range s.plans {
		for _, c := range s.plans[i].changes(j.oldNamed(s), s.partOf) {
			if r := s.stateAfter.find(c.schema, c.name); r != nil && r.OID == oid {
				return true
			}
		}
	}
	return false
}

// related reports whether the two are partitions and parent: one table to a client that
// waits.
func (j *evaluator) related(s *step, a, b uint32) bool {
	if a == b {
		return false
	}
	up := func(st *state, x, y uint32) bool {
		r := st.rels[x]
		return r != nil && slices.ContainsFunc(st.ancestors(r), func(r *relation) bool { return r.OID == y })
	}
	return up(j.start, a, b) || up(j.start, b, a) || up(s.stateAfter, a, b) || up(s.stateAfter, b, a)
}

// exclusiveRules: a second table closed by another statement of the transaction.
func (j *evaluator) exclusiveRules(s *step) {
	for _, oid := range s.locksTaken.sorted() {
		mode, r := s.locksTaken[oid], j.table(oid)
		if mode != AccessExclusive || r == nil || !j.old(oid) {
			continue
		}
		for _, other := range s.locksBefore.sorted() {
			held, first := s.locksBefore[other], j.table(other)
			if held == AccessExclusive && other != oid && first != nil && j.old(other) && !j.related(s, oid, other) {
				j.on(s, "exclusive-locks-on-multiple-tables", r,
					fmt.Sprintf("%s is closed while an earlier statement still keeps %s closed: two such transactions in another order deadlock, and queries on both queue", j.name(r), j.name(first)),
					"one migration per table, each with lock_timeout")
				break
			}
		}
	}
}

// table is what oid was before the migration, if that was a table.
func (j *evaluator) table(oid uint32) *relation {
	r := j.start.rels[oid]
	if r == nil || !r.table() {
		return nil
	}
	return r
}

// lockTimeoutRules is policy: a session that waits for a lock makes all behind it wait.
func (j *evaluator) lockTimeoutRules(s *step) {
	if s.lockTimeoutBefore != "0" {
		return
	}
	for _, oid := range s.locksTaken.sorted() {
		mode, r := s.locksTaken[oid], j.start.rels[oid]
		if r == nil || mode < Share || s.viaParent(r) {
			continue
		}
		j.on(s, "lock-timeout-missing", r,
			fmt.Sprintf("%s on %s waits for as long as the longest transaction lasts, and every later session waits behind it", mode, j.name(r)),
			"SET LOCAL lock_timeout = '3s'; /* as the first statement; and retry the migration */")
	}
}

// statementTimeoutRules is policy: a limit that fits queries ends a build that works
// through a large table, and leaves what it has so far.
func (j *evaluator) statementTimeoutRules(s *step) {
	if !s.concurrently() || !s.outsideTransaction || s.statementTimeout == "0" || s.statementTimeout == "" || s.Starts("drop") {
		return
	}
	j.add(s, "statement-timeout-cancels-build", namedTarget(s, j), NoLock,
		fmt.Sprintf("statement_timeout = %s ends the build on a large table, and an invalid index is left that every write pays for", s.statementTimeout),
		"SET statement_timeout = 0; /* before it, and RESET statement_timeout behind it */")
}
