package template

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Template is a finished template on the server.
type Template struct {
	store    *Store
	name     string
	origin   uint32 // the database: one that is built again is another
	replay   []string
	unforced bool
	shelf    *shelf

	learning sync.Mutex
	layout   *layout

	shell struct { // see ensureShell
		sync.Mutex
		ready bool
	}

	cold      atomic.Bool  // its tables cannot be warmed
	unrenewed atomic.Int32 // how many in a row could not be renewed
}

// Role is the role that tests connect to clones of t as: one that row-level
// security applies to.
func (t *Template) Role() string {
	if t.unforced && t.store.host.Tester != "" {
		return t.store.host.Tester
	}
	return t.store.host.Owner
}

// Ensure returns the template that layers make, building what is missing of it.
// Processes that ask for the same one build it once; a build that fails leaves
// nothing behind.
func (s *Store) Ensure(ctx context.Context, layers []Layer) (*Template, error) {
	// Before anything else, so that nobody prunes it from here on.
	if err := s.live(ctx, s.databaseName(layers)); err != nil {
		return nil, err
	}
	t, err := s.find(ctx, layers)
	if t != nil || err != nil {
		return t, err
	}
	conn, err := s.connect(ctx, s.host.Control, s.host.Admin)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockKey(s.databaseName(layers))); err != nil {
		return nil, fmt.Errorf("wait for whoever builds the template %s: %w", s.databaseName(layers), err)
	}
	// Somebody else may have built it while we waited.
	t, err = s.find(ctx, layers)
	if t != nil || err != nil {
		return t, err
	}
	if err := s.build(ctx, conn, layers); err != nil {
		return nil, err
	}
	return s.find(ctx, layers)
}

// lockKey is the template's name as an advisory lock: 8 of the 10 bytes of its
// hash. Two names that share a key wait for each other and lose nothing else.
func lockKey(name string) int64 {
	sum, _ := hex.DecodeString(strings.TrimPrefix(name, "sb_t_"))
	return int64(binary.BigEndian.Uint64(sum))
}

// find returns nil where the template is not there, or not whole: never finished, or
// emptied in part by a crash of the server, after which it counts anew.
func (s *Store) find(ctx context.Context, layers []Layer) (*Template, error) {
	t := &Template{store: s, name: s.databaseName(layers)}
	err := s.control.QueryRow(ctx, `
		UPDATE seedbed.template t SET used_at = clock_timestamp()
		FROM pg_database d
		WHERE t.name = $1 AND d.datname = t.name AND d.datistemplate AND NOT d.datallowconn
			AND (t.unlogged AND t.created_at < (SELECT stats_reset FROM pg_stat_bgwriter)) IS NOT TRUE
		RETURNING d.oid, t.replay, t.unforced`, t.name).Scan(&t.origin, &t.replay, &t.unforced)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the template %s: %w", t.name, err)
	}
	return t, nil
}
