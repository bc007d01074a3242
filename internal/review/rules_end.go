package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/sqltext"
)

// ending judges what the migration has left behind: indexes, foreign keys, types.
func (j *evaluator) ending(end *state) {
	for _, oid := range slices.Sorted(maps.Keys(end.rels)) {
		r := end.rels[oid]
		if r.Extension || !r.table() {
			continue
		}
		first := j.start.rels[oid]
		if first == nil {
			first = &relation{}
		}
		j.foreignKeys(end, first, r)
		j.notEnforced(first, r)
		if r.Partition {
			continue
		}
		j.indexes(first, r)
		j.style(end, first, r)
	}
}

// where is the step to blame for something about a relation: the first one that
// tells of it, or made the relation.
func (j *evaluator) where(r *relation, is func(pair) bool, words ...string) *step {
	var made, named *step
	for _, s := range j.steps {
		for _, p := range s.diff.same {
			if p.new.OID == r.OID && is(p) {
				return s
			}
		}
		for _, m := range s.diff.made {
			if m.OID == r.OID {
				made = s
			}
		}
		if named == nil && s.names(r.Name) && slices.ContainsFunc(words, func(w string) bool { return s.has(w) }) {
			named = s
		}
	}
	switch {
	case named != nil:
		return named
	case made != nil:
		return made
	case len(j.steps) > 0:
		return j.steps[len(j.steps)-1]
	}
	return &step{statement: statement{chunk: -1}}
}

func (s *step) names(table string) bool {
	return slices.ContainsFunc(s.words, func(w sqltext.Token) bool { return w.IsIdentifier() && w.Text == table })
}

func (j *evaluator) foreignKeys(end *state, first, r *relation) {
	for _, oid := range slices.Sorted(maps.Keys(r.constraints)) {
		c := r.constraints[oid]
		if c.Type != "f" || c.Parent != 0 || r.serves(c) {
			continue
		}
		if had := first.constraint(c.Name); had.OID != 0 && (had.Type != "f" || !first.serves(had)) {
			continue // as it was
		}
		s := j.where(r, func(p pair) bool {
			_, before := p.old.constraints[oid]
			_, after := p.new.constraints[oid]
			return after && !before || p.old.serves(c) && !p.new.serves(c)
		}, "references", "foreign")
		to := "its parent"
		if parent := end.rels[c.FRel]; parent != nil {
			to = parent.String()
		}
		cols := quoted(r.columnNames(c.Key))
		by := ""
		if c.Period {
			by = "USING gist "
		}
		fix := fmt.Sprintf("CREATE INDEX CONCURRENTLY ON %s %s(%s); /* %s; or without CONCURRENTLY where the table is made */", r.sql(), by, cols, j.mig.Tool.Alone)
		if r.Kind == "p" {
			fix = fmt.Sprintf("CREATE INDEX ON %s (%s); /* where the table is made; later ON ONLY it, then on each partition CREATE INDEX CONCURRENTLY and ALTER INDEX … ATTACH PARTITION */", r.sql(), cols)
		}
		j.add(s, "fk-without-index", r.String(), NoLock,
			fmt.Sprintf("%s has no index on (%s): each DELETE and key UPDATE in %s scans all of %s", c.Name, cols, to, r), fix)
	}
}

func (r *relation) constraint(name string) constraint {
	for _, c := range r.constraints {
		if c.Name == name {
			return c
		}
	}
	return constraint{}
}

// notEnforced: what a reader of the schema takes for granted, and nothing holds.
func (j *evaluator) notEnforced(first, r *relation) {
	for _, oid := range slices.Sorted(maps.Keys(r.constraints)) {
		c := r.constraints[oid]
		if had, there := first.constraints[oid]; c.Enforced || c.Parent != 0 || there && !had.Enforced {
			continue
		}
		s := j.where(r, func(p pair) bool {
			return p.old.constraints[oid].Enforced != p.new.constraints[oid].Enforced || p.old.constraints[oid].OID == 0
		}, "enforced")
		j.add(s, "constraint-not-enforced", r.String(), NoLock, fmt.Sprintf("%s is NOT ENFORCED: rows that break it come in, old and new, and it proves nothing to the planner", c.Name),
			"NOT VALID in its place: it scans nothing either, and holds for each new row")
	}
}

// serves reports whether an index leads with the columns of a foreign key, in whatever
// order, and covers every row that it could match.
func (r *relation) serves(fk constraint) bool {
	key := fk.Key
	for _, i := range r.indexes {
		if i.Valid && i.Unique && i.Predicate == nil && i.within(key) {
			return true // it finds the one row that can match
		}
		if !i.Valid || i.Keys < len(key) || i.Method != "btree" && (i.Method != "hash" || len(key) != 1) && (i.Method != "gist" || !fk.Period) {
			continue
		}
		lead := i.Key[:len(key)]
		covers := !slices.ContainsFunc(key, func(k int16) bool { return !slices.Contains(lead, k) })
		if covers && (i.Predicate == nil || onlyNotNull(*i.Predicate, r.columnNames(key))) {
			return true
		}
	}
	return false
}

// within reports whether all key columns are among those given.
func (i index) within(key []int16) bool {
	return !slices.ContainsFunc(i.Key[:i.Keys], func(k int16) bool { return !slices.Contains(key, k) })
}

// onlyNotNull reports whether a predicate leaves out only rows with a NULL in one of
// the columns, which reference nothing.
func onlyNotNull(predicate string, columns []string) bool {
	words := slices.DeleteFunc(sqltext.Tokens(predicate), func(t sqltext.Token) bool { return t.Is("(") || t.Is(")") })
	for len(words) >= 4 {
		if !words[0].IsIdentifier() || !slices.Contains(columns, words[0].Text) || !sqltext.At(words, 1, "is", "not", "null") {
			return false
		}
		words = words[4:]
		if len(words) == 0 {
			return true
		}
		if !words[0].Is("and") {
			return false
		}
		words = words[1:]
	}
	return false
}

