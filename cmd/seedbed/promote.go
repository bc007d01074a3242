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
		Long: `Promote copies a database that a failed test left behind (see seedbed prune --list), or any
that a URL names, and puts the copy in place of this branch's database when it is complete. What
the database was is kept as the snapshot before-promote. Without a name it takes the database that
a test of this project has left, where that is one test's; another project's is taken by the
name of the database alone. It needs pg_dump and psql.`,
		Example: `  seedbed promote                     # the failed test's
  seedbed promote TestCheckout/refund
  seedbed promote sb_85783666_442`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.resolveFlags(cmd, &f); err != nil {
				return err
			}
			wanted := strings.Join(args, "")
			promotion, err := findPromotion(cmd.Context(), wanted)
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

// findPromotion is what is to be promoted: a URL's database, or one that a failed test left.
func findPromotion(ctx context.Context, wanted string) (*dev.Promotion, error) {
	if strings.Contains(wanted, "://") {
		cfg, err := parseURL(wanted)
		if err != nil {
			return nil, err
		}
		return &dev.Promotion{URL: wanted, Name: where(cfg.ConnConfig)}, nil
	}
	kept, err := findKept(ctx, wanted, "seedbed promote")
	if err != nil {
		return nil, err
	}
	return &dev.Promotion{URL: kept.AdminURL, Name: kept.Test}, nil
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
	kept, err := server.Promote(ctx, p)
	if err == nil && kept != "" {
		fmt.Fprintf(a.err, "What it was is kept: seedbed restore %s\n", kept)
	}
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
