package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

// errNoClient is what a machine without Postgres's client programs gets: the
// server alone, as fetched for tests, comes without.
var errNoClient = errors.New("it is nowhere on PATH nor beside the server's programs; " +
	"install Postgres's client (Debian: apt-get install postgresql-client, macOS: brew install libpq), " +
	"or give another client what `seedbed url` prints")

func (a *app) psqlCommand() *cobra.Command {
	var f roleFlags
	cmd := &cobra.Command{
		Use:   "psql [--role ROLE] [--set NAME=VALUE]… [PSQL'S ARGUMENTS]",
		Short: "Open it in psql",
		Long: `Psql runs psql on this branch's database, with all arguments that are not its own: those
of psql need no "--" before them.

` + startRule,
		Example: `  seedbed psql
  seedbed psql -c 'select count(*) from comments'
  seedbed psql --role seedbed_app --set seedbed.space_id=0195…   # as the application`,
		Args:               cobra.ArbitraryArgs,
		DisableFlagParsing: true, // what is not ours is psql's
	}
	f.define(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		args, help, err := f.take(args)
		if err != nil {
			return err
		}
		if help {
			return cmd.Help()
		}
		return a.withServer(cmd.Context(), func(ctx context.Context, server *dev.Server) error {
			url, err := f.url(ctx, server)
			if err != nil {
				return err
			}
			psql, err := client("psql", server)
			if err != nil {
				return err
			}
			note := a.noteRowSecurity
			if f.role != "" {
				note = f.noteTenant(a)
			}
			if err := note(ctx, server); err != nil {
				return err
			}
			return replaceProcess(psql, append([]string{url}, args...))
		})
	}
	return cmd
}

// noteRowSecurity says why the owner may see no rows.
func (a *app) noteRowSecurity(ctx context.Context, server *dev.Server) error {
	d, err := server.Database(ctx, "")
	if err != nil {
		return err
	}
	tables, err := server.Hidden(ctx, d.Name)
	if err == nil && tables > 0 {
		fmt.Fprintf(a.err, "note: row-level security holds on %s, for the owner too; all rows: seedbed psql --role seedbed_seeder\n", plural(tables, "table"))
	}
	return err
}

// noteTenant says why a role may see no rows: the setting that policies read the tenant
// from is not given.
func (f *roleFlags) noteTenant(a *app) func(context.Context, *dev.Server) error {
	return func(ctx context.Context, server *dev.Server) error {
		d, err := server.Database(ctx, "")
		if err != nil {
			return err
		}
		if held, err := server.Restricts(ctx, f.role); err != nil || !held {
			return err
		}
		s, err := server.Security(ctx, d.Name, a.model)
		if err != nil || s.Setting == "" || slices.ContainsFunc(f.set, func(text string) bool { return strings.HasPrefix(text, s.Setting+"=") }) {
			return err
		}
		fmt.Fprintf(a.err, "note: %s is not set, so row-level security may hide all rows: --set %s\n", s.Setting, shellQuote(s.Setting+"="+cmp.Or(s.Example, "KEY")))
		return nil
	}
}

// take picks its flags out of arguments and returns the others. What follows "--" is
// left alone.
func (f *roleFlags) take(args []string) (others []string, help bool, err error) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, value, joined := strings.Cut(arg, "=")
		switch name {
		case "--":
			return append(others, args...), help, nil
		case "--help", "-h":
			help = true
			continue
		case "--role", "--set":
		default:
			others = append(others, arg)
			continue
		}
		if !joined {
			if len(args) == 0 {
				return nil, false, usagef("%s needs a value", name)
			}
			value, args = args[0], args[1:]
		}
		if err := refuseEmpty(name, value); err != nil {
			return nil, false, err
		}
		if name == "--role" {
			f.role = value
		} else {
			f.set = append(f.set, value)
		}
	}
	return others, help, nil
}

// client finds a client program: beside the server's own, where it is of the same
// version, else on PATH.
func client(name string, server *dev.Server) (string, error) {
	for _, path := range []string{filepath.Join(server.Bin(), name), name} {
		if found, err := exec.LookPath(path); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, errNoClient)
}
