package review

import (
	"context"
	"fmt"
)

// rebuilt is a new database with the migrations up to version, which have all been
// run before.
func (e *engine) rebuilt(ctx context.Context, version int64) (string, error) {
	name, err := e.scratch.copyOf(ctx, "template0")
	if err != nil {
		return name, err
	}
	return name, e.fill(ctx, name, version)
}

func (e *engine) fill(ctx context.Context, name string, version int64) error {
	sess, err := openSession(ctx, e.scratch, name, true, e.config.Role)
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
		r := &run{sess: sess, mig: m, start: newState(), now: newState()}
		if err := r.plain(ctx); err != nil {
			return fmt.Errorf("run %s again: %w", m.File, err)
		}
	}
	return nil
}

// restore makes the scratch database anew after something has spoiled it.
func (e *engine) restore(ctx context.Context, version int64) error {
	e.state, e.struc = nil, nil
	return e.without(ctx, func() error {
		e.scratch.drop(ctx, e.scratch.name)
		if err := e.scratch.create(ctx, e.scratch.name); err != nil {
			return err
		}
		return e.fill(ctx, e.scratch.name, version)
	})
}

// keep copies the database as it is now; the session is opened anew.
func (e *engine) keep(ctx context.Context) (string, error) {
	var name string
	err := e.without(ctx, func() (err error) {
		name, err = e.scratch.copyOf(ctx, e.scratch.name)
		return err
	})
	return name, err
}

// without does something while nobody is connected to the scratch database.
func (e *engine) without(ctx context.Context, do func() error) error {
	e.sess.close(ctx)
	e.sess = nil
	if err := do(); err != nil {
		return err
	}
	var err error
	e.sess, err = openSession(ctx, e.scratch, e.scratch.name, false, e.config.Role)
	return err
}

// on opens a session for something.
func (e *engine) on(ctx context.Context, name string, do func(*session) error) error {
	sess, err := openSession(ctx, e.scratch, name, false, e.config.Role)
	if err != nil {
		return err
	}
	defer sess.close(ctx)
	return do(sess)
}

// onClone does something on a copy of a database, and drops the copy.
func (e *engine) onClone(ctx context.Context, of string, do func(*session) error) error {
	var name string
	var err error
	if of == e.scratch.name {
		name, err = e.keep(ctx)
	} else {
		name, err = e.scratch.copyOf(ctx, of)
	}
	if err != nil {
		return err
	}
	defer e.scratch.drop(ctx, name)
	return e.on(ctx, name, do)
}
