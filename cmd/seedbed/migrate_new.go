package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/qarion/seedbed/migrations"
)

// versionsToReview are the migrations above the version that --new names, or those whose files
// have changed since the git revision that it names. With none of --new, --from, --all and a
// baseline, a CI job reviews what is new on its branch, and a person everything. nil is all
// migrations.
func (a *app) versionsToReview(ctx context.Context, f reviewFlags, set *migrations.Set, dir string) ([]int64, error) {
	since, asked := f.since, f.since != ""
	if !asked && (f.all || f.from > 0 || f.baseline != "" || f.writeBaseline != "" || a.env("CI") == "") {
		return nil, nil
	}
	if n, err := strconv.ParseInt(since, 10, 64); err == nil {
		return versionsWhere(set, func(m migrations.Migration) bool { return m.Version > n }), nil
	}
	if since == "" || since == sinceBranch {
		since = a.targetBranch()
	}
	changed, err := changedFiles(ctx, dir, since)
	if err != nil && !asked {
		fmt.Fprintf(a.err, "all migrations are reviewed: %v\n", err)
		return nil, nil
	}
	if err != nil {
		return nil, usagef("--new=%s: %v", since, err)
	}
	found := versionsWhere(set, func(m migrations.Migration) bool {
		return slices.ContainsFunc(changed, func(name string) bool {
			return name == m.File || strings.Replace(name, ".down.", ".up.", 1) == m.File
		})
	})
	fmt.Fprintf(a.err, "%s new or changed since %s; --all reviews all\n", plural(len(found), "migration"), since)
	return found, nil
}

// sinceBranch is --new without a value.
const sinceBranch = "the branch's beginning"

// checkSince refuses --new with its value behind a space: the value is taken for a directory
// then.
func (f reviewFlags) checkSince(args []string) error {
	for _, arg := range args {
		if _, err := os.Stat(arg); f.since == sinceBranch && errors.Is(err, fs.ErrNotExist) {
			return usagef("there is no directory %s; for what is new since the version or revision %s, write --new=%s", arg, arg, arg)
		}
	}
	return nil
}

// targetBranch is the branch that this one will be merged into, as the CI job or git says.
func (a *app) targetBranch() string {
	for _, name := range []string{"GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "BITBUCKET_PR_DESTINATION_BRANCH"} {
		if branch := a.env(name); branch != "" {
			return "origin/" + branch
		}
	}
	return "origin/HEAD"
}

func versionsWhere(set *migrations.Set, is func(migrations.Migration) bool) []int64 {
	found := []int64{}
	for _, m := range set.Migrations() {
		if is(m) {
			found = append(found, m.Version)
		}
	}
	return found
}

// changedFiles are those below dir that differ from where the branch left revision, and
// those that git does not know yet.
func changedFiles(ctx context.Context, dir, revision string) ([]string, error) {
	base, err := git(ctx, dir, "merge-base", revision, "HEAD")
	if err != nil {
		return nil, err
	}
	changed, err := git(ctx, dir, "diff", "-z", "--name-only", "--relative", "--diff-filter=d", strings.TrimSpace(base), "--", ".")
	if err != nil {
		return nil, err
	}
	untracked, err := git(ctx, dir, "ls-files", "-z", "--others", "--exclude-standard")
	return strings.FieldsFunc(changed+untracked, func(r rune) bool { return r == 0 }), err
}

// git is the output of a git command.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case failed && args[0] == "merge-base" && len(exit.Stderr) == 0:
		return "", fmt.Errorf("this clone has no commit that HEAD and %s have in common: fetch more of the history (fetch-depth: 0 in GitHub Actions)", args[1])
	case failed:
		return "", fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(string(exit.Stderr)))
	}
	return string(out), err
}
