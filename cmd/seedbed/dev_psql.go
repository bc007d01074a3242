package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

// errNoClient is what a machine without Postgres's client programs gets: the
// server alone, as fetched for tests, comes without.
var errNoClient = errors.New("it is nowhere on PATH nor beside the server's programs; " +
	"install Postgres's client (Debian: apt-get install postgresql-client, macOS: brew install libpq), " +
	"or give another client what `seedbed dev url` prints")

func (a *app) devPsqlCommand() *cobra.Command {
	var f roleFlags
	cmd := &cobra.Command{
		Use:   "psql [-- ARGUMENTS]",
		Short: "Open this branch's database in psql",
		Example: `  seedbed dev psql
  seedbed dev psql --role seedbed_app --set seedbed.space_id=0195…   # as the application
  seedbed dev psql -- -c 'select count(*) from comments'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withServer(cmd.Context(), func(ctx context.Context, server *dev.Server) error {
				url, err := f.url(ctx, server)
				if err != nil {
					return err
				}
				psql, err := client("psql", server)
				if err != nil {
					return err
				}
				return become(psql, append([]string{url}, args...))
			})
		},
	}
	f.define(cmd)
	return cmd
}

// client finds a client program: beside the server's own, where it is of the same
// version, else on PATH.
func client(name string, server *dev.Server) (string, error) {
	for _, path := range []string{filepath.Join(server.Bin(), name), name} {
		if found, err := exec.LookPath(path); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, errNoClient)
}
