package migrations

import (
	"context"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
)

// T is the part of testing.TB that [Reviewed] needs; this package does not import
// testing.
type T interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Reviewed fails t for each hazard and each breach of policy in the migrations of fsys,
// with its place and its fix. Style is not reported, nor is what the rules of a long
// history say of most migrations. db is what [Review] takes; a
// *pgtest.DB is asked for its superuser.
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
	for _, f := range report.engine().Causes() {
		t.Errorf("%s", f.StatementText())
	}
}

// superuserOf asks a handle of package pgtest for its superuser.
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
	config.Database = "postgres" // the test's own database may be given back meanwhile
	return config, nil
}
