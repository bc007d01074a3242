package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

func (a *app) snapshotCommand() *cobra.Command {
	var drop, replace bool
	cmd := &cobra.Command{
		Use:   "snapshot NAME",
		Short: "Keep a copy of it under a name",
		Long: `Snapshot copies the database as it is now; restore brings it back. Who is connected is
disconnected for a moment. The snapshot "fresh" is there from the beginning. A snapshot that
has the name already is kept, and the command fails, unless --replace is given.`,
		Example: `  seedbed snapshot before-import
  seedbed restore before-import
  seedbed snapshot --drop before-import`,
		Args: oneArgument("name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStarted(cmd.Context(), func(ctx context.Context, server *dev.Server, _ *progress) error {
				if drop {
					return server.Forget(ctx, args[0])
				}
				_, err := server.Snapshot(ctx, args[0], replace)
				if there, ok := errors.AsType[*dev.SnapshotExistsError](err); ok {
					return fmt.Errorf("%w. To overwrite it: seedbed snapshot --replace %s", err, there.Snapshot)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&drop, "drop", false, "drop the snapshot instead")
	cmd.Flags().BoolVar(&replace, "replace", false, "overwrite a snapshot that has the name")
	cmd.MarkFlagsMutuallyExclusive("drop", "replace")
	return cmd
}

func (a *app) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "restore NAME",
		Short:   "Bring it back to a snapshot",
		Example: "  seedbed restore before-import",
		Args:    oneArgument("name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStarted(cmd.Context(), func(ctx context.Context, server *dev.Server, _ *progress) error {
				_, err := server.Restore(ctx, args[0])
				return err
			})
		},
	}
}
