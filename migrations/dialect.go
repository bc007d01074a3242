package migrations

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
)

// Dialect is the tool that a folder of migrations is written for.
type Dialect string

// The dialects that [Open] recognises. Goose runs all of them and records them in its own
// version table. The files stay unchanged.
const (
	Goose         Dialect = "goose"
	GolangMigrate Dialect = "golang-migrate" // N_name.up.sql beside N_name.down.sql; also popx, Ent, Bun
	Dbmate        Dialect = "dbmate"         // -- migrate:up, -- migrate:down
	SQLMigrate    Dialect = "sql-migrate"    // -- +migrate Up, -- +migrate Down
	Tern          Dialect = "tern"           // ---- create above / drop below ----
	Prisma        Dialect = "Prisma"         // a folder with a migration.sql each; also Drizzle 1
	Drizzle       Dialect = "Drizzle"        // meta/_journal.json
	Atlas         Dialect = "Atlas"          // atlas.sum
	Plain         Dialect = "plain SQL"      // *.sql in order: sqlx, Supabase, Flyway, …
	Dump          Dialect = "pg_dump"        // one file that pg_dump wrote, such as structure.sql
)

// dialectReaders read the files of each dialect but goose's, which readGoose reads.
var dialectReaders = map[Dialect]func(fsys fs.FS, dir string) ([]foreignMigration, error){
	GolangMigrate: readPairs,
	Dbmate:        eachFile(dbmateMarks.read),
	SQLMigrate:    eachFile(sqlMigrateMarks.read),
	Tern:          eachFile(readTern),
	Prisma:        readFolders,
	Drizzle:       readDrizzle,
	Atlas:         eachFile(readPlain),
	Plain:         eachFile(readPlain),
	Dump:          readDump,
}

// dialectNames lists the dialects, for a message.
func dialectNames() []string {
	names := []string{string(Goose)}
	for d := range dialectReaders {
		names = append(names, string(d))
	}
	slices.Sort(names)
	return names
}

// dialectMarks match annotations of dialects whose file names are the same; the last ones
// match comments that were meant as annotations, so that the reader can refuse them.
var dialectMarks = []struct {
	dialect Dialect
	mark    *regexp.Regexp
}{
	{Goose, regexp.MustCompile(`(?im)^\s*--.*\+goose\b`)},
	{Dbmate, regexp.MustCompile(`(?m)^--\s*migrate:up\b`)},
	{SQLMigrate, regexp.MustCompile(`(?im)^--\s*\+migrate\s+up\b`)},
	{Tern, regexp.MustCompile(`(?m)^---- create above / drop below ----`)},
	{Goose, nearAnnotation},
	{Dbmate, dbmateMarks.near},
	{SQLMigrate, sqlMigrateMarks.near},
}

// hasOwnFolder reports whether a folder of the dialect has migrations only. A dump or SQL
// files without numbers may be something else.
func (d Dialect) hasOwnFolder() bool { return d != "" && d != Dump && d != Plain }

// hasDown reports whether migrations of the dialect can be rolled back.
func (d Dialect) hasDown() bool {
	switch d {
	case Prisma, Drizzle, Atlas, Plain, Dump:
		return false
	}
	return true
}

// sendsWholeFile reports whether the tool sends a file as one message, which Postgres runs
// as one transaction unless it is a single statement.
func (d Dialect) sendsWholeFile() bool { return d == GolangMigrate || d == Prisma }

// outsideTransaction says, for a message, how a file asks to run outside a transaction.
func (d Dialect) outsideTransaction() string {
	switch d {
	case Goose:
		return "in a file of its own with -- +goose NO TRANSACTION above -- +goose Up"
	case Dbmate:
		return "in a file of its own, below -- migrate:up transaction:false"
	case SQLMigrate:
		return "in a file of its own, below -- +migrate Up notransaction"
	case Tern:
		return "in a file of its own with ---- tern: disable-tx ---- at its top"
	case Atlas:
		return "in a file of its own with -- atlas:txmode none at its top"
	case Drizzle:
		return "outside of Drizzle's migrations, which all run in one transaction"
	}
	return "in a file of its own, with no other statement"
}

// downMarker says, for a message, where the Down part begins.
func (d Dialect) downMarker() string {
	switch d {
	case Dbmate:
		return "-- migrate:down"
	case SQLMigrate:
		return "-- +migrate Down"
	case Tern:
		return "---- create above / drop below ----"
	case GolangMigrate:
		return "a file that ends in .down.sql"
	}
	return "-- +goose Down"
}

