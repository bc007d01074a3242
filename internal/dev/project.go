package dev

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/qarion/seedbed/internal/server"
)

// Project is a directory that has development servers, one for each branch, and the
// branch that is checked out in it.
type Project struct{ server.Project }

// FindProject returns the project that dir lies in: the nearest directory upward
// that holds a go.mod or a .git, or dir itself where there is none.
func FindProject(dir string) (Project, error) {
	p, err := server.FindProject(dir)
	return Project{p}, err
}

// port is the one the server tries first, so that URLs keep: below the range that
// systems give to outgoing connections.
func (p Project) port() int {
	sum := sha256.Sum256([]byte(p.Root + "\x00" + p.Branch))
	return 20_000 + int(binary.BigEndian.Uint16(sum[:]))%12_000
}

// Database is the name of the branch's database.
func (p Project) Database() string {
	if p.Branch == "" {
		return "dev"
	}
	name := slug(p.Branch, 26) // with "@", a label and "~draft" 62 bytes, of 63
	if name != p.Branch {
		name += "_" + shortHash(p.Branch) // feature/a and feature-a are two
	}
	return "dev_" + name
}

// slug keeps what needs no quotes in SQL, in a URL or in a path.
func slug(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, s)
	return s[:min(len(s), most)]
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// HasData reports whether the branch's server has been made.
func (p Project) HasData() bool {
	dir, err := server.DevDir(p.Project)
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(dir, "data", "PG_VERSION"))
	return err == nil || errors.Is(err, fs.ErrPermission)
}
