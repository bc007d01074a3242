package migrations

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/sqltext"
)

// wayOut is what to write where the error alone does not tell, and nothing otherwise.
// It is about the statement that failed, not about the file.
func (s *Set) wayOut(src source, e *StatementError) string {
	pg, ok := errors.AsType[*pgconn.PgError](e.Err)
	if !ok {
		return ""
	}
	switch pg.Code {
	case "25001": // active_sql_transaction
		if several(e.Statement) && src.sql != nil && src.sql.section(e.Down).noTransaction {
			return "this is sent as one message, which Postgres runs as one transaction: let each statement stand by itself"
		}
		return s.dialectOf(src).alone()
	case "42601": // syntax_error
		if open := sqltext.Split(e.Statement).Unclosed; open != "" && s.dialectOf(src) == Goose {
			return fmt.Sprintf("goose ended the statement at a semicolon inside %s: -- +goose StatementBegin on the line before it, -- +goose StatementEnd after it", open)
		}
	case "55P04": // unsafe_new_enum_value_usage
		return "a new enum value can be used from the next migration on: move ALTER TYPE … ADD VALUE into one of its own, before this"
	case "42P01", "3F000": // undefined_table, invalid_schema_name
		if from, line := s.emptied(src, e.Down); line > 0 {
			return fmt.Sprintf("%s empties search_path for the rest of the session, as pg_dump does: put RESET search_path; at the end of that file", at(from, line))
		}
	case insufficientPrivilege:
		if from, line := s.roleLeft(src, e.Down); line > 0 {
			return fmt.Sprintf("%s sets another role for the rest of the session: put RESET ROLE; at the end of that file", at(from, line))
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

func several(sql string) bool { return len(sqltext.Split(sql).Statements) > 1 }

// emptied is where the session was told to look in no schema, in this migration or one
// before it.
func (s *Set) emptied(src source, down bool) (file string, line int) {
	return s.lastSetting(src, down, "search_path", func(st sqltext.Statement) setting {
		switch {
		case sqltext.Index(st.Tokens, "set_config") >= 0 && slices.ContainsFunc(st.Tokens, emptyString):
			return left
		case sqltext.Index(st.Tokens, "search_path") >= 0:
			return putBack
		}
		return silent
	})
}

func emptyString(t sqltext.Token) bool { return t.Kind == sqltext.String && t.Text == "" }

// roleLeft is where the session took another role and kept it.
func (s *Set) roleLeft(src source, down bool) (file string, line int) {
	return s.lastSetting(src, down, "role", func(st sqltext.Statement) setting {
		switch {
		case st.Starts("reset"), st.Starts("set", "role", "none"):
			return putBack
		case st.Starts("set", "role"), st.Starts("set", "session", "authorization"), st.Starts("set", "session", "role"), st.Starts("set", "local", "role"):
			return left
		}
		return silent
	})
}

// setting is what a statement says of one.
type setting int

const (
	silent setting = iota
	left
	putBack
)

// lastSetting is the last place, in src and the migrations before it, where a setting
// was changed and not put back.
func (s *Set) lastSetting(src source, down bool, word string, says func(sqltext.Statement) setting) (file string, line int) {
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
				switch says(one) {
				case left:
					file, line = section.file, st.line+strings.Count(st.sql[:one.Pos], "\n")
				case putBack:
					file, line = "", 0
				}
			}
		}
		if len(section.after) > 0 {
			file, line = "", 0
		}
	}
	return file, line
}

// adviseOrder explains goose's refusal to go back and fill a gap.
func adviseOrder(err error) error {
	if !strings.Contains(err.Error(), "missing (out-of-order)") { // goose has no sentinel for it
		return err
	}
	return fmt.Errorf("%w\nway out: give the file a higher number than those that are applied; or allow gaps "+
		"(Options.AllowMissing, --allow-missing); or make a development database anew (seedbed reset)", err)
}
