package migrations

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/sqltext"
)

// readDump reads a file that pg_dump wrote.
func readDump(fsys fs.FS, dir string) ([]foreignMigration, error) {
	names, err := sqlFiles(fsys, dir)
	if err != nil {
		return nil, err
	}
	var files []foreignMigration
	for _, name := range names {
		text, err := readText(fsys, dir, name)
		if err != nil {
			return nil, err
		}
		files = append(files, foreignMigration{name: name, up: sectionText{file: name, text: text, line: 1}})
	}
	return files, nil
}

// dumpStatements returns a dump's statements for the schema and its rows. It leaves out
// psql's commands, settings of the loading session and owners: in a test everything
// belongs to the migrating role. It creates missing roles that the dump grants to.
func dumpStatements(p sectionText) ([]statement, error) {
	var all []statement
	roles := map[string]bool{}
	for _, piece := range splitCopies(p) {
		if piece.rows != nil {
			inserts, err := piece.insertStatements(p.file)
			if err != nil {
				return nil, err
			}
			all = append(all, inserts...)
			continue
		}
		piece.text = withoutCommands(piece.text)
		at := lineCounter{sectionText: piece.sectionText}
		for _, st := range sqltext.Split(piece.text).Statements {
			if isLoaderOnly(st) {
				continue
			}
			line := at.line(st.Pos)
			for _, role := range grantees(st) {
				if !roles[role] {
					roles[role] = true
					all = append(all, statement{sql: createRole(role), line: line})
				}
			}
			all = append(all, statement{sql: localSetting(st), line: line})
		}
	}
	return all, nil
}

// notLocal is the end of a call of set_config whose setting outlives the transaction.
var notLocal = regexp.MustCompile(`(?i),\s*false\s*\)\s*$`)

// localSetting is a statement's text, changed where it sets what its session would keep: a
// dump has a session to itself, and migrations follow each other in one.
func localSetting(st sqltext.Statement) string {
	switch {
	case st.Starts("set", "check_function_bodies"), st.Starts("set", "search_path"):
		return "SET LOCAL" + st.Text[len("SET"):]
	case st.Starts("select") && sqltext.Index(st.Tokens, "set_config") >= 0:
		return notLocal.ReplaceAllString(st.Text, ", true)")
	}
	return st.Text
}

// isLoaderOnly reports whether a statement concerns only the session that loads the dump,
// or needs another owner or a superuser.
func isLoaderOnly(st sqltext.Statement) bool {
	switch {
	case st.Starts("set"):
		// A dump creates functions before the tables that they use.
		return !st.Starts("set", "check_function_bodies") && !st.Starts("set", "search_path")
	case st.Starts("alter"):
		return sqltext.Index(st.Tokens, "owner", "to") >= 0 || st.Starts("alter", "default", "privileges", "for")
	case st.Starts("select"):
		return sqltext.Index(st.Tokens, "set_config") >= 0 && !strings.Contains(st.Text, "search_path")
	}
	return st.Starts("comment", "on", "extension") || st.Starts("create", "schema", "public") || st.Starts("comment", "on", "schema", "public") ||
		st.Starts("drop", "schema") && sqltext.Index(st.Tokens, "public") >= 0
}

// grantees returns the roles that a GRANT, REVOKE or policy names, without PUBLIC.
func grantees(st sqltext.Statement) []string {
	at := -1
	switch {
	case st.Starts("grant"), st.Starts("create", "policy"):
		at = sqltext.Index(st.Tokens, "to")
	case st.Starts("revoke"):
		at = sqltext.Index(st.Tokens, "from")
	}
	if at < 0 {
		return nil
	}
	var roles []string
	for _, t := range st.Tokens[at+1:] {
		switch {
		case t.Is(","):
			continue
		case !t.IsIdentifier(), t.Is("using"), t.Is("with"), t.Is("granted"):
			return roles
		case t.Is("public"), t.Is("current_user"), t.Is("session_user"), t.Is("current_role"):
		default:
			roles = append(roles, t.Text)
		}
	}
	return roles
}

