package migrations

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// folderFile is the file in each folder of Prisma's, and of Drizzle's from version 1 on.
const folderFile = "migration.sql"

// readFolders reads a folder per migration, in the order of their names. A folder
// without SQL, such as a data migration in TypeScript, is left out.
func readFolders(fsys fs.FS, dir string) ([]file, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var files []file
	for _, e := range entries {
		if !e.IsDir() || !exists(fsys, path.Join(dir, e.Name(), folderFile)) {
			continue
		}
		text, err := readText(fsys, path.Join(dir, e.Name()), folderFile)
		name := path.Join(e.Name(), folderFile)
		if err != nil {
			return nil, named(err, e.Name())
		}
		files = append(files, file{name: name, number: numberOf(e.Name()), up: part{file: name, text: text, line: 1}})
	}
	return files, nil
}

// named puts the directory before the file that a SourceError names.
func named(err error, dir string) error {
	if e, ok := errors.AsType[*SourceError](err); ok {
		return &SourceError{File: path.Join(dir, e.File), Line: e.Line, Err: e.Err}
	}
	return err
}

// journal is Drizzle's list of migrations.
type journal struct {
	Entries []journalEntry `json:"entries"`
}

type journalEntry struct {
	Index int    `json:"idx"`
	Tag   string `json:"tag"`
}

// readDrizzle reads the files that the journal lists, in its order: Drizzle runs no
// others. Its breakpoints are comments for Postgres.
func readDrizzle(fsys fs.FS, dir string) ([]file, error) {
	const name = "meta/_journal.json"
	content, err := fs.ReadFile(fsys, path.Join(dir, name))
	if err != nil {
		return nil, &SourceError{File: name, Err: err}
	}
	var j journal
	if err := json.Unmarshal(content, &j); err != nil {
		return nil, &SourceError{File: name, Err: err}
	}
	slices.SortStableFunc(j.Entries, func(a, b journalEntry) int { return cmp.Compare(a.Index, b.Index) })
	var files []file
	for _, e := range j.Entries {
		base := e.Tag + ".sql"
		text, err := readText(fsys, dir, base)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: base, number: fmt.Sprint(e.Index + 1), up: part{file: base, text: text, line: 1}})
	}
	return files, nil
}
