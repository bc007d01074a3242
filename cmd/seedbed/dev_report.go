package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

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
	fmt.Fprintln(a.out, hang(p.bold(d.Name)+"  ", p.faint(describe(server, d)), len(d.Name)+2, a.width(a.out)))
	tableList{tables, a.width(a.out), a.tableLines(len(left))}.write(a.out, p)
	note := func(text string) {
		fmt.Fprint(a.out, hang(p.faint("note   ")+" ", p.warn(text), 8, a.width(a.out)))
	}
	line := func(name, text string) { fmt.Fprintf(a.out, "%s %s\n", p.faint(fmt.Sprintf("%-7s", name)), text) }
	if d.Unknown > 0 {
		note(fmt.Sprintf("the database has %d migrations that are not in %s; to build it anew: seedbed reset",
			d.Unknown, d.Source.Describe(server.Project)))
	}
	stale, err := a.staleNotes(&d.Database)
	if err != nil {
		return err
	}
	for _, text := range stale {
		note(text)
	}
	if len(checked.pairs) > 0 {
		note(fmt.Sprintf("made-up rows leave %s empty, since nothing says which tables are meant: say so in seedbed.yaml, as seedbed model --help shows",
			strings.Join(checked.pairs, ", ")))
	}
	if len(checked.classes) > 0 {
		note(fmt.Sprintf("made-up words stand in %s; where they are to be names of classes, a CHECK (type IN (…)) says which",
			strings.Join(checked.classes, ", ")))
	}
	for _, table := range left {
		first, _, _ := strings.Cut(table, "\n")
		note(first)
	}
	verdict := p.verdict(checked.Report)
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
		fmt.Fprintf(a.err, "\n%s", checked.TextIn(a.width(a.err)))
	}
	return nil
}

// staleNotes say what a database was made by that is not so any more.
func (a *app) staleNotes(d *dev.Database) (notes []string, err error) {
	c, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	if edited := d.Edited(); len(edited) > 0 {
		have := "has"
		if len(edited) > 1 {
			have = "have"
		}
		notes = append(notes, fmt.Sprintf("%s %s changed since the database got it; seedbed reset builds it anew", strings.Join(edited, ", "), have))
	}
	if d.Remodelled(c.model()) {
		notes = append(notes, "the model in seedbed.yaml has changed since its rows were made; seedbed reset makes them anew")
	}
	return notes, nil
}

// devChecked is what seedbed dev has found out about its database.
type devChecked struct {
	*report.Report
	pairs   []string // type columns of polymorphic pairs whose targets are not known
	classes []string // columns that may tell classes of rows apart, and take any word
}

// devCheck is `seedbed check`, break-ins included. What it finds is reported, and no
// reason not to serve the database.
func (a *app) devCheck(ctx context.Context, server *dev.Server, database string, say *progress) (*devChecked, error) {
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
	found, err := audit.Check(ctx, pool, audit.Options{Model: model, Except: c.exceptions, Progress: func(p audit.Progress) { say.Step(p.Step) }})
	if err != nil {
		return nil, err
	}
	say.End(plural(len(found.Findings), "finding"))
	checked := &devChecked{Report: found}
	return checked, a.findMadeUpNames(ctx, pool, checked)
}

// freeTypes are text columns called type, of tables with rows, that no constraint
// restricts: where one table holds several classes, that is what tells them apart.
const freeTypes = `SELECT c.oid::regclass::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE a.attname = 'type' AND a.atttypid IN ('text'::regtype, 'varchar'::regtype) AND NOT a.attisdropped AND a.attgenerated = ''
		AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema$|seedbed)'
		AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND a.attnum = ANY (k.conkey))
	ORDER BY 1`

// findMadeUpNames finds the columns of a database that want the name of a table or a class,
// where the model does not know which there are.
func (a *app) findMadeUpNames(ctx context.Context, db *pgxpool.Pool, checked *devChecked) error {
	found, err := a.model(ctx, db)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, p := range found.Polymorphic {
		known[p.Table+"."+p.Type] = true
		if len(p.Targets) == 0 {
			checked.pairs = append(checked.pairs, p.Table+"."+p.Type)
		}
	}
	for _, i := range found.Inheritance {
		known[i.Table+"."+i.Discriminator] = true
	}
	free, err := texts(ctx, db, freeTypes)
	for _, table := range free {
		if column := table + ".type"; !known[column] {
			checked.classes = append(checked.classes, column)
		}
	}
	return err
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
