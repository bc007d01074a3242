package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

func (a *app) stopCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "stop",
		Short:   "Stop its server; the data stays",
		Long:    "Stop ends the project's server. The data stays: seedbed dev finds it.\n\n" + startRule,
		Example: "  seedbed stop",
		RunE: func(cmd *cobra.Command, _ []string) error {
			project, err := dev.FindProject(".")
			if err != nil {
				return err
			}
			server, err := dev.Find(cmd.Context(), project, dev.Options{})
			if errors.Is(err, dev.ErrNotRunning) {
				fmt.Fprintln(a.err, "No development server runs for this project.")
				return nil
			}
			if err != nil {
				return err
			}
			if err := server.Stop(cmd.Context()); err != nil {
				return err
			}
			fmt.Fprintln(a.err, "Stopped; the data stays.")
			return nil
		},
	}
}
