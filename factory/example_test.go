package factory_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/factory"
)

// A test says what matters to it; the rest is made to fit.
func ExampleFactory_Create() {
	test := func(t *testing.T) {
		db := pg.DB(t)
		space := factory.Spaces.Create(t, db)
		ds := factory.Datasets.Create(t, db, factory.In(space))
		first := factory.Comments.Create(t, db, factory.On(ds))
		factory.Comments.CreateN(t, db, 3, factory.Reply(first), factory.Hostile())
		factory.SourceSystems.Create(t, db, factory.In(space), factory.Snowflake(), factory.Inactive())
	}
	_ = test
}

// A factory for a table of one's own: a struct, and what its rows are like.
func ExampleNew() {
	members := factory.New(factory.Definition[Member]{
		Row: func(m *Member, c *factory.Cells) { m.Email = c.Of("email").Email() },
	})
	test := func(t *testing.T) {
		db := shop.DB(t)
		tenant := tenants.Create(t, db)
		members.With(factory.In(tenant)).CreateN(t, db, 5)
	}
	_ = test
}

// Any table, without a struct.
func ExampleAuto() {
	test := func(t *testing.T) {
		db := shop.DB(t)
		project := factory.Auto("projects").Create(t, db, func(r *factory.Record) { r.Set("priority", 1) })
		factory.Auto("tasks").With(factory.On(project)).CreateN(t, db, 10)
	}
	_ = test
}

// Build needs no database.
func ExampleFactory_Build() {
	user, err := factory.Users.Build(4)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.Name, user.CreatedAt.Format("2006-01-02"))
	// Output:
	// Green Raynor 2025-03-03
}

// A program fills a database, and says how far it is.
func ExamplePlan_Run() {
	run := func(ctx context.Context, db *pgxpool.Pool) error {
		report, err := factory.Plan{
			Rows:     []factory.Volume{factory.Spaces.N(1000), factory.Datasets.N(20_000), factory.Comments.N(1_000_000)},
			Options:  []factory.Option{factory.Seed(7)},
			Progress: func(p factory.Progress) { fmt.Fprintf(os.Stderr, "\r%s %d/%d", p.Table, p.Done, p.Rows) },
		}.Run(ctx, db)
		fmt.Println(report.Rows, "rows,", report.Proven, "constraints proven")
		return err
	}
	_ = run
}

// Every built-in factory with every trait, and a row against every constraint.
func ExampleLint() {
	test := func(t *testing.T) {
		factory.Lint(t, pg.DB(t), factory.Builtin()...)
	}
	_ = test
}
