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

// file is one migration as its own tool has it.
type file struct {
	name   string // as people call it: the base name, or that of its folder and the file
	number string // the digits that its tool sorts it by; empty: none
	up     part
	down   *part // nil: no way back
}

// part is one direction of a migration.
type part struct {
	file  string // that it stands in
	text  string
	line  int  // of the file on which text begins, from 1
	alone bool // the file asks to run outside of a transaction
}

// readForeign reads the migrations of another tool and presents them to goose.
func readForeign(fsys fs.FS, p place) ([]source, error) {
	files, err := readers[p.dialect](fsys, p.dir)
	if err != nil {
		return nil, err
	}
	return present(p.dialect, files)
}

// present makes goose's migrations of a tool's.
func present(d Dialect, files []file) ([]source, error) {
	var sources []source
	last := int64(0)
	for _, f := range files {
		last = versionAfter(last, f.number)
		src := source{Migration: Migration{Version: last, File: f.name}, sql: &script{hasDown: f.down != nil}, presented: true}
		src.content = append(src.content, f.up.text...)
		var err error
		if src.sql.up, err = d.section(f.up); err != nil {
			return nil, err
		}
		if f.down != nil {
			src.content = append(src.content, "\x00"+f.down.text...)
			src.sql.downLine = f.down.line
			if src.sql.down, err = d.section(*f.down); err != nil {
				return nil, err
			}
		}
		sources = append(sources, src)
	}
	return sources, nil
}

// versionAfter is goose's version of a file: its number, or the next one where it has
// none, one that is too large, or that of the file before it.
func versionAfter(last int64, number string) int64 {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= last || n == math.MaxInt64 {
		return last + 1
	}
	return n
}

// sqlNames are the .sql files of a directory, or the one that dir itself names.
func sqlNames(fsys fs.FS, dir string) ([]string, error) {
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

// readText reads a file that must be UTF-8. dir may name the file itself.
func readText(fsys fs.FS, dir, name string) (string, error) {
	whole := path.Join(dir, name)
	if path.Base(dir) == name {
		if info, err := fs.Stat(fsys, dir); err == nil && !info.IsDir() {
			whole = dir
		}
	}
	content, err := fs.ReadFile(fsys, whole)
	if err != nil {
		return "", &SourceError{File: name, Err: err}
	}
	if line, err := checkText(content); err != nil {
		return "", &SourceError{File: name, Line: line, Err: err}
	}
	return strings.ReplaceAll(string(content), "\r\n", "\n"), nil
}

var leadingNumber = regexp.MustCompile(`^[vV]?([0-9]+)`)

// numberOf is the number that a name begins with, Flyway's V left out.
func numberOf(name string) string {
	m := leadingNumber.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	return m[1]
}

// inOrder sorts names as people count: 2 before 10.
func inOrder(names []string) {
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(naturally(a, b), cmp.Compare(a, b))
	})
}

// naturally compares names with runs of digits as numbers.
func naturally(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
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

func digits(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}

// section splits a part into what is sent one by one, and decides whether that
// happens in a transaction, as the dialect's own tool does.
func (d Dialect) section(p part) (section, error) {
	s := section{file: p.file, noTransaction: p.alone}
	var err error
	if isDump([]byte(p.text)) {
		if s.statements, err = dumpStatements(p); err != nil {
			return s, err
		}
		return s.reset(p.text), nil
	}
	if err := psqlOnly(p); err != nil {
		return s, err
	}
	cut := sqltext.Split(p.text)
	if i := templated(p.text); i >= 0 {
		return s, &SourceError{File: p.file, Line: p.lineAt(i), Err: errors.New("is a template, which only its own tool can fill in ({{…}}): run that tool in pgtest.Server.Migrate")}
	}
	if cut.Unclosed != "" {
		st := cut.Statements[len(cut.Statements)-1]
		return s, &SourceError{File: p.file, Line: p.lineAt(st.Pos), Err: fmt.Errorf("the statement that begins here ends in the middle of %s", cut.Unclosed)}
	}
	all := cut.Statements
	if unwrapped, ok := withoutBlock(all); ok && !p.alone {
		all = unwrapped
	}
	at := lineCounter{part: p}
	for _, st := range all {
		s.statements = append(s.statements, statement{sql: st.Text, line: at.line(st.Pos)})
	}
	if p.alone && d == Dbmate && len(all) > 1 { // one message, as dbmate sends it
		s.statements = []statement{{sql: strings.TrimSpace(p.text[all[0].Pos:]), line: p.lineAt(all[0].Pos)}}
	}
	s.noTransaction = s.noTransaction || d.outside(all)
	return s.reset(p.text), nil
}

func (p part) lineAt(offset int) int { return p.line + strings.Count(p.text[:offset], "\n") }

// lineCounter is part.lineAt for offsets that only grow, in one pass.
type lineCounter struct {
	part
	pos int
}

func (c *lineCounter) line(offset int) int {
	c.part.line += strings.Count(c.text[c.pos:offset], "\n")
	c.pos = offset
	return c.part.line
}

// outside reports whether a section without a mark of its own must be sent without a
// transaction around it.
func (d Dialect) outside(all []sqltext.Statement) bool {
	refuses := slices.ContainsFunc(all, refusesTransaction)
	switch {
	case slices.ContainsFunc(all, controlsBlock):
		return true
	case d.wholeFile():
		return refuses && len(all) == 1
	}
	return refuses && d == Plain
}

// reset puts settings back that the section leaves to the session, on which goose
// still has to note the version: an empty search_path, another role.
func (s section) reset(text string) section {
	lower := strings.ToLower(text)
	for _, r := range []struct{ mark, sql string }{
		{"search_path", "reset search_path"}, {"set role", "reset role"}, {"session authorization", "reset session authorization"},
	} {
		if strings.Contains(lower, r.mark) {
			s.after = append(s.after, r.sql)
		}
	}
	return s
}

// templated is where a template's action stands in SQL, outside of quotes; -1 nowhere.
func templated(text string) int {
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
