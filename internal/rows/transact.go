package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
)

// transact runs do in a transaction of its own, or in a savepoint of the caller's, and
// commits it where do succeeds. However do ends, by a panic or by t.FailNow too, the
// connection is given back: a pool that is closed waits for its connections for ever.
func transact(ctx context.Context, db seedbed.DB, do func(pgx.Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	returned := false
	defer func() {
		if !returned {
			_ = rollback(ctx, tx) // the panic says more
		}
	}()
	err = do(tx)
	returned = true
	if err != nil {
		return errors.Join(err, rollback(ctx, tx))
	}
	return tx.Commit(ctx)
}

// rollback ends a transaction, also where ctx has ended: at once, or not at all. A
// connection that was closed is given back to its pool.
func rollback(ctx context.Context, tx pgx.Tx) error {
	closed := tx.Conn().IsClosed()
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	err := tx.Rollback(ctx)
	if err == nil || closed || errors.Is(err, pgx.ErrTxClosed) {
		return nil
	}
	return fmt.Errorf("roll back: %w", err)
}
