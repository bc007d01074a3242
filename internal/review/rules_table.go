package review

import (
	"fmt"
	"slices"
)

// partitionRules: partitions made, attached and detached.
func (j *evaluator) partitionRules(s *step) {
	for _, r := range s.diff.made {
		if !r.Partition || len(r.Parents) == 0 || !j.old(r.Parents[0]) {
			continue
		}
		parent := s.stateAfter.rels[r.Parents[0]]
		j.on(s, "create-partition-locks-parent", parent,
			fmt.Sprintf("making %s as a partition closes %s to reads and writes until commit", r.Name, j.name(parent)),
			fmt.Sprintf("CREATE TABLE %[1]s (LIKE %[2]s INCLUDING ALL, CHECK (…the bound…)); ALTER TABLE %[2]s ATTACH PARTITION %[1]s FOR VALUES …; takes only SHARE UPDATE EXCLUSIVE", r.sql(), parent.sql()))
		j.defaultScan(s, r)
	}
	for oid, r := range s.stateAfter.rels {
		old := s.stateBefore.rels[oid]
		if old == nil || old == r {
			continue
		}
		if !old.Partition && r.Partition {
			j.attach(s, r)
		}
	}
	for _, p := range s.diff.same {
		if p.old.Partition && !p.new.Partition && j.old(p.new.OID) && !(s.outsideTransaction && s.concurrently()) {
			j.detach(s, p)
		}
	}
}

// attached reports whether the step made p a partition: what its parent has comes
// with it.
func (j *evaluator) attached(_ *step, p pair) bool { return !p.old.Partition && p.new.Partition }

// attach looks for tables that were verified: the new partition or what lies below
// it, and the default partition.
func (j *evaluator) attach(s *step, child *relation) {
	if len(child.Parents) == 0 {
		return
	}
	parent := s.stateAfter.rels[child.Parents[0]]
	for _, r := range s.stateAfter.rels {
		if !j.old(r.OID) || r.Kind != "r" || !s.verified(r) || s.lockOn(r.OID) < ShareUpdateExclusive {
			continue
		}
		below := r.OID == child.OID || slices.ContainsFunc(s.stateAfter.ancestors(r), func(a *relation) bool { return a.OID == child.OID || parent != nil && a.OID == parent.OID })
		if !below {
			continue
		}
		what := "the bound"
		if r.OID != child.OID && r.Default {
			what = noneBelongs
		}
		j.scanned(s, r, what)
	}
}

const noneBelongs = "that no row of it belongs to the new partition"

func (j *evaluator) scanned(s *step, r *relation, what string) {
	j.on(s, "attach-partition-scan", r,
		fmt.Sprintf("every row of %s is looked at while it is closed to reads and writes, because no CHECK proves %s", j.name(r), what),
		fmt.Sprintf("ALTER TABLE %[1]s ADD CONSTRAINT … CHECK (…) NOT VALID; next migration: VALIDATE CONSTRAINT; then attach: a valid CHECK that implies it (with IS NOT NULL on the key) saves the scan", r.sql()))
}

// defaultScan looks at the default partition beside a partition made in place: CREATE
// TABLE … PARTITION OF says only when it need not be scanned.
func (j *evaluator) defaultScan(s *step, made *relation) {
	for _, r := range s.stateBefore.rels {
		if !j.old(r.OID) || r.Kind != "r" {
			continue
		}
		spared := false
		for at := r; at != nil && len(at.Parents) > 0; at = s.stateBefore.rels[at.Parents[0]] {
			spared = spared || s.saidOf("updated partition constraint for default partition", at.Name)
			if at.Default && at.Parents[0] == made.Parents[0] && !spared {
				j.scanned(s, r, noneBelongs)
			}
		}
	}
}

func (j *evaluator) detach(s *step, p pair) {
	for _, oid := range p.old.Parents {
		if parent := s.stateAfter.rels[oid]; parent != nil && j.old(oid) {
			j.on(s, "detach-partition-blocking", parent,
				fmt.Sprintf("detaching %s closes %s, with all its partitions, to reads and writes until commit", p.new.Name, j.name(parent)),
				fmt.Sprintf("ALTER TABLE %s DETACH PARTITION %s CONCURRENTLY; /* %s */", parent.sql(), p.new.sql(), j.mig.Tool.Alone))
		}
	}
}

