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

// Fingerprint is a hash of everything in the set that shapes what Up makes: the
// version, name and bytes of each file, the statements after substitution of
// environment variables, the version table. Go migrations count by version and by the
// sources of their package and what it imports from its module, where these are there,
// else by the build of the running binary. It does
// not depend on where the files lie nor on the order in which they are listed. 64
// hexadecimal digits; about as dear as Open.
func Fingerprint(fsys fs.FS, options ...Options) (string, error) {
	s, err := Open(fsys, options...)
	if err != nil {
		return "", err
	}
	return s.Fingerprint()
}

// Fingerprint is [Fingerprint] for a set already open. It fails only where the set
// has Go migrations and the running binary cannot be read.
func (s *Set) Fingerprint() (string, error) {
	h := sha256.New()
	put(h, "table", cmp.Or(s.options.Table, goose.DefaultTablename))
	for _, src := range s.sources { // by version, whatever the order of the files
		put(h, "version", fmt.Sprint(src.Version), src.File, string(src.content))
		if src.sql != nil {
			put(h, "up", string(src.sql.up.render(false)))
			put(h, "down", string(src.sql.down.render(true)))
		}
		if err := putCode(h, src.run); err != nil {
			return "", fmt.Errorf("fingerprint migrations: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// putCode identifies the functions of a Go migration; nil has none.
func putCode(h hash.Hash, m *GoMigration) error {
	if m == nil {
		return nil
	}
	up, down := m.UpFnContext != nil, m.DownFnContext != nil
	upNoTx, downNoTx := m.UpFnNoTxContext != nil, m.DownFnNoTxContext != nil
	for _, f := range []struct {
		there    bool
		name     string
		function any
	}{{up, "up", m.UpFnContext}, {down, "down", m.DownFnContext}, {upNoTx, "up without transaction", m.UpFnNoTxContext}, {downNoTx, "down without transaction", m.DownFnNoTxContext}} {
		if !f.there {
			continue
		}
		id, err := buildid.Function(f.function)
		if err != nil {
			return err
		}
		put(h, f.name, id)
	}
	return nil
}

// put writes each part with its length, so that no two lists of parts collide.
func put(h hash.Hash, parts ...string) {
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
}
