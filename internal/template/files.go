package template

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// files is what the files of a database looked like before anybody used it: by name,
// how large they were and when they were last written.
//
// A file that looks the same is the same, as rsync has it. What git calls racily clean
// is left out: a file that was written in the same tick of the file system's clock in
// which somebody looked could be written once more without looking any different.
type files map[string]fileState

type fileState struct {
	size    int64
	written time.Time
}

func stateOf(info fs.FileInfo) fileState { return fileState{info.Size(), info.ModTime()} }

// tickFile shows which time it is for the file system.
const tickFile = "seedbed.tick"

// lookAtFiles returns the state of the files in dir.
func lookAtFiles(dir string) (files, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	now, err := tick(root)
	if err != nil {
		return nil, err
	}
	all, err := list(root)
	if err != nil {
		return nil, err
	}
	seen := make(files, len(all))
	for name, info := range all {
		if info.ModTime().Before(now) {
			seen[name] = stateOf(info)
		}
	}
	return seen, nil
}

// tick is the time that a file gets which is written now.
func tick(root *os.Root) (time.Time, error) {
	f, err := root.Create(tickFile)
	if err != nil {
		return time.Time{}, err
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close(), root.Remove(tickFile)); err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// list returns what is in root. A database's directory holds plain files only.
func list(root *os.Root) (map[string]fs.FileInfo, error) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	all := make(map[string]fs.FileInfo, len(entries))
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, &fs.PathError{Op: "use", Path: root.Name() + "/" + entry.Name(), Err: errors.New("not a plain file")}
		}
		all[entry.Name()] = info
	}
	return all, nil
}

// restoreFiles makes the files in dir those of the template again, where they are not
// as they were. It returns what they look like now.
func restoreFiles(dir, template string, were files) (files, error) {
	to, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer to.Close()
	from, err := os.OpenRoot(template)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	wanted, err := list(from)
	if err == nil && wanted[mapFile] == nil {
		err = &fs.PathError{Op: "restore", Path: template + "/" + mapFile, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, err
	}
	found, err := list(to)
	if err != nil {
		return nil, err
	}
	are := make(files, len(found))
	for name, info := range found {
		state := stateOf(info)
		switch {
		case were[name] == state:
			are[name] = state
		case wanted[name] == nil:
			if err := to.Remove(name); err != nil {
				return nil, err
			}
		}
	}
	restore := func(name string) error {
		are[name] = stateOf(wanted[name])
		return restoreFile(to, from, name, name, wanted[name], found[name] == nil)
	}
	for name := range wanted {
		if _, kept := are[name]; kept || name == mapFile {
			continue
		}
		if err := restore(name); err != nil {
			return nil, err
		}
	}
	// Last, as it opens the database.
	return are, restore(mapFile)
}

// mapFile says which files the catalogs are in. A session that begins reads it before
// anything else of its database, and ends where it is not there or not whole.
const mapFile = "pg_filenode.map"

// A directoryLock keeps sessions out of the database in a directory, also those that
// would be refused, as they read catalogs before they are: what they read of files
// that are being exchanged would stay in the server's memory.
type directoryLock struct{ dir string }

const lockedMap = "seedbed.map"

// lockDirectory returns nil where there is no such database.
func lockDirectory(dir string) *directoryLock {
	if os.Rename(filepath.Join(dir, mapFile), filepath.Join(dir, lockedMap)) != nil {
		return nil
	}
	return &directoryLock{dir}
}

// undo opens the directory, if it is still there: somebody may have to look for what
// is going on in the database before it can be dropped.
func (l *directoryLock) undo() {
	_ = os.Rename(filepath.Join(l.dir, lockedMap), filepath.Join(l.dir, mapFile))
}

// restoreFile copies one file, with its time: one that is written later looks
// different, however soon that is.
func restoreFile(to, from *os.Root, name, as string, like fs.FileInfo, missing bool) error {
	in, err := from.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	// In place: a file that is cut to nothing first is written to the disk by ext4
	// when it is closed.
	flags := os.O_WRONLY
	if missing {
		flags |= os.O_CREATE | os.O_EXCL
	}
	out, err := to.OpenFile(as, flags, 0o600)
	if err != nil {
		return err
	}
	if missing {
		err = own(out, like)
	}
	var n int64
	if err == nil {
		n, err = io.Copy(out, in)
	}
	if err == nil {
		err = out.Truncate(n)
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	if n != like.Size() {
		return &fs.PathError{Op: "copy", Path: name, Err: errors.New("the template's file has changed meanwhile")}
	}
	return to.Chtimes(as, like.ModTime(), like.ModTime())
}

// cacheFile is what the first session in a database writes, and later ones read
// instead of the catalogs: without it a connection takes twice as long.
const cacheFile = "pg_internal.init"

// shareCache gives a template the cache of a clone that nobody has changed, if the
// template has none: the server removes them all when it starts, and nobody connects
// to a template. New databases get a copy of it as of every other file.
func shareCache(clone, template string) error {
	to := filepath.Join(template, cacheFile)
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	root, err := os.OpenRoot(clone)
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Lstat(cacheFile)
	if err != nil {
		return err
	}
	// At once, as somebody may be copying the template.
	const draft = "seedbed.cache"
	if err := restoreFile(root, root, cacheFile, draft, info, true); err != nil {
		return errors.Join(err, root.Remove(draft))
	}
	return os.Rename(filepath.Join(clone, draft), to)
}

// emptyFiles removes all files but the one that says which Postgres they are of.
func emptyFiles(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	all, err := list(root)
	if err != nil {
		return err
	}
	for name := range all {
		if name != "PG_VERSION" {
			if err := root.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}
