package scenario

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
)

// customers are the organizations of the demo, with their spaces. Sizes differ, as in life.
var customers = []struct {
	slug, name string
	people     int
	spaces     []spaceSpec
}{
	{"acme", "Acme Corporation", 14, []spaceSpec{
		{"growth", "Growth", 14}, {"finance", "Finance", 10}, {"platform", "Data Platform", 18}, {"sandbox", "Sandbox", 3}}},
	{"globex", "Globex", 9, []spaceSpec{
		{"research", "Research", 12}, {"operations", "Operations", 8}, {"compliance", "Compliance", 5}}},
	{"initech", "Initech", 5, []spaceSpec{
		{"reporting", "Reporting", 7}, {"attic", "Attic", 2}}},
}

// spaceSpec is a space to make, with so many datasets.
type spaceSpec struct {
	slug, name string
	datasets   int
}

// demo makes three organizations with spaces, people and some months of work: about 5,000
// rows, in a second or two.
func demo(ctx context.Context, db seedbed.DB, o Options) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		w := &writer{ctx: ctx, db: tx, seed: factory.Seed(o.Seed), now: factory.Now(o.Now)}
		total := 0
		for _, c := range customers {
			total += len(c.spaces)
		}
		for _, c := range customers {
			org := w.organization(c.slug, c.name)
			people := w.people(org, c.people)
			for i, spec := range c.spaces {
				w.space(org, spec, people, i)
				if w.err != nil {
					return fmt.Errorf("fill space %s of %s: %w", spec.slug, c.slug, w.err)
				}
				w.done++
				o.say(c.name+", "+spec.name, w.done, total)
			}
		}
		return nil
	})
}
