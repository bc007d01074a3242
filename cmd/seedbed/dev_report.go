package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

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
	security, err := server.Security(ctx, d.Name)
	if err != nil {
		return err
	}
	say.stop()
	p := a.palette(a.out)
	fmt.Fprintf(a.out, "%s  %s\n\n", p.bold(d.Name), p.faint(describe(server, d)))
	writeTables(a.out, p, tables)
	fmt.Fprintf(a.out, "\n")
	line := func(name, text string) { fmt.Fprintf(a.out, "%s %s\n", p.faint(fmt.Sprintf("%-7s", name)), text) }
	if d.Unknown > 0 {
		line("note", p.warn(fmt.Sprintf("the database has %d migrations that %s has not; `seedbed dev reset` builds it anew",
			d.Unknown, dev.SourceName(d.Source))))
	}
	for _, table := range left {
		line("note", p.warn(table))
	}
	line("checks", p.verdict(checked))
	if len(say.took) > 0 {
		line("time", timings(say.took))
	}
	url := server.URL(d.Name)
	line("url", url)
	line("open", fmt.Sprintf("psql '%s'", url))
	line("or", "seedbed dev psql")
	if security.Tables > 0 {
		line("rows", fmt.Sprintf("row-level security holds on %s, for the owner too; SET ROLE seedbed_seeder shows all rows", plural(security.Tables, "table")))
		if len(security.Roles) > 0 {
			line("as app", "seedbed dev psql"+asApp(security))
		}
	}
	if !checked.Clean() {
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
	found, err := audit.Check(ctx, pool, audit.Options{Except: c.exceptions(), Progress: func(p audit.Progress) { say.Step(p.Step) }})
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
	text := " --role " + s.Roles[0]
	if s.Setting != "" && s.Example != "" {
		text += fmt.Sprintf(" --set %s=%s", s.Setting, s.Example)
	}
	return text
}

// describe is one line: of which project and branch, made from what.
func describe(server *dev.Server, d *dev.Ensured) string {
	parts := []string{filepath.Base(server.Project.Root)}
	if d.Branch != "" {
		parts = append(parts, "branch "+d.Branch)
	}
	parts = append(parts, dev.SourceName(d.Source))
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

// writeTables sets names and counts in columns, as many as keep it short.
func writeTables(w io.Writer, p palette, tables []dev.Table) {
	if len(tables) == 0 {
		fmt.Fprintln(w, "No tables.")
		return
	}
	width, digits := 0, 0
	var total int64
	about := ""
	cells := make([]string, len(tables))
	for i, t := range tables {
		cells[i] = thousands(t.Rows)
		if t.About {
			cells[i], about = "~"+cells[i], "about "
		}
		total += t.Rows
		width, digits = max(width, len(t.Name)), max(digits, len(cells[i]))
	}
	columns := 1
	if len(tables) > 8 && 2*(width+digits+4) <= 80 {
		columns = 2
	}
	rows := (len(tables) + columns - 1) / columns
	for r := range rows {
		var line strings.Builder
		for i := r; i < len(tables); i += rows {
			fmt.Fprintf(&line, "  %-*s  %*s", width, tables[i].Name, digits, cells[i])
		}
		fmt.Fprintln(w, line.String())
	}
	fmt.Fprintln(w, p.faint(fmt.Sprintf("  %s, %s%s rows", plural(len(tables), "table"), about, thousands(total))))
}

func timings(all []timing) string {
	var parts []string
	var total time.Duration
	for _, t := range all {
		parts = append(parts, t.step+" "+seconds(t.took))
		total += t.took
	}
	return seconds(total) + " (" + strings.Join(parts, ", ") + ")"
}
