package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
	"github.com/qarion/seedbed/internal/scenario"
	"github.com/qarion/seedbed/migrations"
)

// stopTime bounds the end of a server after Ctrl-C.
const stopTime = time.Minute

type devFlags struct {
	sourceFlags
	command   string // such as "seedbed dev", for lines to paste
	detach    bool
	source    dev.Source
	sourceSet bool // flags, environment or seedbed.yaml named source, or it was found
	seed      uint64
	now       moment
	scenario  string
	seedNamed bool // seedbed.yaml or the environment names seed
	seedSet   bool // scenario, seed, now or empty were given, so that a recorded plan does not hold
	empty     bool
	version   string // of Postgres
}

func (a *app) devCommand() *cobra.Command {
	var f devFlags
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run it: migrated, seeded, checked; until Ctrl-C",
		Long: `Dev gives the project that the current directory lies in (the nearest go.mod or
.git upward) a Postgres server for each git branch, and on it a database: migrated, filled
with a scenario, checked. It prints how to connect and waits; Ctrl-C stops the server. The data
stays: the next start finds it and applies only new migrations.

The migrations are those of --migrations, SEEDBED_MIGRATIONS or seedbed.yaml, else those that
the database was built from, else those found in the repository: migrations, db/migrate,
prisma/migrations, supabase/migrations, db/structure.sql and the like, of goose or any other tool.
Where there are none, the database has Seedbed's reference schema.`,
		Example: `  seedbed dev                            # until Ctrl-C
  seedbed dev --detach                   # leave it running, until seedbed stop
  seedbed dev --migrations db/migrate    # these, where there are several
  seedbed dev --scenario empty-states    # another world; see seedbed seed --list
  psql "$(seedbed url)"                  # or: seedbed psql`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.resolveFlags(cmd, &f); err != nil {
				return err
			}
			return a.devStart(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.detach, "detach", "d", false, "leave the server running until `seedbed stop`")
	f.define(cmd)
	return cmd
}

// define adds the flags that say what a database is made of.
func (f *devFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.sourceFlags.define(flags)
	flags.StringVar(&f.scenario, "scenario", "demo", "`name` of the world to fill it with; seedbed seed --list describes them")
	_ = cmd.RegisterFlagCompletionFunc("scenario", completeScenario)
	flags.Uint64Var(&f.seed, "seed", 1, "`number` that made-up values follow from")
	f.now.define(flags)
	flags.BoolVar(&f.empty, "empty", false, "migrate only, no rows")
}

// resolveFlags fills in from seedbed.yaml and the environment what the flags leave open,
// and checks the migrations before anything is booted.
func (a *app) resolveFlags(cmd *cobra.Command, f *devFlags) error {
	f.command = cmd.CommandPath()
	return a.fillFlags(cmd.Flags().Changed, f)
}

func (a *app) fillFlags(changed func(flag string) bool, f *devFlags) error {
	c, err := a.loadConfig()
	if err != nil {
		return err
	}
	f.seedSet = changed("seed") || changed("empty") || changed("scenario") || changed("now")
	if c.Seed != nil && !changed("seed") {
		f.seed, f.seedNamed = *c.Seed, true
	}
	if a.env("SEEDBED_VERSION") == "" {
		f.version = c.Postgres
	}
	if _, err := scenario.Named(f.scenario); err != nil && f.scenario != "" {
		return usagef("--scenario: %v", err)
	}
	if f.source, f.sourceSet, err = f.configured(c); err != nil || !f.sourceSet {
		return err
	}
	return a.checkSource(f.source, f.command+" --migrations")
}

// find looks for the migrations where nothing has named them.
func (a *app) find(ctx context.Context, f *devFlags) (err error) {
	if f.sourceSet {
		return nil
	}
	if f.source, err = a.findSource(ctx, f.command+" --migrations"); err != nil {
		return err
	}
	f.sourceSet = true
	if f.source.Reference() {
		fmt.Fprintln(a.err, "migrations: none were found, so it has Seedbed's reference schema")
	}
	err = a.checkSource(f.source, f.command+" --migrations")
	if errors.Is(err, migrations.ErrNoMigrations) {
		return fmt.Errorf("%w\nRename them, or take Seedbed's own schema: %s --reference", err, f.command)
	}
	return err
}

// devStart is `seedbed dev`. What it booted it stops again when it fails.
func (a *app) devStart(ctx context.Context, f devFlags) error {
	project, err := dev.FindProject(".")
	if err != nil {
		return err
	}
	if !project.HasData() { // nothing is booted for a question, or for migrations that cannot be read
		if err := a.find(ctx, &f); err != nil {
			return err
		}
	}
	say := a.progress()
	defer say.stop()
	server, err := dev.Start(ctx, project, dev.Options{Say: say, Version: f.version})
	if err != nil {
		return err
	}
	err = a.devServe(ctx, server, f, say)
	say.stop()
	if err != nil && server.Started() {
		return errors.Join(err, stopServer(server))
	}
	server.Close(context.WithoutCancel(ctx))
	return err
}

// devServe makes the database ready, reports, and stays for as long as asked.
func (a *app) devServe(ctx context.Context, server *dev.Server, f devFlags, say *progress) error {
	plan, left, err := a.plan(ctx, f, server)
	if err != nil {
		return err
	}
	made, err := server.Ensure(ctx, plan)
	if err != nil {
		return withHint(err)
	}
	if err := a.devReport(ctx, server, made, *left, say); err != nil {
		return err
	}
	switch {
	case f.detach:
		if err := server.Stay(ctx); err != nil {
			return err
		}
		fmt.Fprintln(a.err, "\nThe server runs on; `seedbed stop` stops it.")
		return nil
	case !server.Started():
		fmt.Fprintln(a.err, "\nThe server was already running, and runs on; `seedbed stop` stops it.")
		return nil
	}
	fmt.Fprintln(a.err, "\nRunning. Ctrl-C stops the server; the data stays.")
	return a.devWait(ctx, server)
}

// devWait waits for Ctrl-C, which is how this is meant to end, and stops the
// server unless another command asked meanwhile for it to stay.
func (a *app) devWait(ctx context.Context, server *dev.Server) error {
	err := server.Wait(ctx)
	if errors.Is(err, dev.ErrGone) {
		fmt.Fprintln(a.err, "The server was stopped.")
		return nil
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if stays, err := server.Stays(after); err == nil && stays {
		fmt.Fprintln(a.err, "\nThe server was detached meanwhile, and runs on; `seedbed stop` stops it.")
		return nil
	}
	if err := server.Stop(after); err != nil {
		return err
	}
	fmt.Fprintln(a.err, "\nStopped.")
	return nil
}

func stopServer(server *dev.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		return &uncleanError{err}
	}
	return nil
}

// withHint adds the command that leads out of an error.
func withHint(err error) error {
	if other, ok := errors.AsType[*dev.OtherSourceError](err); ok {
		return fmt.Errorf("%w. To build it anew and discard its rows: seedbed reset%s", err, sourceArguments(other.Asked))
	}
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w. To build the database anew from another place: seedbed reset --migrations DIR", err)
	}
	return err
}

// sourceArguments are the flags that say what a source is.
func sourceArguments(source dev.Source) string {
	if source.Reference() {
		return " --reference"
	}
	text := ""
	for _, path := range source {
		text += " --migrations " + shellQuote(relativeToCwd(path))
	}
	return text
}
