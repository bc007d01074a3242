package catalog

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestTooOld turns what an old server lacks into an error that says how old it is.
func TestTooOld(t *testing.T) {
	t.Parallel()
	missing := &pgconn.PgError{Code: "42703", Message: `column i.indnullsnotdistinct does not exist`}
	l := newLoader()
	l.cat.Version = 140011
	if err := l.explain("indexes", missing); !errors.Is(err, ErrTooOld) || err.Error() != "read catalog: server is older than Postgres 15 (it is 14.11)" {
		t.Errorf("on 14: %v", err)
	}
	l.cat.Version = 150018
	if err := l.explain("indexes", missing); errors.Is(err, ErrTooOld) || !errors.Is(err, missing) {
		t.Errorf("on 15: %v", err)
	}
}
