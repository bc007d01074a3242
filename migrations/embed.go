package migrations

import (
	"embed"
	"io/fs"
)

//go:embed schema/*.sql
var embedded embed.FS

// FS is the reference schema: goose files at its root, in the order of their
// numbers. Hand it to pgtest.Server, to [Up], or to goose.
var FS = subtree(embedded, "schema")

// subtree cannot fail for a directory named in the embed directive; should it
// ever, Open reports the error of the first read.
func subtree(fsys fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(fsys, dir)
	if err != nil {
		return fsys
	}
	return sub
}
