package main

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/scenario"
)

// parseRows reads TABLE=N.
func parseRows(all []string) ([]scenario.Rows, error) {
	var rows []scenario.Rows
	for _, text := range all {
		table, number, ok := strings.Cut(text, "=")
		if !ok || table == "" {
			return nil, usagef("--rows %s: write TABLE=N, as in comments=1e6", text)
		}
		n, err := parseCount(number)
		if err != nil || n < 1 {
			return nil, usagef("--rows %s: %q is no number of rows, such as 5000, 20k or 1e6", text, number)
		}
		rows = append(rows, scenario.Rows{Table: table, N: n})
	}
	return rows, nil
}

// leastRow is what a row of one small column takes of a table's file.
const leastRow = 36

// checkRoom refuses more rows than the disk of this machine has room for: it would be full
// before Postgres said so.
func checkRoom(all []scenario.Rows, here bool) error {
	cache, err := cacheDir()
	if err != nil || !here {
		return err
	}
	var n int64
	for _, r := range all {
		n += r.N
	}
	if free, known := freeBytes(cache); known && n > free/leastRow {
		return usagef("--rows: %s take %s at least, and %s are free in %s", plural(int(n), "row"), gigabytes(n*leastRow), gigabytes(free), cache)
	}
	return nil
}

func gigabytes(bytes int64) string { return thousands(bytes>>30) + " GB" }

// refuseSpaces refuses --spaces on a schema whose tenants are called otherwise.
func (a *app) refuseSpaces(ctx context.Context, db *pgxpool.Pool, number string) error {
	innermost, err := a.innermostTenant(ctx, db)
	switch {
	case err != nil || innermost == "spaces":
		return err
	case innermost == "":
		return usagef("--spaces counts the spaces of the reference schema, and this schema has no table of tenants: --rows TABLE=%s", number)
	}
	return usagef("--spaces counts the spaces of the reference schema; here: --rows %s=%s", innermost, number)
}

// refuseSpace is refuseSpaces for the --space of a dump.
func (a *app) refuseSpace(ctx context.Context, db *pgxpool.Pool, key string) error {
	innermost, err := a.innermostTenant(ctx, db)
	switch {
	case err != nil || innermost == "spaces":
		return err
	case innermost == "":
		return usagef("--space is one of the reference schema, and this schema has no table of tenants: --where \"TABLE=CONDITION\"")
	}
	return usagef("--space is one of the reference schema; here: --tenant %s", shellQuote(innermost+"="+key))
}

// innermostTenant is the table of the innermost tenants: spaces, in a schema that has such;
// "" where none has tenants.
func (a *app) innermostTenant(ctx context.Context, db *pgxpool.Pool) (innermost string, err error) {
	found, err := a.model(ctx, db)
	if err != nil {
		return "", err
	}
	depth := -1
	for _, t := range found.Model.Tenants {
		if t.Table == "spaces" {
			return t.Table, nil
		}
		if above := len(found.Model.Above(t.Name)); t.Table != "" && above > depth {
			innermost, depth = t.Table, above
		}
	}
	return innermost, nil
}

// parseCount reads 1e6, 20k, 3m and 1_000_000.
func parseCount(text string) (int64, error) {
	factor := 1.0
	text = strings.ToLower(strings.ReplaceAll(text, "_", ""))
	for suffix, by := range map[string]float64{"k": 1e3, "m": 1e6} {
		if rest, ok := strings.CutSuffix(text, suffix); ok {
			text, factor = rest, by
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f*factor > 1e12 || f*factor != float64(int64(f*factor)) {
		return 0, strconv.ErrSyntax
	}
	return int64(f * factor), nil
}

// refuseURL is refuseProduction of the database that --url names; "" is one of ours.
func (a *app) refuseURL(url string) error {
	if url == "" {
		return nil
	}
	cfg, err := parseURL(url)
	if err != nil {
		return err
	}
	return a.refuseProduction(cfg.ConnConfig)
}

// refuseProduction stops what would write into a database that does not look like
// one for development.
func (a *app) refuseProduction(cfg *pgx.ConnConfig) error {
	if err := a.refuseHost(cfg, cfg.Host, cfg.Port); err != nil {
		return err
	}
	for _, other := range cfg.Fallbacks { // of a URL with several hosts
		if err := a.refuseHost(cfg, other.Host, other.Port); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) refuseHost(cfg *pgx.ConnConfig, host string, port uint16) error {
	address := net.JoinHostPort(host, strconv.Itoa(int(port)))
	allowed := strings.Split(a.env("SEEDBED_ALLOW"), ",")
	if slices.Contains(allowed, host) || slices.Contains(allowed, address) {
		return nil
	}
	reason := ""
	ip := net.ParseIP(host)
	switch {
	case strings.Contains(strings.ToLower(cfg.Database), "prod"):
		reason = "its name says that it is in production"
	case filepath.IsAbs(host), host == "localhost", ip != nil && ip.IsLoopback():
		return nil
	default:
		reason = "it is on another machine"
	}
	return usagef("%s at %s as %s does not look like a development database: %s. If it is one: export SEEDBED_ALLOW=%s", cfg.Database, address, cfg.User, reason, shellQuote(address))
}

// fixtureFiles are a directory of fixture files, or one of them.
type fixtureFiles struct {
	path  string
	fsys  fs.FS
	names []string // none are all of the directory
}

// openFixtures finds the fixtures that a flag or seedbed.yaml names.
func openFixtures(from, path string) (f fixtureFiles, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return f, usagef("%s %s: no such file or directory", from, relativeToCwd(path))
	case info.IsDir():
		return fixtureFiles{path, os.DirFS(path), nil}, nil
	}
	return fixtureFiles{path, os.DirFS(filepath.Dir(path)), []string{filepath.Base(path)}}, nil
}
