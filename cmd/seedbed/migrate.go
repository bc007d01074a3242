package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
	"github.com/qarion/seedbed/migrations"
)

func (a *app) migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Review, render and run migrations",
		Long: `Migrate works on the migrations of goose or of another tool: a directory, several, or one
SQL file such as structure.sql; by default those of seedbed.yaml, else those found.
golang-migrate, dbmate, sql-migrate, tern, Prisma, Drizzle, Atlas, plain *.sql and pg_dump are
recognised; the files stay as they are. It reviews what each statement would do to a database in
use, renders SQL scripts that a DBA reviews and applies, and runs, rolls back and lists
migrations as goose does.`,
		Example: `  seedbed migrate review db/migrate                 # locks, rewrites, scans, lost data
  seedbed migrate script --from 41 db/migrate > 42.sql
  seedbed migrate up --url "$DATABASE_URL" db/migrate`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.reviewCommand(), a.scriptCommand(), a.upCommand(), a.downCommand(), a.migrateStatusCommand())
	return cmd
}

func (a *app) upCommand() *cobra.Command {
	var t target
	var h historyFlags
	var to int64
	cmd := &cobra.Command{
		Use:   "up [DIR…]",
		Short: "Apply the pending migrations",
		Example: `  seedbed migrate up db/migrate                          # to this project's development database
  seedbed migrate up --to 42 --url "$DATABASE_URL" db/migrate`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onSet(cmd, t, h, args, func(ctx context.Context, set *migrations.Set, db *pgxpool.Pool) error {
				if err := checkVersion("to", to, set); err != nil {
					return err
				}
				states, err := set.Status(ctx, db)
				if err != nil {
					return err
				}
				if !slices.ContainsFunc(states, func(s migrations.State) bool { return !s.Applied }) {
					fmt.Fprintln(a.err, "nothing to apply")
				}
				if to > 0 {
					return set.UpTo(ctx, db, to)
				}
				return set.Up(ctx, db)
			})
		},
	}
	t.define(cmd)
	h.define(cmd)
	cmd.Flags().Int64Var(&to, "to", 0, "the last `version` to apply (default: all)")
	return cmd
}

func (a *app) downCommand() *cobra.Command {
	var t target
	var h historyFlags
	to := int64(-1)
	cmd := &cobra.Command{
		Use:   "down [DIR…]",
		Short: "Roll back the migration that was applied last",
		Example: `  seedbed migrate down db/migrate
  seedbed migrate down --to 40 --url "$DATABASE_URL" db/migrate`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onSet(cmd, t, h, args, func(ctx context.Context, set *migrations.Set, db *pgxpool.Pool) error {
				if err := checkVersion("to", to, set); err != nil {
					return err
				}
				if to >= 0 {
					return set.DownTo(ctx, db, to)
				}
				return set.Down(ctx, db)
			})
		},
	}
	t.define(cmd)
	h.define(cmd)
	cmd.Flags().Int64Var(&to, "to", -1, "roll back everything above this `version`; 0 is everything")
	return cmd
}

func (a *app) migrateStatusCommand() *cobra.Command {
	var t target
	var h historyFlags
	cmd := &cobra.Command{
		Use:     "status [DIR…]",
		Short:   "List migrations and when they were applied",
		Example: `  seedbed migrate status --url "$DATABASE_URL" db/migrate`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onSet(cmd, t, h, args, func(ctx context.Context, set *migrations.Set, db *pgxpool.Pool) error {
				states, err := set.Status(ctx, db)
				for _, s := range states {
					fmt.Fprintf(a.out, "%-20s  %s\n", stateOf(s), nameOf(s))
				}
				return err
			})
		},
	}
	t.define(cmd)
	h.define(cmd)
	return cmd
}

func stateOf(s migrations.State) string {
	switch {
	case s.Unknown:
		return "applied, no file"
	case s.Applied:
		return s.AppliedAt.UTC().Format(time.DateTime)
	}
	return "pending"
}

// nameOf is the migration's file, or the version of one that is not here: it was deleted,
// or another branch has it.
func nameOf(s migrations.State) string {
	if s.Unknown {
		return fmt.Sprintf("version %d, which no file here has: deleted, or another branch's", s.Version)
	}
	return s.Name()
}

// onSet does something with a history of migrations and a database; each one that runs
// is told on stderr.
func (a *app) onSet(cmd *cobra.Command, t target, h historyFlags, args []string, do func(context.Context, *migrations.Set, *pgxpool.Pool) error) error {
	h.Progress = func(e migrations.Event) {
		verb := "applied"
		if e.Down {
			verb = "rolled back"
		}
		if e.Down && e.Empty {
			fmt.Fprintf(a.err, "%s has no Down: only its version is gone, and what it made stays; seedbed reset builds the database anew\n", e.Migration.Name())
			return
		}
		fmt.Fprintf(a.err, "%s %s (%s)\n", verb, e.Migration.Name(), e.Took.Round(time.Millisecond))
	}
	set, err := a.openHistory(cmd.Context(), h, args, cmd.CommandPath())
	if err != nil {
		return err
	}
	t.asIs = true
	if t.url == "" {
		project, err := dev.FindProject(".")
		if err != nil {
			return err
		}
		if !project.HasData() {
			return usagef("which database? Give --url; %s has no development database yet, and seedbed dev makes one with all migrations applied", project.Root)
		}
	}
	return a.with(cmd.Context(), t, func(ctx context.Context, db *pgxpool.Pool) error { return do(ctx, set, db) })
}
