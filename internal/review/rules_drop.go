package review

import (
	"fmt"
	"strings"
)

// dropRules: tables, foreign keys, and what CASCADE takes along.
func (j *evaluator) dropRules(s *step) {
	for _, r := range s.diff.gone {
		if j.old(r.OID) && r.table() && !j.goneWithParent(s, r) {
			j.on(s, "drop-table", r, fmt.Sprintf("code that is still running uses %s and fails from this moment; the rows are gone", j.name(r)),
				"first deploy code that does not name the table, rename or back it up, drop it one release later")
		}
	}
	j.droppedForeignKeys(s)
	j.cascades(s)
}

func (j *evaluator) goneWithParent(s *step, r *relation) bool {
	for _, p := range r.Parents {
		if s.stateAfter.rels[p] == nil && s.stateBefore.rels[p] != nil && j.old(p) {
			return true
		}
	}
	return false
}

// droppedForeignKeys: the trigger on the referenced table goes too, under the same
// lock.
func (j *evaluator) droppedForeignKeys(s *step) {
	drop := func(from *relation, c constraint) {
		first := j.start.rels[from.OID]
		to := s.stateAfter.rels[c.FRel]
		if c.Type != "f" || c.Parent != 0 || first == nil || first.constraints[c.OID].OID == 0 || to == nil ||
			!j.old(to.OID) || to.OID == from.OID || s.lockOn(to.OID) < AccessExclusive {
			return
		}
		j.on(s, "drop-fk-locks-referenced", to,
			fmt.Sprintf("%s points at it: dropping the foreign key closes %s to reads and writes as well as %s", c.Name, j.name(to), j.name(from)),
			fmt.Sprintf("SET LOCAL lock_timeout = '3s'; ALTER TABLE %s DROP CONSTRAINT %s; /* alone in its migration; and retry */", from.sql(), quote(c.Name)))
	}
	for _, r := range s.diff.gone {
		for _, c := range r.constraints {
			drop(r, c)
		}
	}
	for _, p := range s.diff.same {
		if j.attached(s, p) || p.detached() {
			continue
		}
		for _, c := range p.goneConstraints() {
			if !s.recreates(p, c) {
				drop(p.new, c)
			}
		}
	}
}

// cascades: the server tells what went that was not named.
func (j *evaluator) cascades(s *step) {
	for _, m := range s.notices {
		rest, ok := strings.CutPrefix(m.text, "drop cascades to ")
		if !ok || m.severity != "NOTICE" {
			continue
		}
		what := rest
		if m.detail != "" {
			what += ": " + strings.ReplaceAll(strings.ReplaceAll(m.detail, "drop cascades to ", ""), "\n", ", ")
		}
		target, lock := j.dropped(s)
		if target == "" {
			continue
		}
		j.add(s, "drop-cascade", target, lock, "CASCADE also removes "+what,
			"drop each dependant by name first, and leave CASCADE out: what is forgotten then fails instead of vanishing")
	}
}

// dropped names what the statement dropped; empty where the migration itself made
// all of it.
func (j *evaluator) dropped(s *step) (string, Lock) {
	for _, r := range s.diff.gone {
		if j.old(r.OID) {
			return j.name(r), s.lockOn(r.OID)
		}
	}
	for _, p := range s.diff.same {
		if j.old(p.new.OID) && p.differs() {
			return j.name(p.new), s.lockOn(p.new.OID)
		}
	}
	own := len(s.diff.gone) > 0 // and nothing but what the migration itself had made
	for oid, name := range s.stateBefore.schemas {
		if s.stateAfter.schemas[oid] != "" {
			continue
		}
		if j.start.schemas[oid] != "" {
			return name, NoLock
		}
		own = true
	}
	name := objectName(s)
	if own || j.madeHere(s, name) {
		return "", NoLock
	}
	schema, table, both := strings.Cut(name, ".")
	if !both {
		schema, table = "", name
	}
	if r := s.stateBefore.find(schema, table); r != nil && !j.old(r.OID) {
		return "", NoLock
	}
	return name, NoLock
}

// madeHere reports whether an earlier statement of the migration says CREATE of an
// object of that name; of functions and types no other trace is kept.
func (j *evaluator) madeHere(s *step, name string) bool {
	_, last, both := strings.Cut(name, ".")
	if !both {
		last = name
	}
	for _, earlier := range j.steps {
		if earlier == s {
			return false
		}
		words := earlier.words
		for i, w := range words {
			if !w.Is("create") || i+2 >= len(words) || words[i+1].Is("or") {
				continue
			}
			at := i + 2
			if at+2 < len(words) && words[at+1].Is(".") {
				at += 2
			}
			if words[at].IsIdentifier() && words[at].Text == last {
				return true
			}
		}
	}
	return false
}

// objectName is the name that a DROP names, of whatever kind.
func objectName(s *step) string {
	for i, w := range s.words {
		if !w.Is("drop") {
			continue
		}
		at := i + 2
		for at+1 < len(s.words) && (s.words[at].Is("if") || s.words[at].Is("exists") || s.words[at].Is("view")) {
			at++
		}
		if at < len(s.words) {
			name := s.words[at].Text
			if at+2 < len(s.words) && s.words[at+1].Is(".") {
				name += "." + s.words[at+2].Text
			}
			return name
		}
	}
	return "(unknown)"
}
