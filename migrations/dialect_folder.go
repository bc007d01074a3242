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

// prismaFile is the file in each migration's folder of Prisma, and of Drizzle from version
// 1 on.
const prismaFile = "migration.sql"

// readFolders reads migrations with a folder each, by the folders' names. It ignores a
// folder without SQL, such as a data migration in TypeScript.
func readFolders(fsys fs.FS, dir string) ([]foreignMigration, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var files []foreignMigration
	for _, e := range entries {
		if !e.IsDir() || !fileExists(fsys, path.Join(dir, e.Name(), prismaFile)) {
			continue
		}
		text, err := readText(fsys, path.Join(dir, e.Name()), prismaFile)
		name := path.Join(e.Name(), prismaFile)
		if err != nil {
			return nil, withDir(err, e.Name())
		}
		files = append(files, foreignMigration{name: name, number: numberOf(e.Name()), up: sectionText{file: name, text: text, line: 1}})
	}
	return files, nil
}

// withDir adds the directory to the file name of a SourceError.
func withDir(err error, dir string) error {
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

// readDrizzle reads the files that the journal lists, in its order: Drizzle runs only
// those. Drizzle's breakpoints are SQL comments.
func readDrizzle(fsys fs.FS, dir string) ([]foreignMigration, error) {
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
	var files []foreignMigration
	for _, e := range j.Entries {
		base := e.Tag + ".sql"
		text, err := readText(fsys, dir, base)
		if err != nil {
			return nil, err
		}
		files = append(files, foreignMigration{name: base, number: fmt.Sprint(e.Index + 1), up: sectionText{file: base, text: text, line: 1}})
	}
	return files, nil
}
