package dev

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/qarion/seedbed/internal/catalog"
)

// labels of snapshots, short enough for a database name.
var labels = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,15}$`)

// Snapshot keeps a copy of the branch's database under a label. One that has the label
// is replaced if replace says so, else it fails with [*SnapshotExistsError]. Sessions on
// the database are ended for the time of the copy.
func (s *Server) Snapshot(ctx context.Context, label string, replace bool) (*Database, error) {
	if label == Fresh {
		return nil, catalog.Unknownf("take a snapshot: %q is the database as it was made; take another name", label)
	}
	if !labels.MatchString(label) {
		return nil, catalog.Unknownf("take a snapshot: the name %q is not possible: up to 16 of a-z, 0-9, dots, dashes and underscores", label)
	}
	var snap Database
	err := s.change(ctx, func() error {
		if err := s.refuseTaken(ctx, label, replace); err != nil {
			return err
		}
		d, err := s.Database(ctx, "")
		if err == nil {
			snap, err = s.snapshot(ctx, d, label)
		}
		return err
	})
	return &snap, err
}

// snapshot copies the branch's database. The caller holds the lock.
func (s *Server) snapshot(ctx context.Context, d *Database, label string) (snap Database, err error) {
	snap = *d
	snap.Snapshot, snap.Name = label, d.Name+"@"+label
	s.say.Begin("snapshot", "copying "+d.Name)
	reopen, err := s.quiesce(ctx, d.Name)
	if err != nil {
		return snap, err
	}
	draft := snap.Name + "~draft"
	err = s.copy(ctx, d.Name, draft)
	if err = errors.Join(err, reopen(context.WithoutCancel(ctx))); err != nil {
		return snap, err
	}
	if err = s.swap(ctx, map[string]Database{draft: snap}); err == nil {
		s.say.End("kept as " + label)
	}
	return snap, err
}

// refuseTaken is an error where a snapshot has the label and is not to be replaced.
func (s *Server) refuseTaken(ctx context.Context, label string, replace bool) error {
	there, err := s.Database(ctx, label)
	var none *NoDatabaseError
	switch {
	case errors.As(err, &none):
		return nil
	case err != nil:
		return err
	case replace:
		return nil
	}
	return &SnapshotExistsError{Snapshot: label, Created: there.Created}
}

// Restore brings the branch's database back to a snapshot; its rows since then are
// gone. The snapshot stays. It fails with *NoDatabaseError.
func (s *Server) Restore(ctx context.Context, label string) (*Database, error) {
	var d Database
	err := s.change(ctx, func() (err error) {
		d, err = s.restore(ctx, label)
		return err
	})
	return &d, err
}

func (s *Server) restore(ctx context.Context, label string) (Database, error) {
	snap, err := s.Database(ctx, label)
	if err != nil {
		return Database{}, err
	}
	s.say.Begin("restore", "copying "+snap.Name)
	d := *snap
	d.Snapshot, d.Name = "", s.Project.Database()
	draft := d.Name + "~draft"
	if err := s.copy(ctx, snap.Name, draft); err != nil {
		return d, err
	}
	if err := s.swap(ctx, map[string]Database{draft: d}); err != nil {
		return d, err
	}
	s.say.End(fmt.Sprintf("%s is as in %s, of %s", d.Name, label, snap.Created.Local().Format("2 Jan 15:04")))
	return d, nil
}

// Reset makes the branch's database what plan says, whatever it is now: from the
// fresh snapshot where that is of the same plan and the same migrations, otherwise
// by building it, and the reporter hears why.
func (s *Server) Reset(ctx context.Context, plan Plan) (*Ensured, error) {
	set, err := plan.open(silent{}, new(int))
	if err != nil {
		return nil, err
	}
	fingerprint, err := set.Fingerprint()
	if err != nil {
		return nil, err
	}
	var e *Ensured
	err = s.change(ctx, func() error {
		fresh, err := s.Database(ctx, Fresh)
		var none *NoDatabaseError
		if err != nil && !errors.As(err, &none) {
			return err
		}
		if err == nil {
			why := s.outdated(fresh, plan, fingerprint)
			if why == "" {
				d, err := s.restore(ctx, Fresh)
				e = &Ensured{Database: d}
				return err
			}
			s.say.Begin("reset", "comparing the snapshot "+Fresh)
			s.say.End("it is built anew: " + why)
		}
		e, err = s.build(ctx, plan)
		return err
	})
	return e, err
}

// outdated says what plan wants otherwise than the fresh snapshot was built; "" where it
// is the same.
func (s *Server) outdated(fresh *Database, plan Plan, fingerprint string) string {
	nothing := func(seeded string) string { return cmp.Or(seeded, "no rows") }
	switch {
	case !fresh.Source.Equal(plan.Source):
		return fmt.Sprintf("its migrations were %s and are now %s", fresh.Source.Describe(s.Project), plan.Source.Describe(s.Project))
	case fresh.Fingerprint != fingerprint:
		return "the migrations have changed"
	case fresh.Seeded != plan.Seeded:
		return fmt.Sprintf("it had %s and is to have %s", nothing(fresh.Seeded), nothing(plan.Seeded))
	case fresh.Model != plan.Model:
		return "the model that its rows follow from has changed (seedbed.yaml)"
	}
	return ""
}

// Forget drops a snapshot.
func (s *Server) Forget(ctx context.Context, label string) error {
	return s.change(ctx, func() error {
		snap, err := s.Database(ctx, label)
		if err != nil {
			return err
		}
		if label == "" {
			return errors.New("forget a snapshot: it needs a name")
		}
		if _, err := s.admin.Exec(ctx, "DELETE FROM seedbed.development WHERE name = $1", snap.Name); err != nil {
			return err
		}
		if err := s.drop(ctx, snap.Name); err != nil {
			return err
		}
		return s.dropUnusedRoles(ctx)
	})
}

// change runs do while no other process changes the project's databases, and
// clears up behind one that was interrupted, this one included.
func (s *Server) change(ctx context.Context, do func() error) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.heal(ctx); err != nil {
		return err
	}
	if err := do(); err != nil {
		return errors.Join(err, s.heal(context.WithoutCancel(ctx)))
	}
	return nil
}
