package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/cluster"
	"github.com/qarion/seedbed/internal/fleet"
	"github.com/qarion/seedbed/internal/osuser"
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
		Short: "Drop the databases of failed tests and templates that nobody uses any more",
		Long: `Prune drops, from the test servers that run, the databases of failed tests that are
old or many, and templates of migrations that have not been used for long; tests do the same
by the way. Test servers that have not run for as long are removed. With --all everything goes
that no test uses at this moment. Development data is never touched.`,
		Example: `  seedbed prune --list       # databases of failed tests, and how to open them
  seedbed prune
  seedbed prune --all`,
		Args: cobra.NoArgs,
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
	drop, err := osuser.Choose(os.Getenv)
	if err != nil {
		return "", err
	}
	return cluster.CacheDir(drop)
}

// listKept prints the databases of failed tests, and the servers they are on.
func (a *app) listKept(ctx context.Context, cache string) error {
	servers, err := fleet.List(ctx, cache)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	some := false
	for _, s := range servers {
		for _, k := range s.Kept {
			if !some {
				fmt.Fprintln(w, "TEST\tFAILED\tSIZE\tURL")
				some = true
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Test, k.Since.Local().Format("2006-01-02 15:04"), megabytes(k.Bytes), k.URL)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range servers {
		switch {
		case s.Dev:
		case s.Err != nil:
			fmt.Fprintf(a.err, "%s: %v\n", s.Name, s.Err)
		case !s.Running:
			fmt.Fprintf(a.err, "%s does not run, so what it keeps is not known; it takes %s\n", s.Name, megabytes(s.Bytes))
		}
	}
	if !some {
		fmt.Fprintln(a.err, "No database of a failed test is kept on a server that runs.")
	}
	return nil
}

// prune goes on with the next server when one does not let it.
func (a *app) prune(ctx context.Context, cache string, f pruneFlags, limits template.Limits) error {
	if f.all {
		limits = template.Limits{}
	}
	servers, err := fleet.List(ctx, cache)
	if err != nil {
		return err
	}
	var failed []error
	for _, s := range servers {
		if s.Dev || ctx.Err() != nil {
			continue
		}
		var p fleet.Pruned
		switch {
		case s.Running && f.all && s.Clients == 0:
			p, err = s.Retire(ctx, cache)
		case s.Running:
			p, err = s.Prune(ctx, cache, limits)
		case f.all || time.Since(s.Used) > limits.TemplateAge:
			p, err = s.Remove()
		default:
			continue
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("prune %s: %w", s.Name, err))
			continue
		}
		switch {
		case p.Server:
			fmt.Fprintf(a.out, "%s: removed, %s\n", s.Name, megabytes(p.Bytes))
		default:
			fmt.Fprintf(a.out, "%s: dropped %s and %s\n", s.Name, plural(p.Kept, "kept database"), plural(p.Templates, "template"))
		}
	}
	return errors.Join(append(failed, ctx.Err())...)
}
