package audit

import (
	"context"

	"github.com/qarion/seedbed/factory"
)

// fill makes two rows of a table with whatever they need, each in a tenant of its
// own, in the prober's transaction: they are gone with it.
func (p *prober) fill(table string) error {
	if p.undo {
		if _, err := p.send("SELECT"); err != nil {
			return err
		}
	}
	tx, err := p.tx.Begin(p.a.ctx)
	if err != nil {
		return err
	}
	for range 2 {
		if _, err := factory.Auto(table).With(factory.WithModel(p.a.model)).CreateContext(p.a.ctx, tx); err != nil {
			_ = tx.Rollback(context.WithoutCancel(p.a.ctx)) // the first error counts
			return err
		}
	}
	return tx.Commit(p.a.ctx)
}