// createRole returns a statement that creates a role if it is missing.
func createRole(name string) string {
	return fmt.Sprintf("do $seedbed$ begin if to_regrole(%[1]s) is null then create role %[2]s; end if; end $seedbed$",
		"'"+escapeLiteral(pgx.Identifier{name}.Sanitize())+"'", pgx.Identifier{name}.Sanitize())
}

// withoutCommands replaces psql's commands by blanks, so that line numbers are right.
func withoutCommands(text string) string {
	for {
		offset, err := findPsqlOnly(text)
		if err == nil || text[offset] != '\\' {
			return text
		}
		end := offset + len(lineAt(text, offset))
		text = text[:offset] + strings.Repeat(" ", end-offset) + text[end:]
	}
}

// dumpPiece is a part of a dump: SQL, or the rows of one COPY.
type dumpPiece struct {
	sectionText
	copyTarget string   // up to FROM stdin
	rows       []string // nil: SQL
}

var (
	copyLine = regexp.MustCompile(`(?i)^COPY (.+) FROM stdin.*;\s*$`)
	copyForm = regexp.MustCompile(`^(.+?)(?: (\(.*\)))?$`)
)

// splitCopies separates the rows of COPY from the SQL.
func splitCopies(p sectionText) []dumpPiece {
	var pieces []dumpPiece
	lines := strings.SplitAfter(p.text, "\n")
	from := 0 // first line of the SQL that has not been added
	addSQL := func(to int) {
		pieces = append(pieces, dumpPiece{sectionText: sectionText{line: p.line + from, text: strings.Join(lines[from:to], "")}})
	}
	for i := 0; i < len(lines); i++ {
		m := copyLine.FindStringSubmatch(strings.TrimRight(lines[i], "\n"))
		if m == nil {
			continue
		}
		end := slices.IndexFunc(lines[i:], func(l string) bool { return strings.TrimRight(l, "\n") == `\.` })
		if end < 0 {
			continue
		}
		rows := make([]string, 0, end)
		for _, l := range lines[i+1 : i+end] {
			rows = append(rows, strings.TrimRight(l, "\n"))
		}
		addSQL(i)
		pieces = append(pieces, dumpPiece{sectionText: sectionText{line: p.line + i}, copyTarget: m[1], rows: rows})
		i += end
		from = i + 1
	}
	addSQL(len(lines))
	return pieces
}

// rowsPerInsert is the number of rows that one INSERT writes.
const rowsPerInsert = 500

// insertStatements returns the rows of a COPY as INSERT statements, which goose can send.
func (c dumpPiece) insertStatements(file string) ([]statement, error) {
	m := copyForm.FindStringSubmatch(c.copyTarget)
	var all []statement
	for from := 0; from < len(c.rows); from += rowsPerInsert {
		rows := c.rows[from:min(from+rowsPerInsert, len(c.rows))]
		values := make([]string, len(rows))
		for i, row := range rows {
			fields := strings.Split(row, "\t")
			for k, f := range fields {
				value, err := copyValue(f)
				if err != nil {
					return nil, &SourceError{File: file, Line: c.line + from + i + 1, Err: err}
				}
				fields[k] = value
			}
			values[i] = "(" + strings.Join(fields, ", ") + ")"
		}
		sql := fmt.Sprintf("insert into %s %s overriding system value values\n%s", m[1], m[2], strings.Join(values, ",\n"))
		all = append(all, statement{sql: sql, line: c.line})
	}
	return all, nil
}

var copyEscapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// copyValue returns a field of COPY's text format as an SQL literal. pg_dump writes no
// octal or hexadecimal escapes.
func copyValue(field string) (string, error) {
	if field == `\N` {
		return "NULL", nil
	}
	var b strings.Builder
	for i := 0; i < len(field); i++ {
		c := field[i]
		if c == '\\' {
			i++
			if i == len(field) {
				return "", fmt.Errorf("a row of COPY ends in the middle of an escape: %q", field)
			}
			c = field[i]
			if e, ok := copyEscapes[c]; ok {
				c = e
			}
		}
		b.WriteByte(c)
	}
	value := b.String()
	if strings.Contains(value, `\`) { // E'' does not depend on standard_conforming_strings
		return "E'" + strings.ReplaceAll(escapeLiteral(value), `\`, `\\`) + "'", nil
	}
	return "'" + escapeLiteral(value) + "'", nil
}
