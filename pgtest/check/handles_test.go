package check_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check"
)

// A check works on whatever handle a caller has, and leaves it usable.
func TestAnyHandleWillDo(t *testing.T) {
	t.Parallel()
	tx := pg.Tx(t)
	if err := simple(t.Context(), tx.Tx, "SET LOCAL ROLE seedbed_seeder;"+referenceSQL+";SET LOCAL ROLE seedbed_owner"); err != nil {
		t.Fatal(err)
	}
	fake := testkit.NewRecorder(t)
	check.Isolation(fake, tx)
	check.Integrity(fake, tx)
	var role string
	if err := tx.QueryRow(t.Context(), "select current_user || ' ' || count(*) from organizations").Scan(&role); err != nil || role != "seedbed_owner 2" {
		t.Errorf("the transaction afterwards: %q, %v", role, err)
	}
	conn, err := pgx.Connect(t.Context(), reference(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	check.Isolation(fake, conn)
	check.Integrity(fake, conn)
	if complaints(fake) != "" {
		t.Errorf("healthy, but: %s", complaints(fake))
	}
}

// catalogReads counts how often a connection reads the catalog.
type catalogReads int

func (n *catalogReads) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	if strings.Contains(q.SQL, "from pg_policy") {
		*n++
	}
}

func (*catalogReads) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}
func (*catalogReads) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
func (*catalogReads) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (*catalogReads) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// The catalog is most of what a check costs: it is read once, with a Model and without.
func TestACheckReadsTheCatalogOnce(t *testing.T) {
	t.Parallel()
	db := reference(t)
	found, err := seedbed.Discover(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := pgx.ParseConfig(db.URL())
	if err != nil {
		t.Fatal(err)
	}
	var reads catalogReads
	cfg.Tracer = &reads
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, model := range []*seedbed.Model{nil, &found.Model} {
		reads = 0
		if _, err := check.IntegrityContext(t.Context(), conn, check.Options{Model: model}); err != nil {
			t.Fatal(err)
		}
		if reads != 1 {
			t.Errorf("Model given: %t: the catalog is read %d times, want 1", model != nil, reads)
		}
	}
}
