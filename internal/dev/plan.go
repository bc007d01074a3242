package dev

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/migrations"
)

// Plan is what a database is made of.
type Plan struct {
	// Source is where the migrations are.
	Source Source
	// Seeded names what Seed fills the database with; "" where Seed is nil.
	Seeded string
	// Model are the corrections of the model that Seed goes by, as text; "" is none.
	Model string
	// Seed fills a migrated database, all or nothing, and tells progress how far it
	// is. Nil: it stays empty.
	Seed func(ctx context.Context, db *pgxpool.Pool, progress func(what string, done, of int)) error
}

// open reads the plan's migrations. Progress goes to say.
func (p Plan) open(say Reporter, pending *int) (*migrations.Set, error) {
	fsys, options, err := p.Source.Files()
	if err != nil {
		return nil, err
	}
	done := 0
	options.Progress = func(e migrations.Event) {
		done++
		say.Update(e.Migration.Name(), done, *pending)
	}
	return migrations.Open(fsys, options)
}

// Check reads the plan's migrations, so that what is wrong with them is said before
// anything is booted.
func (p Plan) Check() error {
	_, err := p.open(silent{}, new(int))
	return err
}

// Reporter hears what is being done. Steps follow one another.
type Reporter interface {
	// Begin starts a step: its name, and what is being done.
	Begin(step, what string)
	// Update says how far the current step is; of is 0 where that is not known.
	Update(what string, done, of int)
	// End finishes the current step.
	End(result string)
}

type silent struct{}

func (silent) Begin(string, string)    {}
func (silent) Update(string, int, int) {}
func (silent) End(string)              {}

func orSilent(r Reporter) Reporter {
	if r == nil {
		return silent{}
	}
	return r
}
