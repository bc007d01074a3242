package migrations

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/qarion/seedbed/internal/sqltext"
)

// foreignMigration is a migration written for another tool than goose.
type foreignMigration struct {
	name   string // the base name, with the folder if each migration has one
	number string // the digits that the tool sorts by, or ""
	up     sectionText
	down   *sectionText // nil: it cannot be rolled back
}

// sectionText is one direction of a migration, up or down, as it stands in a file.
type sectionText struct {
	file          string
	text          string
	line          int  // of the file, from 1, where text begins
	noTransaction bool // the file asks to run outside a transaction
}

// readForeign reads migrations of another tool and converts them to goose's.
func readForeign(fsys fs.FS, p location) ([]source, error) {
	files, err := dialectReaders[p.dialect](fsys, p.dir)
	if err != nil {
		return nil, err
	}
	return convert(p.dialect, files)
}

// convert makes sources for goose of migrations of another tool.
func convert(d Dialect, files []foreignMigration) ([]source, error) {
	var sources []source
	last := int64(0)
	for _, f := range files {
		last = versionAfter(last, f.number)
		src := source{Migration: Migration{Version: last, File: f.name}, sql: &sqlMigration{hasDown: f.down != nil}, converted: true}
		src.content = append(src.content, f.up.text...)
		var err error
		if src.sql.up, err = d.parseSection(f.up); err != nil {
			return nil, err
		}
		if f.down != nil {
			src.content = append(src.content, "\x00"+f.down.text...)
			src.sql.downLine = f.down.line
			if src.sql.down, err = d.parseSection(*f.down); err != nil {
				return nil, err
			}
		}
		sources = append(sources, src)
	}
	return sources, nil
}

// versionAfter returns the version under which goose runs a file: its number, or last+1 if
// it has none, or one that is too large or not above last.
func versionAfter(last int64, number string) int64 {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= last || n == math.MaxInt64 {
		return last + 1
	}
	return n
}

// sqlFiles lists the .sql files of a directory; dir may be a file.
func sqlFiles(fsys fs.FS, dir string) ([]string, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		if info, statErr := fs.Stat(fsys, dir); statErr == nil && !info.IsDir() {
			return []string{path.Base(dir)}, nil
		}
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && strings.EqualFold(path.Ext(e.Name()), ".sql") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// readText reads a file, which must be UTF-8. dir may be the file itself.
func readText(fsys fs.FS, dir, name string) (string, error) {
	full := path.Join(dir, name)
	if path.Base(dir) == name {
		if info, err := fs.Stat(fsys, dir); err == nil && !info.IsDir() {
			full = dir
		}
	}
	content, err := fs.ReadFile(fsys, full)
	if err != nil {
		return "", &SourceError{File: name, Err: err}
	}
	if line, err := checkText(content); err != nil {
		return "", &SourceError{File: name, Line: line, Err: err}
	}
	return strings.ReplaceAll(string(content), "\r\n", "\n"), nil
}

var leadingNumber = regexp.MustCompile(`^[vV]?([0-9]+)`)

// numberOf returns the number that a name begins with, without Flyway's V, or "".
func numberOf(name string) string {
	m := leadingNumber.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	return m[1]
}

// sortNatural sorts names with numbers by value: 2 before 10.
func sortNatural(names []string) {
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(compareNatural(a, b), cmp.Compare(a, b))
	})
}

