package migrations

import (
	"bytes"
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pressly/goose/v3"
)

// source is a migration as it was read.
type source struct {
	Migration
	content     []byte        // of its file, or of both files
	sql         *sqlMigration // nil for Go migrations
	converted   bool          // goose reads a rendering of sql instead of content
	goMigration *GoMigration  // nil for SQL migrations
}

// sqlMigration is an SQL migration, split into statements, with environment variables
// substituted.
type sqlMigration struct {
	up, down section
	hasDown  bool
	downLine int // where Down begins
}

// section is one direction of a migration.
type section struct {
	file          string
	statements    []statement
	noTransaction bool
	resets        []string // statements that reset the session, in converted migrations
}

// statement is SQL that goose sends at once. line is where it starts in the file, or 0
// if substitution changed it too much to find it.
type statement struct {
	sql  string
	line int
}

func (s *sqlMigration) section(down bool) section {
	if down {
		return s.down
	}
	return s.up
}

// readSet reads the migrations in fsys, of any dialect.
func readSet(fsys fs.FS, o Options) (sources []source, where location, err error) {
	if fsys == nil {
		return nil, location{dialect: Goose}, nil
	}
	p, err := locate(fsys, o)
	if err != nil || p.dialect == "" {
		return nil, p, err
	}
	if p.dialect == Goose {
		sources, err = readGoose(fsys, p.dir)
	} else {
		sources, err = readForeign(fsys, p)
	}
	p.leftOut = leftOut(fsys, p, sources)
	return sources, p, err
}

// leftOut returns the SQL files beside the migrations that are none for their tool: goose
// and others ignore a file that has no number.
func leftOut(fsys fs.FS, p location, taken []source) (names []string) {
	files, err := sqlFiles(fsys, p.dir)
	if err != nil {
		return nil
	}
	isTaken := map[string]bool{}
	for _, src := range taken {
		isTaken[src.File] = true
	}
	for _, name := range files {
		if !isTaken[name] && !pairName.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}

// readGoose reads goose's files; dir may be one. Goose parses the .sql files; .go files are read for the
// fingerprint only.
func readGoose(fsys fs.FS, dir string) ([]source, error) {
	if info, err := fs.Stat(fsys, dir); err == nil && !info.IsDir() {
		if !isGooseName(path.Base(dir)) {
			return nil, &SourceError{File: path.Base(dir), Err: errors.New("goose takes no file of this name: call it NUMBER_name.sql")}
		}
		src, err := readFile(fsys, path.Dir(dir), path.Base(dir))
		return []source{src}, err
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var sources []source
	for _, e := range entries {
		if e.IsDir() || !isGooseName(e.Name()) {
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

// readFile reads one of goose's files.
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
	src.sql, err = parseGoose(base, content)
	return src, err
}

// checkText refuses text that Postgres would refuse, or that would lead goose to a
// misleading message.
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
		i := invalidOffset(content)
		return lineOf(i), fmt.Errorf("is not UTF-8: byte 0x%02x at offset %d", content[i], i)
	}
	if at := conflictMark.FindIndex(content); at != nil {
		return lineOf(at[0]), errors.New("has the marks of a merge conflict (<<<<<<<, =======, >>>>>>>): settle it, and remove them")
	}
	return 0, nil
}

// conflictMark matches a line that git puts around the two sides of a conflict.
var conflictMark = regexp.MustCompile(`(?m)^(<<<<<<<|>>>>>>>) \S`)

func invalidOffset(content []byte) int {
	for i := 0; i < len(content); {
		r, n := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return 0
}

// mergeGoMigrations joins files and Go migrations into one history, by version.
func mergeGoMigrations(files []source, functions []*GoMigration) ([]source, error) {
	all := slices.Clone(files)
	for _, f := range functions {
		i := slices.IndexFunc(files, func(s source) bool { return s.Go && s.Version == f.Version })
		if i >= 0 {
			all[i].goMigration = f
			continue
		}
		m := Migration{Version: f.Version, File: registeredFile(f), Go: true}
		all = append(all, source{Migration: m, goMigration: f})
	}
	slices.SortStableFunc(all, func(a, b source) int { return cmp.Compare(a.Version, b.Version) })
	for i, s := range all {
		if i > 0 && all[i-1].Version == s.Version {
			return nil, &SourceError{File: s.Name(), Err: sameVersion(all[i-1].Name(), s.Version)}
		}
		if s.Go && s.goMigration == nil {
			return nil, &SourceError{File: s.File, Err: errors.New("is a Go migration that nothing registered: import its package, or pass it in Options.Go (pgtest.Server.GoMigrations)")}
		}
	}
	return all, nil
}

// sameVersion is the error about a file whose version another one has.
func sameVersion(other string, version any) error {
	return fmt.Errorf("has the same version as %s: %v; give the one that is not deployed yet a higher number", other, version)
}

// registeredFile returns the base name of the file that registered f, on any operating
// system.
func registeredFile(f *GoMigration) string {
	return f.Source[strings.LastIndexAny(f.Source, `/\`)+1:]
}

// allGoMigrations returns the Go migrations of a set. Goose does not export its global
// registry, but a provider without files lists the migrations that it would run.
func allGoMigrations(o Options) ([]*GoMigration, error) {
	db := sql.OpenDB(&recorder{})
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectCustom, db, nil,
		goose.WithStore(&versionStore{}), goose.WithLogger(goose.NopLogger()),
		goose.WithGoMigrations(o.Go...), goose.WithDisableGlobalRegistry(o.OnlyOwnGo))
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	own := map[int64]*GoMigration{}
	for _, m := range o.Go {
		own[m.Version] = m
	}
	var all []*GoMigration
	for _, s := range p.ListSources() {
		if m, ok := own[s.Version]; ok {
			all = append(all, m)
			continue
		}
		// Goose runs its registered value; this one only represents it.
		all = append(all, &GoMigration{Type: goose.TypeGo, Version: s.Version, Source: s.Path, Registered: true})
	}
	return all, nil
}
