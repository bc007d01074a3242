package migrations

import (
	"io/fs"
	"regexp"
)

// plainAlone are the marks by which a file asks to run without a transaction: sqlx's,
// Atlas's, graphile-migrate's.
var plainAlone = regexp.MustCompile(`(?m)\A(?:--.*\n|\s*\n)*(?:-- no-transaction\b|-- atlas:txmode\s+none\b|--! no-transaction\b)`)

// readPlain reads SQL files in the order of their names, numbers as numbers.
func readPlain(fsys fs.FS, dir string) ([]file, error) {
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
		files = append(files, file{name: name, number: numberOf(name),
			up: part{file: name, text: text, line: 1, alone: plainAlone.MatchString(text)}})
	}
	return files, nil
}
