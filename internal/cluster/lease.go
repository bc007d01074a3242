package cluster

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Advisory lock keys in the control database. Leases are shared holders of
// leaseKey; the reaper takes it exclusively to learn that there are none.
const (
	leaseKey  = 0x5eedbed_0001
	reaperKey = 0x5eedbed_0002
	setupKey  = 0x5eedbed_0004
)

//go:embed reaper.sql
var reaperSQL string

// takeLease makes conn the process's lease: for as long as it is open the
// server stays up. It waits while the reaper looks; where the reaper is
// stopping the server, it fails with the connection.
func takeLease(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock_shared($1)", int64(leaseKey)); err != nil {
		return fmt.Errorf("take a lease: %w", err)
	}
	return nil
}

// setIdle says how long the server outlives its last client.
func setIdle(ctx context.Context, conn *pgx.Conn, idle time.Duration) error {
	_, err := conn.Exec(ctx, "UPDATE seedbed.server SET idle_seconds = $1 WHERE idle_seconds IS DISTINCT FROM $1", idleSeconds(idle))
	return err
}

// idleSeconds is NULL, which keeps the server for ever, for a negative idle time.
func idleSeconds(idle time.Duration) *float64 {
	if idle < 0 {
		return nil
	}
	s := idle.Seconds()
	return &s
}

// ensureReaper starts the reaper unless it runs. The starter of a server may be
// killed before it gets here, so everybody who takes a lease asks.
func (c *Cluster) ensureReaper(ctx context.Context) error {
	var running bool
	err := c.lease.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND classid = $1 AND objid = $2 AND objsubid = 1)`,
		uint32(reaperKey>>32), uint32(reaperKey&0xffffffff)).Scan(&running)
	if err != nil || running {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, c.Config(ControlDatabase, Superuser))
	if err != nil {
		return err
	}
	// The query is left running and the client hangs up.
	conn.PgConn().Frontend().SendQuery(&pgproto3.Query{String: c.home.reaper()})
	if err := conn.PgConn().Frontend().Flush(); err != nil {
		conn.Close(ctx)
		return err
	}
	return conn.PgConn().Conn().Close()
}

func (h home) reaper() string {
	return strings.NewReplacer(
		"{{lease}}", strconv.FormatInt(leaseKey, 10),
		"{{reaper}}", strconv.FormatInt(reaperKey, 10),
		"{{stop}}", quoteLiteral(h.stopCommand()),
	).Replace(reaperSQL)
}

func quoteLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
