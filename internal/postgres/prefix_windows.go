package postgres

import (
	"os"
	"path/filepath"
	"strings"
)

const rootDir = ""

// libraryPrefix is a directory whose bin leads to the installation's pg_ctl.
// embedded-postgres looks for a file bin/pg_ctl, which Windows never has, and
// downloads Postgres when it is missing; what it runs is found through PATHEXT.
// So there are both: an empty file for the look, and a batch file for the run.
func (i *Installation) libraryPrefix(dir string) (string, error) {
	prefix := filepath.Join(dir, "prefix")
	bin := filepath.Join(prefix, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(bin, "pg_ctl"), nil, 0o644); err != nil {
		return "", err
	}
	batch := "@echo off\r\n\"" + strings.ReplaceAll(i.Program("pg_ctl"), "%", "%%") + "\" %*\r\n"
	return prefix, os.WriteFile(filepath.Join(bin, "pg_ctl.cmd"), []byte(batch), 0o755)
}
