package migrations

import (
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// pairName is golang-migrate's rule for a file name, with what popx puts between
// the name and the direction: a database, and that it runs without a transaction.
var pairName = regexp.MustCompile(`(?i)^([0-9]+)_(.*?)((?:\.[a-z0-9]+)*?)\.(up|down)\.sql$`)

// databases are what popx calls the databases that a file can be for.
var databases = map[string]bool{"mysql": false, "mariadb": false, "sqlite": false, "sqlite3": false, "cockroach": false,
	"postgres": true, "postgresql": true, "pg": true}

// half is one file of a pair.
type half struct {
	base, number, name  string
	down, alone, chosen bool
}

// readPairs reads N_name.up.sql and N_name.down.sql.
func readPairs(fsys fs.FS, dir string) ([]file, error) {
	names, err := sqlNames(fsys, dir)
	if err != nil {
		return nil, err
	}
	chosen := map[string]half{} // by number and direction
	for _, base := range names {
		h, ok := halfOf(base)
		if !ok {
			continue
		}
		key := fmt.Sprint(strings.TrimLeft(h.number, "0"), h.down)
		other, both := chosen[key]
		if both && other.name != h.name {
			return nil, &SourceError{File: h.base, Err: fmt.Errorf("has the same version as %s: %s", other.base, h.number)}
		}
		if !both || h.chosen {
			chosen[key] = h
		}
	}
	return pairUp(fsys, dir, chosen)
}

// halfOf reads a name; false for a file that is for another database.
func halfOf(base string) (half, bool) {
	m := pairName.FindStringSubmatch(base)
	if m == nil {
		return half{}, false
	}
	h := half{base: base, number: m[1], name: m[2], down: strings.EqualFold(m[4], "down")}
	for _, word := range strings.FieldsFunc(strings.ToLower(m[3]), func(r rune) bool { return r == '.' }) {
		ours, isDatabase := databases[word]
		switch {
		case isDatabase && !ours:
			return half{}, false
		case isDatabase:
			h.chosen = true
		case word == "autocommit":
			h.alone = true
		default:
			h.name += "." + word
		}
	}
	return h, true
}

func pairUp(fsys fs.FS, dir string, chosen map[string]half) ([]file, error) {
	var files []file
	for _, h := range chosen {
		if h.down {
			continue
		}
		text, err := readText(fsys, dir, h.base)
		if err != nil {
			return nil, err
		}
		f := file{name: h.base, number: h.number, up: part{file: h.base, text: text, line: 1, alone: h.alone}}
		if down, ok := chosen[fmt.Sprint(strings.TrimLeft(h.number, "0"), true)]; ok {
			text, err := readText(fsys, dir, down.base)
			if err != nil {
				return nil, err
			}
			f.down = &part{file: down.base, text: text, line: 1, alone: down.alone}
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b file) int {
		m, n := strings.TrimLeft(a.number, "0"), strings.TrimLeft(b.number, "0")
		return cmp.Or(cmp.Compare(len(m), len(n)), cmp.Compare(m, n))
	})
	return files, nil
}