func (j *evaluator) indexes(first, r *relation) {
	for _, oid := range slices.Sorted(maps.Keys(r.indexes)) {
		i := r.indexes[oid]
		if _, had := first.indexes[oid]; had || i.Parent != 0 || first.named(i.Name) {
			continue
		}
		s := j.where(r, func(p pair) bool {
			_, before := p.old.indexes[oid]
			_, after := p.new.indexes[oid]
			return after && !before
		}, i.Name)
		if !i.Valid && r.Kind == "r" {
			j.add(s, "invalid-index", r.String(), NoLock, fmt.Sprintf("%s is left invalid: writes maintain it, no query uses it", i.Name),
				fmt.Sprintf("REINDEX INDEX CONCURRENTLY %s.%s;", quote(r.Schema), quote(i.Name)))
		}
		j.wideIndex(s, r, i)
		j.compareIndex(s, first, r, i)
	}
}

// named reports whether an index of that name was there: ALTER TYPE made it anew.
func (r *relation) named(name string) bool {
	for _, i := range r.indexes {
		if i.Name == name {
			return true
		}
	}
	return false
}

func (j *evaluator) compareIndex(s *step, first, r *relation, i index) {
	for _, oid := range slices.Sorted(maps.Keys(r.indexes)) {
		o := r.indexes[oid]
		if oid == i.OID || !o.Valid {
			continue
		}
		_, before := first.indexes[oid]
		drop := fmt.Sprintf("leave %s out: %s serves the same queries", quote(i.Name), quote(o.Name))
		switch {
		case i.twin(o) && (!i.Unique || o.Unique) && (before || o.Unique && !i.Unique || o.Unique == i.Unique && o.OID < i.OID):
			j.add(s, "duplicate-index", r.String(), NoLock, fmt.Sprintf("%s is the same as %s: every write pays twice", i.Name, o.Name), drop)
		case !i.Unique && i.prefixOf(o):
			j.add(s, "redundant-prefix-index", r.String(), NoLock, fmt.Sprintf("%s is the beginning of %s: every write pays for both, queries need one", i.Name, o.Name), drop)
		}
	}
}

func sameText(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func (i index) twin(o index) bool {
	return i.Method == o.Method && i.Keys == o.Keys && slices.Equal(i.Key, o.Key) && slices.Equal(i.Classes, o.Classes) &&
		slices.Equal(i.Collations, o.Collations) && slices.Equal(i.Order, o.Order) && sameText(i.Predicate, o.Predicate) && sameText(i.Expression, o.Expression)
}

func (i index) prefixOf(o index) bool {
	n := i.Keys
	return i.Method == "btree" && o.Method == "btree" && n < o.Keys && len(i.Key) == n && i.Expression == nil && o.Expression == nil &&
		slices.Equal(i.Key, o.Key[:n]) && slices.Equal(i.Classes, o.Classes[:n]) && slices.Equal(i.Collations, o.Collations[:n]) &&
		slices.Equal(i.Order, o.Order[:n]) && sameText(i.Predicate, o.Predicate)
}

// style is advice about the types of new columns.
func (j *evaluator) style(end *state, first, r *relation) {
	for _, num := range slices.Sorted(maps.Keys(r.columns)) {
		c := r.columns[num]
		old, had := first.columns[num]
		if had && old.TypeID == c.TypeID && old.Typmod == c.Typmod || c.Inherited {
			continue
		}
		s := j.where(r, func(p pair) bool {
			return p.new.columns[num].TypeID != p.old.columns[num].TypeID || p.new.columns[num].Typmod != p.old.columns[num].Typmod
		}, c.Name)
		advise := func(rule, message, fix string) {
			j.add(s, rule, r.String(), NoLock, fmt.Sprintf("%s.%s: %s", r, c.Name, message), quote(c.Name)+" "+fix)
		}
		switch {
		case strings.HasPrefix(c.Type, "character varying("):
			advise("prefer-text", "a length limit in the type is hard to change", "text CHECK (length("+quote(c.Name)+") <= …)")
		case strings.HasPrefix(c.Type, "character("):
			advise("avoid-char", "char(n) pads with blanks and compares without them", "text")
		case c.Type == "json":
			advise("prefer-jsonb", "json keeps text: no index, no equality, parsed on each use", "jsonb")
		case strings.HasPrefix(c.Type, "timestamp") && strings.HasSuffix(c.Type, "without time zone"):
			advise("prefer-timestamptz", "a timestamp without time zone is no moment in time", "timestamptz")
		}
		if c.Default != nil && c.Identity == "" && ownedSequence(*c.Default, r.Name, c.Name) && !had {
			advise("prefer-identity", "serial leaves a sequence with rights and a default of its own", c.Type+" GENERATED ALWAYS AS IDENTITY")
		}
	}
	for _, oid := range slices.Sorted(maps.Keys(r.constraints)) {
		c := r.constraints[oid]
		if _, had := first.constraints[oid]; had || c.Type != "p" || len(c.Key) != 1 {
			continue
		}
		col := r.columns[c.Key[0]]
		if col.Type == "integer" || col.Type == "smallint" {
			s := j.where(r, func(p pair) bool { _, b := p.old.constraints[oid]; _, a := p.new.constraints[oid]; return a && !b }, "primary")
			j.add(s, "prefer-bigint-pk", r.String(), NoLock, fmt.Sprintf("%s.%s runs out at %s", r, col.Name, map[string]string{"integer": "2,147,483,647", "smallint": "32,767"}[col.Type]),
				quote(col.Name)+" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
		}
	}
}
