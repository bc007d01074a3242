package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

func (a *app) resetCommand() *cobra.Command {
	var f devFlags
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Discard its rows: as if it were just made",
		Long: `Reset takes well under a second where the migrations, the scenario, the seed and the model of
seedbed.yaml are what the database was built with: it copies the snapshot "fresh". Otherwise it
says what has changed, and the database is built anew beside the old one, which is there until
the new one is complete. Roles that migrations made go with
their database; those of the old one have other names meanwhile. Snapshots stay.`,
		Example: `  seedbed reset
  seedbed reset --seed 7
  seedbed reset --migrations db/migrate`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.resolveFlags(cmd, &f); err != nil {
				return err
			}
			return a.withStarted(cmd.Context(), func(ctx context.Context, server *dev.Server, _ *progress) error {
				return a.reset(ctx, server, f)
			})
		},
	}
	f.define(cmd)
	return cmd
}

func (a *app) reset(ctx context.Context, server *dev.Server, f devFlags) error {
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
	version, err := a.wantedVersion()
	if err != nil {
		return err
	}
	server, err := dev.Start(ctx, project, dev.Options{Say: say, Version: version})
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
