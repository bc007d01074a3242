package audit

import (
	"context"

	"github.com/qarion/seedbed/factory"
)

// fill makes two rows of a table with whatever they need, each in a tenant of its own.
func (p *prober) fill(table string) error { return p.write(table, 2) }

// write makes rows of a table, with what they need, in the prober's transaction: they
// are gone with it.
func (p *prober) write(table string, rows int, options ...factory.Option) error {
	if p.undo {
		if err := p.reset(); err != nil {
			return err
		}
	}
	tx, err := p.tx.Begin(p.a.ctx)
	if err != nil {
		return err
	}
	maker := factory.Auto(table).With(factory.WithModel(p.a.model))
	for range rows {
		if _, err := maker.CreateContext(p.a.ctx, tx, options...); err != nil {
			_ = tx.Rollback(context.WithoutCancel(p.a.ctx)) // the first error counts
			return err
		}
	}
	return tx.Commit(p.a.ctx)
}
