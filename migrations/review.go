package migrations

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/review"
)

// ReviewOptions says what to review. The zero value reviews every migration.
type ReviewOptions struct {
	Options
	// From is the first version that is reviewed; those before it are only run.
	// Zero: all are reviewed.
	From int64
	// Only are the versions that are reviewed; the others are only run. Nil: all from
	// From on.
	Only []int64
	// Role runs the migrations, as the schema's owner does in production. Empty: the
	// role of the connection, a superuser.
	Role string
	// Also are superusers' connections to further servers, of other majors; a
	// finding that not all of them make says so in Majors. Nil: none.
	Also []seedbed.DB
	// SkipDown leaves out the way back and the crashes of NO TRANSACTION files.
	SkipDown bool
	// Rows makes rows in the scratch database, with package factory for example, on
	// which Up and Down of each transactional migration are tried once more: what
	// fails on rows, and columns that do not hold afterwards what they held, are
	// reported as policy. Nil: Up and Down are tried on empty tables only.
	Rows func(ctx context.Context, db seedbed.DB) error
	// Sessions makes rows of two tenants in the tables and hands use, for each, the
	// session of one of them; use runs in a transaction that is rolled back afterwards.
	// With it, a migration that changes who reaches what where row-level security keeps
	// rows apart is tried on rows: AccessChange.Rows, and rules of policies that functions
	// widen. check.Sessions does that. Nil: the catalog alone is compared. It costs some
	// 200 ms for each such migration.
	Sessions func(ctx context.Context, db seedbed.DB, tables []string, use func(sessions []TenantSession, unmade []string) error) error
	// Baseline are findings that are known and accepted, as [Report.Baseline] wrote
	// them. Nil: none.
	Baseline []byte
}

// Review runs the migrations of fsys statement by statement on a scratch database,
// which it makes on db's server and drops again, and reports which of them would
// hurt a database in use: locks, rewrites, scans, lost data, broken running code.
//
// db is a superuser's pool or connection to a server that is disposable: what
// migrations do beyond their database, to roles for example, they do to it. No
// other database of the server is touched, and commands that act on the server
// as a whole (ALTER SYSTEM, CREATE DATABASE) are not run.
//
// It returns the error of [Open] for a set that cannot be read, with a report that
// says so where one file is to blame. A migration that
// does not apply is a finding, and ends the review. It costs about 50 ms and 20
// ms a migration.
func Review(ctx context.Context, db seedbed.DB, fsys fs.FS, options ReviewOptions) (*Report, error) {
	s, err := Open(fsys, options.Options)
	if err != nil {
		return unreadable(err), err
	}
	return s.Review(ctx, db, options)
}

// Review is [Review] for a set already open; of options, those embedded are not
// looked at.
func (s *Set) Review(ctx context.Context, db seedbed.DB, options ReviewOptions) (*Report, error) {
	all, err := s.reviewable()
	if err != nil {
		return nil, err
	}
	report := newReport(s, options)
	var results []*review.Result
	for _, server := range append([]seedbed.DB{db}, options.Also...) {
		config, err := configOf(ctx, server)
		if err != nil {
			return nil, fmt.Errorf("review migrations: %w", err)
		}
		c := review.Config{Server: config, Only: options.only(), Role: options.Role, SkipDown: options.SkipDown, Tenancy: tenancy}
		if options.Rows != nil {
			c.Rows = func(ctx context.Context, tx pgx.Tx) error { return options.Rows(ctx, tx) }
		}
		if options.Sessions != nil {
			c.Sessions = options.sessions
		}
		r, err := review.Run(ctx, c, all)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	report.merge(results)
	return report, report.accept(options.Baseline)
}

// sessions is Sessions as the engine calls it.
func (o ReviewOptions) sessions(ctx context.Context, conn *pgx.Conn, tables []string, use func([]review.TenantSession, []string) error) error {
	return o.Sessions(ctx, conn, tables, func(sessions []TenantSession, unmade []string) error {
		var all []review.TenantSession
		for _, s := range sessions {
			all = append(all, review.TenantSession(s))
		}
		return use(all, unmade)
	})
}

// tenancy reads which columns carry a tenant's key.
func tenancy(ctx context.Context, conn *pgx.Conn) (func(table, column string) bool, error) {
	m, err := seedbed.Discover(ctx, conn)
	if err != nil {
		return nil, err
	}
	return func(table, column string) bool {
		return slices.ContainsFunc(m.Scopes(table), func(s seedbed.Scoped) bool { return slices.Contains(s.Columns, column) })
	}, nil
}

// only reports whether a version is to be reviewed.
func (o ReviewOptions) only() func(int64) bool {
	return func(version int64) bool {
		return version >= o.From && (o.Only == nil || slices.Contains(o.Only, version))
	}
}

// unreadable is the report of a set in which one file cannot be read.
func unreadable(err error) *Report {
	source, ok := errors.AsType[*SourceError](err)
	if !ok {
		return nil
	}
	f := Finding{Rule: "fails", Severity: Hazard, File: source.File, Line: source.Line, Statement: -1,
		Message: "the migration does not apply: " + source.Err.Error(), Fix: "write it as goose reads it"}
	if strings.Contains(f.Message, "semicolon") {
		f.Rule, f.Fix = "goose-splits-statement", "end the last statement with a semicolon; a statement with semicolons inside goes between -- +goose StatementBegin and -- +goose StatementEnd"
	}
	return &Report{Findings: []Finding{f}, Majors: []int{}, Migrations: []ReviewedMigration{}}
}

// configOf is how to reach the server of db.
func configOf(ctx context.Context, db seedbed.DB) (*pgx.ConnConfig, error) {
	if config, err := superuserOf(ctx, db); config != nil || err != nil {
		return config, err
	}
	switch db := db.(type) {
	case interface{ Config() *pgxpool.Config }:
		return db.Config().ConnConfig, nil
	case interface{ Config() *pgx.ConnConfig }:
		return db.Config(), nil
	}
	return nil, fmt.Errorf("%T tells no configuration: pass a pool or a connection", db)
}

// reviewable are the migrations as statements.
func (s *Set) reviewable() ([]review.Migration, error) {
	var all []review.Migration
	for _, src := range s.sources {
		d := s.dialectOf(src)
		m := review.Migration{Version: src.Version, File: src.Name(), Tool: review.Tool{Name: string(d), Alone: d.alone(), Down: d.down()}}
		if src.sql == nil {
			if err := goStatements(src, &m); err != nil {
				return nil, err
			}
			all = append(all, m)
			continue
		}
		m.Transactional = !src.sql.up.noTransaction
		m.Up, m.Down = chunks(src.sql.up.statements), chunks(src.sql.down.statements)
		m.HasDown, m.DownLine = src.sql.hasDown, src.sql.downLine
		m.OneWay = !d.returns()
		m.Serves = serves(string(src.content))
		all = append(all, m)
	}
	return all, nil
}

func chunks(all []statement) []review.Chunk {
	var out []review.Chunk
	for _, st := range all {
		out = append(out, review.Chunk{SQL: st.sql, Line: st.line})
	}
	return out
}

// ErrGoReads says that a Go migration reads from the database, so that what it does
// cannot be written down as statements.
var ErrGoReads = errors.New("this Go migration reads from the database")
