// Package dirfs names the directory behind an os.DirFS, for errors: its own name no more
// than the file that was looked for in it.
package dirfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
)

// Path returns the directory of an os.DirFS.
func Path(fsys fs.FS) (string, bool) {
	v := reflect.ValueOf(fsys)
	if !v.IsValid() || v.Type() != reflect.TypeOf(os.DirFS(".")) {
		return "", false
	}
	return v.String(), true
}

// Given returns an error where a file system is nil, or a nil pointer: a variable that nothing
// was assigned to.
func Given(fsys fs.FS) error {
	if v := reflect.ValueOf(fsys); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return errors.New("the file system is nil: pass the files, such as os.DirFS(\"testdata\") or an embed.FS")
	}
	return nil
}

// Missing returns an error that says which directory is missing, if fsys is an os.DirFS of
// one that is.
func Missing(fsys fs.FS) error {
	dir, ok := Path(fsys)
	if !ok {
		return nil
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		return nil
	}
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	return missing(dir)
}

// missing is a directory.
type missing string

func (m missing) Error() string {
	return fmt.Sprintf("there is no directory %s; tests run in the directory of their package, and os.DirFS begins there", string(m))
}

// Is makes it an fs.ErrNotExist.
func (m missing) Is(target error) bool {
	return target == fs.ErrNotExist
}
