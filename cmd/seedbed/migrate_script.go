package main

import (
	"cmp"
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/migrations"
)

func (a *app) scriptCommand() *cobra.Command {
	var o migrations.ScriptOptions
	var h historyFlags
	var locks bool
	cmd := &cobra.Command{
		Use:   "script [DIR…]",
		Short: "Render migrations as a SQL script for a DBA",
		Long: `Script writes what goose would send as one SQL script, without a database: with goose's
lock and version table, a guard before each migration, lock_timeout, and one transaction
each. It refuses to run twice, out of order, or where an applied file has changed.`,
		Example: `  seedbed migrate script db/migrate > all.sql
  seedbed migrate script --from 42 --locks db/migrate > release.sql
  seedbed migrate script --from 42 --down db/migrate > rollback.sql
  psql -X -f release.sql "$DATABASE_URL"`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.script(cmd.Context(), o, h, locks, args) },
	}
	h.define(cmd)
	flags := cmd.Flags()
	flags.Int64Var(&o.From, "from", 0, "the first `version`; those before it must be applied (default: the first)")
	flags.Int64Var(&o.To, "to", 0, "the last `version` (default: the last)")
	flags.BoolVar(&o.Down, "down", false, "render the way back, newest first")
	flags.BoolVar(&o.Plain, "plain", false, "no psql commands, for clients that only send SQL")
	flags.IntVar(&o.Major, "postgres", 0, "the oldest Postgres `major` that it runs on (default: 15)")
	flags.Var((*pgDuration)(&o.LockTimeout), "lock-timeout", "lock_timeout of each transaction, a `duration` (default: 3s)")
	flags.BoolVar(&locks, "locks", false, "review first, and note the locks that each statement takes")
	return cmd
}

func (a *app) script(ctx context.Context, o migrations.ScriptOptions, h historyFlags, locks bool, args []string) error {
	set, err := a.openHistory(ctx, h, args, "seedbed migrate script")
	if err != nil {
		return err
	}
	if err := cmp.Or(checkVersion("from", o.From, set), checkVersion("to", o.To, set)); err != nil {
		return err
	}
	if locks {
		err := a.reviewers(ctx, reviewFlags{}, func(all []seedbed.DB) error {
			o.Review, err = set.Review(ctx, all[0], migrations.ReviewOptions{From: o.From, SkipDown: true})
			return err
		})
		if err != nil {
			return err
		}
	}
	text, err := set.Script(o)
	if err != nil {
		return err
	}
	_, err = io.WriteString(a.out, text)
	return err
}
