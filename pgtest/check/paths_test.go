package check_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check"
)

// users is a repository: one line sends each of its statements.
type users struct{ pool *pgxpool.Pool }

func (u users) name(ctx context.Context, email string) (name string, err error) {
	err = u.pool.QueryRow(ctx, "SELECT coalesce(max(name), '') FROM users WHERE email = $1", email).Scan(&name)
	return name, err
}

// twice uses the repository on two lines, each for a purpose of its own.
func (u users) twice(ctx context.Context) error {
	if _, err := u.name(ctx, "author"); err != nil {
		return err
	}
	_, err := u.name(ctx, "reviewer")
	return err
}

func (u users) tree(ctx context.Context, depth int) error {
	if _, err := u.name(ctx, strings.Repeat("x", depth)); err != nil || depth == 0 {
		return err
	}
	return u.tree(ctx, depth-1)
}

func TestARepetitionIsJudgedByThePathOfCalls(t *testing.T) {
	t.Parallel()
	pool := traced(t)
	repo := users{pool}
	for name, c := range map[string]struct {
		work  func(context.Context) error
		found bool
	}{
		"a method used on two lines": {repo.twice, false},
		"a method in a loop": {func(ctx context.Context) error {
			for _, email := range []string{"a", "b"} {
				if _, err := repo.name(ctx, email); err != nil {
					return err
				}
			}
			return nil
		}, true},
		"two methods in a loop": {func(ctx context.Context) error {
			for range 2 {
				if err := repo.twice(ctx); err != nil {
					return err
				}
			}
			return nil
		}, true},
		"recursion": {func(ctx context.Context) error { return repo.tree(ctx, 3) }, true},
		"goroutines": {func(ctx context.Context) error {
			done := make(chan error)
			for range 3 {
				go func() { _, err := repo.name(ctx, "x"); done <- err }()
			}
			var err error
			for range 3 {
				if e := <-done; e != nil {
					err = e
				}
			}
			return err
		}, true},
		"transactions with settings": {func(ctx context.Context) error {
			for range 3 {
				err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
					for _, sql := range []string{"SET LOCAL statement_timeout = 1000", "SELECT set_config('app.tenant', 'x', true), pg_catalog.set_config('app.user', 'y', true)",
						"/* savepoints */ SAVEPOINT a", "ROLLBACK TO SAVEPOINT a", "RELEASE a", "RESET statement_timeout"} {
						if _, err := tx.Exec(ctx, sql); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		}, false},
		"set_config of rows": {func(ctx context.Context) error {
			for range 2 {
				if _, err := pool.Exec(ctx, "SELECT set_config('app.x', name, false) FROM users"); err != nil {
					return err
				}
			}
			return nil
		}, true},
	} {
		got := scoped(t, pool, check.Budget{}, func(ctx context.Context) {
			if err := c.work(ctx); err != nil {
				t.Fatal(err)
			}
		})
		if found := strings.Contains(got, "n-plus-one"); found != c.found {
			t.Errorf("%s: found %t: %s", name, found, got)
		}
	}
}

// TestTheBatchedFormIsValid has Postgres prepare what a finding suggests.
func TestTheBatchedFormIsValid(t *testing.T) {
	t.Parallel()
	pool := traced(t)
	for sql, suggests := range map[string]string{
		"SELECT name FROM users WHERE email = $1":                                                   "SELECT name FROM users WHERE email = ANY($1)",
		"SELECT name FROM users WHERE email = $1::text AND name <> ''":                              "SELECT name FROM users WHERE email = ANY($1::text[]) AND name <> ''",
		"SELECT name FROM users WHERE lower(email) = $1::pg_catalog.varchar(20);":                   "SELECT name FROM users WHERE lower(email) = ANY($1::pg_catalog.varchar(20)[])",
		"SELECT name FROM users\nWHERE email = $1::character varying -- by address\n AND name > ''": "SELECT name FROM users WHERE email = ANY($1::character varying[]) AND name > ''",
		"UPDATE users SET name = name WHERE email = $1":                                             "UPDATE users SET name = name WHERE email = ANY($1)",
		"UPDATE users SET name = coalesce($1, name) WHERE email = ''":                               "",
		"SELECT name FROM users WHERE email = $1 LIMIT 1":                                           "",
		"SELECT count(*) FROM users WHERE email = $1":                                               "",
		"SELECT name FROM users WHERE email = $1 OR name = $1":                                      "",
		"SELECT name FROM users WHERE email >= $1":                                                  "",
	} {
		got := scoped(t, pool, check.Budget{}, func(ctx context.Context) {
			for _, email := range []string{"a", "b"} {
				if _, err := pool.Exec(ctx, sql, email); err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
			}
		})
		got = strings.Join(strings.Fields(got), " ")
		_, fix, _ := strings.Cut(got, "fix ")
		if suggests == "" {
			suggests = "load them at once, with a join or = ANY($1)"
		} else {
			if _, err := pool.Exec(t.Context(), suggests, []string{"a", "b"}); err != nil {
				t.Errorf("%s: %v", suggests, err)
			}
			suggests = "load them at once: " + suggests
		}
		if strings.TrimSpace(fix) != suggests {
			t.Errorf("%s: the fix is %q, want %q", sql, fix, suggests)
		}
	}
}

func TestQueriesOfDatabaseSQL(t *testing.T) {
	t.Parallel()
	db := reference(t)
	cfg, err := pgx.ParseConfig(db.URL())
	if err != nil {
		t.Fatal(err)
	}
	check.Trace(cfg)
	own := stdlib.OpenDB(*cfg)
	defer own.Close()
	pgtests := db.SQL()
	fake := testkit.NewRecorder(t)
	mine, theirs := check.Queries(fake, own), check.Queries(fake, pgtests)
	for range 2 {
		if _, err := own.ExecContext(t.Context(), "SELECT 1 WHERE $1 = 'a'", "x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pgtests.ExecContext(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if st := mine.Statements(); mine.Count() != 2 || theirs.Count() != 1 || !strings.HasPrefix(st[0].Site, "paths_test.go:") || st[0].Args[0] != "x" {
		t.Errorf("%d and %d statements: %+v", mine.Count(), theirs.Count(), st)
	}
	mine.Done()
	if got := fake.Text(); !strings.Contains(got, "n-plus-one: paths_test.go:") {
		t.Errorf("told %s", got)
	}
}
