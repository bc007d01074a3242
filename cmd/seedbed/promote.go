package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

func (a *app) promoteCommand() *cobra.Command {
	var f devFlags
	cmd := &cobra.Command{
		Use:   "promote [TEST | DATABASE | URL]",
		Short: "Make a failed test's database this branch's",
		Long: `Promote copies a database that a failed test left behind (see seedbed prune --list), by
default the newest, or any that a URL names, and puts the copy in place of this branch's
database when it is complete. It needs pg_dump and psql.`,
		Example: `  seedbed promote                     # the newest
  seedbed promote TestCheckout/refund
  seedbed promote sb_85783666_442`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.resolveFlags(cmd, &f); err != nil {
				return err
			}
			wanted := strings.Join(args, "")
			promotion, err := findKept(cmd.Context(), wanted)
			if err != nil {
				return err
			}
			return a.withStarted(cmd.Context(), func(ctx context.Context, server *dev.Server, _ *progress) error {
				return a.promote(ctx, server, *promotion, f)
			})
		},
	}
	f.sourceFlags.define(cmd.Flags())
	return cmd
}

// findKept finds what is to be promoted: by URL, by database, by test; else the
// newest that is kept.
func findKept(ctx context.Context, wanted string) (*dev.Promotion, error) {
	if strings.Contains(wanted, "://") {
		return &dev.Promotion{URL: wanted, Name: "a database by URL"}, nil
	}
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	servers, err := listServers(ctx, cache)
	if err != nil {
		return nil, err
	}
	var newest *keptDatabase
	for _, s := range servers {
		for _, k := range s.Kept {
			if (wanted == "" || k.Test == wanted || k.Database == wanted) && (newest == nil || k.KeptAt.After(newest.KeptAt)) {
				newest = &k
			}
		}
	}
	switch {
	case newest != nil:
		return &dev.Promotion{URL: newest.AdminURL, Name: newest.Test}, nil
	case wanted == "":
		return nil, fmt.Errorf("no database of a failed test is kept on a server that runs; run the test again")
	}
	return nil, fmt.Errorf("no database of a test %q is kept; `seedbed prune --list` lists those that are", wanted)
}

func (a *app) promote(ctx context.Context, server *dev.Server, p dev.Promotion, f devFlags) error {
	plan, _, err := a.plan(ctx, f, server)
	if err != nil {
		return err
	}
	dump, err := client("pg_dump", server)
	if err != nil {
		return err
	}
	psql, err := client("psql", server)
	if err != nil {
		return err
	}
	p.Source = plan.Source
	p.Copy = func(ctx context.Context, from, to string) error { return pipe(ctx, dump, psql, from, to) }
	_, err = server.Promote(ctx, p)
	return err
}

// pipe runs pg_dump into psql, which takes all of it or nothing.
func pipe(ctx context.Context, dump, psql, from, to string) error {
	read := exec.CommandContext(ctx, dump, "--dbname", from)
	write := exec.CommandContext(ctx, psql, "-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "--single-transaction", "--dbname", to)
	var readSaid, writeSaid strings.Builder
	read.Stderr, write.Stderr = &readSaid, &writeSaid
	var err error
	if write.Stdin, err = read.StdoutPipe(); err != nil {
		return err
	}
	if err := write.Start(); err != nil {
		return err
	}
	readErr := read.Run()
	if err := write.Wait(); err != nil && readErr == nil {
		return fmt.Errorf("psql: %w: %s", err, strings.TrimSpace(writeSaid.String()))
	}
	if readErr != nil {
		return fmt.Errorf("pg_dump: %w: %s", readErr, strings.TrimSpace(readSaid.String()))
	}
	return nil
}
