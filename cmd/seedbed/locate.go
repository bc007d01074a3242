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

// sourceFlags say where the migrations are. The order is: flags, SEEDBED_MIGRATIONS,
// seedbed.yaml, a search.
type sourceFlags struct {
	paths     []string
	reference bool
}

func (f *sourceFlags) define(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.paths, "migrations", nil, "`directory` of migrations, or one SQL file; repeat it for several (default: they are found)")
	flags.BoolVar(&f.reference, "reference", false, "take Seedbed's reference schema, whatever migrations there are")
}

// configured returns the migrations that flags, the environment or seedbed.yaml name, in
// this order; ok is false if none does. A nil source with ok is the reference schema.
func (f sourceFlags) configured(c *config) (source dev.Source, ok bool, err error) {
	switch {
	case f.reference && len(f.paths) > 0:
		return nil, false, usagef("--reference and --migrations exclude each other")
	case f.reference:
		return nil, true, nil
	case len(f.paths) > 0:
		source, err = dev.NewSource(f.paths...)
		return source, true, invalidSource("--migrations", err)
	case len(c.Migrations) > 0:
		source, err = dev.NewSource(c.Migrations...)
		return source, true, invalidSource(c.migrationsFrom, err)
	}
	return nil, false, nil
}

// invalidSource turns an error about migrations into an error of usage that begins with
// where. For a missing directory it also names one in which migrations were found.
func invalidSource(where string, err error) error {
	if err == nil {
		return nil
	}
	missing, ok := errors.AsType[*fs.PathError](err)
	if !ok || !errors.Is(err, fs.ErrNotExist) {
		return usagef("%s: %w", where, err)
	}
	hint := ""
	if places, err := dev.Locate("."); err == nil && len(places) > 0 {
		hint = "; migrations were found in " + relativeToCwd(places[0].Path)
	}
	return usagef("%s: there is no %s%s", where, relativeToCwd(missing.Path), hint)
}

// findSource searches for the project's migrations and prints what it takes. If there
// are several it asks on a terminal; otherwise the error lists one command for each:
// commandLine followed by the path. If there are none it returns nil, the reference schema.
func (a *app) findSource(ctx context.Context, commandLine string) (dev.Source, error) {
	places, err := dev.Locate(".")
	if unreadable, ok := errors.AsType[*dev.UnreadableError](err); ok {
		return nil, usagef("%w. Write that file, for example with `pg_dump --schema-only --no-owner`, or take Seedbed's own schema: seedbed dev --reference", unreadable)
	}
	if empty, ok := errors.AsType[*dev.EmptyError](err); ok {
		return nil, usagef("%w. Write the first one there, such as 00001_NAME.sql, or take Seedbed's own schema: seedbed dev --reference", empty)
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
	return source, invalidSource("the migrations", err)
}

// checkSource reads the migrations, so that errors in them are reported before anything
// is started. For a directory with several histories the error lists a command for each.
func (a *app) checkSource(source dev.Source, commandLine string) error {
	return withPlaces(source, (dev.Plan{Source: source}).Check(), commandLine)
}

// withPlaces replaces an ErrSeveralDirs of reading source by an error that lists a command
// for each directory; it returns other errors as they are.
func withPlaces(source dev.Source, err error, commandLine string) error {
	if len(source) != 1 || !errors.Is(err, migrations.ErrSeveralDirs) {
		return err
	}
	abs, absErr := filepath.Abs(source[0])
	places, locateErr := dev.LocateBelow(abs)
	if absErr != nil || locateErr != nil || len(places) == 0 {
		return err
	}
	return severalPlacesError(places, commandLine)
}

// maxListedPlaces bounds how many directories a question or an error lists.
const maxListedPlaces = 8

func (a *app) choosePlaces(ctx context.Context, places []dev.Place, commandLine string) ([]dev.Place, error) {
	if a.isInteractive() {
		shown, moreLine := firstPlaces(places)
		return a.askPlaces(ctx, shown, moreLine)
	}
	return nil, severalPlacesError(places, commandLine)
}

// firstPlaces returns the places to list, and a line that counts the remaining ones.
func firstPlaces(places []dev.Place) (shown []dev.Place, moreLine string) {
	shown = places[:min(len(places), maxListedPlaces)]
	if n := len(places) - len(shown); n > 0 {
		moreLine = fmt.Sprintf("\n  … and %s more", plural(n, "place"))
	}
	return shown, moreLine
}

// severalPlacesError is an error with a line to paste for each place.
func severalPlacesError(places []dev.Place, commandLine string) error {
	shown, moreLine := firstPlaces(places)
	width := 0
	lines := make([]string, len(shown))
	for i, p := range shown {
		lines[i] = commandLine + " " + shellQuote(relativeToCwd(p.Path))
		width = max(width, len(lines[i]))
	}
	var list strings.Builder
	for i, p := range shown {
		fmt.Fprintf(&list, "\n  %-*s  # %s", width, lines[i], p.What)
	}
	return usagef("migrations lie in several places; which are the project's?%s%s\nTo say it for good: echo 'migrations: %s' >> seedbed.yaml",
		list.String(), moreLine, shown[0].Name)
}

// isInteractive reports whether a person is at the terminal to answer a question.
func (a *app) isInteractive() bool {
	f, ok := a.in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && a.redraws(a.err)
}

func (a *app) askPlaces(ctx context.Context, places []dev.Place, moreLine string) ([]dev.Place, error) {
	fmt.Fprintln(a.err, "Migrations lie in several places:")
	for i, p := range places {
		fmt.Fprintf(a.err, "  %d  %s, %s\n", i+1, p.Name, p.What)
	}
	if moreLine != "" {
		fmt.Fprintln(a.err, strings.TrimPrefix(moreLine, "\n"))
	}
	lines := make(chan string)
	// Ctrl-C does not end a read from stdin: this goroutine may outlive askPlaces.
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(a.in)
		for scanner.Scan() {
			lines <- scanner.Text()
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
			if chosen := parseChoice(places, line); len(chosen) > 0 {
				return chosen, nil
			}
		}
	}
}

// parseChoice parses the numbers in text; it returns nil if one is not the number of a
// place.
func parseChoice(places []dev.Place, text string) (chosen []dev.Place) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > len(places) {
			return nil
		}
		chosen = append(chosen, places[n-1])
	}
	return chosen
}

// relativeToCwd returns path relative to the working directory where that is shorter.
func relativeToCwd(path string) string {
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
