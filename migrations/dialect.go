package migrations

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/pressly/goose/v3"
)

// Dialect is the tool that a folder of migrations is written for.
type Dialect string

// The dialects that [Open] recognises. All of them are run by goose, which keeps
// its own version table; the files stay as they are.
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

// readers are how the files of each dialect are read; goose's are read apart.
var readers = map[Dialect]func(fsys fs.FS, dir string) ([]file, error){
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

// marks tell dialects whose files have the same names apart, by their text.
var marks = []struct {
	dialect Dialect
	mark    *regexp.Regexp
}{
	{Goose, regexp.MustCompile(`(?im)^\s*--.*\+goose\b`)},
	{Dbmate, regexp.MustCompile(`(?m)^--\s*migrate:up\b`)},
	{SQLMigrate, regexp.MustCompile(`(?im)^--\s*\+migrate\s+up\b`)},
	{Tern, regexp.MustCompile(`(?m)^---- create above / drop below ----`)},
}

// versioned dialects are kept in a folder for nothing but migrations. A lone dump or
// unnumbered SQL files may be something else.
func (d Dialect) versioned() bool { return d != "" && d != Dump && d != Plain }

// returns reports whether the dialect has a way back at all.
func (d Dialect) returns() bool {
	switch d {
	case Prisma, Drizzle, Atlas, Plain, Dump:
		return false
	}
	return true
}

// wholeFile dialects send a file as one message, which Postgres runs as one
// transaction unless it is a single statement.
func (d Dialect) wholeFile() bool { return d == GolangMigrate || d == Prisma }

// alone says how a file of the dialect asks to run outside of a transaction.
func (d Dialect) alone() string {
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

// down is what begins the way back.
func (d Dialect) down() string {
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

// recognise tells which tool the files in dir itself are for; empty where there are
// no migrations. It reads file names, and the files only where names do not tell.
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
		case path.Ext(e.Name()) == ".go" && isGoose(e.Name()):
			return Goose, nil
		}
	}
	switch {
	case len(names) == 0:
		return recogniseFolders(fsys, dir, folders), nil
	case exists(fsys, path.Join(dir, "meta/_journal.json")):
		return Drizzle, nil
	}
	for _, name := range names {
		if pairName.MatchString(name) {
			return GolangMigrate, nil
		}
	}
	return recogniseText(fsys, dir, names)
}

// recogniseText looks for the annotations of a tool. A folder in which no file has
// any is plain SQL.
func recogniseText(fsys fs.FS, dir string, names []string) (Dialect, error) {
	dump := false
	for _, name := range names {
		content, err := fs.ReadFile(fsys, path.Join(dir, name))
		if err != nil {
			return "", err
		}
		for _, m := range marks {
			if m.mark.Match(content) {
				return m.dialect, nil
			}
		}
		dump = dump || isDump(content)
	}
	switch {
	case exists(fsys, path.Join(dir, "atlas.sum")):
		return Atlas, nil
	case dump && len(names) == 1:
		return Dump, nil
	}
	return Plain, nil
}

func recogniseFolders(fsys fs.FS, dir string, folders []string) Dialect {
	for _, name := range folders {
		if exists(fsys, path.Join(dir, name, folderFile)) {
			return Prisma
		}
	}
	return ""
}

func exists(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && !info.IsDir()
}

// isGoose is goose's own rule for a file name, except that a number below 1,
// which goose skips without a word, is let through to be refused by name.
func isGoose(base string) bool {
	if strings.HasSuffix(base, "_test.go") {
		return false
	}
	_, err := goose.NumericComponent(base)
	return err == nil || belowOne(base)
}

func belowOne(base string) bool {
	digits, _, ok := strings.Cut(strings.TrimPrefix(base, "-"), "_")
	ext := path.Ext(base)
	if !ok || digits == "" || (ext != ".sql" && ext != ".go") || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	return strings.HasPrefix(base, "-") || strings.Trim(digits, "0") == ""
}

// isDump reports whether pg_dump wrote the text, which Rails strips of its comments.
func isDump(content []byte) bool {
	return bytes.Contains(content, []byte("-- PostgreSQL database dump")) ||
		bytes.Contains(content, []byte("SELECT pg_catalog.set_config('search_path', '', false);"))
}
