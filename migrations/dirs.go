package migrations

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Dirs makes one history of several directories of fsys: all migrations of the first,
// then those of the second, and so on. Each keeps its own tool and its own numbers,
// so that a new migration in one is applied though later directories are ahead. What
// it returns goes wherever a directory of migrations goes:
//
//	var pg = &pgtest.Server{Migrations: migrations.Dirs(files, "db/schema", "db/data")}
func Dirs(fsys fs.FS, dirs ...string) fs.FS {
	all := make(joined, len(dirs))
	for i, dir := range dirs {
		all[i] = member{name: path.Clean(dir), FS: subtree(fsys, path.Clean(dir))}
	}
	return all
}

// Join is [Dirs] for file systems, such as those that the modules of a program embed.
func Join(sets ...fs.FS) fs.FS {
	all := make(joined, len(sets))
	for i, set := range sets {
		all[i] = member{name: strconv.Itoa(i + 1), FS: set}
	}
	return all
}

// joined is a file system whose top directories are others.
type joined []member

type member struct {
	name string
	fs.FS
}

var _ fs.FS = joined(nil)

// Open opens NAME/path in the file system of that name.
func (j joined) Open(name string) (fs.File, error) {
	for _, m := range j {
		if name == m.name {
			return m.FS.Open(".")
		}
		if rest, ok := strings.CutPrefix(name, m.name+"/"); ok {
			return m.FS.Open(rest)
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// span is how far apart the versions of two directories are: no number of a file, a
// timestamp of 17 digits included, reaches it.
const span = 100_000_000_000_000_000

// most is how many directories fit into a version.
const most = 90

// openJoined reads each directory by itself, and moves its versions behind those of
// the directory before it.
func openJoined(sets joined, o Options) (sources []source, places []place, err error) {
	if len(sets) > most {
		return nil, nil, fmt.Errorf("read migrations: %d directories, at most %d are possible", len(sets), most)
	}
	for i, set := range sets {
		found, p, err := readSet(set.FS, o)
		if err != nil {
			return nil, nil, named(err, set.name)
		}
		if len(found) == 0 {
			return nil, nil, fmt.Errorf("%w (in %s)", noMigrations(set.FS, o.Dir, p.dialect), set.name)
		}
		p.dir = path.Join(set.name, p.dir)
		for _, src := range found {
			if src.Version >= span {
				return nil, nil, &SourceError{File: src.Name(), Err: fmt.Errorf("its number is too large to be joined with other directories: %d", src.Version)}
			}
			sources = append(sources, src.moved(int64(i)*span, set.name))
		}
		places = append(places, p)
	}
	return sources, places, nil
}

// moved is the migration with another version and its directory's name, presented to
// goose under it.
func (src source) moved(by int64, dir string) source {
	src.Version += by
	if src.File != "" {
		src.File = path.Join(dir, src.File)
	}
	if src.sql != nil {
		src.presented = true
		moved := *src.sql
		moved.up.file, moved.down.file = path.Join(dir, moved.up.file), path.Join(dir, moved.down.file)
		src.sql = &moved
	}
	return src
}
