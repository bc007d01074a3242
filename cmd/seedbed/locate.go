package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/qarion/seedbed/internal/dev"
	"github.com/qarion/seedbed/migrations"
)

// sourceFlags say where the migrations are. Without them SEEDBED_MIGRATIONS says it, or
// seedbed.yaml, or the migrations are found.
type sourceFlags struct {
	paths     []string
	reference bool
}

func (f *sourceFlags) define(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.paths, "migrations", nil, "`directory` of migrations, or one SQL file; repeat it for several (default: they are found)")
	flags.BoolVar(&f.reference, "reference", false, "take Seedbed's reference schema, whatever migrations there are")
}

// told is what flags, environment and seedbed.yaml say of the migrations, in this
// order; ok is false where none of them says anything.
func (f sourceFlags) told(c *config) (source dev.Source, ok bool, err error) {
	switch {
	case f.reference && len(f.paths) > 0:
		return nil, false, usagef("--reference and --migrations exclude each other")
	case f.reference:
		return nil, true, nil
	case len(f.paths) > 0:
		source, err = dev.NewSource(f.paths...)
		return source, true, usageOf("--migrations", err)
	case len(c.Migrations) > 0:
		source, err = dev.NewSource(c.Migrations...)
		return source, true, usageOf(c.migrationsFrom, err)
	}
	return nil, false, nil
}

// usageOf is an error of what was given somewhere, as one of the command line. Where a
// directory is not there it names those that are.
func usageOf(where string, err error) error {
	if err == nil {
		return nil
	}
	missing, ok := errors.AsType[*fs.PathError](err)
	if !ok || !errors.Is(err, fs.ErrNotExist) {
		return usagef("%s: %w", where, err)
	}
	hint := ""
	if places, err := dev.Locate("."); err == nil && len(places) > 0 {
		hint = "; migrations were found in " + fromHere(places[0].Path)
	}
	return usagef("%s: there is no %s%s", where, fromHere(missing.Path), hint)
}

// findSource looks for the project's migrations and says which it takes. Where there
// are several it asks, if a person is there to answer; otherwise its error has a command
// line for each: commandLine is the beginning of one, which a path completes. A project
// without any has the reference schema.
func (a *app) findSource(ctx context.Context, commandLine string) (dev.Source, error) {
	places, err := dev.Locate(".")
	if unreadable, ok := errors.AsType[*dev.UnreadableError](err); ok {
		return nil, usagef("%w. Write that file, for example with `pg_dump --schema-only --no-owner`, or take Seedbed's own schema: seedbed dev --reference", unreadable)
	}
	if err != nil || len(places) == 0 {
		return nil, err
	}
	if len(places) > 1 {
		if places, err = a.choosePlaces(ctx, places, commandLine); err != nil {
			return nil, err
		}
	}
	var paths, names []string
	for _, p := range places {
		paths = append(paths, p.Path)
		names = append(names, strings.TrimSuffix(p.Name+", "+p.What, ", "))
	}
	fmt.Fprintf(a.err, "migrations: %s\n", strings.Join(names, "; "))
	source, err := dev.NewSource(paths...)
	return source, usageOf("the migrations", err)
}

// readSource opens the migrations of a source, so that what is wrong with them is said
// before anything else is done. A directory that holds several histories is an error with
// a command line for each.
func (a *app) readSource(source dev.Source, commandLine string) error {
	return severalIn(source, (dev.Plan{Source: source}).Check(), commandLine)
}

// severalIn is the error of reading the migrations in paths, with a command line for each
// place where it is that there are several.
func severalIn(paths []string, err error, commandLine string) error {
	if len(paths) != 1 || !errors.Is(err, migrations.ErrSeveralDirs) {
		return err
	}
	abs, absErr := filepath.Abs(paths[0])
	places, locateErr := dev.LocateBelow(abs)
	if absErr != nil || locateErr != nil || len(places) == 0 {
		return err
	}
	return severalPlaces(places, commandLine)
}

// mostPlaces is how many directories are listed.
const mostPlaces = 8

func (a *app) choosePlaces(ctx context.Context, places []dev.Place, commandLine string) ([]dev.Place, error) {
	if a.answers() {
		shown, more := boundPlaces(places)
		return a.askPlaces(ctx, shown, more)
	}
	return nil, severalPlaces(places, commandLine)
}

// boundPlaces are the first places, and a line about the others.
func boundPlaces(places []dev.Place) (shown []dev.Place, more string) {
	shown = places[:min(len(places), mostPlaces)]
	if n := len(places) - len(shown); n > 0 {
		more = fmt.Sprintf("\n  … and %s more", plural(n, "place"))
	}
	return shown, more
}

// severalPlaces is an error with a line to paste for each place.
func severalPlaces(places []dev.Place, commandLine string) error {
	shown, more := boundPlaces(places)
	width := 0
	lines := make([]string, len(shown))
	for i, p := range shown {
		lines[i] = commandLine + " " + shellQuote(fromHere(p.Path))
		width = max(width, len(lines[i]))
	}
	var list strings.Builder
	for i, p := range shown {
		fmt.Fprintf(&list, "\n  %-*s  # %s", width, lines[i], p.What)
	}
	return usagef("migrations lie in several places; which are the project's?%s%s\nTo say it for good: echo 'migrations: %s' >> seedbed.yaml",
		list.String(), more, shown[0].Name)
}

// answers reports whether a person is at the terminal to answer a question.
func (a *app) answers() bool {
	f, ok := a.in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && a.redraws(a.err)
}

func (a *app) askPlaces(ctx context.Context, places []dev.Place, more string) ([]dev.Place, error) {
	fmt.Fprintln(a.err, "Migrations lie in several places:")
	for i, p := range places {
		fmt.Fprintf(a.err, "  %d  %s, %s\n", i+1, p.Name, p.What)
	}
	if more != "" {
		fmt.Fprintln(a.err, strings.TrimPrefix(more, "\n"))
	}
	lines := make(chan string)
	go func() { // which a read that Ctrl-C does not end outlives
		defer close(lines)
		answers := bufio.NewScanner(a.in)
		for answers.Scan() {
			lines <- answers.Text()
		}
	}()
	for {
		fmt.Fprint(a.err, "Which? A number, or several in their order, such as 1,2: ")
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case line, ok := <-lines:
			if !ok {
				return nil, usagef("no answer; --migrations says which")
			}
			if chosen := pick(places, line); len(chosen) > 0 {
				return chosen, nil
			}
		}
	}
}

// pick reads numbers, and returns nothing where the text is not all numbers of places.
func pick(places []dev.Place, text string) (chosen []dev.Place) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > len(places) {
			return nil
		}
		chosen = append(chosen, places[n-1])
	}
	return chosen
}

// fromHere is a path as the current directory's user would write it.
func fromHere(path string) string {
	here, err := os.Getwd()
	if err == nil {
		here, err = filepath.EvalSymlinks(here)
	}
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(here, path); err == nil && len(rel) < len(path) {
		return filepath.ToSlash(rel)
	}
	return path
}

var plainWord = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// shellQuote writes a word so that it can be pasted into a shell.
func shellQuote(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
