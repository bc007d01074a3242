package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/scenario"
)

// noArguments refuses arguments: a command that is not there, with what it may have
// been meant for, or something that belongs to a flag.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasSubCommands() {
		return usagef("%s takes no argument %q%s", cmd.CommandPath(), args[0], flagFor(cmd, args[0]))
	}
	if hint := flagFor(cmd, args[0]); hint != "" && fileExists(args[0]) {
		return usagef("%s takes no argument %q%s", cmd.CommandPath(), args[0], hint)
	}
	if near := nearestCommand(cmd, args[0]); near != "" {
		return usagef("there is no command %q; did you mean: %s", cmd.CommandPath()+" "+args[0], near)
	}
	return usagef("there is no command %q", cmd.CommandPath()+" "+args[0])
}

// flagFor says which flag an argument may have been meant for, or "".
func flagFor(cmd *cobra.Command, argument string) string {
	has := func(flag string) bool { return cmd.Flags().Lookup(flag) != nil }
	switch {
	case fileExists(argument) && has("fixtures"):
		return "; fixtures are --fixtures " + shellQuote(argument)
	case fileExists(argument) && has("migrations"):
		return "; migrations are --migrations " + shellQuote(argument)
	case has("tables") && cmd.Flags().Lookup("tables").Value.Type() != "bool":
		return "; tables are --tables " + shellQuote(argument)
	case has("scenario"):
		var names []string
		for _, s := range scenario.All {
			names = append(names, s.Name)
		}
		return "; a scenario is --scenario " + cmp.Or(catalog.Nearest(argument, names), "NAME")
	}
	return ""
}

// meanings are what other tools call what a command does.
var meanings = map[string][]string{
	"dev":            {"start", "up", "run", "serve", "server", "db", "database"},
	"stop":           {"down", "shutdown", "kill"},
	"psql":           {"console", "shell", "connect", "open", "sql", "query", "exec"},
	"url":            {"dsn", "uri", "env"},
	"status":         {"ps", "ls", "list", "info", "show"},
	"prune":          {"clean", "cleanup", "gc", "rm", "purge"},
	"doctor":         {"diagnose", "debug"},
	"init":           {"new", "create", "setup"},
	"check":          {"lint", "audit", "verify", "validate", "integrity", "isolation"},
	"dump":           {"export", "backup", "pg_dump"},
	"seed":           {"fill", "fixtures", "load", "populate", "import", "scenario"},
	"snapshot":       {"save"},
	"model":          {"discover", "schema", "tables", "inspect"},
	"migrate review": {"review"},
	"migrate script": {"script"},
	"migrate up":     {"migration", "migrations", "upgrade"},
	"migrate down":   {"rollback", "downgrade"},
}

// nearestCommand is the command line that an unknown word below cmd stands for.
func nearestCommand(cmd *cobra.Command, word string) string {
	word = strings.ToLower(word)
	names := []string{}
	for _, sub := range cmd.Commands() {
		if !sub.Hidden {
			names = append(names, sub.Name())
		}
	}
	for name, words := range meanings {
		found, _, err := cmd.Root().Find(strings.Fields(name))
		if err == nil && slices.Contains(words, word) && strings.HasPrefix(found.CommandPath(), cmd.CommandPath()+" ") {
			return found.CommandPath()
		}
	}
	if near := catalog.Nearest(word, names); near != "" {
		return cmd.CommandPath() + " " + near
	}
	if found, _, err := cmd.Root().Find([]string{word}); err == nil && found != cmd.Root() {
		return found.CommandPath() // a command of seedbed, after one that has others
	}
	return ""
}

// flagError is an error of parsing flags: for an unknown one, with one that is there;
// for a value that does not fit, with what would.
func flagError(cmd *cobra.Command, err error) error {
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		f := wrong.GetFlag()
		return usagef("--%s %s: that is no %s", f.Name, wrong.GetValue(), valueKinds[f.Value.Type()])
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return &usageError{err}
	}
	name := unknown.GetSpecifiedName()
	if cmd.Name() == "test" {
		return usagef("%s has no flag %s; go test's own stand behind --, as in: seedbed test -- ./... -run TestOrders", cmd.CommandPath(), dashed(name))
	}
	if hint := elsewhere[name]; hint != "" {
		return usagef("%s has no flag --%s: %s", cmd.CommandPath(), name, hint)
	}
	if near := nearestFlag(cmd, name); near != "" {
		return usagef("%s has no flag %s; did you mean --%s?", cmd.CommandPath(), dashed(name), near)
	}
	return usagef("%s has no flag %s", cmd.CommandPath(), dashed(name))
}

// valueKinds are the values that flags take, by pflag's names of their types.
var valueKinds = map[string]string{
	"int": "whole number", "int64": "whole number", "uint64": "whole number from 0 on", "bool": "true or false",
	"duration": "duration, such as 90s or 72h", "pgDuration": "duration, such as 500ms or 3s", "moment": "moment, such as 2026-01-31 or 2026-01-31T12:00:00Z",
}

// elsewhere says where what a flag of that name would set is set.
var elsewhere = map[string]string{
	"port":     "each project has a port of its own; seedbed url --tcp prints it",
	"version":  "the version of Postgres is `postgres` in seedbed.yaml, or SEEDBED_VERSION",
	"pg":       "the version of Postgres is `postgres` in seedbed.yaml, or SEEDBED_VERSION",
	"cache":    "the cache directory is SEEDBED_CACHE",
	"branch":   "the branch is the one that git has checked out",
	"name":     "the database is called after the git branch",
	"password": "it is part of --url, or PGPASSWORD",
	"host":     "it is part of --url",
	"user":     "it is part of --url; seedbed psql and url have --role",
}

// synonyms are flags of other tools.
var synonyms = map[string]string{
	"dir": "migrations", "path": "migrations", "schema": "migrations", "database": "url", "dsn": "url", "db": "url", "out": "output",
	"file": "output", "older": "age", "background": "detach", "daemon": "detach", "pretend": "dry-run", "force": "replace", "overwrite": "replace",
	"json": "format", "sarif": "format", "count": "rows", "tenants": "spaces",
}

// nearestFlag is the flag of cmd that an unknown name stands for.
func nearestFlag(cmd *cobra.Command, name string) string {
	var names, begin []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names = append(names, f.Name)
		if strings.HasPrefix(f.Name, name) {
			begin = append(begin, f.Name)
		}
	})
	switch {
	case slices.Contains(names, synonyms[name]):
		return synonyms[name]
	case len(begin) == 1:
		return begin[0]
	case len(name) == 1:
		return ""
	}
	return catalog.Nearest(name, names)
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// oneArgument wants exactly one, which help calls by a name.
func oneArgument(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		example, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
		return usagef("%s takes one %s, not %d; as in: %s", cmd.CommandPath(), name, len(args), example)
	}
}
