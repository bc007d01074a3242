package migrations

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/sqltext"
)

// wayOut returns the remedy for a failed statement if the error alone does not tell it, or
// "".
func (s *Set) wayOut(src source, e *StatementError) string {
	pg, ok := errors.AsType[*pgconn.PgError](e.Err)
	if !ok {
		return ""
	}
	if v, unset := src.unsetIn(e); unset {
		return v.String() + ": set it, or give a default, as in ${" + v.name + ":-…}"
	}
	switch pg.Code {
	case "25001": // active_sql_transaction
		if hasSeveralStatements(e.Statement) && src.sql != nil && src.sql.section(e.Down).noTransaction {
			return "this is sent as one message, which Postgres runs as one transaction: let each statement stand by itself"
		}
		return s.dialectOf(src).outsideTransaction()
	case "42601": // syntax_error
		open := sqltext.Split(e.Statement).Unclosed
		switch {
		case open == "" || s.dialectOf(src) != Goose:
		case src.leavesOpen(e):
			return fmt.Sprintf("the file ends in the middle of %s: a quote too few or too many; an apostrophe in a text is written ''", open)
		default:
			return fmt.Sprintf("goose ended the statement at a semicolon inside %s: -- +goose StatementBegin on the line before it, -- +goose StatementEnd after it", open)
		}
		if strings.HasSuffix(pg.Message, "at or near \"`\"") {
			return "backticks are MySQL's quotes of names; Postgres has double quotes, or none"
		}
	case "55P04": // unsafe_new_enum_value_usage
		return "a new enum value can be used from the next migration on: move ALTER TYPE … ADD VALUE into one of its own, before this"
	case "42P01", "3F000": // undefined_table, invalid_schema_name
		if from, line := s.emptySearchPathAt(src, e.Down); line > 0 {
			return fmt.Sprintf("%s empties search_path for the rest of the session, as pg_dump does: put RESET search_path; at the end of that file", filePosition(from, line))
		}
		later := func(other source) bool { return other.Version > src.Version }
		if name, line := s.making(missingRelation, pg.Message, later); name != "" && !e.Down {
			return fmt.Sprintf("%s makes it, and runs after this one: give it a lower number, if neither is applied anywhere", filePosition(name, line))
		}
	case insufficientPrivilege:
		if from, line := s.roleSetAt(src, e.Down); line > 0 {
			return fmt.Sprintf("%s sets another role for the rest of the session: put RESET ROLE; at the end of that file", filePosition(from, line))
		}
	case "42P07", "42701", "42710", "42723", "42P06": // duplicate_table, _column, _object, _function, _schema
		earlier := func(other source) bool { return other.Version < src.Version }
		name, line := s.making(takenRelation, pg.Message, earlier)
		switch {
		case strings.HasPrefix(pg.Message, `role "`):
			return "roles belong to the server, and stay when a database goes: make it where it is missing (DO … IF to_regrole('…') IS NULL THEN CREATE ROLE …)"
		case e.Down:
		case name != "":
			return fmt.Sprintf("%s makes it, too, and has been applied: one of both is too many, or a Down between them has not undone it", filePosition(name, line))
		default:
			return "this migration is not recorded as applied, and what it makes is there: by hand, by another tool, or left by a Down that does not undo its Up " +
				"(down-residue of seedbed migrate review). Drop it, or make a development database anew (seedbed reset)"
		}
	case "42704": // undefined_object
		if strings.HasPrefix(pg.Message, `role "`) {
			return "roles belong to the server, not to the database: let the first migration make it where it is missing (DO … IF to_regrole('…') IS NULL THEN CREATE ROLE …)"
		}
	case "0A000", "58P01":
		if strings.Contains(pg.Message, "extension") {
			return "this Postgres has no such extension: install it there, or name another installation (pgtest.Server.Binaries, SEEDBED_BINARIES)"
		}
	}
	return privilegeHint(e.Statement, e.Err)
}

// leavesOpen reports whether the text from the failed statement to the section's end
// leaves a quotation open, so that no semicolon was inside one.
func (src source) leavesOpen(e *StatementError) bool {
	if src.sql == nil || e.Index < 0 {
		return false
	}
	var rest strings.Builder
	for _, st := range src.sql.section(e.Down).statements[e.Index:] {
		rest.WriteString(st.sql + "\n")
	}
	return sqltext.Split(rest.String()).Unclosed != ""
}

// missingRelation and takenRelation match Postgres's messages about a table that is not there,
// and about one that is.
var (
	missingRelation = regexp.MustCompile(`^relation "(?:[^"]*\.)?([^".]+)" does not exist$`)
	takenRelation   = regexp.MustCompile(`^relation "(?:[^"]*\.)?([^".]+)" already exists$`)
)

// making returns where one of other migrations makes the relation that a message is about.
func (s *Set) making(about *regexp.Regexp, message string, others func(source) bool) (file string, line int) {
	m := about.FindStringSubmatch(message)
	if m == nil {
		return "", 0
	}
	making := regexp.MustCompile(`(?i)^create\s+(?:unlogged\s+|or\s+replace\s+|materialized\s+)*(?:table|view|sequence)\s+(?:if\s+not\s+exists\s+)?(?:"?\w+"?\.)?"?` + regexp.QuoteMeta(m[1]) + `"?[\s(]`)
	for _, other := range s.sources {
		if other.sql == nil || !others(other) {
			continue
		}
		for _, st := range other.sql.up.statements {
			if making.MatchString(strings.TrimSpace(st.sql)) {
				return other.fileOf(false), st.line
			}
		}
	}
	return "", 0
}

