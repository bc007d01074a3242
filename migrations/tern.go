package migrations

import (
	"io/fs"
	"regexp"
	"strings"
)

var (
	ternSeparator = regexp.MustCompile(`(?m)^---- create above / drop below ----.*\n?`)
	ternAlone     = regexp.MustCompile(`(?m)^---- tern: disable-tx ----`)
)

// readTern reads N_name.sql files with the way back below a separator.
func readTern(fsys fs.FS, dir string) ([]file, error) {
	names, err := sqlNames(fsys, dir)
	if err != nil {
		return nil, err
	}
	inOrder(names)
	var files []file
	for _, name := range names {
		if numberOf(name) == "" {
			continue
		}
		text, err := readText(fsys, dir, name)
		if err != nil {
			return nil, err
		}
		alone := ternAlone.MatchString(text)
		f := file{name: name, number: numberOf(name), up: part{file: name, text: text, line: 1, alone: alone}}
		if at := ternSeparator.FindStringIndex(text); at != nil {
			f.up.text = text[:at[0]]
			f.down = &part{file: name, text: text[at[1]:], line: 1 + strings.Count(text[:at[1]], "\n"), alone: alone}
		}
		files = append(files, f)
	}
	return files, nil
}
