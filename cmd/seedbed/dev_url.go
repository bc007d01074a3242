package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

func (a *app) devURLCommand() *cobra.Command {
	var tcp bool
	cmd := &cobra.Command{
		Use:   "url",
		Short: "Print the connection URL of this branch's database",
		Example: `  export DATABASE_URL="$(seedbed dev url)"
  seedbed dev url --tcp        # for clients that know no Unix sockets; it holds a password`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withServer(cmd.Context(), func(ctx context.Context, server *dev.Server) error {
				d, err := server.Database(ctx, "")
				if err != nil {
					return err
				}
				url := server.URL(d.Name)
				if tcp {
					url = server.TCP(d.Name)
				}
				fmt.Fprintln(a.out, url)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&tcp, "tcp", false, "by TCP on loopback instead of the Unix socket")
	return cmd
}
