package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Project is a directory with code, and the branch that is checked out in it: what
// a person calls a server by.
type Project struct {
	Root   string `json:"root"`   // absolute, symbolic links resolved
	Branch string `json:"branch"` // "" outside of git
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

// String is the project as people call it: its directory's name and the branch.
func (p Project) String() string {
	switch {
	case p.Root == "":
		return ""
	case p.Branch == "":
		return filepath.Base(p.Root)
	}
	return filepath.Base(p.Root) + " (" + p.Branch + ")"
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
