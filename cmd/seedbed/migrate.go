package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/migrations"
)

func (a *app) migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Review, render and run goose migrations",
		Long: `Migrate works on a directory of goose files (default: this one): it reviews what each
statement would do to a database in use, renders SQL scripts that a DBA reviews and
applies, and runs, rolls back and lists migrations as goose does.`,
		Example: `  seedbed migrate review db/migrate                 # locks, rewrites, scans, lost data
  seedbed migrate script --from 41 db/migrate > 42.sql
  seedbed migrate up --url "$DATABASE_URL" db/migrate`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.reviewCommand(), a.scriptCommand(), a.upCommand(), a.downCommand(), a.statusCommand())
	return cmd
}

// directory is the one that the command line names, or this one.
func directory(args []string) (fs.FS, string, error) {
	dir := "."
	if len(args) > 0 {
		dir = args[0]
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, "", usagef("%v: give the directory of the goose files", err)
	}
	if !info.IsDir() {
		return nil, "", usagef("%s is a file: give the directory of the goose files", dir)
	}
	return os.DirFS(dir), dir, nil
}

func (a *app) upCommand() *cobra.Command {
	var t target
	var to int64
	cmd := &cobra.Command{
		Use:   "up [DIR]",
		Short: "Apply the pending migrations",
		Example: `  seedbed migrate up db/migrate                          # to this project's development database
  seedbed migrate up --to 42 --url "$DATABASE_URL" db/migrate`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onSet(cmd.Context(), t, args, func(ctx context.Context, set *migrations.Set, db *pgxpool.Pool) error {
				if to > 0 {
					return set.UpTo(ctx, db, to)
				}
				return set.Up(ctx, db)
			})
		},
	}
	t.define(cmd)
	cmd.Flags().Int64Var(&to, "to", 0, "the last `version` to apply (default: all)")
	return cmd
}

func (a *app) downCommand() *cobra.Command {
	var t target
	to := int64(-1)
	cmd := &cobra.Command{
		Use:   "down [DIR]",
		Short: "Roll back the migration that was applied last",
		Example: `  seedbed migrate down db/migrate
  seedbed migrate down --to 40 --url "$DATABASE_URL" db/migrate`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onSet(cmd.Context(), t, args, func(ctx context.Context, set *migrations.Set, db *pgxpool.Pool) error {
				if to >= 0 {
					return set.DownTo(ctx, db, to)
				}
				return set.Down(ctx, db)
			})
		},
	}
	t.define(cmd)
	cmd.Flags().Int64Var(&to, "to", -1, "roll back everything above this `version`; 0 is everything")
	return cmd
}

func (a *app) statusCommand() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:     "status [DIR]",
		Short:   "List migrations and when they were applied",
		Example: `  seedbed migrate status --url "$DATABASE_URL" db/migrate`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onSet(cmd.Context(), t, args, func(ctx context.Context, set *migrations.Set, db *pgxpool.Pool) error {
				states, err := set.Status(ctx, db)
				for _, s := range states {
					fmt.Fprintf(a.out, "%-20s  %s\n", stateOf(s), s.Name())
				}
				return err
			})
		},
	}
	t.define(cmd)
	return cmd
}

func stateOf(s migrations.State) string {
	switch {
	case s.Unknown:
		return "applied, file unknown"
	case s.Applied:
		return s.AppliedAt.UTC().Format(time.DateTime)
	}
	return "pending"
}

// onSet does something with the migrations of a directory and a database; each one
// that runs is told on stderr.
func (a *app) onSet(ctx context.Context, t target, args []string, do func(context.Context, *migrations.Set, *pgxpool.Pool) error) error {
	fsys, _, err := directory(args)
	if err != nil {
		return err
	}
	set, err := migrations.Open(fsys, migrations.Options{Progress: func(e migrations.Event) {
		verb := "applied"
		if e.Down {
			verb = "rolled back"
		}
		fmt.Fprintf(a.err, "%s %s (%s)\n", verb, e.Migration.Name(), e.Took.Round(time.Millisecond))
	}})
	if err != nil {
		return err
	}
	return a.with(ctx, t, func(ctx context.Context, db *pgxpool.Pool) error { return do(ctx, set, db) })
}
