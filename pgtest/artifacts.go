package pgtest

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testlog"
)

// artifacts reports whether go test -artifacts keeps what tests put into t.ArtifactDir.
func artifacts() bool {
	f := flag.Lookup("test.artifacts")
	return f != nil && f.Value.String() == "true"
}

// store writes the failure into the test's artifacts, a directory for each database.
func (f *failure) store(t testing.TB) {
	t.Helper()
	if !artifacts() {
		return
	}
	dir := ""
	testlog.Recent(func() { dir = filepath.Join(t.ArtifactDir(), f.Database) }, func() {})
	if dir == "" {
		return // t wraps a test and has no directory of it
	}
	if err := f.write(dir); err != nil {
		t.Logf("pgtest: not all of the artifacts could be written: %v", err)
		return
	}
	t.Logf("pgtest: %s has the card, the rows that the test wrote as fixtures, the server's log and report.html", dir)
}

func (f *failure) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err := f.Unread
	for name, content := range map[string][]byte{
		"card.txt":    []byte(f.card() + "\n"),
		"server.log":  []byte(strings.Join(f.Log, "\n") + "\n"),
		"rows.yaml":   fixtures(f.Changed),
		"report.html": f.page(),
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), content, 0o644))
	}
	return err
}
