package migrations

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// memoryFS is a flat file system of bytes already read, so that goose runs what was
// checked. testing/fstest would add the testing flags to every program.
type memoryFS map[string][]byte

func (m memoryFS) Open(name string) (fs.File, error) {
	if name == "." {
		return &memoryFile{name: ".", dir: m}, nil
	}
	content, ok := m[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memoryFile{Reader: bytes.NewReader(content), name: name, size: int64(len(content))}, nil
}

// ReadDir lists the names in order; the only directory is the root.
func (m memoryFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	var all []fs.DirEntry
	for _, base := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fs.FileInfoToDirEntry(&memoryFile{name: base, size: int64(len(m[base]))}))
	}
	return all, nil
}

type memoryFile struct {
	*bytes.Reader
	name string
	size int64
	dir  memoryFS // set for the root
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *memoryFile) Close() error               { return nil }
func (f *memoryFile) Name() string               { return f.name }
func (f *memoryFile) Size() int64                { return f.size }
func (f *memoryFile) ModTime() time.Time         { return time.Time{} }
func (f *memoryFile) IsDir() bool                { return f.dir != nil }
func (f *memoryFile) Sys() any                   { return nil }

func (f *memoryFile) Mode() fs.FileMode {
	if f.dir != nil {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

func (f *memoryFile) Read(p []byte) (int, error) {
	if f.Reader == nil {
		return 0, io.EOF
	}
	return f.Reader.Read(p)
}