func hasSeveralStatements(sql string) bool { return len(sqltext.Split(sql).Statements) > 1 }

// emptySearchPathAt returns where the migration, or one before it, emptied the
// search_path.
func (s *Set) emptySearchPathAt(src source, down bool) (file string, line int) {
	return s.lastChange(src, down, "search_path", func(st sqltext.Statement) sessionEffect {
		switch {
		case sqltext.Index(st.Tokens, "set_config") >= 0 && slices.ContainsFunc(st.Tokens, emptyString):
			return changesSession
		case sqltext.Index(st.Tokens, "search_path") >= 0:
			return restoresSession
		}
		return noEffect
	})
}

func emptyString(t sqltext.Token) bool { return t.Kind == sqltext.String && t.Text == "" }

// roleSetAt returns where the migration, or one before it, set a role and did not reset
// it.
func (s *Set) roleSetAt(src source, down bool) (file string, line int) {
	return s.lastChange(src, down, "role", func(st sqltext.Statement) sessionEffect {
		switch {
		case st.Starts("reset"), st.Starts("set", "role", "none"):
			return restoresSession
		case st.Starts("set", "role"), st.Starts("set", "session", "authorization"), st.Starts("set", "session", "role"), st.Starts("set", "local", "role"):
			return changesSession
		}
		return noEffect
	})
}

// sessionEffect is what a statement does to a session's setting.
type sessionEffect int

const (
	noEffect sessionEffect = iota
	changesSession
	restoresSession
)

// lastChange returns the last place, in src and the migrations before it, where a setting
// was changed and not restored. Statements without word are not parsed.
func (s *Set) lastChange(src source, down bool, word string, effect func(sqltext.Statement) sessionEffect) (file string, line int) {
	for _, earlier := range s.sources {
		if earlier.sql == nil || earlier.Version > src.Version || down && earlier.Version < src.Version {
			continue
		}
		section := earlier.sql.section(down)
		for _, st := range section.statements {
			if !strings.Contains(strings.ToLower(st.sql), word) {
				continue
			}
			for _, one := range sqltext.Split(st.sql).Statements {
				switch effect(one) {
				case changesSession:
					file, line = section.file, st.line+strings.Count(st.sql[:one.Pos], "\n")
				case restoresSession:
					file, line = "", 0
				}
			}
		}
		if len(section.resets) > 0 {
			file, line = "", 0
		}
	}
	return file, line
}

// adviseOrder adds the remedy to goose's error about a version lower than the applied
// ones.
func adviseOrder(err error) error {
	if !strings.Contains(err.Error(), "missing (out-of-order)") { // goose has no sentinel for it
		return err
	}
	return fmt.Errorf("%w\nway out: give the file a higher number than those that are applied; or allow gaps "+
		"(Options.AllowMissing, --allow-missing); or make a development database anew (seedbed reset)", err)
}

const insufficientPrivilege = "42501"

// privilegeHints are remedies for missing privileges, by the statement. Migrations run as
// the database's owner, with CREATEROLE and no further privilege.
var privilegeHints = []struct {
	statement *regexp.Regexp
	wayOut    string
}{
	{
		regexp.MustCompile(`(?i)\bcreate\s+extension\b|\balter\s+extension\b`),
		"the extension needs a superuser; name it in pgtest.Server.Extensions, or have the DBA create it first",
	},
	{
		regexp.MustCompile(`(?is)\b(create|alter)\s+(role|user)\b.*\b(superuser|replication|bypassrls)\b`),
		"only a superuser may grant that attribute; create the role beforehand and let the migration skip it when it exists",
	},
	{
		regexp.MustCompile(`(?i)\bowner\s+to\b|\bset\s+(local\s+|session\s+)?role\b|\bsession\s+authorization\b|\bfor\s+role\b`),
		"acting for another role takes membership in it: GRANT it to CURRENT_USER first; or let a superuser migrate, as production does, with pgtest.Server.MigrateAsSuperuser",
	},
	{
		regexp.MustCompile(`(?i)\b(create|alter|drop)\s+(role|user|group)\b|\bgrant\b|\brevoke\b`),
		"the migrating role needs CREATEROLE, and ADMIN OPTION on roles that it did not create itself",
	},
	{
		regexp.MustCompile(`(?i)\balter\s+system\b|\bset\s+(local\s+|session\s+)?[a-z_.]+\s*(=|to)\b|set_config`),
		"the setting needs a superuser; put it in pgtest.Server.Settings, or in the server's configuration",
	},
}

// privilegeHint returns the remedy if err is about a missing privilege, or "".
func privilegeHint(statement string, err error) string {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pg.Code != insufficientPrivilege {
		return ""
	}
	for _, g := range privilegeHints {
		if g.statement.MatchString(statement) {
			return g.wayOut
		}
	}
	return "migrations run as the role of the connection, which is no superuser: grant it what the message names, or set pgtest.Server.MigrateAsSuperuser"
}
