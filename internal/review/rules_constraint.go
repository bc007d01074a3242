package review

import (
	"fmt"
	"slices"
	"strings"
)

// constraintRules: constraints made, validated and dropped.
func (j *evaluator) constraintRules(s *step) {
	for _, p := range s.diff.same {
		if !j.old(p.new.OID) {
			continue
		}
		for _, c := range p.newConstraints() {
			if c.Parent != 0 && j.old(p.new.OID) && j.parentConstrained(s, c.Parent) || !c.Local || s.recreates(p, c) || j.attached(s, p) || p.detached() {
				continue
			}
			j.newConstraint(s, p, c)
		}
		for _, c := range p.validated() {
			j.validated(s, p, c)
			if c.Type == "f" && !p.old.constraints[c.OID].Enforced && s.saidOf("validating foreign key constraint", c.Name) {
				j.on(s, "add-fk-validating", p.new, fmt.Sprintf("%s is checked by scanning %s and its parent while both are closed to writes", c.Name, j.name(p.new)),
					fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s; ", p.new.sql(), quote(c.Name))+notValid(p.new, c))
			}
		}
		j.notNull(s, p)
	}
}

func (j *evaluator) parentConstrained(s *step, parent uint32) bool {
	for _, q := range s.diff.same {
		if _, ok := q.new.constraints[parent]; ok {
			return true
		}
	}
	return false
}

// recreates reports whether ALTER COLUMN TYPE made the constraint anew, on the table
// itself or on one that refers to it.
func (s *step) recreates(p pair, c constraint) bool {
	same := func(o constraint) bool { return o.Name == c.Name && o.Type == c.Type && o.OID != c.OID }
	return slices.ContainsFunc(s.diff.same, pair.retyped) &&
		(slices.ContainsFunc(p.goneConstraints(), same) || slices.ContainsFunc(p.newConstraints(), same))
}

var buildsIndex = map[string]struct{ rule, what string }{
	"u": {"add-unique-builds-index", "UNIQUE"},
	"p": {"add-pk-builds-index", "PRIMARY KEY"},
	"x": {"add-exclusion-builds-index", "EXCLUDE"},
}

func (j *evaluator) newConstraint(s *step, p pair, c constraint) {
	name := quote(c.Name)
	if b, ok := buildsIndex[c.Type]; ok {
		if _, had := p.old.indexes[c.Index]; had {
			return // USING INDEX
		}
		fix := fmt.Sprintf("CREATE UNIQUE INDEX CONCURRENTLY %[1]s ON %[2]s (%[3]s); /* %[5]s; then */ ALTER TABLE %[2]s ADD CONSTRAINT %[1]s %[4]s USING INDEX %[1]s;",
			name, p.new.sql(), quoted(p.new.columnNames(c.Key)), b.what, j.mig.Tool.Alone)
		if p.new.Kind == "p" {
			fix = keyOnPartitions(p.new, c, b.what)
		}
		if c.Type == "x" || p.new.indexes[c.Index].Method == "gist" { // or a key WITHOUT OVERLAPS
			fix = "no concurrent form exists: add it when the table is created or small, or enforce it by a trigger until a maintenance window; set lock_timeout"
		}
		j.on(s, b.rule, p.new, fmt.Sprintf("the index of %s is built while %s is closed to reads and writes", c.Name, j.name(p.new)), fix)
		return
	}
	switch {
	case !c.Valid:
	case c.Type == "c" && onlyNew(p, c.Key):
		j.on(s, "add-column-constraint-scan", p.new,
			fmt.Sprintf("%s comes with the column and is verified by a full scan of %s under ACCESS EXCLUSIVE", c.Name, j.name(p.new)),
			"add the column without CHECK, then "+notValid(p.new, c))
	case c.Type == "c":
		j.on(s, "add-check-validating", p.new,
			fmt.Sprintf("%s is checked by a full scan of %s while it is closed to reads and writes", c.Name, j.name(p.new)),
			notValid(p.new, c))
		j.validatedAtOnce(s, p, c)
	case c.Type == "f" && s.saidOf("validating foreign key constraint", c.Name):
		fix := notValid(p.new, c)
		if p.new.Kind == "p" && j.major < 18 { // which refuses NOT VALID there
			fix = fmt.Sprintf("on each partition ADD CONSTRAINT … FOREIGN KEY … NOT VALID; then VALIDATE CONSTRAINT; then on %s, which takes them over without a scan", p.new.sql())
		}
		j.on(s, "add-fk-validating", p.new, fmt.Sprintf("%s is checked by scanning %s and its parent while both are closed to writes", c.Name, j.name(p.new)), fix)
		j.validatedAtOnce(s, p, c)
	}
}

// notValid is SQL that adds a constraint without a scan, and scans under a weak lock later.
func notValid(r *relation, c constraint) string {
	return fmt.Sprintf("ALTER TABLE %[1]s ADD CONSTRAINT %[2]s %[3]s NOT VALID; /* and in a later migration */ ALTER TABLE %[1]s VALIDATE CONSTRAINT %[2]s;",
		r.sql(), quote(c.Name), strings.TrimSuffix(c.Definition, " NOT VALID"))
}

// keyOnPartitions is how a key gets onto a partitioned table, which has no concurrent
// builds and no USING INDEX.
func keyOnPartitions(r *relation, c constraint, what string) string {
	return fmt.Sprintf("on each partition: CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … %[4]s USING INDEX; then ALTER TABLE ONLY %[1]s ADD CONSTRAINT %[2]s %[4]s (%[3]s); and for each partition ALTER INDEX %[5]s.%[2]s ATTACH PARTITION its index",
		r.sql(), quote(c.Name), quoted(r.columnNames(c.Key)), what, quote(r.Schema))
}

// validatedAtOnce: ADD … NOT VALID, VALIDATE in one command wins nothing.
func (j *evaluator) validatedAtOnce(s *step, p pair, c constraint) {
	if s.has("validate", "constraint") {
		j.on(s, "validate-in-same-transaction", p.new, validateWhy(j, p, c), validateFix(p, c))
	}
}

func validateWhy(j *evaluator, p pair, c constraint) string {
	return fmt.Sprintf("%s is validated by a full scan while this transaction still keeps %s locked from adding it: NOT VALID wins nothing", c.Name, j.name(p.new))
}

func validateFix(p pair, c constraint) string {
	return fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s; /* in the next migration */", p.new.sql(), quote(c.Name))
}

func onlyNew(p pair, key []int16) bool {
	for _, k := range key {
		if _, had := p.old.columns[k]; had {
			return false
		}
	}
	return len(key) > 0
}

// validated: VALIDATE CONSTRAINT takes a weak lock only if nothing holds a strong
// one.
func (j *evaluator) validated(s *step, p pair, c constraint) {
	if held := max(s.locksBefore[p.new.OID], NoLock); held >= ShareRowExclusive {
		j.add(s, "validate-in-same-transaction", j.name(p.new), held, validateWhy(j, p, c), validateFix(p, c))
	}
}

// notNull: SET NOT NULL, or what a primary key implies.
func (j *evaluator) notNull(s *step, p pair) {
	for _, c := range p.columns() {
		if c.old.NotNull || !c.new.NotNull || c.new.Inherited && !j.leads(s, p, pair.notNulls) {
			continue
		}
		if s.has("validate") && p.validates(c.new.Num) || j.provedNotNull(s, p.new.Name, c.new.Name) || s.lockOn(p.new.OID) < AccessExclusive {
			continue
		}
		if !s.verified(p.new) && !s.rewrote(p.new) && p.new.Kind == "r" {
			continue
		}
		if p.new.Kind == "r" && p.new.Partition && !j.leads(s, p, pair.notNulls) {
			continue
		}
		fix := fmt.Sprintf("ALTER TABLE %[1]s ADD CONSTRAINT %[3]s CHECK (%[2]s IS NOT NULL) NOT VALID; /* next migration: */ ALTER TABLE %[1]s VALIDATE CONSTRAINT %[3]s; /* then */ ALTER TABLE %[1]s ALTER COLUMN %[2]s SET NOT NULL; ALTER TABLE %[1]s DROP CONSTRAINT %[3]s;",
			p.new.sql(), quote(c.new.Name), quote(p.new.Name+"_"+c.new.Name+"_not_null"))
		if j.major >= 18 {
			fix = fmt.Sprintf("ALTER TABLE %[1]s ADD CONSTRAINT %[3]s NOT NULL %[2]s NOT VALID; /* next migration: */ ALTER TABLE %[1]s VALIDATE CONSTRAINT %[3]s;",
				p.new.sql(), quote(c.new.Name), quote(p.new.Name+"_"+c.new.Name+"_not_null"))
		}
		j.on(s, "set-not-null-scan", p.new,
			fmt.Sprintf("every row of %s is looked at for a NULL in %s while the table is closed to reads and writes", j.name(p.new), c.new.Name), fix)
	}
}

// validates reports whether a NOT NULL of Postgres 18 that was NOT VALID became valid.
func (p pair) validates(column int16) bool {
	return slices.ContainsFunc(p.validated(), func(c constraint) bool { return c.Type == "n" && slices.Contains(c.Key, column) })
}

func (p pair) notNulls() bool {
	for _, c := range p.columns() {
		if !c.old.NotNull && c.new.NotNull {
			return true
		}
	}
	return false
}

// provedNotNull: the server says that it skipped the scan.
func (j *evaluator) provedNotNull(s *step, table, column string) bool {
	for _, m := range s.notices {
		if strings.HasPrefix(m.text, `existing constraints on column "`+table+"."+column+`" are sufficient`) {
			return true
		}
	}
	return false
}

// domainRules: constraints on a domain are checked in every table that uses it.
func (j *evaluator) domainRules(s *step) {
	found := false
	for oid, c := range s.stateAfter.checks {
		old, had := s.stateBefore.checks[oid]
		_, before := j.start.domains[c.Domain]
		found = found || before && c.Valid && (!had || !old.Valid)
	}
	for oid, d := range s.stateAfter.domains {
		old, had := s.stateBefore.domains[oid]
		found = found || had && d.NotNull && !old.NotNull
	}
	if !found {
		return
	}
	for _, oid := range s.locksTaken.sorted() {
		mode := s.locksTaken[oid]
		if r := s.stateAfter.rels[oid]; r != nil && j.old(oid) && mode >= Share && r.Kind == "r" {
			j.on(s, "domain-constraint-scan", r,
				fmt.Sprintf("%s uses the domain: it is scanned while it is closed to writes", j.name(r)),
				"ALTER DOMAIN … ADD CONSTRAINT … CHECK (…) NOT VALID; existing rows are checked by ALTER DOMAIN … VALIDATE CONSTRAINT at a quiet hour, with lock_timeout")
		}
	}
}
