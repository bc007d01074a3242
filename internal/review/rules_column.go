package review

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// columnRules: columns added, changed, renamed, dropped.
func (j *evaluator) columnRules(s *step) {
	for _, p := range s.diff.same {
		if !j.old(p.new.OID) || !p.new.table() && p.new.Kind != "f" {
			continue
		}
		for _, c := range p.newColumns() {
			if !c.Inherited {
				j.addedColumn(s, p, c)
			}
		}
		for _, c := range p.columns() {
			j.changedColumn(s, p, c)
		}
		for _, c := range p.goneColumns() {
			first, existed := j.start.rels[p.new.OID].columns[c.Num]
			if existed && !c.Inherited {
				j.on(s, "drop-column", p.new, fmt.Sprintf("code that is still running reads or writes %s.%s and fails from this moment", j.name(p.new), first.Name),
					"first deploy code that no longer names the column (also not through SELECT *), drop it one release later")
			}
		}
	}
}

func (j *evaluator) rewritten(s *step, p pair) bool {
	if s.rewrote(p.new) {
		return true
	}
	for _, q := range s.diff.same { // a partitioned table has no file of its own
		for _, up := range s.stateAfter.ancestors(q.new) {
			if up.OID == p.new.OID && s.rewrote(q.new) {
				return true
			}
		}
	}
	return false
}

