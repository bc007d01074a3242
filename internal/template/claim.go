package template

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/handover"
)

// supply returns a clone that is ready for a test: one that a process which is
// gone has left, or a new one.
func (t *Template) supply(ctx context.Context, s *shelf) (*Clone, error) {
	for {
		c, err := t.claim(ctx, s.recycle)
		if err != nil {
			return nil, err
		}
		if c == nil {
			break
		}
		if c.prepare(ctx, s) == nil {
			return c, nil
		}
		c.discard(ctx)
	}
	c, err := t.clone(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, s); err != nil {
		c.discard(ctx)
		return nil, err
	}
	return c, nil
}

// claim takes a clone that a process which is gone has left, made since the server
// started: what a crash leaves of a sequence is up to 32 values ahead. With a base
// it is as its process had it last, which prepare puts right; without one, nobody
// has used it.
func (t *Template) claim(ctx context.Context, recycle bool) (*Clone, error) {
	c := &Clone{template: t, tenure: &tenure{}}
	var base []byte
	err := t.store.control.QueryRow(ctx, `
		UPDATE seedbed.clone SET holder = $2, who = $3, since = clock_timestamp()
		WHERE name = (SELECT name FROM seedbed.clone JOIN pg_database ON datname = name
			WHERE since > `+serverBegan+` AND template = $1 AND origin = $5 AND state = 'held' AND (base IS NULL OR $4)
				AND holder NOT IN (SELECT holder FROM seedbed.presence) AND `+present("$2")+`
			ORDER BY since DESC LIMIT 1 FOR UPDATE OF clone SKIP LOCKED)
		RETURNING name, base::text`, t.name, t.store.holder, t.store.who, recycle, t.origin).Scan(&c.Name, &base)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err == nil && base != nil {
		err = json.Unmarshal(base, &c.base)
		c.claimed = true
	}
	if err != nil {
		return nil, fmt.Errorf("claim a clone: %w", err)
	}
	return c, nil
}

// prepare connects a fresh or a claimed clone for its keeper and for a test.
func (c *Clone) prepare(ctx context.Context, s *shelf) error {
	if c.claimed || s.worthKeeping() {
		if err := c.connectKeeper(ctx); err != nil {
			return err
		}
		if err := c.settle(ctx); err != nil {
			return err
		}
	}
	if err := c.open(ctx, s); err != nil {
		return err
	}
	c.address = handover.Address(c.Pool.Config().ConnConfig)
	if c.keeper != nil && !c.claimed {
		// Afterwards, as the first session in a new database may write to its catalogs.
		var err error
		if c.base, err = c.look(ctx, c.layout); err != nil {
			return err
		}
	}
	c.noteFiles(ctx)
	return c.hold()
}

// settle makes sure that a clone is as the template.
func (c *Clone) settle(ctx context.Context) (err error) {
	if c.layout, err = c.template.learn(ctx, c); err != nil || !c.claimed {
		return err
	}
	return c.reset(ctx)
}

// learn returns the layout: as it is on record, or else from c, which has to be
// untouched for that.
func (t *Template) learn(ctx context.Context, c *Clone) (*layout, error) {
	t.learning.Lock()
	defer t.learning.Unlock()
	if t.layout != nil {
		return t.layout, nil
	}
	l, err := t.recall(ctx)
	if err == nil && l == nil {
		l, err = c.study(ctx)
	}
	if err == nil {
		t.layout = l
	}
	return l, err
}

// known returns the layout, if this process has learned it.
func (t *Template) known() *layout {
	t.learning.Lock()
	defer t.learning.Unlock()
	return t.layout
}

// sameBuild is that the template's database is still the one that this process found.
const sameBuild = "EXISTS (SELECT FROM pg_database WHERE datname = $1 AND oid = $2)"

// recall reads the layout that is on record, if there is one.
func (t *Template) recall(ctx context.Context) (*layout, error) {
	var kept []byte
	err := t.store.control.QueryRow(ctx, "SELECT layout::text FROM seedbed.template WHERE name = $1 AND "+sameBuild, t.name, t.origin).Scan(&kept)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && kept == nil {
		return nil, nil
	}
	l := &layout{}
	if err == nil {
		err = json.Unmarshal(kept, l)
	}
	if err != nil {
		return nil, fmt.Errorf("read the layout of template %s: %w", t.name, err)
	}
	l.probe = probeSQL(l.Sequences)
	return l, nil
}

// study reads the layout from the clone and records it.
func (c *Clone) study(ctx context.Context) (*layout, error) {
	l, err := readLayout(ctx, c.keeper)
	if err == nil && c.claimed {
		err = c.unchanged(ctx, l)
	}
	if err != nil {
		return nil, err
	}
	kept, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	_, err = c.template.store.control.Exec(ctx, "UPDATE seedbed.template SET layout = $3::jsonb WHERE name = $1 AND "+sameBuild, c.template.name, c.template.origin, string(kept))
	return l, err
}

// unchanged returns an error if anything has been done to the clone since its base.
func (c *Clone) unchanged(ctx context.Context, l *layout) error {
	p, err := c.look(ctx, l)
	if err != nil {
		return err
	}
	tables, sequences, err := l.changes(c.base, p)
	if err == nil && len(tables)+len(sequences) > 0 {
		err = errors.New("its rows have changed, and what they were is not known")
	}
	return err
}
