package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/migrations"
)

type reviewFlags struct {
	historyFlags
	from          int64
	since         string
	all           bool
	output        string
	format        string
	postgres      []string
	url           string
	role          string
	baseline      string
	writeBaseline string
	prefix        string
	failOn        string
	skipDown      bool
	rows          string
}

func (a *app) reviewCommand() *cobra.Command {
	var f reviewFlags
	cmd := &cobra.Command{
		Use:   "review [DIR…]",
		Short: "Say which migrations would hurt a database in use",
		Long: `Review runs every migration statement by statement on a scratch database of seedbed's own
server and reads the locks, rewrites and scans that really happened, in DO blocks and
functions too. Then it tries the way back, and crashes where a file has no transaction.

A finding is accepted in the file, with a reason:
  -- seedbed: waive drop-table public.old: empty since release 7
or, for all that there is today, by --write-baseline and --baseline.

Exit status 0: no findings as grave as --fail-on; 3: some; 1: it could not be reviewed.`,
		Example: `  seedbed migrate review db/migrate
  seedbed migrate review --new db/migrate           # of this branch; the default in CI
  seedbed migrate review --from 42 --format json db/migrate | jq '.findings[].rule'
  seedbed migrate review --postgres 15,18 --format html -o review.html db/migrate
  seedbed migrate review --rows 20 --fail-on policy db/migrate            # rows survive Up and Down
  seedbed migrate review --format github --prefix db/migrate db/migrate   # in a workflow`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.review(cmd.Context(), f, args) },
	}
	f.define(cmd)
	flags := cmd.Flags()
	flags.Int64Var(&f.from, "from", 0, "review from this `version` on, and only run what comes before (default: all)")
	flags.StringVar(&f.since, "new", "", "review what is new since a `version` or a git revision (default in CI: since the branch began)")
	flags.Lookup("new").NoOptDefVal = sinceBranch
	flags.BoolVar(&f.all, "all", false, "review all migrations in CI too")
	flags.StringVarP(&f.output, "output", "o", "", "write the report to this `file` (default: stdout)")
	flags.StringVar(&f.format, "format", "", "`text`, json, sarif, html, github or gitlab (default: what the name of --output says, else text)")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json", "sarif", "html", "github", "gitlab"}, cobra.ShellCompDirectiveNoFileComp))
	flags.StringSliceVar(&f.postgres, "postgres", nil, "Postgres `versions` to review on (default: the one that is found)")
	flags.StringVar(&f.url, "url", "", "`URL` of a superuser on a disposable server to use instead of seedbed's own")
	flags.StringVar(&f.role, "role", "", "the `role` that runs the migrations (default: the superuser)")
	flags.StringVar(&f.baseline, "baseline", "", "`file` of findings that are known and accepted")
	flags.StringVar(&f.writeBaseline, "write-baseline", "", "write what is found to this `file`, as known and accepted")
	flags.StringVar(&f.prefix, "prefix", "", "`directory` of the files in the repository, for sarif, github and gitlab (default: DIR)")
	flags.StringVar(&f.failOn, "fail-on", "hazard", "the least `severity` that fails: hazard, policy, style or never")
	flags.StringVar(&f.rows, "rows", "", "try Up and Down on `N` rows of each table too, and report what fails on them and what is lost")
	flags.BoolVar(&f.skipDown, "skip-down", false, "leave out Down and the crashes of files without a transaction")
	return cmd
}

