package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/internal/template"
)

type pruneFlags struct {
	list, all bool
	keepCount int           // databases of failed tests to keep on each server
	keepAge   time.Duration // how long to keep them
}

func (a *app) pruneCommand() *cobra.Command {
	templateLimits := template.DefaultLimits
	f := pruneFlags{}
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Drop databases of failed tests, and servers out of use",
		Long: `Prune drops old and excess databases of failed tests, and templates that have not been
used for long, from the test servers that run. It removes test servers that were stopped
long ago, and the oldest of the stopped ones where there are too many. Tests do the same as
they run. With --all it removes everything that no test is using. Development data is never
touched.`,
		Example: `  seedbed prune --list       # databases of failed tests with their URLs, and the test servers
  seedbed prune
  seedbed prune --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := cacheDir()
			if err != nil {
				return err
			}
			if f.list {
				return a.printServers(cmd.Context(), cache)
			}
			templateLimits.Kept, templateLimits.KeptAge = f.keepCount, f.keepAge
			return a.prune(cmd.Context(), cache, f, templateLimits)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.list, "list", "l", false, "list what is kept, drop nothing")
	flags.BoolVar(&f.all, "all", false, "drop all that no test uses at this moment, servers included")
	flags.IntVar(&f.keepCount, "kept", templateLimits.Kept, "`number` of failed tests' databases to keep on each server")
	flags.DurationVar(&f.keepAge, "age", templateLimits.KeptAge, "how long to keep them")
	return cmd
}

func cacheDir() (string, error) {
	cache, err := postgres.OpenCache("")
	if err != nil {
		return "", err
	}
	return cache.Dir, nil
}

// printServers prints the databases of failed tests with their URLs, then the test
// servers with the project and branch that each is for.
func (a *app) printServers(ctx context.Context, cache string) error {
	servers, err := listServers(ctx, cache)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	headerPrinted := false
	for _, s := range servers {
		for _, k := range s.Kept {
			if !headerPrinted {
				fmt.Fprintln(w, "TEST\tPROJECT\tFAILED\tSIZE\tURL")
				headerPrinted = true
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.Test, orDash(s.projectOf(k)), k.KeptAt.Local().Format("2006-01-02 15:04"), megabytes(k.Bytes), k.URL)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !headerPrinted {
		fmt.Fprintln(a.err, "No database of a failed test is kept on a server that runs.")
	}
	return a.listTestServers(servers)
}

func (a *app) listTestServers(servers []listedServer) error {
	w := tabwriter.NewWriter(a.err, 0, 0, 2, ' ', 0)
	title := "\nSERVER\tPROJECT\tSTATE\tSIZE\tUSED\n"
	for _, s := range servers {
		if s.Dev {
			continue
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\t%s\n", title, s.Name, orDash(s.Project.String()), state(s), megabytes(s.Bytes), s.Used.Local().Format("2006-01-02 15:04"))
		title = ""
	}
	return w.Flush()
}

// state describes a server for the table: stopped, retired, in use, idle, or the error
// that kept it from answering.
func state(s listedServer) string {
	switch {
	case s.Err != nil:
		return s.Err.Error()
	case !s.Running:
		return "stopped"
	case s.RetireReason != "":
		return "retired: " + s.RetireReason
	case s.Leases > 0:
		return "in use"
	}
	return "idle"
}

// prune continues with the next server when one fails, and returns all errors together.
func (a *app) prune(ctx context.Context, cache string, f pruneFlags, templateLimits template.Limits) error {
	if f.all {
		templateLimits = template.Limits{}
	}
	servers, err := listServers(ctx, cache)
	if err != nil {
		return err
	}
	expired := map[string]bool{}
	for _, i := range server.Expired(cache, server.DefaultLimits) {
		expired[i.Name] = true
	}
	var failed []error
	for _, s := range servers {
		if s.Dev || ctx.Err() != nil {
			continue
		}
		var p pruneResult
		switch {
		// StopUnused leaves a server running that a process uses. One with another client, as
		// a person's psql, only loses databases.
		case f.all && s.Clients == 0, !s.Running && expired[s.Name]:
			p, err = s.remove(ctx, cache)
		case s.Running:
			p, err = s.pruneDatabases(ctx, cache, templateLimits)
		default:
			continue
		}
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("prune %s: %w", s.Name, err))
		case p.serverRemoved:
			fmt.Fprintf(a.out, "%s: removed, %s\n", s.Name, megabytes(s.Bytes))
		default:
			fmt.Fprintf(a.out, "%s: dropped %s and %s\n", s.Name, plural(p.kept, "kept database"), plural(p.templates, "template"))
		}
	}
	server.Sweep(ctx, cache, server.DefaultLimits) // also what killed processes left in memory
	return errors.Join(append(failed, ctx.Err())...)
}