func (j *evaluator) addedColumn(s *step, p pair, c column) {
	domainType := s.stateAfter.domains[c.TypeID]
	serial := c.Default != nil && ownedSequence(*c.Default, p.new.Name, c.Name)
	if c.NotNull && c.Default == nil && c.Identity == "" && c.Generated == "" && !domainType.Default {
		j.on(s, "add-column-required", p.new, fmt.Sprintf("fails where %s has rows, and running code that does not name %s cannot insert any more", j.name(p.new), c.Name),
			fmt.Sprintf("give it a DEFAULT, ALTER TABLE %s ADD COLUMN %s %s NOT NULL DEFAULT …: a constant one rewrites nothing; drop it when all code fills the column", p.new.sql(), quote(c.Name), c.Type))
	}
	if !j.rewritten(s, p) && p.new.Kind == "r" {
		return
	}
	why := fmt.Sprintf("every row of %s is rewritten, with all its indexes, while the table is closed to reads and writes", j.name(p.new))
	table, name := p.new.sql(), quote(c.Name)
	switch {
	case c.Generated == "s":
		j.on(s, "add-column-generated-stored-rewrite", p.new, why,
			fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s; /* and fill it by a trigger for new rows, in batches for old ones */", table, name, c.Type))
	case c.Identity != "" || serial:
		j.on(s, "add-column-serial-rewrite", p.new, why,
			fmt.Sprintf("ALTER TABLE %[1]s ADD COLUMN %[2]s bigint; CREATE SEQUENCE %[3]s OWNED BY %[1]s.%[2]s; ALTER TABLE %[1]s ALTER COLUMN %[2]s SET DEFAULT nextval(%[4]s); /* then fill old rows in batches */",
				table, name, countedBy(p.new, c), catalog.Literal(countedBy(p.new, c))))
	case c.Default != nil && j.volatile(*c.Default):
		j.on(s, "add-column-volatile-default-rewrite", p.new, why,
			fmt.Sprintf("ALTER TABLE %[1]s ADD COLUMN %[2]s %[3]s; ALTER TABLE %[1]s ALTER COLUMN %[2]s SET DEFAULT %[4]s; /* then fill old rows in batches */", table, name, c.Type, *c.Default))
	case domainType.OID != 0 && s.stateAfter.constrained(domainType) && j.rewritten(s, p):
		j.on(s, "add-column-domain-rewrite", p.new, why,
			fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s with the domain's base type, and the domain's rule as CHECK … NOT VALID", table, name))
	}
}

// countedBy is the name of a sequence for a column, as SQL wants it.
func countedBy(r *relation, c column) string {
	return quote(r.Schema) + "." + quote(r.Name+"_"+c.Name+"_seq")
}

// ownedSequence tells serial from any other default that draws from a sequence.
func ownedSequence(expr, table, column string) bool {
	return strings.HasPrefix(expr, "nextval('") && strings.Contains(strings.ReplaceAll(expr, `"`, ""), strings.TrimSpace(column)+"_seq")
}

// constrained reports whether a value of the domain has to be checked.
func (st *state) constrained(d domain) bool {
	for d.OID != 0 {
		if d.NotNull {
			return true
		}
		for _, c := range st.checks {
			if c.Domain == d.OID {
				return true
			}
		}
		d = st.domains[d.Base]
	}
	return false
}

func (j *evaluator) changedColumn(s *step, p pair, c columnPair) {
	first, existed := j.start.rels[p.new.OID].columns[c.new.Num]
	if !existed {
		return
	}
	if c.old.Name != c.new.Name && !c.new.Inherited {
		j.on(s, "rename-column", p.new, fmt.Sprintf("code that is still running names %s.%s and fails from this moment", j.name(p.new), first.Name),
			fmt.Sprintf("add %s beside it, write both, fill in batches, move readers over, drop %s one release later", quote(c.new.Name), quote(first.Name)))
	}
	if !c.retyped() {
		return
	}
	if !c.new.Inherited {
		j.retypedColumn(s, p, c)
	}
}

func (j *evaluator) retypedColumn(s *step, p pair, c columnPair) {
	change := fmt.Sprintf("%s.%s from %s to %s", j.name(p.new), c.new.Name, c.old.Type, c.new.Type)
	expand := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s; /* write both, fill in batches, move readers over, drop %s one release later */",
		p.new.sql(), quote(c.new.Name+"_new"), c.new.Type, quote(c.new.Name))
	switch {
	case j.rewritten(s, p):
		j.on(s, "alter-type-rewrite", p.new, fmt.Sprintf("changing %s rewrites the table and all its indexes while it is closed to reads and writes", change), expand)
	case len(s.says("verifying table", "")) > 0, s.buildsIndex(), len(s.says("validating foreign key", "")) > 0:
		j.on(s, "alter-type-scan", p.new, fmt.Sprintf("changing %s rewrites no row, but checks a constraint or rebuilds an index while the table is closed to reads and writes", change),
			"drop the index or constraint before and make it anew concurrently or NOT VALID afterwards; or: "+expand)
	}
	if narrower(c.old.Type, c.new.Type) {
		j.on(s, "narrowing-type", p.new, fmt.Sprintf("changing %s fails on values that do not fit, and rejects those that running code still writes", change),
			fmt.Sprintf("keep the type, and ALTER TABLE %s ADD CONSTRAINT … CHECK (…) NOT VALID for the narrower range: repair rows, then VALIDATE it", p.new.sql()))
	}
}

// buildsIndex leaves the index of a TOAST table out, which is as new as the table.
func (s *step) buildsIndex() bool {
	for _, name := range s.says(`building index "`, `"`) {
		if !strings.HasPrefix(name, "pg_toast") {
			return true
		}
	}
	return false
}

var typeForm = regexp.MustCompile(`^([a-z" ]+?)(?:\((\d+)(?:,(-?\d+))?\))?( with(?:out)? time zone)?$`)

// typeParts reads what format_type wrote; p and s are -1 where there are none.
func typeParts(t string) (base string, p, s int) {
	m := typeForm.FindStringSubmatch(t)
	if m == nil {
		return t, -1, -1
	}
	p, s = -1, -1
	if m[2] != "" {
		p, _ = strconv.Atoi(m[2])
	}
	if m[3] != "" {
		s, _ = strconv.Atoi(m[3])
	}
	return m[1] + m[4], p, s
}

var (
	intRange   = map[string]int{"smallint": 2, "integer": 4, "bigint": 8, "numeric": 100, "double precision": 90, "real": 80}
	textual    = map[string]bool{"text": true, "character varying": true, "character": true}
	momentary  = map[string]int{"timestamp with time zone": 3, "timestamp without time zone": 3, "date": 2, "time without time zone": 1, "time with time zone": 1}
	structured = map[string]int{"json": 2, "jsonb": 1}
)

// narrower reports whether some value of the one type has no place in the other.
func narrower(from, to string) bool {
	a, ap, as := typeParts(from)
	b, bp, bs := typeParts(to)
	switch {
	case textual[a] && textual[b]:
		return bp >= 0 && (ap < 0 || bp < ap)
	case textual[a]:
		return true
	case textual[b]:
		return bp >= 0 && bp < longest(a, ap)
	case intRange[a] > 0 && intRange[b] > 0:
		if a == "numeric" && b == "numeric" {
			return bp >= 0 && (ap < 0 || bp-max(bs, 0) < ap-max(as, 0) || max(bs, 0) < max(as, 0))
		}
		if b == "numeric" {
			return bp >= 0 && bp-max(bs, 0) < digits[a]
		}
		return intRange[b] < intRange[a]
	case momentary[a] > 0 && momentary[b] > 0:
		return momentary[b] < momentary[a] || a == b && bp >= 0 && (ap < 0 || bp < ap)
	case structured[a] > 0 && structured[b] > 0:
		return false
	}
	return strings.HasPrefix(a, "bit") && b == a && bp >= 0 && ap >= 0 && bp < ap
}

var digits = map[string]int{"smallint": 5, "integer": 10, "bigint": 19, "real": 38, "double precision": 308}

// longest is how many characters a value of a type that is no text can have.
func longest(base string, p int) int {
	if n, ok := map[string]int{"smallint": 6, "integer": 11, "bigint": 20, "uuid": 36, "boolean": 5, "date": 10, "inet": 43}[base]; ok {
		return n
	}
	return 64
}
