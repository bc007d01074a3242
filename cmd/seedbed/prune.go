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
	kept      int
	age       time.Duration
}

func (a *app) pruneCommand() *cobra.Command {
	limits := template.DefaultLimits
	f := pruneFlags{}
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Drop databases of failed tests, and servers out of use",
		Long: `Prune drops, from the test servers that run, the databases of failed tests that are
old or many, and templates of migrations that have not been used for long; tests do the same
by the way. Test servers that were stopped long ago, or that are many, are removed. With --all
everything goes that no test uses at this moment. Development data is never touched.`,
		Example: `  seedbed prune --list       # databases of failed tests, how to open them, and whose servers are
  seedbed prune
  seedbed prune --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := cacheDir()
			if err != nil {
				return err
			}
			if f.list {
				return a.listKept(cmd.Context(), cache)
			}
			limits.Kept, limits.KeptAge = f.kept, f.age
			return a.prune(cmd.Context(), cache, f, limits)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.list, "list", "l", false, "list what is kept, drop nothing")
	flags.BoolVar(&f.all, "all", false, "drop all that no test uses at this moment, servers included")
	flags.IntVar(&f.kept, "kept", limits.Kept, "`number` of failed tests' databases to keep on each server")
	flags.DurationVar(&f.age, "age", limits.KeptAge, "how long to keep them")
	return cmd
}

func cacheDir() (string, error) {
	cache, err := postgres.OpenCache("")
	if err != nil {
		return "", err
	}
	return cache.Dir, nil
}

// listKept prints the test servers, with the project and branch that each is for, and
// the databases of failed tests on them.
func (a *app) listKept(ctx context.Context, cache string) error {
	servers, err := listServers(ctx, cache)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	some := false
	for _, s := range servers {
		for _, k := range s.Kept {
			if !some {
				fmt.Fprintln(w, "TEST\tPROJECT\tFAILED\tSIZE\tURL")
				some = true
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.Test, orDash(s.Project.String()), k.Since.Local().Format("2006-01-02 15:04"), megabytes(k.Bytes), k.URL)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !some {
		fmt.Fprintln(a.err, "No database of a failed test is kept on a server that runs.")
	}
	return a.listTestServers(servers)
}

func (a *app) listTestServers(servers []listed) error {
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

// state is a word on how a server stands.
func state(s listed) string {
	switch {
	case s.Err != nil:
		return s.Err.Error()
	case !s.Running:
		return "stopped"
	case s.Retired != "":
		return "retired: " + s.Retired
	case s.Leases > 0:
		return "in use"
	}
	return "idle"
}

// prune goes on with the next server when one does not let it.
func (a *app) prune(ctx context.Context, cache string, f pruneFlags, limits template.Limits) error {
	if f.all {
		limits = template.Limits{}
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
		var p pruned
		switch {
		case f.all && s.Clients == 0, !s.Running && expired[s.Name]:
			p, err = s.remove(ctx, cache)
		case s.Running:
			p, err = s.pruneDatabases(ctx, cache, limits)
		default:
			continue
		}
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("prune %s: %w", s.Name, err))
		case p.server:
			fmt.Fprintf(a.out, "%s: removed, %s\n", s.Name, megabytes(s.Bytes))
		default:
			fmt.Fprintf(a.out, "%s: dropped %s and %s\n", s.Name, plural(p.kept, "kept database"), plural(p.templates, "template"))
		}
	}
	server.Sweep(ctx, cache, server.DefaultLimits)
	return errors.Join(append(failed, ctx.Err())...)
}
