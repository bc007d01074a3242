package check

import (
	"context"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/migrations"
)

// Sessions makes rows of two tenants in tables, and the session by which policies know
// one of them, for a review that counts who reaches what before and after a migration:
//
//	migrations.Reviewed(t, pg.DB(t), fsys, migrations.ReviewOptions{Sessions: check.Sessions})
//
// db is a superuser's. All happens in one transaction, which is rolled back after use.
// unmade says of which tables no rows or no session could be made, and why.
func Sessions(ctx context.Context, db seedbed.DB, tables []string, use func(sessions []migrations.TenantSession, unmade []string) error) error {
	return audit.TenantSessions(ctx, db, tables, use)
}
