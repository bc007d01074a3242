package postgres

import (
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// packageManager installs Postgres and its extensions on one kind of system.
type packageManager struct {
	command, install string
	server           func(major string) string
	contrib          func(major string) string // where the extensions that come with Postgres are
	extension        func(major string, p extensionPackage) string
	root             bool // it wants root
}

// extensionPackage is what distributions call an extension that does not come
// with Postgres. An empty name: the extension's own, with dashes.
type extensionPackage struct{ deb, rpm, apk, brew string }

var extensionPackages = map[string]extensionPackage{
	"vector":           {"pgvector", "pgvector", "postgresql-pgvector", "pgvector"},
	"postgis":          {"postgis-3", "postgis35", "postgis", "postgis"},
	"postgis_raster":   {"postgis-3", "postgis35", "postgis", "postgis"},
	"postgis_topology": {"postgis-3", "postgis35", "postgis", "postgis"},
	"pgrouting":        {"pgrouting", "pgrouting", "", "pgrouting"},
	"pg_cron":          {"cron", "pg_cron", "postgresql-pg_cron", ""},
	"pg_partman":       {"partman", "pg_partman", "", ""},
	"pg_repack":        {"repack", "pg_repack", "", ""},
	"hll":              {"hll", "hll", "postgresql-hll", ""},
	"hypopg":           {"hypopg", "hypopg", "postgresql-hypopg", ""},
	"age":              {"age", "apache-age", "", ""},
	"pgtap":            {"pgtap", "pgtap", "", ""},
	"pg_uuidv7":        {"pg-uuidv7", "pg_uuidv7", "", ""},
}

// contrib are the extensions that Postgres itself comes with, a download too.
var contrib = strings.Fields(`amcheck autoinc bloom bool_plperl bool_plperlu btree_gin btree_gist citext cube dblink dict_int
	dict_xsyn earthdistance file_fdw fuzzystrmatch hstore hstore_plperl hstore_plperlu hstore_plpython3u insert_username intagg
	intarray isn jsonb_plperl jsonb_plperlu jsonb_plpython3u lo ltree ltree_plpython3u moddatetime pageinspect pg_buffercache
	pg_freespacemap pg_logicalinspect pg_prewarm pg_stat_statements pg_surgery pg_trgm pg_visibility pg_walinspect pgcrypto
	pgrowlocks pgstattuple plperl plperlu plpgsql plpython3u pltcl pltclu postgres_fdw refint seg sslinfo tablefunc tcn
	tsm_system_rows tsm_system_time unaccent uuid-ossp xml2`)

// knownExtensions are the names to suggest for one that is misspelt.
func knownExtensions() []string {
	return slices.AppendSeq(slices.Clone(contrib), maps.Keys(extensionPackages))
}

var packageManagers = []packageManager{
	{"apt-get", "apt-get install -y", prefix("postgresql-"), prefix("postgresql-"),
		func(major string, p extensionPackage) string { return "postgresql-" + major + "-" + p.deb }, true},
	{"apk", "apk add", prefix("postgresql"), suffix("postgresql", "-contrib"),
		func(_ string, p extensionPackage) string { return p.apk }, true},
	{"dnf", "dnf install -y", suffix("postgresql", "-server"), suffix("postgresql", "-contrib"), rpm, true},
	{"yum", "yum install -y", suffix("postgresql", "-server"), suffix("postgresql", "-contrib"), rpm, true},
	{"zypper", "zypper install -y", suffix("postgresql", "-server"), suffix("postgresql", "-contrib"),
		func(major string, p extensionPackage) string { return "postgresql" + major + "-" + p.rpm }, true},
	{"pacman", "pacman -S --noconfirm", plain("postgresql"), plain("postgresql"),
		func(_ string, p extensionPackage) string { return p.brew }, true},
	{"nix-env", "nix-env -iA", prefix("nixpkgs.postgresql_"), prefix("nixpkgs.postgresql_"),
		func(major string, p extensionPackage) string {
			return "nixpkgs.postgresql" + major + "Packages." + p.brew
		}, false},
	{"pkg", "pkg install -y", suffix("postgresql", "-server"), suffix("postgresql", "-contrib"),
		func(major string, p extensionPackage) string { return "postgresql" + major + "-" + p.brew }, true},
}

var homebrew = packageManager{"brew", "brew install", prefix("postgresql@"), prefix("postgresql@"),
	func(_ string, p extensionPackage) string { return p.brew }, false}

func prefix(s string) func(string) string { return func(major string) string { return s + major } }
func suffix(s, end string) func(string) string {
	return func(major string) string { return s + major + end }
}
func plain(s string) func(string) string          { return func(string) string { return s } }
func rpm(major string, p extensionPackage) string { return p.rpm + "_" + major }

// fix is the one command that installs what is missing on this machine.
func (s *search) fix() string {
	major := s.majorToInstall()
	if runtime.GOOS == "windows" {
		if others := notContrib(s.Extensions); len(others) > 0 {
			return "the EDB installer's Stack Builder (" + strings.Join(others, ", ") + " for Postgres " + major + ")"
		}
		return "winget install PostgreSQL.PostgreSQL." + major
	}
	m, ok := thisManager()
	if !ok {
		return "your system's package manager (package postgresql" + with(s.Extensions) + ")"
	}
	return m.line(major, s.Extensions)
}

func (m packageManager) line(major string, extensions []string) string {
	names := []string{m.server(major)}
	for _, e := range extensions {
		name := m.contrib(major)
		if !slices.Contains(contrib, e) {
			name = m.extension(major, packageOf(e))
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	sudo := ""
	if m.root && os.Geteuid() != 0 {
		sudo = "sudo "
	}
	return sudo + m.install + " " + strings.Join(names, " ")
}

func packageOf(extension string) extensionPackage {
	p := extensionPackages[extension]
	own := strings.ReplaceAll(extension, "_", "-")
	for _, name := range []*string{&p.deb, &p.rpm, &p.apk, &p.brew} {
		if *name == "" {
			*name = own
		}
	}
	return p
}

func thisManager() (packageManager, bool) {
	if runtime.GOOS == "darwin" {
		return homebrew, true
	}
	for _, m := range packageManagers {
		if _, err := exec.LookPath(m.command); err == nil {
			return m, true
		}
	}
	return packageManager{}, false
}

// majorToInstall is the wanted major, else the newest installed one that lacks
// an extension, else the one that a download would give.
func (s *search) majorToInstall() string {
	if !s.want.any {
		return strconv.Itoa(s.want.v.major)
	}
	best := 0
	for _, c := range s.seen {
		if v, ok := parseVersion(c.Version); ok && c.Source != Cached && strings.HasPrefix(c.Reason, lacksPrefix) {
			best = max(best, v.major)
		}
	}
	if best > 0 {
		return strconv.Itoa(best)
	}
	return strconv.Itoa(defaultMajor)
}

// notContrib are the extensions that do not come with Postgres.
func notContrib(extensions []string) []string {
	return slices.DeleteFunc(slices.Clone(extensions), func(e string) bool { return slices.Contains(contrib, e) })
}
