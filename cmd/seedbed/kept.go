package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/dev"
)

// findKept returns the database that a failed test left: by the name of the database, or of
// a test of this project; without a name, the one that this project's tests have left.
// commandLine is what a name is to be appended to, for lines to paste.
func findKept(ctx context.Context, wanted, commandLine string) (*keptDatabase, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	servers, err := listServers(ctx, cache)
	if err != nil {
		return nil, err
	}
	project, err := dev.FindProject(".")
	if err != nil {
		return nil, err
	}
	var all []keptDatabase
	for _, s := range servers {
		all = append(all, s.Kept...)
	}
	slices.SortFunc(all, func(a, b keptDatabase) int { return b.KeptAt.Compare(a.KeptAt) }) // the newest first
	return chooseKept(all, project.Root, wanted, commandLine)
}

// chooseKept chooses from databases that are sorted newest first. One that another
// project's test has left has another schema: only its own name, which no other database
// has, is enough to choose it.
func chooseKept(all []keptDatabase, root, wanted, commandLine string) (*keptDatabase, error) {
	var own, others []keptDatabase
	for _, k := range all {
		switch {
		case wanted == k.Database:
			return &k, nil
		case wanted != "" && wanted != k.Test:
		case k.Project == root:
			if !slices.ContainsFunc(own, func(o keptDatabase) bool { return o.Test == k.Test }) {
				own = append(own, k)
			}
		default:
			others = append(others, k)
		}
	}
	switch {
	case len(own) == 1:
		return &own[0], nil
	case len(own) > 1:
		return nil, usagef("several failed tests of this project have left a database; which one?%s", keptLines(own, commandLine))
	case len(others) > 0 && wanted == "":
		return nil, usagef("no failed test of this project has left a database on a server that runs; tests of other projects have. To take one of those:%s", keptLines(others, commandLine))
	case len(others) > 0:
		return nil, usagef("%s is a test of another project; to take its database:%s", wanted, keptLines(others, commandLine))
	case wanted == "":
		return nil, fmt.Errorf("no database of a failed test is kept on a server that runs; run the test again")
	}
	return nil, usagef("no database of a test %q is kept; `seedbed prune --list` lists those that are", wanted)
}

// keptLines are lines to paste, one for each database.
func keptLines(all []keptDatabase, commandLine string) string {
	const most = 8
	var b strings.Builder
	for _, k := range all[:min(len(all), most)] {
		fmt.Fprintf(&b, "\n  %s %s  # %s of %s, %s", commandLine, k.Database, k.Test, filepath.Base(k.Project), k.KeptAt.Local().Format("2 Jan 15:04"))
	}
	if n := len(all) - most; n > 0 {
		fmt.Fprintf(&b, "\n  … and %s more; seedbed prune --list has all", plural(n, "database"))
	}
	return b.String()
}
