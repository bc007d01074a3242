package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/pgtest/check"
)

type checkFlags struct {
	target
	format  string
	only    string
	except  []string
	diagram string
	title   string
	probes  bool
	lint    bool
}

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a database: integrity of its references, isolation of its tenants",
		Long: `Check looks at any Postgres database, reads what its tables mean from its catalog, and
reports what does not hold: orphans behind disabled or missing keys, polymorphic pairs that
point nowhere or into another tenant, policies that leak, and more.

It changes nothing. The isolation check tries to get at other tenants' rows in a transaction
that it rolls back; --no-probes leaves that out. Exit status 0: all is well; 3: findings;
1: it could not be checked.`,
		Example: `  seedbed check                              # this project's development database
  seedbed check --url "$DATABASE_URL"
  seedbed check --format json | jq '.findings[].rule'
  seedbed check --except 'constraint-not-valid:orders.orders_total_check=validated next week'
  seedbed check --factories                  # which constraints are proven to bite
  seedbed check --diagram schema.html        # draw it: .html, .svg or .mmd (Mermaid)`,
		Args: cobra.NoArgs,
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
	flags.StringVar(&f.format, "format", "text", "`text` or json")
	flags.StringVar(&f.only, "only", "", "`integrity` or isolation (default: both)")
	flags.StringArrayVar(&f.except, "except", nil, "excuse findings: `RULE[:OBJECT]=REASON`; may be repeated")
	flags.StringVar(&f.diagram, "diagram", "", "draw the schema to a `file` instead: .html, .svg, .mmd, or - for Mermaid on stdout")
	flags.StringVar(&f.title, "title", "", "of the diagram (default: the database's name)")
	flags.BoolVar(&f.probes, "no-probes", false, "do not try to break in, read the catalog only")
	flags.BoolVar(&f.lint, "factories", false, "try the factories, and whether each constraint bites, instead")
	return cmd
}

// check runs the audits and reports them as one.
func (a *app) check(ctx context.Context, f checkFlags) error {
	write, ok := map[string]func(io.Writer, *audit.Report) error{"text": writeText, "json": writeJSON}[f.format]
	if !ok {
		return usagef("--format %s: there are text and json", f.format)
	}
	audits, ok := map[string][]auditFunc{
		"":          {audit.Integrity, audit.Isolation},
		"integrity": {audit.Integrity},
		"isolation": {audit.Isolation},
	}[f.only]
	if !ok {
		return usagef("--only %s: there are integrity and isolation", f.only)
	}
	exceptions, err := parseExceptions(f.except)
	if err != nil {
		return err
	}
	c, err := a.loadConfig()
	if err != nil {
		return err
	}
	exceptions = append(exceptions, c.exceptions()...)
	say := a.progress()
	defer say.stop()
	var report *audit.Report
	err = a.with(ctx, f.target, func(ctx context.Context, db *pgxpool.Pool) error {
		say.Begin("check", "reading the catalog")
		var err error
		report, err = runAudits(ctx, db, audits, audit.Options{Except: exceptions, NoProbes: f.probes,
			Progress: func(p audit.Progress) { say.Step(p.Step) }})
		return err
	})
	say.stop()
	if err != nil {
		return err
	}
	if err := write(a.out, report); err != nil {
		return err
	}
	if !report.Clean() {
		return errFindings
	}
	return nil
}

// writeText writes findings as a failing test does.
func writeText(w io.Writer, r *audit.Report) error {
	_, err := io.WriteString(w, check.Format(r))
	return err
}

// writeJSON writes a report for machines. Names are lower case and never change
// their meaning; new ones may come.
func writeJSON(w io.Writer, r *audit.Report) error {
	type finding struct {
		Rule     string   `json:"rule"`
		Object   string   `json:"object"`
		Message  string   `json:"message"`
		Why      string   `json:"why,omitempty"`
		Rows     int64    `json:"rows,omitempty"`
		Sample   []string `json:"sample,omitempty"`
		Evidence []string `json:"evidence,omitempty"`
		Fix      string   `json:"fix,omitempty"`
	}
	list := func(all []audit.Finding) []finding {
		out := []finding{}
		for _, f := range all {
			rule, _ := audit.RuleNamed(f.Rule)
			out = append(out, finding{f.Rule, f.Object, f.Message, rule.Why, f.Rows, f.Sample, f.Evidence, f.Fix})
		}
		return out
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		Clean     bool      `json:"clean"`
		Findings  []finding `json:"findings"`
		Excused   []finding `json:"excused"`
		Unchecked []string  `json:"unchecked"`
		Tables    int       `json:"tables"`
		Rules     int       `json:"rules"`
		Millis    int64     `json:"elapsed_ms"`
	}{r.Clean(), list(r.Findings), list(r.Excused), append([]string{}, r.Unchecked...), r.Tables, r.Rules, r.Elapsed.Milliseconds()})
}

// parseExceptions reads RULE[:OBJECT]=REASON.
func parseExceptions(all []string) ([]audit.Exception, error) {
	var out []audit.Exception
	for _, text := range all {
		what, reason, ok := strings.Cut(text, "=")
		if reason = strings.TrimSpace(reason); !ok || reason == "" {
			return nil, usagef("--except %s: an exception needs a reason, as in RULE:OBJECT=REASON", text)
		}
		rule, object, _ := strings.Cut(what, ":")
		if _, known := audit.RuleNamed(rule); !known {
			return nil, usagef("--except %s: there is no rule %q", text, rule)
		}
		out = append(out, audit.Exception{Rule: rule, Object: object, Reason: reason})
	}
	return out, nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", thousands(int64(n)), what)
}