// compareNatural compares names, runs of digits as numbers.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		x, y := leadingDigits(a), leadingDigits(b)
		if x == "" || y == "" {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		m, n := strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if c := cmp.Or(cmp.Compare(len(m), len(n)), cmp.Compare(m, n)); c != 0 {
			return c
		}
		a, b = a[len(x):], b[len(y):]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingDigits(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}

// parseSection splits a section into statements, and decides whether they run in a
// transaction, as the dialect's own tool does.
func (d Dialect) parseSection(p sectionText) (section, error) {
	s := section{file: p.file, noTransaction: p.noTransaction}
	var err error
	if isDump([]byte(p.text)) {
		if s.statements, err = dumpStatements(p); err != nil {
			return s, err
		}
		return s.withReset(p.text), nil
	}
	if err := refusePsqlOnly(p); err != nil {
		return s, err
	}
	cut := sqltext.Split(p.text)
	if i := templateOffset(p.text); i >= 0 {
		return s, &SourceError{File: p.file, Line: p.lineAt(i), Err: errors.New("is a template, which only its own tool can fill in ({{…}}): run that tool in pgtest.Server.Migrate")}
	}
	if cut.Unclosed != "" {
		st := cut.Statements[len(cut.Statements)-1]
		return s, &SourceError{File: p.file, Line: p.lineAt(st.Pos), Err: fmt.Errorf("the statement that begins here ends in the middle of %s", cut.Unclosed)}
	}
	all := cut.Statements
	if unwrapped, ok := withoutBlock(all); ok && !p.noTransaction {
		all = unwrapped
	}
	at := lineCounter{sectionText: p}
	for _, st := range all {
		s.statements = append(s.statements, statement{sql: st.Text, line: at.line(st.Pos)})
	}
	if p.noTransaction && d == Dbmate && len(all) > 1 { // one message, as dbmate sends it
		s.statements = []statement{{sql: strings.TrimSpace(p.text[all[0].Pos:]), line: p.lineAt(all[0].Pos)}}
	}
	s.noTransaction = s.noTransaction || d.needsNoTransaction(all)
	return s.withReset(p.text), nil
}

func (p sectionText) lineAt(offset int) int { return p.line + strings.Count(p.text[:offset], "\n") }

// lineCounter is lineAt for increasing offsets, in one pass over the text.
type lineCounter struct {
	sectionText
	pos int
}

func (c *lineCounter) line(offset int) int {
	c.sectionText.line += strings.Count(c.text[c.pos:offset], "\n")
	c.pos = offset
	return c.sectionText.line
}

// needsNoTransaction reports whether statements must run without a transaction around
// them, though the file does not ask for that.
func (d Dialect) needsNoTransaction(all []sqltext.Statement) bool {
	refuses := slices.ContainsFunc(all, refusesTransaction)
	switch {
	case slices.ContainsFunc(all, controlsBlock):
		return true
	case d.sendsWholeFile():
		return refuses && len(all) == 1
	}
	return refuses && d == Plain
}

// withReset adds statements that reset settings which the section leaves in the session,
// such as an empty search_path or another role: goose still has to write to its version
// table.
func (s section) withReset(text string) section {
	lower := strings.ToLower(text)
	for _, r := range []struct{ mark, sql string }{
		{"search_path", "reset search_path"}, {"set role", "reset role"}, {"session authorization", "reset session authorization"},
	} {
		if strings.Contains(lower, r.mark) {
			s.resets = append(s.resets, r.sql)
		}
	}
	return s
}

// templateOffset returns the offset of a template's {{ in SQL outside quotes, or -1.
func templateOffset(text string) int {
	if !strings.Contains(text, "{{") {
		return -1
	}
	tokens := sqltext.Tokens(text)
	for i := 1; i < len(tokens); i++ {
		if tokens[i].Is("{") && tokens[i-1].Is("{") && tokens[i].Pos == tokens[i-1].Pos+1 {
			return tokens[i-1].Pos
		}
	}
	return -1
}

// refusesTransaction reports whether Postgres refuses to run the statement in a
// transaction block.
func refusesTransaction(st sqltext.Statement) bool {
	if sqltext.Index(st.Tokens, "concurrently") >= 0 && !st.Starts("refresh") {
		return true
	}
	for _, words := range [][]string{
		{"vacuum"}, {"alter", "system"}, {"create", "database"}, {"drop", "database"},
		{"create", "tablespace"}, {"drop", "tablespace"}, {"reindex", "database"}, {"reindex", "system"},
	} {
		if st.Starts(words...) {
			return true
		}
	}
	return false
}

// controlsBlock reports whether the statement begins or ends a transaction block.
func controlsBlock(st sqltext.Statement) bool {
	for _, words := range [][]string{{"begin"}, {"start", "transaction"}, {"commit"}, {"end"}, {"abort"}, {"prepare", "transaction"}} {
		if st.Starts(words...) {
			return true
		}
	}
	return st.Starts("rollback") && sqltext.Index(st.Tokens, "to") < 0
}

// withoutBlock removes a BEGIN and COMMIT around all statements: goose begins and commits.
// ok is false if there are none, or further ones inside.
func withoutBlock(all []sqltext.Statement) (inner []sqltext.Statement, ok bool) {
	n := len(all)
	if n < 2 || !all[0].Starts("begin") && !all[0].Starts("start", "transaction") || !all[n-1].Starts("commit") && !all[n-1].Starts("end") {
		return nil, false
	}
	inner = all[1 : n-1]
	return inner, !slices.ContainsFunc(inner, controlsBlock)
}

// gooseAnnotation matches a comment in a statement that goose would take for an annotation.
var gooseAnnotation = regexp.MustCompile(`(?m)^(\s*--.*)\+goose`)

// render writes a section as a goose file, with each statement between StatementBegin and
// StatementEnd.
func (s section) render(down bool) []byte {
	var b strings.Builder
	if s.noTransaction {
		b.WriteString("-- +goose NO TRANSACTION\n")
	}
	b.WriteString("-- +goose Up\n")
	if down {
		b.WriteString("-- +goose Down\n")
	}
	write := func(sql string) {
		for gooseAnnotation.MatchString(sql) {
			sql = gooseAnnotation.ReplaceAllString(sql, "${1}+ goose")
		}
		fmt.Fprintf(&b, "-- +goose StatementBegin\n%s\n-- +goose StatementEnd\n", sql)
	}
	for _, st := range s.statements {
		write(st.sql)
	}
	for _, sql := range s.resets {
		write(sql)
	}
	return []byte(b.String())
}

// gooseName returns the file name under which goose reads the migration.
func (src source) gooseName() string {
	if src.converted {
		return fmt.Sprintf("%d_presented.sql", src.Version)
	}
	return src.File
}

// gooseText returns the text that goose reads for one direction.
func (src source) gooseText(down bool) []byte {
	switch {
	case !src.converted:
		return src.content
	case down && !src.sql.hasDown:
		return src.noWayBack().render(true)
	}
	return src.sql.section(down).render(down)
}

// noWayBack returns a section that raises an error, which explain puts in other words:
// without it goose would delete the version and leave the schema as it is.
func (src source) noWayBack() section {
	return section{statements: []statement{{sql: "do $seedbed$ begin raise exception '" +
		escapeLiteral(strings.ReplaceAll(src.Name(), "%", "%%")) + " has no way back'; end $seedbed$"}}}
}
