package migrations

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/qarion/seedbed"
)

// Up applies every pending migration of fsys to db, each in its own transaction unless the
// file says otherwise, while it holds goose's migration lock: concurrent callers wait for
// each other. It returns the errors of [Open], a [*StatementError] for a migration that
// failed (those before it stay applied), or [ErrLocked]. It prints nothing.
func Up(ctx context.Context, db seedbed.DB, fsys fs.FS, options ...Options) error {
	s, err := Open(fsys, options...)
	if err != nil {
		return err
	}
	return s.Up(ctx, db)
}

// Down rolls back the migration that was applied last, if there is one.
func Down(ctx context.Context, db seedbed.DB, fsys fs.FS, options ...Options) error {
	s, err := Open(fsys, options...)
	if err != nil {
		return err
	}
	return s.Down(ctx, db)
}

// Up is [Up] for a set that is open.
func (s *Set) Up(ctx context.Context, db seedbed.DB) error { return s.UpTo(ctx, db, math.MaxInt64) }

// UpTo applies the pending migrations up to and including version.
func (s *Set) UpTo(ctx context.Context, db seedbed.DB, version int64) error {
	return s.run(ctx, db, false, func(p *goose.Provider) error {
		_, err := p.UpTo(ctx, version)
		return err
	})
}

// Down is [Down] for a set that is open.
func (s *Set) Down(ctx context.Context, db seedbed.DB) error {
	if err := s.checkHasDown(); err != nil {
		return err
	}
	return s.run(ctx, db, true, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		return err
	})
}

// DownTo rolls back all migrations above version, newest first; 0 means all.
func (s *Set) DownTo(ctx context.Context, db seedbed.DB, version int64) error {
	if err := s.checkHasDown(); err != nil {
		return err
	}
	return s.run(ctx, db, true, func(p *goose.Provider) error {
		_, err := p.DownTo(ctx, version)
		return err
	})
}

// checkHasDown returns an error for a dialect without Down: goose would delete the version
// and leave the schema as it is.
func (s *Set) checkHasDown() error {
	for _, p := range s.locations {
		if !p.dialect.hasDown() {
			return fmt.Errorf("migrate down: %w: %s migrations go forward only; make the database anew (seedbed reset)", ErrNoWayBack, p.dialect)
		}
	}
	return nil
}

// run runs goose on db, and explains goose's error.
func (s *Set) run(ctx context.Context, db seedbed.DB, down bool, do func(*goose.Provider) error) error {
	sess, err := connect(db)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", direction(down), err)
	}
	log := &progress{set: s}
	p, err := s.provider(sess, log, down)
	if err == nil {
		err = do(p)
	}
	closeErr := sess.close()
	if err != nil {
		return s.explain(ctx, err, sess.failures.lastFailed(), log.statements, down)
	}
	return closeErr
}

// defaultLockWait is goose's default. Goose polls for the lock: a session that waits in
// pg_advisory_lock would hold a snapshot, for which CREATE INDEX CONCURRENTLY waits.
const defaultLockWait = 5 * time.Minute

// provider returns a goose provider for the set, which holds goose's lock while it runs.
func (s *Set) provider(sess *session, log *progress, down bool) (*goose.Provider, error) {
	wait := s.options.LockWait
	if wait <= 0 {
		wait = defaultLockWait
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, max(1, uint64(wait/time.Second))))
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{
		goose.WithSessionLocker(locker),
		goose.WithGoMigrations(s.options.Go...),
		goose.WithDisableGlobalRegistry(s.options.OnlyOwnGo),
		goose.WithAllowOutofOrder(s.options.AllowMissing || len(s.locations) > 1),
		goose.WithVerbose(true), // for the progress handler, which prints nothing
		goose.WithSlog(slog.New(log)),
	}
	if s.options.Table != "" {
		options = append(options, goose.WithTableName(s.options.Table))
	}
	return goose.NewProvider(goose.DialectPostgres, sess.DB, s.gooseFiles(down), options...)
}

// gooseFiles returns the SQL migrations as goose reads them for one direction. Go files
// are left out: goose would only record their names, in values that all providers share.
func (s *Set) gooseFiles(down bool) memoryFS {
	m := memoryFS{}
	for _, src := range s.sources {
		if src.sql != nil {
			m[src.gooseName()] = src.gooseText(down)
		}
	}
	return m
}
