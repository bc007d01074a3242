package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

func (a *app) urlCommand() *cobra.Command {
	var tcp bool
	var f roleFlags
	cmd := &cobra.Command{
		Use:   "url",
		Short: "Print its URL",
		Long:  "Url prints the URL of this branch's database.\n\n" + startRule,
		Example: `  export DATABASE_URL="$(seedbed url)"
  seedbed url --role seedbed_app --set seedbed.space_id=0195…   # as the application
  seedbed url --tcp        # for clients that know no Unix sockets; it holds a password`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withServer(cmd.Context(), func(ctx context.Context, server *dev.Server) error {
				url, err := f.url(ctx, server)
				if err == nil && tcp {
					url, err = tcpURL(ctx, server, f)
				}
				if err != nil {
					return err
				}
				fmt.Fprintln(a.out, url)
				return nil
			})
		},
	}
	f.define(cmd)
	cmd.Flags().BoolVar(&tcp, "tcp", false, "by TCP on loopback instead of the Unix socket")
	return cmd
}

func tcpURL(ctx context.Context, server *dev.Server, f roleFlags) (string, error) {
	if f.role != "" || len(f.set) > 0 {
		return "", usagef("--tcp is for the owner only: other roles have no password")
	}
	d, err := server.Database(ctx, "")
	if err != nil {
		return "", err
	}
	return server.TCP(d.Name), nil
}
