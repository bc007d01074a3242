package migrations

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// pairName matches golang-migrate's file names. Between name and direction, popx puts the
// database, or autocommit for a file that runs without a transaction.
var pairName = regexp.MustCompile(`(?i)^([0-9]+)_(.*?)((?:\.[a-z0-9]+)*?)\.(up|down)\.sql$`)

// isPostgresName has popx's names of databases.
var isPostgresName = map[string]bool{"mysql": false, "mariadb": false, "sqlite": false, "sqlite3": false, "cockroach": false,
	"postgres": true, "postgresql": true, "pg": true}

// pairFile is one file of a pair.
type pairFile struct {
	base, number, name string
	down               bool
	noTransaction      bool
	forPostgres        bool // the name says so
}

// readPairs reads pairs of N_name.up.sql and N_name.down.sql. Of two files for one
// direction it takes the one that is for Postgres. dir may be a file: that is its pair.
func readPairs(fsys fs.FS, dir string) ([]foreignMigration, error) {
	names, err := sqlFiles(fsys, dir)
	if err != nil {
		return nil, err
	}
	if one, ok := parsePairName(path.Base(dir)); ok && len(names) == 1 && names[0] == one.base {
		dir = path.Dir(dir)
		if names, err = sqlFiles(fsys, dir); err != nil {
			return nil, err
		}
		names = slices.DeleteFunc(names, func(n string) bool { h, ok := parsePairName(n); return !ok || h.number != one.number })
	}
	chosen := map[string]pairFile{} // by number and direction
	for _, base := range names {
		h, ok := parsePairName(base)
		if !ok {
			continue
		}
		key := fmt.Sprint(strings.TrimLeft(h.number, "0"), h.down)
		other, both := chosen[key]
		if both && other.name != h.name {
			return nil, &SourceError{File: h.base, Err: sameVersion(other.base, h.number)}
		}
		if !both || h.forPostgres {
			chosen[key] = h
		}
	}
	return joinPairs(fsys, dir, chosen)
}

// parsePairName parses a file name; false for a file that is for another database.
func parsePairName(base string) (pairFile, bool) {
	m := pairName.FindStringSubmatch(base)
	if m == nil {
		return pairFile{}, false
	}
	h := pairFile{base: base, number: m[1], name: m[2], down: strings.EqualFold(m[4], "down")}
	for _, word := range strings.FieldsFunc(strings.ToLower(m[3]), func(r rune) bool { return r == '.' }) {
		isPostgres, isDatabase := isPostgresName[word]
		switch {
		case isDatabase && !isPostgres:
			return pairFile{}, false
		case isDatabase:
			h.forPostgres = true
		case word == "autocommit":
			h.noTransaction = true
		default:
			h.name += "." + word
		}
	}
	return h, true
}

// joinPairs reads the files and makes one migration of each pair, by number.
func joinPairs(fsys fs.FS, dir string, chosen map[string]pairFile) ([]foreignMigration, error) {
	var files []foreignMigration
	for _, h := range chosen {
		if h.down {
			continue
		}
		text, err := readText(fsys, dir, h.base)
		if err != nil {
			return nil, err
		}
		f := foreignMigration{name: h.base, number: h.number, up: sectionText{file: h.base, text: text, line: 1, noTransaction: h.noTransaction}}
		if down, ok := chosen[fmt.Sprint(strings.TrimLeft(h.number, "0"), true)]; ok {
			text, err := readText(fsys, dir, down.base)
			if err != nil {
				return nil, err
			}
			f.down = &sectionText{file: down.base, text: text, line: 1, noTransaction: down.noTransaction}
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b foreignMigration) int {
		m, n := strings.TrimLeft(a.number, "0"), strings.TrimLeft(b.number, "0")
		return cmp.Or(cmp.Compare(len(m), len(n)), cmp.Compare(m, n))
	})
	return files, nil
}
