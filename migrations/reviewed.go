package migrations

import (
	"context"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
)

// T is the part of testing.TB that [Reviewed] uses. This package does not import testing.
type T interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Reviewed fails t for each hazard and each breach of policy in the migrations of fsys,
// with its place and its fix. It leaves out style, and rules that most migrations of a
// long history break. db is what [Review] takes; if it is a *pgtest.DB, Reviewed uses its
// superuser.
//
//	func TestMigrations(t *testing.T) { migrations.Reviewed(t, pg.DB(t), os.DirFS("db/migrate")) }
func Reviewed(t T, db seedbed.DB, fsys fs.FS, options ...ReviewOptions) {
	t.Helper()
	var o ReviewOptions
	if len(options) > 0 {
		o = options[0]
	}
	report, err := Review(t.Context(), db, fsys, o)
	if err != nil {
		t.Fatalf("%v", err)
		return
	}
	for _, f := range report.toReport().Causes() {
		t.Errorf("%s", f.StatementText())
	}
}

// superuserOf returns the configuration of a *pgtest.DB's superuser, or nil for another
// handle.
func superuserOf(ctx context.Context, db seedbed.DB) (*pgx.ConnConfig, error) {
	has, ok := db.(interface {
		Superuser(context.Context) (*pgx.Conn, error)
	})
	if !ok {
		return nil, nil
	}
	conn, err := has.Superuser(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	config := conn.Config()
	config.Database = "postgres" // the test's database may be released during the review
	return config, nil
}