func (a *app) review(ctx context.Context, f reviewFlags, args []string) error {
	if err := f.checkSince(args); err != nil {
		return err
	}
	if err := a.refuseURL(f.url); err != nil { // before anything is sent there
		return err
	}
	args, err := a.historyArgs(ctx, args, "seedbed migrate review")
	if err != nil {
		return err
	}
	fsys, err := historyFiles(&f.historyFlags, args)
	if err != nil {
		return err
	}
	set, openErr := a.openFiles(fsys, f.historyFlags)
	if errors.Is(openErr, migrations.ErrSeveralDirs) {
		return withPlaces(args, openErr, "seedbed migrate review")
	}
	if f.prefix == "" {
		f.prefix = directoryOf(set, args)
	}
	f.format = cmp.Or(f.format, formatOf(f.output))
	if err := checkOutput(f.output); err != nil {
		return err
	}
	write, ok := reviewFormats(f.prefix)[f.format]
	if !ok {
		return usagef("--format %s: there are text, json, sarif, html, github and gitlab", f.format)
	}
	fails, ok := map[string]func(*migrations.Report) bool{
		"hazard": func(r *migrations.Report) bool { return r.Hazards() > 0 },
		"policy": func(r *migrations.Report) bool { return r.Hazards()+r.Policies() > 0 },
		"style":  func(r *migrations.Report) bool { return len(r.Findings) > 0 },
		"never":  func(*migrations.Report) bool { return false },
	}[f.failOn]
	if !ok {
		return usagef("--fail-on %s: there are hazard, policy, style and never", f.failOn)
	}
	options := migrations.ReviewOptions{From: f.from, Role: f.role, SkipDown: f.skipDown, Sessions: audit.TenantSessions}
	if f.rows != "" {
		n, err := parseCount(f.rows)
		if err != nil || n < 1 || f.skipDown {
			return usagef("--rows %s: write a number of rows, such as 20; it needs the way back, which --skip-down leaves out", f.rows)
		}
		options.Rows = fillTables(n)
	}
	if f.baseline != "" {
		if options.Baseline, _, err = readBaseline(f.baseline, "seedbed migrate review --write-baseline FILE"); err != nil {
			return err
		}
	}
	var report *migrations.Report
	if openErr != nil { // which Review makes a finding of, where one file is to blame
		options.Options = f.Options
		report, err = migrations.Review(ctx, nil, fsys, options)
	} else {
		if err := checkVersion("from", f.from, set); err != nil {
			return err
		}
		if options.Only, err = a.versionsToReview(ctx, f, set, directoryOf(set, args)); err != nil {
			return err
		}
		err = a.reviewers(ctx, f, func(all []seedbed.DB) error {
			options.Also = all[1:]
			report, err = set.Review(ctx, all[0], options)
			return err
		})
	}
	reviewErr := err
	if report == nil {
		return reviewErr
	}
	if f.writeBaseline != "" && reviewErr == nil {
		return os.WriteFile(f.writeBaseline, report.Baseline(), 0o644)
	}
	if err := a.writeReview(report, f.output, write); err != nil {
		return err
	}
	if reviewErr == nil && fails(report) {
		return errFindings
	}
	return reviewErr
}

// writeReview writes to stdout, or whole to a file.
func (a *app) writeReview(report *migrations.Report, file string, write func(*migrations.Report, io.Writer) error) error {
	if file == "" || file == "-" {
		return write(report, a.out)
	}
	var text bytes.Buffer
	if err := write(report, &text); err != nil {
		return err
	}
	if err := writeAtomically(file, text.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	fmt.Fprintf(a.err, "%s: %s, %d against policy\n", file, plural(report.Hazards(), "hazard"), report.Policies())
	return nil
}

// rolesOn lists the roles of a server, as they are written in SQL: a review drops its
// databases, and roles belong to none.
func rolesOn(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	rows, err := pool.Query(ctx, "SELECT quote_ident(rolname) FROM pg_roles ORDER BY 1")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func reviewFormats(prefix string) map[string]func(*migrations.Report, io.Writer) error {
	return map[string]func(*migrations.Report, io.Writer) error{
		"text":   (*migrations.Report).WriteText,
		"json":   (*migrations.Report).WriteJSON,
		"html":   (*migrations.Report).WriteHTML,
		"sarif":  func(r *migrations.Report, w io.Writer) error { return r.WriteSARIF(w, prefix) },
		"github": func(r *migrations.Report, w io.Writer) error { return r.WriteAnnotations(w, prefix) },
		"gitlab": func(r *migrations.Report, w io.Writer) error { return r.WriteGitLab(w, prefix) },
	}
}

// reviewers connects to the servers that a review runs on: the one that --url
// names, or our own of each version wanted.
func (a *app) reviewers(ctx context.Context, f reviewFlags, do func([]seedbed.DB) error) error {
	if f.url != "" {
		pool, err := connect(ctx, f.url)
		if err != nil {
			return err
		}
		defer pool.Close()
		before, err := rolesOn(ctx, pool)
		if err != nil {
			return err
		}
		err = do([]seedbed.DB{pool})
		if after, listed := rolesOn(ctx, pool); listed == nil {
			if made := slices.DeleteFunc(after, func(r string) bool { return slices.Contains(before, r) }); len(made) > 0 {
				fmt.Fprintf(a.err, "note: the migrations made roles, which stay on that server: DROP ROLE %s;\n", strings.Join(made, ", "))
			}
		}
		return err
	}
	versions := f.postgres
	if len(versions) == 0 {
		versions = []string{""}
	}
	var all []seedbed.DB
	for _, v := range versions {
		c, err := server.Acquire(ctx, server.Config{Version: strings.TrimSpace(v), Logf: func(format string, args ...any) {
			fmt.Fprintf(a.err, format+"\n", args...)
		}})
		if err != nil {
			return err
		}
		defer func() { _ = c.Release(context.WithoutCancel(ctx)) }()
		conn, err := pgx.ConnectConfig(ctx, c.Config("postgres", server.Superuser))
		if err != nil {
			return fmt.Errorf("connect to the server for the review: %w", err)
		}
		defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
		all = append(all, conn)
	}
	return do(all)
}
