package migrations

import (
	"io/fs"
	"regexp"
)

// plainAlone are the marks by which a file asks to run without a transaction: sqlx's,
// Atlas's, graphile-migrate's.
var plainAlone = regexp.MustCompile(`(?m)\A(?:--.*\n|\s*\n)*(?:-- no-transaction\b|-- atlas:txmode\s+none\b|--! no-transaction\b)`)

// eachFile reads a directory's SQL files one by one, in the order of their names, numbers
// as numbers. read says false for a file that is no migration.
func eachFile(read func(name, text string) (f file, is bool, err error)) func(fsys fs.FS, dir string) ([]file, error) {
	return func(fsys fs.FS, dir string) ([]file, error) {
		names, err := sqlNames(fsys, dir)
		if err != nil {
			return nil, err
		}
		inOrder(names)
		var files []file
		for _, name := range names {
			text, err := readText(fsys, dir, name)
			if err != nil {
				return nil, err
			}
			f, is, err := read(name, text)
			if err != nil {
				return nil, err
			}
			if is {
				f.name, f.number = name, numberOf(name)
				files = append(files, f)
			}
		}
		return files, nil
	}
}

// readPlain takes a file as it is.
func readPlain(name, text string) (file, bool, error) {
	return file{up: part{file: name, text: text, line: 1, alone: plainAlone.MatchString(text)}}, true, nil
}
