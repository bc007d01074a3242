package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/migrations"
)

// historyFlags say how the migrations are to be read, beyond where they are.
type historyFlags struct{ migrations.Options }

func (h *historyFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar((*string)(&h.Dialect), "dialect", "", "the `tool` that the files are for (default: it is recognised)")
	flags.StringVar(&h.Table, "table", "", "goose's version `table` (default: goose_db_version)")
	flags.BoolVar(&h.AllowMissing, "allow-missing", false, "apply versions lower than the highest applied one too")
	cmd.Args = cobra.ArbitraryArgs
}

// openHistory reads the directories, or the file, that the command line names, and
// says what was recognised where that is not goose.
func (a *app) openHistory(ctx context.Context, h historyFlags, args []string, commandLine string) (*migrations.Set, error) {
	args, err := a.historyArgs(ctx, args, commandLine)
	if err != nil {
		return nil, err
	}
	fsys, err := historyFiles(&h, args)
	if err != nil {
		return nil, err
	}
	set, err := a.openFiles(fsys, h)
	return set, withPlaces(args, err, commandLine)
}

// checkVersion refuses a flag's version that is above those of all migrations: it is a slip.
func checkVersion(flag string, version int64, set *migrations.Set) error {
	all := set.Migrations()
	if newest := all[len(all)-1].Version; version > newest {
		return usagef("--%s %d: the newest is %d", flag, version, newest)
	}
	return nil
}

// historyArgs are the directories that the command line names, else those of
// SEEDBED_MIGRATIONS or seedbed.yaml, else those that are found.
func (a *app) historyArgs(ctx context.Context, args []string, commandLine string) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	c, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	source, told, err := sourceFlags{}.configured(c)
	if err == nil && !told {
		source, err = a.findSource(ctx, commandLine)
	}
	if err != nil {
		return nil, err
	}
	if source.Reference() {
		return nil, usagef("no migrations are here or in the project: give their directory, as in %s db/migrations", commandLine)
	}
	for _, path := range source {
		args = append(args, relativeToCwd(path))
	}
	return args, nil
}

func (a *app) openFiles(fsys fs.FS, h historyFlags) (*migrations.Set, error) {
	set, err := migrations.Open(fsys, h.Options)
	if err == nil && (set.Dialect() != migrations.Goose || set.Dir() != ".") {
		fmt.Fprintln(a.err, set)
	}
	if err == nil {
		for _, note := range set.Notes() {
			fmt.Fprintf(a.err, "note: %s\n", note)
		}
	}
	return set, err
}

func historyFiles(h *historyFlags, args []string) (fs.FS, error) {
	local := true
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, invalidSource("give the directory of the migrations", err)
		}
		local = local && filepath.IsLocal(arg)
		if !info.IsDir() && len(args) > 1 {
			return nil, usagef("%s is a file: give it alone, or directories", arg)
		}
		if !info.IsDir() {
			h.Dir = filepath.Base(arg)
			return os.DirFS(filepath.Dir(arg)), nil
		}
	}
	if len(args) == 1 {
		return os.DirFS(args[0]), nil
	}
	if local {
		return migrations.Dirs(os.DirFS("."), slashed(args)...), nil
	}
	var all []fs.FS
	for _, arg := range args {
		all = append(all, os.DirFS(arg))
	}
	return migrations.Join(all...), nil
}

func slashed(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		out[i] = filepath.ToSlash(arg)
	}
	return out
}

// directoryOf is the directory that the migrations' names are relative to, from the
// current one on.
func directoryOf(set *migrations.Set, args []string) string {
	if len(args) != 1 {
		return "."
	}
	dir := "."
	if set != nil {
		dir = set.Dir()
	}
	if info, err := os.Stat(args[0]); err == nil && !info.IsDir() {
		return filepath.ToSlash(filepath.Dir(args[0]))
	}
	return path.Join(filepath.ToSlash(args[0]), dir)
}
