package binaries

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// patterns are where systems put a server's programs. Each may match several
// versions; the bin directory is what is listed.
func patterns() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{
			"/opt/homebrew/opt/postgresql*/bin", // Homebrew, ARM
			"/usr/local/opt/postgresql*/bin",    // Homebrew, Intel
			"/Applications/Postgres.app/Contents/Versions/*/bin",
			"/Library/PostgreSQL/*/bin", // EDB installer
			"/opt/local/lib/postgresql*/bin",
			"/usr/local/pgsql/bin",
		}
	case "windows":
		var out []string
		for _, v := range []string{"ProgramFiles", "ProgramW6432", "ProgramFiles(x86)"} {
			if dir := os.Getenv(v); dir != "" {
				out = append(out, filepath.Join(dir, "PostgreSQL", "*", "bin"))
			}
		}
		return out
	}
	return []string{
		"/usr/lib/postgresql/*/bin",  // Debian, Ubuntu
		"/usr/pgsql-*/bin",           // RHEL, PGDG
		"/usr/libexec/postgresql*",   // Alpine
		"/usr/lib/postgresql*/bin",   // openSUSE, Gentoo
		"/usr/lib64/postgresql*/bin", // openSUSE, Gentoo
		"/usr/local/pgsql*/bin",      // built from source
		"/usr/local/bin", "/usr/bin", // Arch, the official image's Alpine, FreeBSD
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/run/current-system/sw/bin", // NixOS
		"/opt/bitnami/postgresql/bin",
	}
}

// places lists the bin directories on this machine that could hold a server,
// each once however many links lead to it. Those without a postgres, which is
// most of PATH, are not worth a word and are left out.
func (s *search) places(ctx context.Context) []string {
	var all []string
	if dir := s.pgConfigBin(ctx); dir != "" {
		all = append(all, dir)
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) {
			all = append(all, serverBehind(dir))
		}
	}
	for _, p := range patterns() {
		dirs, _ := filepath.Glob(p)
		slices.Reverse(dirs)
		all = append(all, dirs...)
	}
	return distinct(all)
}

func distinct(dirs []string) []string {
	var out []string
	known := map[string]bool{}
	for _, dir := range dirs {
		real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"+exe))
		if err != nil || known[real] {
			continue
		}
		known[real] = true
		out = append(out, dir)
	}
	return out
}

// serverBehind follows links on PATH to the directory they come from: initdb
// and pg_ctl find their siblings and share directory from there.
func serverBehind(dir string) string {
	real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"+exe))
	if err != nil {
		return dir
	}
	return filepath.Dir(real)
}

// pgConfigBin asks pg_config, if there is one. Its answer may be a directory that
// holds clients only.
func (s *search) pgConfigBin(ctx context.Context) string {
	path, err := exec.LookPath("pg_config")
	if err != nil {
		return ""
	}
	dir, err := s.memo.ask(path, func() (string, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, "--bindir")
		cmd.Env = plainEnv()
		cmd.WaitDelay = time.Second
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	})
	if err != nil {
		return ""
	}
	return dir
}
