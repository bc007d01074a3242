package binaries

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// NotFoundError says that there is no usable Postgres, where one was looked for,
// and what to do about it.
type NotFoundError struct {
	Version string // what was wanted; empty: any
	Looked  []Candidate
	Fix     string // the command that installs one on this system
}

func (e *NotFoundError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "find postgres%s: nothing usable (version %d or later, with initdb and pg_ctl):", spaced(e.Version), Oldest)
	for _, c := range e.Looked {
		fmt.Fprintf(&b, "\n  %-10s %s: %s", c.Source, c.Where, c.Reason)
	}
	fmt.Fprintf(&b, "\ninstall one with: %s\nor name one: SEEDBED_BINARIES=/path/to/its/bin", e.Fix)
	return b.String()
}

// UnusableError says why one particular installation cannot be used.
type UnusableError struct {
	Where  string
	Reason string
}

func (e *UnusableError) Error() string {
	return fmt.Sprintf("use postgres in %s: %s", e.Where, e.Reason)
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

// fix is the one command that installs Postgres here.
func fix(version string) string {
	major, _, _ := strings.Cut(version, ".")
	switch runtime.GOOS {
	case "darwin":
		if major != "" {
			return "brew install postgresql@" + major
		}
		return "brew install postgresql"
	case "windows":
		if major == "" {
			major = "18"
		}
		return "winget install PostgreSQL.PostgreSQL." + major
	}
	for _, m := range packageManagers {
		if _, err := exec.LookPath(m.command); err == nil {
			return sudo() + m.install(major)
		}
	}
	return "your system's package manager (package postgresql)"
}

var packageManagers = []struct {
	command string
	install func(major string) string
}{
	{"apt-get", func(major string) string {
		if major != "" {
			return "apt-get install -y postgresql-" + major
		}
		return "apt-get install -y postgresql"
	}},
	{"apk", func(major string) string { return "apk add postgresql" + major }},
	{"dnf", func(string) string { return "dnf install -y postgresql-server" }},
	{"yum", func(string) string { return "yum install -y postgresql-server" }},
	{"zypper", func(major string) string { return "zypper install -y postgresql" + major + "-server" }},
	{"pacman", func(string) string { return "pacman -S --noconfirm postgresql" }},
	{"nix-env", func(major string) string { return "nix-env -iA nixpkgs.postgresql" + underscored(major) }},
	{"pkg", func(major string) string {
		if major == "" {
			major = "18"
		}
		return "pkg install -y postgresql" + major + "-server"
	}},
}

func underscored(s string) string {
	if s == "" {
		return ""
	}
	return "_" + s
}

func sudo() string {
	if os.Geteuid() == 0 {
		return ""
	}
	return "sudo "
}
