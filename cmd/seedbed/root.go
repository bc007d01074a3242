package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/variables"
)

// app is what every command works with.
type app struct {
	terminal
	began bool // the command line was good and a command runs
}

// newRoot puts the command line together. A command is a function in a file of its
// own that takes the app and returns a *cobra.Command; it is added here.
func newRoot(a *app) *cobra.Command {
	cobra.EnableCommandSorting = false // help shows them in the order of their use
	root := &cobra.Command{
		Use:   "seedbed",
		Short: "Real, migrated, seeded Postgres databases for tests and for development",
		Long: `Seedbed gives Go tests a private Postgres each, and this project a seeded one to develop
against. It finds an installed Postgres or fetches one.`,
		Version:           version(),
		SilenceUsage:      true, // an error is not a reason to print a page
		SilenceErrors:     true, // exit.go prints them
		DisableAutoGenTag: true,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("seedbed {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	devCommand := a.devCommand()
	a.addGroup(root, "This project's database", devCommand, a.psqlCommand(), a.urlCommand(), a.statusCommand(), a.resetCommand(),
		a.snapshotCommand(), a.restoreCommand(), a.promoteCommand(), a.stopCommand())
	a.addGroup(root, "That, or any other with --url", a.seedCommand(), a.dumpCommand(), a.modelCommand(), a.checkCommand(), a.migrateCommand())
	a.addGroup(root, "Tests, and this machine", a.initCommand(), a.testCommand(), a.pruneCommand(), a.doctorCommand(), a.versionCommand())
	for _, cmd := range a.databaseCommands() {
		cmd.Hidden = true // `seedbed dev psql` is what a hand types that has typed `seedbed dev`
		devCommand.AddCommand(cmd)
	}
	root.SetHelpFunc(a.help)
	a.watch(root)
	return root
}

// databaseCommands work on what `seedbed dev` serves.
func (a *app) databaseCommands() []*cobra.Command {
	return []*cobra.Command{a.psqlCommand(), a.urlCommand(), a.statusCommand(), a.resetCommand(),
		a.snapshotCommand(), a.restoreCommand(), a.promoteCommand(), a.stopCommand()}
}

func (a *app) addGroup(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, cmd := range commands {
		cmd.GroupID = title
	}
	root.AddCommand(commands...)
}

// help is the page of a command. That of seedbed itself fits on a screen of 24 lines.
func (a *app) help(cmd *cobra.Command, _ []string) {
	if cmd.HasParent() {
		writeHelp(cmd.OutOrStdout(), cmd, a.width(a.out))
		return
	}
	var b strings.Builder
	for _, group := range cmd.Groups() {
		fmt.Fprintf(&b, "%s:\n", group.Title)
		for _, sub := range cmd.Commands() {
			if sub.GroupID == group.ID {
				fmt.Fprintf(&b, "  %-9s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Usage: seedbed COMMAND; seedbed COMMAND --help has examples.\n%s", b.String())
}

// checkEnvironment refuses variables with a value that makes no sense, and names those
// that nothing reads. Doctor reports them among what it finds.
func (a *app) checkEnvironment(cmd *cobra.Command) error {
	if cmd.Name() == "doctor" || cmd.Name() == "version" {
		return nil
	}
	wrong, unknown := variables.Check(os.Environ())
	for _, note := range unknown {
		fmt.Fprintf(a.err, "note: %s\n", note)
	}
	if len(wrong) > 0 {
		return &usageError{errors.Join(wrong...)}
	}
	return nil
}

// watch notes when a command begins: an error from before that is one in the
// command line. It gives commands without arguments a better word about one, and refuses values
// that have no meaning.
func (a *app) watch(cmd *cobra.Command) {
	if cmd.Args == nil && cmd.Run == nil {
		cmd.Args = noArguments
	}
	if inner := cmd.RunE; inner != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := refuseValues(cmd, args); err != nil {
				return err
			}
			if err := a.checkEnvironment(cmd); err != nil {
				return err
			}
			a.began = true
			return inner(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		a.watch(sub)
	}
}
