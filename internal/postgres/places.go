package postgres

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
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
		"/usr/lib/postgresql/*/bin",  // Debian, Ubuntu, PGDG for both
		"/usr/pgsql-*/bin",           // PGDG for RHEL
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

// installedDirs lists the bin directories on this machine that hold a server,
// each once however many links lead to it. Those without a postgres, which is
// most of PATH, are not worth a word and are left out.
func installedDirs() []string {
	var all []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) {
			all = append(all, behind(dir, "postgres"), behind(dir, "pg_config"))
		}
	}
	for _, p := range patterns() {
		dirs, _ := filepath.Glob(p)
		slices.Reverse(dirs)
		all = append(all, dirs...)
	}
	return distinct(all)
}

// behind follows a link on PATH to the directory it comes from: initdb and
// pg_ctl find their siblings and the share directory from there.
func behind(dir, program string) string {
	real, err := filepath.EvalSymlinks(filepath.Join(dir, program+exe))
	if err != nil {
		return ""
	}
	return filepath.Dir(real)
}

func distinct(dirs []string) []string {
	var out []string
	known := map[string]bool{}
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"+exe))
		if err != nil || known[real] {
			continue
		}
		known[real] = true
		out = append(out, dir)
	}
	return out
}
