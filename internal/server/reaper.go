package server

import (
	"context"
	_ "embed"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

//go:embed reaper.sql
var reaperSQL string

// reaperTime bounds the wait for the reaper's session to begin its work.
const reaperTime = 20 * time.Second

// ensureReaper starts the reaper unless it runs, and returns when it does. The
// starter of a server may be killed before it gets here, so every process that
// takes a lease asks.
func (s *Server) ensureReaper(ctx context.Context) error {
	runs, err := s.reaperRuns(ctx)
	if err != nil || runs {
		return err
	}
	if err := s.startReaper(ctx); err != nil {
		return err
	}
	for deadline := time.Now().Add(reaperTime); !runs; {
		if time.Now().After(deadline) {
			return errors.New("the loop that stops an idle server does not start; the server's log may say why")
		}
		// Another session's lock has no event to wait for.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
		if runs, err = s.reaperRuns(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) reaperRuns(ctx context.Context) (runs bool, err error) {
	err = s.lease.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND classid = $1 AND objid = $2 AND objsubid = 1)`,
		uint32(reaperKey>>32), uint32(reaperKey&0xffffffff)).Scan(&runs)
	return runs, err
}

// startReaper leaves a query running and hangs up.
func (s *Server) startReaper(ctx context.Context) error {
	cfg := s.adminConfig(ControlDatabase)
	cfg.RuntimeParams["application_name"] = "seedbed reaper"
	cfg.RuntimeParams["client_min_messages"] = "error" // a message would find no client, and end the session
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	conn.PgConn().Frontend().SendQuery(&pgproto3.Query{String: s.home.reaper()})
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
