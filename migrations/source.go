package migrations

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pressly/goose/v3"
)

// source is one migration with all that shapes what it does.
type source struct {
	Migration
	content   []byte       // of its file, or of both files
	sql       *script      // nil for Go migrations
	presented bool         // goose is given a rendering of sql, not content
	run       *GoMigration // for Go migrations
}

// script is a SQL migration: its two directions, split, with environment variables
// substituted.
type script struct {
	up, down section
	hasDown  bool
	downLine int // on which Down begins
}

// section is one direction.
type section struct {
	file          string // that it stands in
	statements    []statement
	noTransaction bool
	after         []string // what puts the session back, for presented migrations
}

// statement is what goose sends at once, with the line of the file on which it
// starts; 0 where substitution changed it beyond recognition.
type statement struct {
	sql  string
	line int
}

func (s *script) section(down bool) section {
	if down {
		return s.down
	}
	return s.up
}

// readSet reads the migrations that fsys holds, in whatever dialect.
func readSet(fsys fs.FS, o Options) ([]source, place, error) {
	if fsys == nil {
		return nil, place{dialect: Goose}, nil
	}
	p, err := locatePlace(fsys, o)
	if err != nil || p.dialect == "" {
		return nil, p, err
	}
	if p.dialect == Goose {
		all, err := readGoose(fsys, p.dir)
		return all, p, err
	}
	all, err := readForeign(fsys, p)
	return all, p, err
}

// readGoose reads the files that goose takes: .sql files are parsed by goose, .go
// files only kept for the fingerprint.
func readGoose(fsys fs.FS, dir string) ([]source, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var sources []source
	for _, e := range entries {
		if e.IsDir() || !isGoose(e.Name()) {
			continue
		}
		src, err := readFile(fsys, dir, e.Name())
		if err != nil {
			return nil, err
		}
		sources = append(sources, src)
	}
	return sources, nil
}

func readFile(fsys fs.FS, dir, base string) (source, error) {
	version, err := goose.NumericComponent(base)
	if err != nil {
		return source{}, &SourceError{File: base, Err: errors.New("versions start at 1; goose would skip this file without a word")}
	}
	content, err := fs.ReadFile(fsys, path.Join(dir, base))
	if err != nil {
		return source{}, &SourceError{File: base, Err: err}
	}
	src := source{Migration: Migration{Version: version, File: base, Go: path.Ext(base) == ".go"}, content: content}
	if src.Go {
		return src, nil
	}
	if line, err := checkText(content); err != nil {
		return source{}, &SourceError{File: base, Line: line, Err: err}
	}
	src.sql, err = parse(base, content)
	return src, err
}

// checkText refuses what Postgres would refuse later, or goose would trip over
// with a message about something else.
func checkText(content []byte) (line int, err error) {
	lineOf := func(offset int) int { return 1 + bytes.Count(content[:offset], []byte("\n")) }
	switch {
	case bytes.HasPrefix(content, []byte("\xef\xbb\xbf")):
		return 1, errors.New("starts with a byte order mark: save it as UTF-8 without BOM")
	case bytes.HasPrefix(content, []byte("\xff\xfe")), bytes.HasPrefix(content, []byte("\xfe\xff")):
		return 1, errors.New("is UTF-16: save it as UTF-8 without BOM")
	}
	if i := bytes.IndexByte(content, 0); i >= 0 {
		return lineOf(i), fmt.Errorf("has a NUL byte at offset %d, which Postgres takes nowhere", i)
	}
	if !utf8.Valid(content) {
		i := invalidAt(content)
		return lineOf(i), fmt.Errorf("is not UTF-8: byte 0x%02x at offset %d", content[i], i)
	}
	return 0, nil
}

func invalidAt(content []byte) int {
	for i := 0; i < len(content); {
		r, n := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return 0
}

// join merges files and Go migrations into one history, by version.
func join(files []source, functions []*GoMigration) ([]source, error) {
	all := slices.Clone(files)
	for _, f := range functions {
		i := slices.IndexFunc(files, func(s source) bool { return s.Go && s.Version == f.Version })
		if i >= 0 {
			all[i].run = f
			continue
		}
		m := Migration{Version: f.Version, File: fileOf(f), Go: true}
		all = append(all, source{Migration: m, run: f})
	}
	slices.SortStableFunc(all, func(a, b source) int { return cmp.Compare(a.Version, b.Version) })
	for i, s := range all {
		if i > 0 && all[i-1].Version == s.Version {
			return nil, &SourceError{File: s.Name(), Err: fmt.Errorf("has the same version as %s: %d", all[i-1].Name(), s.Version)}
		}
		if s.Go && s.run == nil {
			return nil, &SourceError{File: s.File, Err: errors.New("is a Go migration that nothing registered: import its package, or pass it in Options.Go (pgtest.Server.GoMigrations)")}
		}
	}
	return all, nil
}

// fileOf is the base name of the file that registered f, whatever the path
// separator of the machine that compiled it.
func fileOf(f *GoMigration) string {
	return f.Source[strings.LastIndexAny(f.Source, `/\`)+1:]
}
