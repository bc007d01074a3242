package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

func (a *app) devStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say whether the development server runs, and list its databases and snapshots",
		Example: `  seedbed dev status
  seedbed dev status && psql "$(seedbed dev url)"   # status 1: it does not run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withServer(cmd.Context(), a.devStatus)
		},
	}
}

// withServer runs do on the project's server, which has to be running.
func (a *app) withServer(ctx context.Context, do func(context.Context, *dev.Server) error) error {
	project, err := dev.FindProject(".")
	if err != nil {
		return err
	}
	server, err := dev.Find(ctx, project, dev.Options{})
	if errors.Is(err, dev.ErrNotRunning) {
		return fmt.Errorf("%w (%s); start it with `seedbed dev`", err, project.Root)
	}
	if err != nil {
		return err
	}
	defer server.Close(context.WithoutCancel(ctx))
	return do(ctx, server)
}

func (a *app) devStatus(ctx context.Context, server *dev.Server) error {
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
		until = "until `seedbed dev stop`"
	}
	fmt.Fprintf(a.out, "project   %s\nserver    Postgres %s, runs %s\ndata      %s\nlog       %s\n\n",
		server.Project.Root, server.Version(), until, server.Dir(), server.Log())
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "BRANCH\tSNAPSHOT\tSIZE\tMADE\tFROM\tDATABASE")
	for _, d := range all {
		here := ""
		if d.Branch == server.Project.Branch && d.Snapshot == "" {
			here = " *"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s%s\n", orDash(d.Branch), orDash(d.Snapshot), megabytes(d.Bytes),
			d.Created.Local().Format("2006-01-02 15:04"), dev.SourceName(d.Source), d.Name, here)
	}
	return w.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20)) }