// tableRules: what happens to a table as a whole.
func (j *evaluator) tableRules(s *step) {
	for _, p := range s.diff.same {
		if !j.old(p.new.OID) {
			continue
		}
		first := j.start.rels[p.new.OID]
		if p.new.Kind != "v" && p.old.Name != p.new.Name {
			j.on(s, "rename-table", p.new, fmt.Sprintf("code that is still running names %s and fails from this moment", first),
				fmt.Sprintf("keep the name; or in the same transaction CREATE VIEW %s AS SELECT * FROM %s; which is updatable, and drop it one release later", first.sql(), p.new.sql()))
		}
		if p.new.Kind != "v" && p.old.Schema != p.new.Schema && !s.schemaRenamed(p.old.Schema) {
			j.on(s, "move-schema", p.new, fmt.Sprintf("code that is still running looks for %s where it was and fails from this moment", first),
				fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM %s; /* in the same transaction: it keeps the old name alive for one release */", first.sql(), p.new.sql()))
		}
		for _, t := range p.newTriggers() {
			if p.new.table() && !j.attached(s, p) {
				j.on(s, "create-trigger-blocks-writes", p.new, fmt.Sprintf("making %s waits for every open write to %s and blocks new ones until commit", t.Name, j.name(p.new)),
					"SET LOCAL lock_timeout = '3s'; /* before it, alone in its migration; and retry: there is no weaker form */")
			}
		}
	}
	for oid, name := range s.stateAfter.schemas {
		if old, had := s.stateBefore.schemas[oid]; had && old != name && j.start.schemas[oid] != "" {
			j.add(s, "move-schema", old, NoLock, fmt.Sprintf("code that is still running names schema %s, or has it in its search_path", old),
				fmt.Sprintf("make schema %s beside it and move users over, table by table behind views", quote(name)))
		}
	}
	for oid, e := range s.stateAfter.enums {
		if old, had := s.stateBefore.enums[oid]; had && old.Label != e.Label && j.start.enums[oid].OID != 0 {
			j.add(s, "rename-enum-value", e.Name, NoLock, fmt.Sprintf("code that is still running reads and writes %q and fails from this moment", old.Label),
				fmt.Sprintf("ALTER TYPE %s ADD VALUE '%s'; /* write the new value, UPDATE rows in batches, leave the old value unused */", e.Name, e.Label))
		}
	}
	j.enumOrder(s)
	j.explicitLock(s)
}

// enumOrder: a value put BEFORE or AFTER another, in a type that running code sorts by.
func (j *evaluator) enumOrder(s *step) {
	for oid, e := range s.stateAfter.enums {
		if _, had := s.stateBefore.enums[oid]; had {
			continue
		}
		for _, old := range j.start.enums {
			if old.Type == e.Type && old.Order > e.Order {
				j.add(s, "enum-value-order", e.Name, NoLock, fmt.Sprintf("%q sorts before %q: ORDER BY, <, min and max of running code place it among values that it knows", e.Label, old.Label),
					fmt.Sprintf("ALTER TYPE %s ADD VALUE '%s'; /* without BEFORE and AFTER it is the last */", e.Name, e.Label))
				break
			}
		}
	}
}

func (s *step) schemaRenamed(name string) bool {
	for oid, old := range s.stateBefore.schemas {
		if old == name && s.stateAfter.schemas[oid] != name {
			return true
		}
	}
	return false
}

// explicitLock: a strong lock that nothing else in the step explains.
func (j *evaluator) explicitLock(s *step) {
	unseen := s.mayRunCode() && !s.ddl && !s.has("truncate") // no DDL command took it, whatever the code's text
	if !s.Starts("lock") && !(s.mayRunCode() && s.hasLockTable()) && !unseen {
		return
	}
	for _, oid := range s.locksTaken.sorted() {
		mode, r := s.locksTaken[oid], s.stateAfter.rels[oid]
		if r == nil || !j.old(oid) || mode < Share || j.changed(s, oid) || s.viaParent(r) {
			continue
		}
		effect := "to writes"
		if mode == AccessExclusive {
			effect = "to reads and writes"
		}
		j.on(s, "explicit-lock-table", r, fmt.Sprintf("%s is closed %s until commit", j.name(r), effect),
			"leave it out: each command takes the lock it needs, for as long as it needs it; where order matters, use SELECT … FOR UPDATE or an advisory lock")
	}
}

// viaParent reports whether the step locked the parent as well, and r as its part.
func (s *step) viaParent(r *relation) bool {
	for _, up := range s.stateAfter.ancestors(r) {
		if s.locksTaken[up.OID] >= Share {
			return true
		}
	}
	return false
}

// hasLockTable finds LOCK as a command in code, and not as in FOR UPDATE SKIP
// LOCKED or a name.
func (s *step) hasLockTable() bool {
	for i, w := range s.words {
		if w.Is("lock") && i+1 < len(s.words) && s.words[i+1].IsIdentifier() &&
			(i == 0 || !s.words[i-1].IsIdentifier() || isOneOf(s.words[i-1].Text, "begin", "then", "else", "loop", "execute")) {
			return true
		}
	}
	return false
}

func isOneOf(word string, words ...string) bool { return slices.Contains(words, word) }

// changed reports whether the step did anything else to the relation.
func (j *evaluator) changed(s *step, oid uint32) bool {
	for _, p := range s.diff.same {
		if p.new.OID == oid && (s.stateBefore.rels[oid].Detail && p.differs()) {
			return true
		}
	}
	return false
}

func (p pair) differs() bool {
	if p.old.File != p.new.File || p.old.Name != p.new.Name || p.old.Schema != p.new.Schema || p.old.Partition != p.new.Partition {
		return true
	}
	for _, c := range p.columns() {
		if c.retyped() || c.old.Name != c.new.Name || c.old.NotNull != c.new.NotNull {
			return true
		}
	}
	return len(p.newColumns())+len(p.goneColumns())+len(p.newConstraints())+len(p.goneConstraints())+
		len(p.newIndexes())+len(p.goneIndexes())+len(p.rebuilt())+len(p.newTriggers())+len(p.validated()) > 0
}

// rewriteRules: commands that give a table a new file.
func (j *evaluator) rewriteRules(s *step) {
	for _, p := range s.diff.same {
		if !j.old(p.new.OID) || p.old.File == p.new.File && p.old.Persistence == p.new.Persistence {
			continue
		}
		why := fmt.Sprintf("%s is rewritten, with all its indexes, while it is closed to reads and writes", j.name(p.new))
		switch {
		case p.old.Persistence != p.new.Persistence:
			j.on(s, "set-logged-rewrite", p.new, why, "make a new table with the persistence wanted, copy in batches, swap names")
		case p.new.Kind == "m":
			if s.has("refresh") {
				j.on(s, "refresh-matview-blocking", p.new, fmt.Sprintf("readers of %s wait until the query has run", j.name(p.new)),
					fmt.Sprintf("REFRESH MATERIALIZED VIEW CONCURRENTLY %s; /* it needs a unique index over all rows */", p.new.sql()))
			}
		// REPACK and REPACK (CONCURRENTLY), of Postgres 19, have no rule and no place in these
		// fixes until a 19 can be had to try their locks on.
		case s.Starts("vacuum"):
			j.on(s, "vacuum-full", p.new, why, "plain VACUUM, which makes space reusable; to give it back, pg_repack or a copy in batches")
		case s.has("cluster"):
			j.on(s, "cluster-rewrite", p.new, why, "pg_repack, or leave the order to BRIN and partitions")
		case (s.has("truncate") || s.mayRunCode() && !s.ddl) && !s.rewrote(p.new):
			j.truncated(s, p)
		}
	}
}

func (j *evaluator) truncated(s *step, p pair) {
	for _, m := range s.notices {
		if m.text == `truncate cascades to table "`+p.new.Name+`"` {
			j.on(s, "truncate-cascade", p.new, fmt.Sprintf("TRUNCATE … CASCADE empties %s too, which the statement does not name", j.name(p.new)),
				"name every table that is to be emptied, and leave CASCADE out")
			return
		}
	}
	r := p.new
	for _, up := range s.stateAfter.ancestors(r) {
		if s.lockOn(up.OID) == AccessExclusive && j.old(up.OID) {
			r = up
		}
	}
	j.on(s, "truncate-table", r, fmt.Sprintf("all rows of %s are gone when this commits, and it is closed to reads and writes until then", j.name(r)),
		fmt.Sprintf("DELETE FROM %s WHERE …; in batches, outside of migrations; or detach and drop partitions", r.sql()))
}
