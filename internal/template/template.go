package template

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/server"
)

// Layer is one step from an empty database to the one that tests get. Each has
// a template of its own, cloned from the template of the layer below.
type Layer struct {
	// Name says what the layer is, for people: "migrations", "seed".
	Name string
	// Fingerprint identifies everything that shapes the layer.
	Fingerprint string
	// Admin runs first, as the server's administrator. Nil: nothing.
	Admin func(ctx context.Context, conn *pgx.Conn) error
	// Owner runs next, as the owner of the schema. Nil: nothing.
	Owner func(ctx context.Context, conn *pgx.Conn) error
	// Base says that the server is made for this layer, so that it may change what all
	// databases share. Any other one that does gets its server retired.
	Base bool
	// Locale of the lowest layer's database. Empty: the server's.
	Locale string
	// Superuser makes the owner a superuser while Owner runs.
	Superuser bool
}

// Key identifies what the layers make.
func Key(layers []Layer) string {
	sum := sha256.New()
	sum.Write([]byte(Protocol + "\x00"))
	for _, l := range layers {
		sum.Write([]byte(l.Name + "\x00" + l.Fingerprint + "\x00"))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// databaseName is the name of the template that layers make. It follows from its
// owner and all layers, and is far below the 63 bytes to which Postgres truncates.
func (s *Store) databaseName(layers []Layer) string {
	sum := sha256.New()
	sum.Write([]byte(s.roles.Owner + "\x00"))
	if locale := layers[0].Locale; locale != "" {
		sum.Write([]byte("locale " + locale + "\x00"))
	}
	for _, l := range layers {
		sum.Write([]byte(l.Name + "\x00" + l.Fingerprint + "\x00"))
	}
	return "sb_t_" + hex.EncodeToString(sum.Sum(nil)[:10])
}

// Template is a finished template on the server.
type Template struct {
	store    *Store
	name     string
	oid      uint32   // of the database: a template that is built again has another one
	settings []string // see databaseSettings
	unforced bool     // has a table whose row-level security its owner would pass
	plan     *resetPlan
	ready    *readyPool

	coldTables atomic.Bool // the tests' role may not read the tables, so they cannot be warmed
}

// Role is the role that tests connect as: one that row-level security applies to.
func (t *Template) Role() string {
	if t.Unforced() {
		return t.store.roles.Tester
	}
	return t.store.roles.Owner
}

// Unforced reports whether tests connect as the tester because a table has row-level
// security that its owner would pass.
func (t *Template) Unforced() bool { return t.unforced && t.store.roles.Tester != "" }

// Ensure returns the template that layers make, and builds what is missing of it.
// Processes that ask for the same one build it once. A build that fails leaves
// nothing behind.
func (s *Store) Ensure(ctx context.Context, layers []Layer) (*Template, error) {
	name := s.databaseName(layers)
	// First, so that no other process prunes it from here on.
	if err := s.lockTemplate(ctx, name); err != nil {
		return nil, err
	}
	t, err := s.find(ctx, name)
	if t != nil || err != nil {
		return t, err
	}
	conn, err := s.connect(ctx, server.ControlDatabase)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", buildKey(name)); err != nil {
		return nil, fmt.Errorf("wait for the process that builds the template %s: %w", name, err)
	}
	// Another process may have built it while this one waited.
	t, err = s.find(ctx, name)
	if t != nil || err != nil {
		return t, err
	}
	if err := s.build(ctx, conn, layers); err != nil {
		return nil, err
	}
	return s.find(ctx, name)
}

// buildKey is the advisory lock under which a template is built: 8 of the 10 bytes of
// its name's hash. Builders of two templates that share a key wait for each other.
func buildKey(name string) int64 {
	sum, _ := hex.DecodeString(strings.TrimPrefix(name, "sb_t_"))
	return int64(binary.BigEndian.Uint64(sum))
}

// find returns nil where the template is not there or not whole: never finished, or
// emptied in part by a crash of the server, which also resets its statistics.
func (s *Store) find(ctx context.Context, name string) (*Template, error) {
	t := &Template{store: s, name: name}
	var plan []byte
	err := s.control.QueryRow(ctx, `
		UPDATE seedbed.template t SET used_at = clock_timestamp()
		FROM pg_database d
		WHERE t.name = $1 AND d.datname = t.name AND d.datistemplate AND NOT d.datallowconn
			AND (t.unlogged AND t.created_at < (SELECT stats_reset FROM pg_stat_bgwriter)) IS NOT TRUE
		RETURNING d.oid, t.settings, t.unforced, t.plan::text`, name).Scan(&t.oid, &t.settings, &t.unforced, &plan)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(plan, &t.plan)
	}
	if err != nil {
		return nil, fmt.Errorf("look for the template %s: %w", name, err)
	}
	return t, nil
}
