package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
)

// initdb initialises data, below scratch, which is then the user's. It is a call
// of our own because embedded-postgres's cannot ask for small segments of the
// write-ahead log (16 MB of zeros in every server), nor for a locale of ICU's.
func (i *Installation) initdb(ctx context.Context, o DataOptions, scratch, data, locale, password string) error {
	if icu(locale) != "" && i.Major < 15 {
		return &LocaleError{Locale: locale, Reason: "Postgres " + i.Version + " has no databases with a locale of ICU's",
			Fix: "use Postgres 15 or later (Server.Version, SEEDBED_VERSION)"}
	}
	u := o.Cache.User
	secret := filepath.Join(scratch, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return err
	}
	if err := errors.Join(u.give(secret), u.give(scratch)); err != nil {
		return err
	}
	args := append([]string{"-D", data, "-U", Superuser, "--pwfile", secret}, i.initdbArgs(o, locale)...)
	cmd := u.command(ctx, i.Program("initdb"), args...)
	cmd.Dir = rootDir
	lent := u.lendName(cmd)
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case lent && cmd.Process == nil, strings.Contains(string(out), "could not look up effective user ID"):
		return fmt.Errorf("initdb: %w: %s has no passwd entry, without which initdb refuses to run, and user namespaces are not to be had: add an entry to /etc/passwd", err, u)
	}
	return initdbError(locale, string(out), err)
}

// initdbArgs are the ones that shape a data directory.
func (i *Installation) initdbArgs(o DataOptions, locale string) []string {
	args := []string{"--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions", "--wal-segsize=1"}
	switch {
	case o.Checksums:
		args = append(args, "--data-checksums")
	case i.Major >= 18:
		args = append(args, "--no-data-checksums")
	}
	if name := icu(locale); name != "" {
		return append(args, "--locale-provider=icu", "--icu-locale="+name, "--locale=C")
	}
	return append(args, "--locale="+locale)
}

// icu is the ICU locale that a locale such as "icu:de-DE" names, or "".
func icu(locale string) string {
	name, ok := strings.CutPrefix(locale, "icu:")
	if !ok {
		return ""
	}
	return name
}

// locales lists what to try for a DataOptions.Locale. An older C library has no
// C.UTF-8, other systems neither; every one has C.
func locales(wanted string) []string {
	switch {
	case wanted != "":
		return []string{wanted}
	case runtime.GOOS == "linux":
		return []string{"C.UTF-8", "C"}
	}
	return []string{"C"}
}

// initdbError makes a *LocaleError of what initdb says about a locale.
func initdbError(locale, out string, err error) error {
	switch {
	case strings.Contains(out, "ICU is not supported in this build"):
		return &LocaleError{Locale: locale, Reason: "this Postgres is built without ICU", Fix: "use another one (SEEDBED_BINARIES), or a locale of the system's"}
	case icu(locale) != "" && (strings.Contains(out, "unknown language") || strings.Contains(out, "could not open collator") || strings.Contains(out, "could not convert locale name")):
		return unknownToICU(locale)
	case strings.Contains(out, "invalid locale"), strings.Contains(out, "invalid LC_"), strings.Contains(out, "locale name"):
		return &LocaleError{Locale: locale, Reason: "this system does not have it (`locale -a` lists those it has)",
			Fix: localeFix(locale)}
	}
	return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(out))
}

func localeFix(locale string) string {
	language, charset, _ := strings.Cut(locale, ".")
	if charset == "" {
		charset = "UTF-8"
	}
	own := "icu:" + strings.ReplaceAll(language, "_", "-")
	if runtime.GOOS == "linux" && !musl() {
		return fmt.Sprintf("run `localedef -i %s -f %s %s` (Debian: package locales), or use %s, which comes with Postgres", language, charset, locale, own)
	}
	return "use " + own + ", which comes with Postgres"
}

func unknownToICU(locale string) error {
	return &LocaleError{Locale: locale, Reason: "ICU does not know that language", Fix: `name one such as "icu:de-DE" or "icu:und"`}
}

// checkICU looks for a locale's language among the collations that initdb found:
// before 16 Postgres takes any name.
func checkICU(ctx context.Context, conn *pgx.Conn, locale string) error {
	name := icu(locale)
	if name == "" {
		return nil
	}
	language, _, _ := strings.Cut(strings.NewReplacer("_", "-", "@", "-").Replace(name), "-")
	var known bool
	err := conn.QueryRow(ctx, `SELECT $1 IN ('und', 'root', '') OR EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i' AND collname = $1 || '-x-icu')`,
		strings.ToLower(language)).Scan(&known)
	if err == nil && !known {
		err = unknownToICU(locale)
	}
	return err
}
