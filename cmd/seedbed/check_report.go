package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/dev"
	"github.com/qarion/seedbed/internal/diagram"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/migrations"
)

// auditFunc is one of the checks.
type auditFunc = func(context.Context, seedbed.DB, audit.Options) (*report.Report, error)

// reporting is a report in the making: what to look for, and what was found.
type reporting struct {
	*app
	checkFlags
	audit   auditFunc
	options audit.Options
	source  dev.Source // of the migrations; none where the report shows none
	page    report.Page
}

// reporting reads what the flags, the environment and seedbed.yaml ask for.
func (a *app) reporting(f checkFlags) (*reporting, error) {
	f.format = cmp.Or(f.format, formatOf(f.output))
	r := &reporting{app: a, checkFlags: f}
	if err := checkOutput(f.output); err != nil {
		return nil, err
	}
	if formats[f.format] == nil {
		return nil, usagef("--format %s: there are text, json, sarif, gitlab and html", f.format)
	}
	r.audit = map[string]auditFunc{"": audit.Check, "integrity": audit.Integrity, "isolation": audit.Isolation}[f.only]
	if r.audit == nil {
		return nil, usagef("--only %s: there are integrity and isolation", f.only)
	}
	except, err := parseExceptions(f.except)
	if err != nil {
		return nil, err
	}
	c, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	if f.update && f.baseline == "" {
		return nil, usagef("--update-baseline needs --baseline FILE")
	}
	r.options = audit.Options{Except: append(except, c.exceptions...), NoProbes: f.noProbes}
	if f.baseline != "" && !f.update {
		if _, r.options.Baseline, err = readBaseline(f.baseline, "--update-baseline"); err != nil {
			return nil, err
		}
	}
	r.source, err = a.reportSource(f, c)
	return r, err
}

// formatOf is the format that a file's name says; text where it says none.
func formatOf(file string) string {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".html", ".htm":
		return "html"
	case ".json":
		return "json"
	case ".sarif":
		return "sarif"
	}
	return "text"
}

// reportSource is where the migrations are that a page or a file of findings points at:
// where told, else those found, if there is one place.
func (a *app) reportSource(f checkFlags, c *config) (dev.Source, error) {
	told := sourceFlags{}
	if f.migrations != "" {
		told.paths = []string{f.migrations}
	}
	if f.migrations == "" && (f.format == "text" || f.format == "json") {
		return nil, nil
	}
	source, ok, err := told.configured(c)
	if ok || err != nil {
		return source, err
	}
	if places, err := dev.Locate("."); err == nil && len(places) == 1 && places[0].Err == nil {
		return dev.NewSource(places[0].Path)
	}
	return nil, nil
}

// look runs the audits, and reads what the page shows beside them.
func (r *reporting) look(ctx context.Context, db *pgxpool.Pool, progress func(audit.Progress)) error {
	var err error
	if r.options.Model, err = r.corrected(ctx, db); err != nil {
		return err
	}
	r.options.Progress = progress
	r.page = report.Page{Title: r.title, Database: db.Config().ConnConfig.Database, Made: time.Now(),
		Probed: !r.noProbes && r.only != "integrity"}
	if r.page.Audit, err = r.audit(ctx, db, r.options); err != nil || r.format != "html" {
		return err
	}
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return err
	}
	found, err := r.model(ctx, db)
	if err != nil {
		return err
	}
	r.page.Drawing = diagram.SVG(found.Model, cat)
	r.page.Server = fmt.Sprintf("%d.%d", cat.Version/10000, cat.Version%10000)
	return nil
}

// reviewSource adds the review of the migrations, which runs on a scratch database of
// seedbed's own server: the database that is checked is not touched.
func (a *app) reviewSource(ctx context.Context, r *reporting) error {
	return a.reviewers(ctx, reviewFlags{}, func(all []seedbed.DB) error {
		fsys, options, err := r.source.Files()
		if err != nil {
			return err
		}
		review, err := migrations.Review(ctx, all[0], fsys, migrations.ReviewOptions{Options: options, Sessions: audit.TenantSessions})
		if err != nil {
			return err
		}
		for _, f := range review.Findings {
			if f.Severity == migrations.Hazard {
				r.page.Hazards++
			}
		}
		r.page.Migrations, err = review.HTMLSection()
		return err
	})
}

// files are the migrations as the report names them: from the current directory on,
// which in CI is the repository.
func (r *reporting) files() *report.Files {
	if r.source.Reference() {
		return nil
	}
	fsys, _, err := r.source.Files()
	if err != nil {
		return nil
	}
	return &report.Files{FS: fsys, Prefix: relativeToCwd(r.source.Dir())}
}

// deliver writes the report to stdout, or whole to a file.
func (a *app) deliver(r *reporting) error {
	var text bytes.Buffer
	if err := formats[r.format](&text, r); err != nil {
		return err
	}
	if r.output == "" || r.output == "-" {
		_, err := text.WriteTo(a.out)
		return err
	}
	if err := writeAtomically(r.output, text.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	fmt.Fprintf(a.err, "%s: %s\n", r.output, plural(len(r.page.Audit.Findings), "finding"))
	return nil
}
