package review

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/report"
)

// structure is what a database consists of: objects and their definitions.
type structure map[string]string

func (s *session) structure(ctx context.Context) (structure, error) {
	mark := len(s.notices)
	defer func() { s.notices = s.notices[:mark] }()
	results, err := s.conn.PgConn().Exec(ctx, "select object, definition from seedbed_review.structure()").ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the structure of the scratch database: %w", err)
	}
	all := structure{}
	for _, r := range results {
		for _, row := range r.Rows {
			all[string(row[0])] += string(row[1])
		}
	}
	return all, nil
}

// from lists how now differs from before, in words; enum values that are left over
// are passed over, because Postgres cannot drop one.
func (now structure) from(before structure) []string {
	var all []string
	for object, def := range now {
		old, had := before[object]
		switch {
		case !had && strings.HasPrefix(object, "enum value "):
		case !had:
			all = append(all, object+" is left over")
		case old != def:
			all = append(all, fmt.Sprintf("%s is %s, was %s", object, described(def), described(old)))
		}
	}
	for object := range before {
		if _, has := now[object]; !has {
			all = append(all, object+" is missing")
		}
	}
	slices.Sort(all)
	return all
}

// described is a definition in a sentence; an object of which there is nothing to say but
// that it is there has none.
func described(definition string) string {
	if definition == "" {
		return "without options"
	}
	return strconv.Quote(definition)
}

// same reports whether nothing at all differs.
func (now structure) same(as structure) bool {
	if len(now) != len(as) {
		return false
	}
	for object, def := range now {
		if old, had := as[object]; !had || old != def {
			return false
		}
	}
	return true
}

// way is the outcome of running Down, and Up again, on a database that had Up.
type way struct {
	failed  *pgconn.PgError
	down    bool // it was Down that failed, not Up after it
	chunk   int
	residue []string
}

// downOn tries the way back on a session that is thrown away or rolled back, and Up
// again after it.
func downOn(ctx context.Context, sess *session, m *Migration, before structure) (way, error) {
	w := way{down: true}
	for i, c := range m.Down {
		failure, err := pgError(sess.exec(ctx, c.SQL))
		if err != nil || failure != nil {
			w.failed, w.chunk = failure, i
			return w, err
		}
	}
	after, err := sess.structure(ctx)
	if err != nil {
		return w, err
	}
	w.residue = after.from(before)
	if len(w.residue) > 0 {
		return w, nil
	}
	w.down = false
	if err := sess.exec(ctx, "discard temp"); err != nil {
		return w, err
	}
	for i, c := range m.Up {
		failure, err := pgError(sess.exec(ctx, c.SQL))
		if err != nil || failure != nil {
			w.failed, w.chunk = failure, i
			return w, err
		}
	}
	return w, nil
}

// simple reports whether Down and Up can be tried in a transaction that is rolled
// back.
func (m *Migration) simple() bool {
	for _, p := range append(statements(m.Up), statements(m.Down)...) {
		if p.transactionControl() || p.savepoint() || p.clusterWide() {
			return false
		}
	}
	return m.Transactional
}

// harmless reports whether nothing in the migration reaches beyond the database.
func (m *Migration) harmless() bool {
	for _, p := range append(statements(m.Up), statements(m.Down)...) {
		if p.clusterWide() {
			return false
		}
	}
	return true
}

// wayBack tries Down, and Up after it: in a transaction that is rolled back, or
// where that cannot be on the scratch database itself, which is made anew if it
// does not come out as it was. back reports that Down leads to where Up began.
func (e *engine) wayBack(ctx context.Context, m *Migration, before structure) (w way, back bool, err error) {
	switch {
	case m.simple():
		if err := e.sess.exec(ctx, "discard temp; begin"); err != nil {
			return way{}, false, err
		}
		w, err := downOn(ctx, e.sess, m, before)
		return w, false, errors.Join(err, e.sess.exec(ctx, "rollback"))
	case !m.harmless(), e.unrepeated:
		return way{}, false, nil
	}
	if w, err = downOn(ctx, e.sess, m, before); err != nil {
		return w, false, err
	}
	if w.failed == nil && len(w.residue) == 0 && !e.sess.inTransaction() {
		now, err := e.sess.structure(ctx)
		if err != nil || now.same(e.structure) {
			e.state = nil // it has other OIDs now
			return w, true, err
		}
	}
	return w, false, e.rebuildScratch(ctx, m.Version)
}

