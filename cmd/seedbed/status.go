package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

func (a *app) statusCommand() *cobra.Command {
	var tables bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say what runs, and list databases, snapshots and tables",
		Long:  "Status says what runs for this project, and lists its databases.\n\n" + startRule,
		Example: `  seedbed status
  seedbed status --tables
  seedbed status && psql "$(seedbed url)"   # status 1: it does not run`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withServer(cmd.Context(), func(ctx context.Context, server *dev.Server) error {
				if tables {
					return a.listTables(ctx, server)
				}
				return a.status(ctx, server)
			})
		},
	}
	cmd.Flags().BoolVar(&tables, "tables", false, "list the tables of this branch's database and their rows instead")
	return cmd
}

// startRule says which commands start the project's server.
const startRule = `Psql, url and status are about a server that runs (seedbed dev starts it). Every other command
that works on the database starts the server where it does not run, and stops it again at its end.`

func (a *app) listTables(ctx context.Context, server *dev.Server) error {
	d, err := server.Database(ctx, "")
	if err != nil {
		return err
	}
	tables, err := server.Tables(ctx, d.Name)
	if err == nil {
		tableList{tables: tables, width: a.width(a.out)}.write(a.out, a.palette(a.out))
	}
	return err
}

// withServer runs do on the project's server, which has to be running.
func (a *app) withServer(ctx context.Context, do func(context.Context, *dev.Server) error) error {
	project, err := dev.FindProject(".")
	if err != nil {
		return err
	}
	server, err := dev.Find(ctx, project, dev.Options{})
	if errors.Is(err, dev.ErrNotRunning) {
		return fmt.Errorf("%w; start it with `seedbed dev`", err)
	}
	if err != nil {
		return err
	}
	defer server.Close(context.WithoutCancel(ctx))
	return do(ctx, server)
}

func (a *app) status(ctx context.Context, server *dev.Server) error {
	stays, err := server.Stays(ctx)
	if err != nil {
		return err
	}
	all, err := server.Databases(ctx)
	if err != nil {
		return err
	}
	until := "until the `seedbed dev` that started it ends"
	if stays {
		until = "until `seedbed stop`"
	}
	fmt.Fprintf(a.out, "project   %s\nserver    Postgres %s, runs %s\ndata      %s\nlog       %s\n\n",
		server.Project.Root, server.Version(), until, server.Dir(), server.Log())
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "BRANCH\tSNAPSHOT\tSIZE\tMADE\tFROM\tDATABASE")
	shown := a.boundDatabases(all)
	for _, d := range shown {
		here := ""
		if d.Branch == server.Project.Branch && d.Snapshot == "" {
			here = " *"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s%s\n", orDash(d.Branch), orDash(d.Snapshot), megabytes(d.Bytes),
			d.Created.Local().Format("2006-01-02 15:04"), d.Origin(server.Project), d.Name, here)
	}
	if n := len(all) - len(shown); n > 0 {
		fmt.Fprintf(w, "… and %s\n", plural(n, "older snapshot"))
	}
	return w.Flush()
}

// boundDatabases leaves the oldest snapshots out where a terminal has no room for all.
func (a *app) boundDatabases(all []dev.Database) []dev.Database {
	room := a.height(a.out) - 9
	if a.height(a.out) == 0 || len(all) <= room {
		return all
	}
	var kept []dev.Database
	for i, d := range all { // oldest first
		if d.Snapshot == "" || d.Snapshot == dev.Fresh || i >= len(all)-room+2 {
			kept = append(kept, d)
		}
	}
	return kept
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20)) }
