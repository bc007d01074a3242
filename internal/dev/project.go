package dev

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Project is a directory that has a development server, and the branch that is
// checked out in it.
type Project struct {
	Root   string // absolute, symbolic links resolved
	Branch string // "" outside of git
}

// FindProject returns the project that dir lies in: the nearest directory upward
// that holds a go.mod or a .git, or dir itself where there is none.
func FindProject(dir string) (Project, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return Project{}, fmt.Errorf("find the project: %w", err)
	}
	p := Project{Root: abs}
	if root := above(abs, "go.mod", ".git"); root != "" {
		p.Root = root
	}
	if p.Branch, err = branch(above(p.Root, ".git")); err != nil {
		return Project{}, fmt.Errorf("find the project's branch: %w", err)
	}
	return p, nil
}

// above is the nearest directory from dir upward with an entry of one of the names.
func above(dir string, names ...string) string {
	for {
		for _, name := range names {
			if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
				return dir
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// branch reads what git has checked out in a work tree, without git. A commit
// that no branch names is "detached".
func branch(worktree string) (string, error) {
	if worktree == "" {
		return "", nil
	}
	gitDir := filepath.Join(worktree, ".git")
	// In a linked work tree and in a submodule .git is a file that says where.
	if text, err := os.ReadFile(gitDir); err == nil {
		dir, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
		if !ok {
			return "", nil
		}
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(worktree, dir)
		}
		gitDir = dir
	}
	head, err := os.ReadFile(filepath.Join(gitDir, "HEAD"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil // an empty .git is no repository
	}
	if err != nil {
		return "", err
	}
	if ref, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: refs/heads/"); ok {
		return ref, nil
	}
	return "detached", nil
}

// Name of the project: its directory's.
func (p Project) Name() string { return filepath.Base(p.Root) }

// key is the project's directory below the cache's dev directory: readable, and
// different for directories of the same name.
func (p Project) key() string {
	return slug(p.Name(), 30) + "-" + shortHash(p.Root)
}

// Server is the name of the project's server in the cache.
func (p Project) Server() string { return filepath.Join("dev", p.key()) }

// port is the one the project's server tries first, so that URLs keep: below the
// range that systems give to outgoing connections.
func (p Project) port() int {
	sum := sha256.Sum256([]byte(p.Root))
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
