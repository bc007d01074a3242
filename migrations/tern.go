package migrations

import (
	"regexp"
	"strings"
)

var (
	ternSeparator = regexp.MustCompile(`(?m)^---- create above / drop below ----.*\n?`)
	ternAlone     = regexp.MustCompile(`(?m)^---- tern: disable-tx ----`)
)

// readTern reads an N_name.sql with the way back below a separator.
func readTern(name, text string) (file, bool, error) {
	alone := ternAlone.MatchString(text)
	f := file{up: part{file: name, text: text, line: 1, alone: alone}}
	if at := ternSeparator.FindStringIndex(text); at != nil {
		f.up.text = text[:at[0]]
		f.down = &part{file: name, text: text[at[1]:], line: 1 + strings.Count(text[:at[1]], "\n"), alone: alone}
	}
	return f, numberOf(name) != "", nil
}
