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

// ReviewOptions say what to review. The zero value reviews every migration.
type ReviewOptions struct {
	Options
	// From is the first version to review; those before it are only run. Zero: the first
	// of the set.
	From int64
	// Only are the versions to review; the other ones are only run. Nil: all from From on.
	Only []int64
	// Role is the role that runs the migrations, such as the schema's owner in
	// production. Empty: the role of the connection, a superuser.
	Role string
	// Also are superusers' connections to further servers of other major versions. A
	// finding that not all servers have lists those that do in Majors. Nil: none.
	Also []seedbed.DB
	// SkipDown skips the tests of Down, and of NO TRANSACTION files that stop half-way.
	SkipDown bool
	// Rows inserts rows into the scratch database, with package factory for example. The
	// review then runs Up and Down of each transactional migration once more. It reports
	// failures, and columns whose values have changed afterwards, as policy. Nil: Up and
	// Down run on empty tables only.
	Rows func(ctx context.Context, db seedbed.DB) error
	// Sessions inserts rows of two tenants into the tables, and calls use with a session
	// of one tenant for each table. use runs in a transaction that is rolled back. With
	// Sessions the review counts the rows that are reached before and after a migration
	// that changes access under row-level security: AccessChange.Rows, and the rules about
	// policies that functions widen. check.Sessions is such a function. It costs some 200
	// ms for each such migration. Nil: the review compares the catalog only.
	Sessions func(ctx context.Context, db seedbed.DB, tables []string, use func(sessions []TenantSession, unmade []string) error) error
	// Baseline are accepted findings, as [Report.Baseline] wrote them. Nil: none.
	Baseline []byte
}

// Review runs the migrations of fsys statement by statement on a scratch database, which
// it creates on db's server and drops afterwards. It reports hazards for a database in
// use: locks, rewrites, scans, lost data, broken running code.
//
// db is a superuser's pool or connection to a disposable server: migrations may change
// what lies outside their database, such as roles. Review touches no other database of the
// server, and does not run commands on the server as a whole (ALTER SYSTEM, CREATE
// DATABASE).
//
// It returns the error of [Open] for a set that cannot be read; if the error is about one
// file, it also returns a report with a finding. A migration that does not apply is a
// finding, and ends the review. Review costs about 50 ms, and 20 ms a migration.
func Review(ctx context.Context, db seedbed.DB, fsys fs.FS, options ReviewOptions) (*Report, error) {
	s, err := Open(fsys, options.Options)
	if err != nil {
		return unreadableReport(err), err
	}
	return s.Review(ctx, db, options)
}

// Review is [Review] for a set that is open. It ignores the Options in options.
func (s *Set) Review(ctx context.Context, db seedbed.DB, options ReviewOptions) (*Report, error) {
	baseline, err := options.readBaseline()
	if err != nil {
		return nil, err
	}
	all, err := s.reviewMigrations()
	if err != nil {
		return nil, err
	}
	report, err := newReport(s, options)
	if err != nil {
		return nil, err
	}
	var results []*review.Result
	for _, server := range append([]seedbed.DB{db}, options.Also...) {
		config, err := configOf(ctx, server)
		if err != nil {
			return nil, fmt.Errorf("review migrations: %w", err)
		}
		c := review.Config{Server: config, Only: options.included(), Role: options.Role, SkipDown: options.SkipDown, Tenancy: tenantColumns}
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
	report.addResults(results)
	report.setAside(baseline)
	return report, nil
}

// sessions calls Sessions with the types of package review.
func (o ReviewOptions) sessions(ctx context.Context, conn *pgx.Conn, tables []string, use func([]review.TenantSession, []string) error) error {
	return o.Sessions(ctx, conn, tables, func(sessions []TenantSession, unmade []string) error {
		var all []review.TenantSession
		for _, s := range sessions {
			all = append(all, review.TenantSession(s))
		}
		return use(all, unmade)
	})
}

// tenantColumns returns a function that reports whether a column has a tenant's key.
func tenantColumns(ctx context.Context, conn *pgx.Conn) (func(table, column string) bool, error) {
	m, err := seedbed.Discover(ctx, conn)
	if err != nil {
		return nil, err
	}
	return func(table, column string) bool {
		return slices.ContainsFunc(m.Scopes(table), func(s seedbed.Scoped) bool { return slices.Contains(s.Columns, column) })
	}, nil
}

// included returns a function that reports whether a version is to be reviewed.
func (o ReviewOptions) included() func(int64) bool {
	return func(version int64) bool {
		return version >= o.From && (o.Only == nil || slices.Contains(o.Only, version))
	}
}

// unreadableReport returns the report about a file that cannot be read, or nil.
func unreadableReport(err error) *Report {
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

// configOf returns the configuration for connections to db's server.
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
	return nil, fmt.Errorf("a review makes databases and connects to them, which %T cannot: pass a pool or a connection", db)
}

// reviewMigrations converts the migrations for package review.
func (s *Set) reviewMigrations() ([]review.Migration, error) {
	var all []review.Migration
	for _, src := range s.sources {
		d := s.dialectOf(src)
		m := review.Migration{Version: src.Version, File: src.Name(), Tool: review.Tool{Name: string(d), Alone: d.outsideTransaction(), Down: d.downMarker()}}
		if src.sql == nil {
			if err := recordGoStatements(src, &m); err != nil {
				return nil, err
			}
			all = append(all, m)
			continue
		}
		m.Transactional = !src.sql.up.noTransaction
		m.Up, m.Down = toChunks(src.sql.up.statements), toChunks(src.sql.down.statements)
		m.HasDown, m.DownLine = src.sql.hasDown, src.sql.downLine
		m.OneWay = !d.hasDown()
		m.Serves = serves(string(src.content))
		all = append(all, m)
	}
	return all, nil
}

func toChunks(all []statement) []review.Chunk {
	var out []review.Chunk
	for _, st := range all {
		out = append(out, review.Chunk{SQL: st.sql, Line: st.line})
	}
	return out
}

// ErrGoReads says that a Go migration reads from the database, so that what it does
// cannot be written down as statements.
var ErrGoReads = errors.New("this Go migration reads from the database")
