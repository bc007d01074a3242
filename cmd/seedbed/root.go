package main

import (
	"github.com/spf13/cobra"
)

// app is what every command works with.
type app struct {
	terminal
	began bool // the command line was good and a command runs
}

// newRoot puts the command line together. A command is a function in a file of its
// own that takes the app and returns a *cobra.Command; it is added here.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "seedbed",
		Short: "Real, migrated, seeded Postgres databases for tests and for development",
		Long: `Seedbed gives Go tests a private Postgres each, and this machine a seeded one to
develop against. No Docker, no daemon: it finds an installed Postgres or fetches one,
and keeps everything in one cache directory ($SEEDBED_CACHE). What a project always says is in
a seedbed.yaml, found from the current directory upward:

  migrations: db/migrate       # goose files; SEEDBED_MIGRATIONS and --migrations win
  postgres: "18"               # major version
  seed: 7                      # what made-up data follows from
  fixtures: testdata/fixtures  # what seed loads
  mask:                        # how dump hides columns, beside those it knows by name
    leads.notes: redact
  except:                      # findings of check that are intended
    - {rule: constraint-not-valid, object: orders.orders_total_check, reason: validated in May}
  model:                       # corrects what tables are taken to mean, or names a file that does
    global: [countries]

Exit status: 0 done, 1 failed, 2 the command line is wrong, 3 findings, 130 Ctrl-C.`,
		Example: `  seedbed dev                          # a database for this project, until Ctrl-C
  seedbed dev --migrations db/migrate  # with your own goose migrations
  seedbed dev psql                     # open it`,
		Version:           version(),
		SilenceUsage:      true, // an error is not a reason to print a page
		SilenceErrors:     true, // exit.go prints them
		DisableAutoGenTag: true,
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("seedbed {{.Version}}\n")
	root.AddCommand(a.devCommand(), a.seedCommand(), a.dumpCommand(), a.modelCommand(), a.checkCommand(), a.migrateCommand(), a.doctorCommand(), a.pruneCommand())
	a.watch(root)
	return root
}

// watch notes when a command begins: an error from before that is one in the
// command line.
func (a *app) watch(cmd *cobra.Command) {
	if inner := cmd.RunE; inner != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.began = true
			return inner(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		a.watch(sub)
	}
}
