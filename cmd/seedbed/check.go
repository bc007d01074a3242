package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/audit"
)

type checkFlags struct {
	target
	format     string
	output     string
	migrations string
	only       string
	except     []string
	diagram    string
	title      string
	noProbes   bool
	baseline   string
	update     bool
	lint       bool
}

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check integrity of its references, isolation of its tenants",
		Long: `Check looks at any Postgres database, reads what its tables mean from its catalog, and
reports what does not hold: orphans behind disabled or missing keys, polymorphic pairs that
point nowhere or into another tenant, policies that leak, and more.

It changes nothing. The isolation check tries to get at other tenants' rows in a transaction
that it rolls back; --no-probes leaves that out.

The HTML report is one file: who reaches what (table by command by role),
findings, the schema, and the locks of the migrations where --migrations or seedbed.yaml
names them. SARIF points at lines of those.

A team that begins with findings accepts those of today with --baseline FILE --update-baseline,
and commits the file: from then on what is new is reported.

Exit status 0: all was checked and is well; 3: findings; 4: nothing was found, and something
could not be checked (it says what; --except not-checked:PART=REASON accepts that); 1: no check
was possible.`,
		Example: `  seedbed check                              # this project's development database
  seedbed check --url "$DATABASE_URL"
  seedbed check --format json | jq '.findings[].rule'
  seedbed check --format sarif --migrations db/migrate -o check.sarif
  seedbed check -o check.html                # a page to look at
  seedbed check --except 'constraint-not-valid:orders.orders_total_check=validated next week'
  seedbed check --baseline .seedbed-baseline.json --update-baseline
  seedbed check --factories                  # which constraints are proven to bite
  seedbed check --diagram schema.html        # draw it: .html, .svg or .mmd (Mermaid)`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.diagram != "" {
				return a.with(cmd.Context(), f.target, func(ctx context.Context, db *pgxpool.Pool) error {
					return a.drawDiagram(ctx, db, f.diagram, f.title)
				})
			}
			if f.lint {
				return a.checkFactories(cmd.Context(), f)
			}
			return a.check(cmd.Context(), f)
		},
	}
	f.define(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "", "`text`, json, sarif, gitlab or html (default: what the name of --output says, else text)")
	flags.StringVarP(&f.output, "output", "o", "", "write the report to this `file`")
	flags.StringVar(&f.migrations, "migrations", "", "`directory` of the migrations, for html and sarif (default: SEEDBED_MIGRATIONS, seedbed.yaml, else they are found)")
	flags.StringVar(&f.only, "only", "", "`integrity` or isolation (default: both)")
	flags.StringArrayVar(&f.except, "except", nil, "excuse findings: `RULE[:OBJECT]=REASON`; may be repeated")
	flags.StringVar(&f.baseline, "baseline", "", "`file` of findings that are known and accepted")
	flags.BoolVar(&f.update, "update-baseline", false, "write what is found now to the baseline")
	flags.StringVar(&f.diagram, "diagram", "", "draw the schema to a `file` instead: .html, .svg, .mmd, or - for Mermaid on stdout")
	flags.StringVar(&f.title, "title", "", "of the diagram or the page (default: the database's name)")
	flags.BoolVar(&f.noProbes, "no-probes", false, "do not try to break in, read the catalog only")
	flags.BoolVar(&f.lint, "factories", false, "try the factories, and whether each constraint bites, instead")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json", "sarif", "gitlab", "html"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("only", cobra.FixedCompletions([]string{"integrity", "isolation"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// check runs the audits and reports them as one.
func (a *app) check(ctx context.Context, f checkFlags) error {
	r, err := a.reporting(f)
	if err != nil {
		return err
	}
	say := a.progress()
	defer say.stop()
	err = a.with(ctx, f.target, func(ctx context.Context, db *pgxpool.Pool) error {
		say.Begin("check", "reading the catalog")
		return r.look(ctx, db, func(p audit.Progress) { say.Step(p.Step) })
	})
	if err == nil && !r.source.Reference() && r.format == "html" {
		say.Begin("review", "running the migrations on a scratch database")
		err = a.reviewSource(ctx, r)
	}
	say.stop()
	if err != nil {
		return err
	}
	if err := a.deliver(r); err != nil {
		return err
	}
	switch found := r.page.Audit; {
	case f.update:
		if err := writeBaseline(f.baseline, found); err != nil {
			return fmt.Errorf("write the baseline: %w", err)
		}
		fmt.Fprintf(a.err, "%s: %s accepted\n", f.baseline, plural(len(found.Findings)+len(found.Unchecked)+len(found.Excused), "finding"))
		return nil
	case !found.Clean():
		return errFindings
	case !found.Complete():
		return errUnchecked
	}
	return nil
}

// parseExceptions reads RULE[:OBJECT]=REASON.
func parseExceptions(all []string) ([]audit.Exception, error) {
	var out []audit.Exception
	for _, text := range all {
		what, reason, _ := strings.Cut(text, "=")
		rule, object, _ := strings.Cut(what, ":")
		e := audit.Exception{Rule: rule, Object: object, Reason: strings.TrimSpace(reason), Place: "--except " + text}
		if err := e.Validate(); err != nil {
			return nil, usagef("--except %s: %v; write RULE:OBJECT=REASON", text, err)
		}
		out = append(out, e)
	}
	return out, nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", thousands(int64(n)), what)
}
