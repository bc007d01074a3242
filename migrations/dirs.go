package migrations

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Dirs makes one history of several directories of fsys: all migrations of the first, then
// those of the second, and so on. Each directory keeps its tool and its numbers, and a new
// migration in one is applied even if later directories are ahead. The result goes
// wherever a directory of migrations goes:
//
//	var pg = &pgtest.Server{Migrations: migrations.Dirs(files, "db/schema", "db/data")}
func Dirs(fsys fs.FS, dirs ...string) fs.FS {
	all := make(joinedFS, len(dirs))
	for i, dir := range dirs {
		all[i] = namedFS{name: path.Clean(dir), FS: subtree(fsys, path.Clean(dir))}
	}
	return all
}

// Join is [Dirs] for file systems, such as those that the modules of a program embed.
func Join(sets ...fs.FS) fs.FS {
	all := make(joinedFS, len(sets))
	for i, set := range sets {
		all[i] = namedFS{name: strconv.Itoa(i + 1), FS: set}
	}
	return all
}

// joinedFS is a file system whose top-level directories are other file systems.
type joinedFS []namedFS

type namedFS struct {
	name string
	fs.FS
}

var _ fs.FS = joinedFS(nil)

// Open opens NAME/path in the file system of that name.
func (j joinedFS) Open(name string) (fs.File, error) {
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

// versionSpan is the distance between the versions of two directories. It is larger than
// any number of a file, a timestamp of 17 digits included.
const versionSpan = 100_000_000_000_000_000

// maxDirs is the number of directories that fit into an int64.
const maxDirs = 90

// readJoined reads each directory by itself, and gives its migrations versions above those
// of the directory before it.
func readJoined(sets joinedFS, o Options) (sources []source, locations []location, err error) {
	if len(sets) > maxDirs {
		return nil, nil, fmt.Errorf("read migrations: %d directories, at most %d are possible", len(sets), maxDirs)
	}
	for i, set := range sets {
		found, p, err := readSet(set.FS, o)
		if err != nil {
			return nil, nil, withDir(err, set.name)
		}
		if len(found) == 0 {
			return nil, nil, fmt.Errorf("%w (in %s)", noMigrationsError(set.FS, o.Dir, p.dialect), set.name)
		}
		p.dir = path.Join(set.name, p.dir)
		for _, src := range found {
			if src.Version >= versionSpan {
				return nil, nil, &SourceError{File: src.Name(), Err: fmt.Errorf("its number is too large to be joined with other directories: %d", src.Version)}
			}
			sources = append(sources, src.renumbered(int64(i)*versionSpan, set.name))
		}
		locations = append(locations, p)
	}
	return sources, locations, nil
}

// renumbered returns the migration with a higher version and its directory's name; goose
// reads a rendering of it under that version.
func (src source) renumbered(by int64, dir string) source {
	src.Version += by
	if src.File != "" {
		src.File = path.Join(dir, src.File)
	}
	if src.sql != nil {
		src.converted = true
		moved := *src.sql
		moved.up.file, moved.down.file = path.Join(dir, moved.up.file), path.Join(dir, moved.down.file)
		src.sql = &moved
	}
	return src
}
