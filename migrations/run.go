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

// Up applies every pending migration of fsys to db, each in its own transaction
// unless the file says otherwise, while it holds goose's migration lock; callers
// that race wait for each other and the later ones find nothing to do. It returns
// what [Open] returns, a [*StatementError] for a migration that failed (those
// before it stay applied), or [ErrLocked]. Nothing is printed.
func Up(ctx context.Context, db seedbed.DB, fsys fs.FS, options ...Options) error {
	s, err := Open(fsys, options...)
	if err != nil {
		return err
	}
	return s.Up(ctx, db)
}

// Down rolls back the migration that was applied last. With nothing applied it does
// nothing.
func Down(ctx context.Context, db seedbed.DB, fsys fs.FS, options ...Options) error {
	s, err := Open(fsys, options...)
	if err != nil {
		return err
	}
	return s.Down(ctx, db)
}

// Up is [Up] for a set already open.
func (s *Set) Up(ctx context.Context, db seedbed.DB) error { return s.UpTo(ctx, db, math.MaxInt64) }

// UpTo applies the pending migrations up to and including version.
func (s *Set) UpTo(ctx context.Context, db seedbed.DB, version int64) error {
	return s.run(ctx, db, false, func(p *goose.Provider) error {
		_, err := p.UpTo(ctx, version)
		return err
	})
}

// Down is [Down] for a set already open.
func (s *Set) Down(ctx context.Context, db seedbed.DB) error {
	if err := s.refuseDown(); err != nil {
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

// DownTo rolls back everything above version, newest first; 0 is everything.
func (s *Set) DownTo(ctx context.Context, db seedbed.DB, version int64) error {
	if err := s.refuseDown(); err != nil {
		return err
	}
	return s.run(ctx, db, true, func(p *goose.Provider) error {
		_, err := p.DownTo(ctx, version)
		return err
	})
}

// refuseDown is the error for a dialect without a way back: goose would take the
// version out of its table and leave the schema as it is.
func (s *Set) refuseDown() error {
	for _, p := range s.places {
		if !p.dialect.returns() {
			return fmt.Errorf("migrate down: %w: %s migrations go forward only; make the database anew (seedbed reset)", ErrNoWayBack, p.dialect)
		}
	}
	return nil
}

// run lets goose do one thing to db and explains what went wrong with it.
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
		return s.explain(ctx, err, sess.heard.lastFailed(), log.sent, down)
	}
	return closeErr
}

// defaultLockWait is goose's own; it polls, because a session that waits inside
// pg_advisory_lock would hold a snapshot that CREATE INDEX CONCURRENTLY waits for.
const defaultLockWait = 5 * time.Minute

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
		goose.WithAllowOutofOrder(s.options.AllowMissing || len(s.places) > 1),
		goose.WithVerbose(true), // for the progress handler, which prints nothing
		goose.WithSlog(slog.New(log)),
	}
	if s.options.Table != "" {
		options = append(options, goose.WithTableName(s.options.Table))
	}
	return goose.NewProvider(goose.DialectPostgres, sess.DB, s.files(down), options...)
}

// files are the SQL migrations as goose reads them for one direction. Go files stay
// out: goose would only note their names, in values that all providers share.
func (s *Set) files(down bool) memory {
	m := memory{}
	for _, src := range s.sources {
		if src.sql != nil {
			m[src.gooseName()] = src.gooseText(down)
		}
	}
	return m
}
