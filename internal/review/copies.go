package review

import (
	"context"
	"fmt"
)

// rebuildAt creates a database and runs the migrations up to version in it again.
func (e *engine) rebuildAt(ctx context.Context, version int64) (string, error) {
	name, err := e.scratch.copyOf(ctx, "template0")
	if err != nil {
		return name, err
	}
	return name, e.replayMigrations(ctx, name, version)
}

// replayMigrations runs the migrations up to version in the database name, untraced.
func (e *engine) replayMigrations(ctx context.Context, name string, version int64) error {
	sess, err := openFirstSession(ctx, e.scratch, name, e.config.Role)
	if err != nil {
		return err
	}
	defer sess.close(ctx)
	for i := range e.migrations {
		m := &e.migrations[i]
		if m.Version > version {
			break
		}
		if m.Apply != nil {
			if err := m.Apply(ctx, e.scratch.configFor(name)); err != nil {
				return err
			}
			continue
		}
		r := &run{sess: sess, mig: m, start: newState(), state: newState()}
		if err := r.runUntraced(ctx); err != nil {
			return fmt.Errorf("run %s again: %w", m.File, err)
		}
	}
	return nil
}

// rebuildScratch drops the scratch database and builds it again at version, after a
// failed or incomplete run has left it in another state.
func (e *engine) rebuildScratch(ctx context.Context, version int64) error {
	e.state, e.structure = nil, nil // both are read again when a rule needs them
	return e.whileDisconnected(ctx, func() error {
		e.scratch.drop(ctx, e.scratch.name)
		if err := e.scratch.create(ctx, e.scratch.name); err != nil {
			return err
		}
		return e.replayMigrations(ctx, e.scratch.name, version)
	})
}

// copyScratch copies the scratch database as it is now and returns the copy's name. It
// closes and reopens the engine's session, because CREATE DATABASE … TEMPLATE needs a
// source without connections.
func (e *engine) copyScratch(ctx context.Context) (string, error) {
	var name string
	err := e.whileDisconnected(ctx, func() (err error) {
		name, err = e.scratch.copyOf(ctx, e.scratch.name)
		return err
	})
	return name, err
}

// reopenSession replaces the engine's session, which rolls back what the old one left
// open.
func (e *engine) reopenSession(ctx context.Context) error {
	return e.whileDisconnected(ctx, func() error { return nil })
}

// whileDisconnected closes the engine's session, calls do, and opens a new session. On
// an error e.sess stays nil.
func (e *engine) whileDisconnected(ctx context.Context, do func() error) error {
	e.sess.close(ctx)
	e.sess = nil
	if err := do(); err != nil {
		return err
	}
	var err error
	e.sess, err = openSession(ctx, e.scratch, e.scratch.name, e.config.Role)
	return err
}

// inSession calls do with a session in the named database and closes the session.
func (e *engine) inSession(ctx context.Context, name string, do func(*session) error) error {
	sess, err := openSession(ctx, e.scratch, name, e.config.Role)
	if err != nil {
		return err
	}
	defer sess.close(ctx)
	return do(sess)
}

// inCopy calls do with a session in a copy of the database source, and drops the copy.
func (e *engine) inCopy(ctx context.Context, source string, do func(*session) error) error {
	var name string
	var err error
	if source == e.scratch.name { // the engine's own session has to leave it first
		name, err = e.copyScratch(ctx)
	} else {
		name, err = e.scratch.copyOf(ctx, source)
	}
	if err != nil {
		return err
	}
	defer e.scratch.drop(ctx, name)
	return e.inSession(ctx, name, do)
}
