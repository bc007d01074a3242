package review

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/report"
)

// mostCrashes is how many places of a NO TRANSACTION file are tried to crash at.
const mostCrashes = 6

// crashPoints are the numbers of statements after which the migration is killed. A
// kill behind the last one that matters is like one before goose has noted the
// version: no file survives that.
func crashPoints(all []Chunk) []int {
	n := len(all)
	for n > 0 && trailing(all[n-1]) {
		n--
	}
	var points []int
	for k := 1; k < n; k++ {
		if n <= mostCrashes || k == 1 || k == n-1 || k%(n/mostCrashes+1) == 0 {
			points = append(points, k)
		}
	}
	return points
}

// trailing reports whether a chunk changes nothing that lasts.
func trailing(c Chunk) bool {
	for _, p := range statements([]Chunk{c}) {
		if !p.Starts("set") && !p.Starts("reset") && !p.Starts("analyze") && !p.Starts("vacuum") {
			return false
		}
	}
	return true
}

// resumes reports whether the migration can be interrupted before it: several
// statements, each committed by itself.
func (m *Migration) resumes() bool {
	return !m.Transactional && len(m.Up) > 1 && m.harmless()
}

// resumeRules kills the migration after some of its statements and runs it again
// from the start, on copies of the database as it was before.
func (e *engine) resumeRules(ctx context.Context, m *Migration, before string) ([]report.Finding, error) {
	want := map[string]string{}
	err := e.inCopy(ctx, before, func(sess *session) error {
		if _, _, err := runChunks(ctx, sess, m.Up); err != nil {
			return err
		}
		var err error
		want, err = sess.counts(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, k := range crashPoints(m.Up) {
		f, err := e.crash(ctx, m, before, k, want)
		if err != nil || f != nil {
			return f, err
		}
	}
	return nil, nil
}

// resumeInPlace does the same on the scratch database itself, between Downs, which
// have been seen to lead back. A crash that is not survived spoils it; then it is
// made anew.
func (e *engine) resumeInPlace(ctx context.Context, m *Migration) ([]report.Finding, error) {
	want, err := e.sess.counts(ctx)
	if err != nil {
		return nil, err
	}
	e.state = nil
	for _, k := range crashPoints(m.Up) {
		var chunk int
		var got map[string]string
		var failure *pgconn.PgError
		for _, part := range [][]Chunk{m.Down, m.Up[:k], m.Up} {
			if chunk, failure, err = runChunks(ctx, e.sess, part); err != nil {
				return nil, err
			}
			if err := e.reopenSession(ctx); err != nil {
				return nil, err
			}
			if failure != nil {
				break
			}
		}
		if failure == nil {
			if got, err = e.sess.counts(ctx); err != nil {
				return nil, err
			}
		}
		if f := survived(m, k, chunk, failure, got, want); f != nil {
			return f, e.rebuildScratch(ctx, m.Version)
		}
	}
	return nil, nil
}

func (e *engine) crash(ctx context.Context, m *Migration, before string, k int, want map[string]string) ([]report.Finding, error) {
	var chunk int
	var failure *pgconn.PgError
	var got map[string]string
	name, err := e.scratch.copyOf(ctx, before)
	if err != nil {
		return nil, err
	}
	defer e.scratch.drop(ctx, name)
	for _, part := range [][]Chunk{m.Up[:k], m.Up} { // each on a session of its own: what was open is rolled back
		err := e.inSession(ctx, name, func(sess *session) (err error) {
			if chunk, failure, err = runChunks(ctx, sess, part); err != nil || failure != nil {
				return err
			}
			got, err = sess.counts(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return survived(m, k, chunk, failure, got, want), nil
}

// survived is the finding about a migration that was killed after k statements and
// run again, if that did not come to the same.
func survived(m *Migration, k, chunk int, failure *pgconn.PgError, got, want map[string]string) []report.Finding {
	f := m.finding("no-transaction-not-resumable", "", "",
		"one statement in each migration without a transaction; or IF NOT EXISTS and IF EXISTS, DROP INDEX CONCURRENTLY IF EXISTS before each CREATE INDEX CONCURRENTLY, ON CONFLICT DO NOTHING")
	switch {
	case failure != nil:
		f.Statement.Number, f.Statement.Line, f.Statement.SQL, f.Statement.SQLState = chunk, m.Up[chunk].Line, m.Up[chunk].SQL, failure.Code
		f.Message = fmt.Sprintf("killed after %d of its %d statements, it cannot be run again: %s (SQLSTATE %s)", k, len(m.Up), failure.Message, failure.Code)
	case !maps.Equal(got, want):
		f.Statement.Number, f.Statement.Line, f.Statement.SQL = k-1, m.Up[k-1].Line, m.Up[k-1].SQL
		for _, table := range slices.Sorted(maps.Keys(want)) {
			if got[table] != want[table] {
				f.Object = table
				f.Message = fmt.Sprintf("killed after %d of its %d statements and run again, it leaves %s rows in %s instead of %s", k, len(m.Up), got[table], table, want[table])
				break
			}
		}
	default:
		return nil
	}
	return []report.Finding{f}
}

// runChunks runs chunks as goose does outside of a transaction.
func runChunks(ctx context.Context, sess *session, chunks []Chunk) (int, *pgconn.PgError, error) {
	for i, c := range chunks {
		failure, err := pgError(sess.exec(ctx, c.SQL))
		if err != nil || failure != nil {
			return i, failure, err
		}
	}
	return 0, nil, nil
}

// counts are the rows of each table.
func (s *session) counts(ctx context.Context) (map[string]string, error) {
	tables, err := s.texts(ctx, `select n.nspname || '.' || c.relname || chr(10) || format('%I.%I', n.nspname, c.relname)
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'seedbed_review') and n.nspname !~ '^pg_'`)
	if err != nil || len(tables) == 0 {
		return nil, err
	}
	var all []string
	for _, t := range tables {
		name, quoted, _ := strings.Cut(t, "\n")
		all = append(all, fmt.Sprintf("select '%s' || chr(10) || count(*) from %s", strings.ReplaceAll(name, "'", "''"), quoted))
	}
	rows, err := s.texts(ctx, strings.Join(all, " union all "))
	counts := map[string]string{}
	for _, r := range rows {
		name, n, _ := strings.Cut(r, "\n")
		counts[name] = n
	}
	return counts, err
}
