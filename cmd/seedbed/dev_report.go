package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/dev"
	"github.com/qarion/seedbed/internal/report"
)

// devReport says on stdout what there is and how to get at it.
func (a *app) devReport(ctx context.Context, server *dev.Server, d *dev.Ensured, left []string, say *progress) error {
	checked, err := a.devCheck(ctx, server, d.Name, say)
	if err != nil {
		return err
	}
	tables, err := server.Tables(ctx, d.Name)
	if err != nil {
		return err
	}
	security, err := server.Security(ctx, d.Name, a.model)
	if err != nil {
		return err
	}
	say.stop()
	p := a.palette(a.out)
	fmt.Fprintf(a.out, "%s  %s\n\n", p.bold(d.Name), p.faint(describe(server, d)))
	tableList{tables, a.width(a.out), a.tableLines(len(left))}.write(a.out, p)
	line := func(name, text string) { fmt.Fprintf(a.out, "%s %s\n", p.faint(fmt.Sprintf("%-7s", name)), text) }
	if d.Unknown > 0 {
		line("note", p.warn(fmt.Sprintf("the database has %d migrations that are not in %s; to build it anew: seedbed reset",
			d.Unknown, d.Source.Describe(server.Project))))
	}
	for _, table := range left {
		first, _, _ := strings.Cut(table, "\n")
		line("note", p.warn(first))
	}
	verdict := p.verdict(checked)
	if !checked.Clean() {
		verdict += "; seedbed check shows them"
	}
	line("checks", verdict)
	line("url", server.URL(d.Name))
	if server.TCP(d.Name) != server.URL(d.Name) {
		line("tcp", server.Address()+", user "+dev.Owner+"; password: seedbed url --tcp")
	}
	line("psql", "seedbed psql")
	if security.Tables > 0 {
		line("rls", fmt.Sprintf("on %s, the owner too; all rows: seedbed psql --role seedbed_seeder", plural(security.Tables, "table")))
		if len(security.Roles) > 0 {
			line("as app", "seedbed psql"+asApp(security))
		}
	}
	if !checked.Clean() && a.height(a.out) == 0 { // a screen has no room for them
		fmt.Fprintf(a.err, "\n%s", checked.Text())
	}
	return nil
}

// devCheck is `seedbed check`, break-ins included. What it finds is reported, and no
// reason not to serve the database.
func (a *app) devCheck(ctx context.Context, server *dev.Server, database string, say *progress) (*report.Report, error) {
	c, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	say.Begin("check", "integrity and isolation")
	pool, err := server.Pool(ctx, database)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	model, err := a.corrected(ctx, pool)
	if err != nil {
		return nil, err
	}
	found, err := audit.Check(ctx, pool, audit.Options{Model: model, Except: c.exceptions(), Progress: func(p audit.Progress) { say.Step(p.Step) }})
	if err != nil {
		return nil, err
	}
	say.End(plural(len(found.Findings), "finding"))
	return found, nil
}

// verdict is a report in a line.
func (p palette) verdict(r *report.Report) string {
	scope := fmt.Sprintf("%d rules over %s", r.Rules, plural(r.Tables, "table"))
	if !r.Clean() {
		return p.bad(plural(len(r.Findings), "finding")) + ", " + scope
	}
	if n := len(r.Unchecked); n > 0 {
		return "nothing found, " + plural(n, "part") + " not checked, " + scope
	}
	return p.good("ok") + ", " + scope
}

// asApp is how one becomes the application within one tenant.
func asApp(s *dev.Security) string {
	text := " --role " + shellQuote(s.Roles[0])
	if s.Setting != "" && s.Example != "" {
		text += " --set " + shellQuote(s.Setting+"="+s.Example)
	}
	return text
}

// describe is one line: of which project and branch, made from what.
func describe(server *dev.Server, d *dev.Ensured) string {
	parts := []string{filepath.Base(server.Project.Root)}
	if d.Branch != "" {
		parts = append(parts, "branch "+d.Branch)
	}
	parts = append(parts, d.Source.Describe(server.Project))
	switch {
	case d.Seeded != "":
		parts = append(parts, d.Seeded)
	case d.Built:
		parts = append(parts, "no rows")
	}
	if !d.Built {
		parts = append(parts, "kept since "+d.Created.Local().Format("2 Jan 15:04"))
	}
	return strings.Join(append(parts, "Postgres "+server.Version()), ", ")
}