// downRules judges the way back. before and after are the structure around Up, r
// what Up did.
func (e *engine) downRules(ctx context.Context, m *Migration, before, after structure, r *run) (found []report.Finding, back bool, err error) {
	finding := func(rule string, line, chunk int, target, message, fix string) []report.Finding {
		f := m.finding(rule, target, message, fix)
		f.Statement.Line, f.Statement.Number = line, chunk
		return []report.Finding{f}
	}
	if !m.HasDown {
		if m.OneWay || after.same(before) {
			return nil, false, nil
		}
		diff := after.from(before)
		return finding("down-missing", 0, -1, targetOf(diff), "Up changes the schema and there is no way back: "+some(diff),
			m.Tool.Down+" with the statements that undo it, newest first"), false, nil
	}
	w, back, err := e.wayBack(ctx, m, before)
	if err != nil {
		return nil, false, err
	}
	w.residue = slices.DeleteFunc(w.residue, r.partitionTrace)
	switch {
	case w.failed != nil && strings.HasPrefix(w.failed.Message, `role "`):
		return nil, false, nil // roles belong to the server, and other databases hold on to them
	case w.failed != nil && w.down:
		f := finding("down-fails", m.Down[w.chunk].Line, w.chunk, "", fmt.Sprintf("Down fails: %s (SQLSTATE %s)", w.failed.Message, w.failed.Code),
			undoFix(before, after))
		f[0].Statement.SQLState, f[0].Statement.SQL = w.failed.Code, m.Down[w.chunk].SQL
		return f, false, nil
	case len(w.residue) > 0:
		return finding("down-residue", m.DownLine, -1, targetOf(w.residue), "after Up and Down the schema is not what it was: "+some(w.residue),
			undoFix(nil, nil)), false, nil
	case w.failed != nil && r.clean() && w.failed.Code != codeDuplicateObject: // an enum value stays
		f := finding("up-after-down-fails", m.Up[w.chunk].Line, w.chunk, "", fmt.Sprintf("Up fails after Down: %s (SQLSTATE %s)", w.failed.Message, w.failed.Code),
			undoFix(nil, nil))
		f[0].Statement.SQLState, f[0].Statement.SQL = w.failed.Code, m.Up[w.chunk].SQL
		return f, false, nil
	}
	return nil, back, nil
}

// dropped matches the objects that a statement of their own drops: others go with those.
var dropped = regexp.MustCompile(`^(schema|extension|table|foreign table|view|materialized view|type|function|column|trigger|policy|rule) `)

// undoFix says how Down should be, with the objects that Up made.
func undoFix(before, after structure) string {
	const fix = "let Down undo each statement of Up, newest first"
	var made []string
	for object := range after {
		if _, had := before[object]; had || !dropped.MatchString(object) {
			continue
		}
		_, name, _ := strings.Cut(object, " ")
		table := "table " + name[:max(strings.LastIndexByte(name, '.'), 0)]
		_, had := before[table]
		if _, has := after[table]; had || !has { // a new table's parts go with it
			made = append(made, object)
		}
	}
	if len(made) == 0 {
		return fix
	}
	slices.Sort(made)
	return fix + "; Up makes " + some(made)
}

// partitionTrace reports whether a difference is what Postgres itself leaves on a
// partition that comes or goes: the bound as a CHECK, the parent's keys.
func (r *run) partitionTrace(difference string) bool {
	if !strings.HasSuffix(difference, " is left over") {
		return false
	}
	for _, s := range r.steps {
		for _, p := range s.diff.same {
			if p.old.Partition != p.new.Partition &&
				(strings.HasPrefix(difference, "constraint "+p.new.String()+".") || strings.HasPrefix(difference, "index "+p.new.String()+"_")) {
				return true
			}
		}
	}
	return false
}

// some is the beginning of a list that may be long.
func some(all []string) string {
	const most = 4
	if len(all) > most {
		return strings.Join(all[:most], "; ") + fmt.Sprintf("; and %d more", len(all)-most)
	}
	return strings.Join(all, "; ")
}

// targetOf is the relation that the first difference is about.
func targetOf(diff []string) string {
	for _, d := range diff {
		kind, rest, _ := strings.Cut(d, " ")
		name, _, _ := strings.Cut(rest, " ")
		parts := strings.Split(name, ".")
		switch kind {
		case "table", "column", "constraint", "trigger", "policy", "rule", "index", "view":
			if len(parts) >= 2 {
				return parts[0] + "." + parts[1]
			}
		}
	}
	return ""
}