// writeDown says, for a message, where the Down part of a migration is to be written.
func (d Dialect) writeDown(src source) string {
	if d == GolangMigrate {
		return "write " + strings.TrimSuffix(src.Name(), ".up.sql") + ".down.sql, with what undoes it"
	}
	return "write what undoes it below " + d.downMarker()
}

// fileNames says, for a message, which files the dialect takes.
func (d Dialect) fileNames() string {
	switch d {
	case GolangMigrate:
		return "NUMBER_name.up.sql"
	case Drizzle:
		return "what meta/_journal.json lists"
	}
	return "NUMBER_name.sql"
}

// recognise returns the dialect of the files in dir, or "" if there are no migrations. It
// reads the files only if their names do not tell.
func recognise(fsys fs.FS, dir string) (Dialect, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return "", err
	}
	var names, folders []string
	for _, e := range entries {
		switch {
		case e.IsDir():
			folders = append(folders, e.Name())
		case strings.EqualFold(path.Ext(e.Name()), ".sql"):
			names = append(names, e.Name())
		case path.Ext(e.Name()) == ".go" && isGooseName(e.Name()):
			return Goose, nil
		}
	}
	switch {
	case len(names) == 0:
		return recogniseFolders(fsys, dir, folders), nil
	case fileExists(fsys, path.Join(dir, "meta/_journal.json")):
		return Drizzle, nil
	}
	return recogniseFiles(fsys, dir, names)
}

// toolFile is a file that one tool alone writes.
type toolFile struct {
	name    string
	dialect Dialect
}

// twoToolsError says that files of two tools lie in one directory: either tool would
// leave out those of the other.
type twoToolsError [2]toolFile

func (e *twoToolsError) Error() string {
	return fmt.Sprintf("two tools' files are in one directory: %s (%s), %s (%s); move one, or say in Options.Dialect which to take",
		e[0].name, e[0].dialect, e[1].name, e[1].dialect)
}

// recogniseFiles goes by names and by annotations of a tool. Files without any are plain
// SQL. It returns the first tool also with a twoToolsError.
func recogniseFiles(fsys fs.FS, dir string, names []string) (Dialect, error) {
	var first toolFile
	dump := false
	for _, name := range names {
		d, isDumpFile, err := recogniseFile(fsys, path.Join(dir, name))
		switch {
		case err != nil:
			return "", err
		case d != "" && first.dialect == "":
			first = toolFile{name, d}
		case d != "" && first.dialect != d:
			return first.dialect, &twoToolsError{first, {name, d}}
		}
		dump = dump || isDumpFile
	}
	switch {
	case first.dialect != "":
		return first.dialect, nil
	case fileExists(fsys, path.Join(dir, "atlas.sum")):
		return Atlas, nil
	case dump && len(names) == 1:
		return Dump, nil
	}
	return Plain, nil
}

// recogniseFile returns the tool that alone writes such a file, or "".
func recogniseFile(fsys fs.FS, name string) (d Dialect, dump bool, err error) {
	if pairName.MatchString(path.Base(name)) {
		return GolangMigrate, false, nil
	}
	content, err := fs.ReadFile(fsys, name)
	if err != nil {
		return "", false, err
	}
	for _, m := range dialectMarks {
		if m.mark.Match(content) {
			return m.dialect, false, nil
		}
	}
	return "", isDump(content), nil
}

func recogniseFolders(fsys fs.FS, dir string, folders []string) Dialect {
	for _, name := range folders {
		if fileExists(fsys, path.Join(dir, name, prismaFile)) {
			return Prisma
		}
	}
	return ""
}

func fileExists(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && !info.IsDir()
}

// isGooseName reports whether goose takes a file of that name for a migration. Numbers
// below 1, which goose ignores, count too, so that readFile can refuse them.
func isGooseName(base string) bool {
	if strings.HasSuffix(base, "_test.go") {
		return false
	}
	_, err := goose.NumericComponent(base)
	return err == nil || hasVersionBelowOne(base)
}

func hasVersionBelowOne(base string) bool {
	digits, _, ok := strings.Cut(strings.TrimPrefix(base, "-"), "_")
	ext := path.Ext(base)
	if !ok || digits == "" || (ext != ".sql" && ext != ".go") || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	return strings.HasPrefix(base, "-") || strings.Trim(digits, "0") == ""
}

// isDump reports whether pg_dump wrote the text. Rails removes its comments.
func isDump(content []byte) bool {
	return bytes.Contains(content, []byte("-- PostgreSQL database dump")) ||
		bytes.Contains(content, []byte("SELECT pg_catalog.set_config('search_path', '', false);"))
}
