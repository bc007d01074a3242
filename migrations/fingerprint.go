package migrations

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/qarion/seedbed/internal/buildid"
)

// Fingerprint is a hash of all that determines the result of Up: the version, name and
// bytes of each file, the statements after substitution of environment variables, and the
// version table. A Go migration contributes its version and the sources of its package and
// of what that imports from its module, or, without these sources, the build ID of the
// running binary. The hash does not depend on the location of the files or the order in
// which they are listed. It has 64 hexadecimal digits, and costs about as much as Open.
func Fingerprint(fsys fs.FS, options ...Options) (string, error) {
	s, err := Open(fsys, options...)
	if err != nil {
		return "", err
	}
	return s.Fingerprint()
}

// Fingerprint is [Fingerprint] for a set that is open. It fails only if the set has Go
// migrations and the running binary cannot be read.
func (s *Set) Fingerprint() (string, error) {
	h := sha256.New()
	writeParts(h, "table", cmp.Or(s.options.Table, goose.DefaultTablename))
	for _, src := range s.sources { // by version, whatever the order of the files
		writeParts(h, "version", fmt.Sprint(src.Version), src.File, string(src.content))
		if src.sql != nil {
			writeParts(h, "up", string(src.sql.up.render(false)))
			writeParts(h, "down", string(src.sql.down.render(true)))
		}
		if err := writeFunctionID(h, src.goMigration); err != nil {
			return "", fmt.Errorf("fingerprint migrations: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Checksums returns a hash of each migration's files, by version; a Go migration without a
// file has none. An applied migration whose checksum is another one has been edited.
func (s *Set) Checksums() map[int64]string {
	all := map[int64]string{}
	for _, src := range s.sources {
		if src.content != nil {
			sum := sha256.Sum256(src.content)
			all[src.Version] = hex.EncodeToString(sum[:])
		}
	}
	return all
}

// writeFunctionID hashes the identity of a Go migration's functions; m may be nil.
func writeFunctionID(h hash.Hash, m *GoMigration) error {
	if m == nil {
		return nil
	}
	up, down := m.UpFnContext != nil, m.DownFnContext != nil
	upNoTx, downNoTx := m.UpFnNoTxContext != nil, m.DownFnNoTxContext != nil
	for _, f := range []struct {
		isSet    bool
		name     string
		function any
	}{{up, "up", m.UpFnContext}, {down, "down", m.DownFnContext}, {upNoTx, "up without transaction", m.UpFnNoTxContext}, {downNoTx, "down without transaction", m.DownFnNoTxContext}} {
		if !f.isSet {
			continue
		}
		id, err := buildid.Function(f.function)
		if err != nil {
			return err
		}
		writeParts(h, f.name, id)
	}
	return nil
}

// writeParts writes each part with its length, so that different lists have different
// hashes.
func writeParts(h hash.Hash, parts ...string) {
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
}
