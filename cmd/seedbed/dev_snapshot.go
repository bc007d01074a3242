package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

func (a *app) devSnapshotCommand() *cobra.Command {
	var drop bool
	cmd := &cobra.Command{
		Use:   "snapshot NAME",
		Short: "Keep a copy of this branch's database under a name",
		Long: `Snapshot copies the database as it is now; restore brings it back. Who is connected is
disconnected for a moment. The snapshot "fresh" is there from the beginning.`,
		Example: `  seedbed dev snapshot before-import
  seedbed dev restore before-import
  seedbed dev snapshot --drop before-import`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStarted(cmd.Context(), func(ctx context.Context, server *dev.Server, _ *progress) error {
				if drop {
					return server.Forget(ctx, args[0])
				}
				_, err := server.Snapshot(ctx, args[0])
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&drop, "drop", false, "drop the snapshot instead")
	return cmd
}

func (a *app) devRestoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "restore NAME",
		Short:   "Bring this branch's database back to a snapshot",
		Example: "  seedbed dev restore before-import",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStarted(cmd.Context(), func(ctx context.Context, server *dev.Server, _ *progress) error {
				_, err := server.Restore(ctx, args[0])
				return err
			})
		},
	}
}

func (a *app) devResetCommand() *cobra.Command {
	var f devFlags
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Discard this branch's rows: the database is as if it were just made",
		Long: `Reset takes well under a second where the migrations and the seed are what the database
was built with: it copies the snapshot "fresh". Otherwise the database is built anew beside
the old one, which is there until the new one is complete. Snapshots stay.`,
		Example: `  seedbed dev reset
  seedbed dev reset --seed 7
  seedbed dev reset --migrations db/migrate`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.settle(cmd, &f); err != nil {
				return err
			}
			return a.withStarted(cmd.Context(), func(ctx context.Context, server *dev.Server, _ *progress) error {
				return a.devReset(ctx, server, f)
			})
		},
	}
	f.define(cmd)
	return cmd
}

func (a *app) devReset(ctx context.Context, server *dev.Server, f devFlags) error {
	plan, left, err := a.plan(ctx, f, server)
	if err != nil {
		return err
	}
	if _, err := server.Reset(ctx, plan); err != nil {
		return withHint(err)
	}
	for _, table := range *left {
		fmt.Fprintf(a.err, "note: %s\n", table)
	}
	return nil
}

// withStarted runs do on the project's server; one that it has to boot for that is
// stopped again.
func (a *app) withStarted(ctx context.Context, do func(context.Context, *dev.Server, *progress) error) error {
	project, err := dev.FindProject(".")
	if err != nil {
		return err
	}
	say := a.progress()
	defer say.stop()
	server, err := dev.Start(ctx, project, dev.Options{Say: say})
	if err != nil {
		return err
	}
	err = do(ctx, server, say)
	say.stop()
	if server.Started() {
		return errors.Join(err, stopServer(server))
	}
	server.Close(context.WithoutCancel(ctx))
	return err
}
