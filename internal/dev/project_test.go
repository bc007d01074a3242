package dev_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/dev"
	"github.com/qarion/seedbed/internal/server"
)

// tree makes files, "name: content" each, and returns their root.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name, content, _ := strings.Cut(file, ": ")
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFindProject(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files            []string
		from             string
		root             string
		branch, database string
	}{
		"git":             {[]string{".git/HEAD: ref: refs/heads/main\n", "a/b/x: "}, "a/b", "", "main", "dev_main"},
		"module in git":   {[]string{".git/HEAD: ref: refs/heads/main", "tools/go.mod: module x", "tools/y/x: "}, "tools/y", "tools", "main", "dev_main"},
		"linked worktree": {[]string{"repo/worktrees/w/HEAD: ref: refs/heads/topic", "w/.git: gitdir: ../repo/worktrees/w\n"}, "w", "w", "topic", "dev_topic"},
		"detached":        {[]string{".git/HEAD: 0123456789abcdef0123456789abcdef01234567"}, "", "", "detached", "dev_detached"},
		"module":          {[]string{"go.mod: module x", "a/x: "}, "a", "", "", "dev"},
		"empty .git":      {[]string{".git/config: "}, "", "", "", "dev"},
		"upper case":      {[]string{".git/HEAD: ref: refs/heads/Main"}, "", "", "Main", "dev_main_"},
		"a path":          {[]string{".git/HEAD: ref: refs/heads/feature/x-1"}, "", "", "feature/x-1", "dev_feature_x_1_"},
		"long":            {[]string{".git/HEAD: ref: refs/heads/" + strings.Repeat("b", 200)}, "", "", strings.Repeat("b", 200), "dev_" + strings.Repeat("b", 26) + "_"},
		"hostile":         {[]string{".git/HEAD: ref: refs/heads/x\"; DROP DATABASE y"}, "", "", `x"; DROP DATABASE y`, "dev_x___drop_database_y_"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := tree(t, test.files...)
			p, err := dev.FindProject(filepath.Join(root, test.from))
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(root, test.root); p.Root != want || p.Branch != test.branch {
				t.Errorf("found %s on %q, want %s on %q", p.Root, p.Branch, want, test.branch)
			}
			if got := p.Database(); !strings.HasPrefix(got, test.database) || !strings.HasSuffix(test.database, "_") && got != test.database {
				t.Errorf("the database is %s, want %s…", got, test.database)
			}
			// With the longest suffix, "@" and a label of 16 and "~draft".
			if got := len(p.Database()) + 1 + 16 + len("~draft"); got > 63 {
				t.Errorf("%d bytes, Postgres takes 63", got)
			}
		})
	}
}

// Branches and directories whose names look alike have databases and servers of
// their own.
func TestNamesDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, branch := range []string{"", "main", "Main", "feature/a", "feature-a", "feature_a", strings.Repeat("x", 40), strings.Repeat("x", 41)} {
		name := dev.Project{Project: server.Project{Root: "/p", Branch: branch}}.Database()
		if other, there := seen[name]; there {
			t.Errorf("%q and %q are both %s", branch, other, name)
		}
		seen[name] = branch
	}
	a := server.DevName(server.Project{Root: "/a/app", Branch: "main"})
	for _, other := range []server.Project{{Root: "/b/app", Branch: "main"}, {Root: "/a/app", Branch: "Main"}, {Root: "/a/app"}} {
		if server.DevName(other) == a {
			t.Errorf("%+v shares a server with another project or branch", other)
		}
	}
}
