package dev

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/migrations"
)

var (
	// historyNames are what directories of migrations are called.
	historyNames = regexp.MustCompile(`(?i)^(db|database|pg|postgres)?[-_]?(migrations?|migrate|sql|schemas?|ddl|drizzle|changesets?|versions)$`)
	// otherDatabases are directories for servers that are no Postgres.
	otherDatabases = regexp.MustCompile(`(?i)(^|[-_./])(clickhouse|mysql|mariadb|sqlite3?|mssql|sqlserver|oracle|cassandra|duckdb|bigquery|snowflake|scylla|tidb|spanner)([-_./]|$)`)
	// examplePaths are directories whose SQL is for tests or readers.
	examplePaths = regexp.MustCompile(`(?i)(^|/)(tests?|e2e|specs?|fixtures?|examples?|samples?|demos?|docs?|stubs?|mocks?|migratest|legacy\w*)(/|$)`)
	// numberedFile begins with the number of a version, as Flyway's V1__ does too.
	numberedFile = regexp.MustCompile(`^[VvUu]?[0-9]+`)
	dumpNames    = []string{"structure.sql", "schema.sql"}
)

// recognise looks at one directory. Names are from the project's root.
func recognise(dir, project string) (Place, bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return Place{}, false
	}
	return recogniseEntries(dir, project, entries)
}

func recogniseEntries(dir, project string, entries []fs.DirEntry) (Place, bool) {
	p := Place{Path: dir, Name: nameFrom(project, dir), rank: notOffered}
	numbered, any := sqlFiles(entries)
	prisma := folders(entries) && hasFolderFile(dir, entries)
	if !any && !prisma || otherDatabases.MatchString(p.Name) {
		return p, false
	}
	named := historyNames.MatchString(filepath.Base(dir))
	set, err := migrations.Open(os.DirFS(dir), migrations.Options{Dir: "."})
	switch {
	case errors.Is(err, migrations.ErrNoMigrations) && (!named || examplePaths.MatchString(p.Name)):
		return p, false
	case err != nil:
		p.Err = err
	default:
		p.What = describe(set)
		numbered = numbered || set.Dialect() != migrations.Plain && set.Dialect() != migrations.Dump
	}
	switch {
	case examplePaths.MatchString(p.Name) && (numbered || prisma):
		p.rank = exampleOnly
	case named && (numbered || prisma):
		p.rank = namedHistory
	case numbered || prisma:
		p.rank = history
	case named:
		p.rank = namedFiles
	}
	return p, p.rank < notOffered
}

// recogniseDump takes a file that is called as tools call the dump of a schema.
func recogniseDump(file, project string) (Place, bool) {
	p := Place{Path: file, Name: nameFrom(project, file), rank: dump}
	if !slices.Contains(dumpNames, strings.ToLower(filepath.Base(file))) || otherDatabases.MatchString(p.Name) {
		return p, false
	}
	if examplePaths.MatchString(p.Name) {
		p.rank = exampleOnly
	}
	set, err := migrations.Open(os.DirFS(filepath.Dir(file)), migrations.Options{Dir: filepath.Base(file)})
	if p.Err = err; err == nil {
		p.What = describe(set)
	}
	return p, true
}

// describe is what a set holds, without where: "41 goose migrations".
func describe(set *migrations.Set) string {
	what := "migration"
	if set.Dialect() == migrations.Dump {
		return "a dump by pg_dump"
	}
	return count(len(set.Migrations()), string(set.Dialect())+" "+what)
}

// sqlFiles reports whether there are SQL files, and whether each has a number.
func sqlFiles(entries []fs.DirEntry) (numbered, any bool) {
	numbered = true
	for _, e := range entries {
		ext := strings.ToLower(path.Ext(e.Name()))
		if e.IsDir() || ext != ".sql" {
			continue
		}
		any = true
		numbered = numbered && numberedFile.MatchString(e.Name())
	}
	return numbered && any, any
}

// folders reports whether a directory holds numbered directories, as Prisma's does.
func folders(entries []fs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() && numberedFile.MatchString(e.Name()) })
}

func hasFolderFile(dir string, entries []fs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		if !e.IsDir() {
			return false
		}
		_, err := os.Lstat(filepath.Join(dir, e.Name(), "migration.sql"))
		return err == nil
	})
}

// onlyHistoryNames are what a directory is called that is for migrations and nothing else.
var onlyHistoryNames = regexp.MustCompile(`(?i)^(db|database|pg|postgres)?[-_]?(migrations?|migrate)$`)

// foreign are migrations in other languages, by their files, and where each tool keeps
// or could keep the schema as SQL.
var foreign = []struct {
	kind string
	file *regexp.Regexp
	in   string
	dump string
}{
	{"Ruby", regexp.MustCompile(`^[0-9]{3,}_\w+\.rb$`), "migrate", "db/structure.sql"},
	{"Python", regexp.MustCompile(`^([0-9]{4}_\w+|[0-9a-f]{12}_\w+)\.py$`), "", "db/structure.sql"},
	{"PHP", regexp.MustCompile(`^[0-9]{4}_[0-9]{2}_[0-9]{2}_[0-9]+_\w+\.php$`), "migrations", "database/schema"},
	{"JavaScript", regexp.MustCompile(`^[0-9]{8,}[-_]\w[\w-]*\.(ts|js|mjs|cjs)$`), "", "db/structure.sql"},
	{"Go", regexp.MustCompile(`^[0-9]{3,}_\w+\.go$`), "", "db/structure.sql"},
	{"Elixir", regexp.MustCompile(`^[0-9]{8,}_\w+\.exs$`), "migrations", "priv/repo/structure.sql"},
}

// unreadable returns an [UnreadableError] about migrations that are no SQL, or an
// [EmptyError]. Git keeps a directory without files only if it has a hidden one.
func unreadable(dir, project string, entries []fs.DirEntry) error {
	base := filepath.Base(dir)
	for _, f := range foreign {
		if f.in != "" && base != f.in || f.in == "" && !historyNames.MatchString(base) {
			continue
		}
		for _, e := range entries {
			if !e.IsDir() && f.file.MatchString(e.Name()) {
				return &UnreadableError{Dir: nameFrom(project, dir), Kind: f.kind, Dump: f.dump}
			}
		}
	}
	hidden := func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") }
	name := nameFrom(project, dir)
	if onlyHistoryNames.MatchString(base) && !examplePaths.MatchString(name) && len(slices.DeleteFunc(slices.Clone(entries), hidden)) == 0 {
		return &EmptyError{Dir: name}
	}
	return nil
}
