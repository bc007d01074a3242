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
// environment variables, the version table. Go migrations count by version and,
// as their code cannot be read, by the build of the running binary. It does
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
	hasGo := false
	for _, src := range s.sources { // by version, whatever the order of the files
		put(h, "version", fmt.Sprint(src.Version), src.File, string(src.content))
		if src.sql != nil {
			put(h, "up", string(src.sql.up.render(false)))
			put(h, "down", string(src.sql.down.render(true)))
		}
		hasGo = hasGo || src.run != nil
	}
	if hasGo {
		id, err := buildid.Running()
		if err != nil {
			return "", fmt.Errorf("fingerprint migrations: %w", err)
		}
		put(h, "build", id)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// put writes each part with its length, so that no two lists of parts collide.
func put(h hash.Hash, parts ...string) {
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
}
