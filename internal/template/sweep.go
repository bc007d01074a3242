package template

import (
	"context"
	"errors"
	"fmt"
)

// serverStartSQL is when the server started, or recovered from a crash, which makes it
// begin its statistics anew.
const serverStartSQL = "greatest(pg_postmaster_start_time(), (SELECT stats_reset FROM pg_stat_bgwriter))"

// isPresentSQL is whether a process has its lock. All processes lose theirs when the server
// restarts: other processes take them for ended.
func isPresentSQL(holder string) string {
	return "EXISTS (SELECT FROM seedbed.presence WHERE holder = " + holder + ")"
}

// errRestarted is what tests are told whose databases a crash of the server may have
// changed.
var errRestarted = errors.New("the server was restarted while tests use it; run them again")

// stillPresent returns errRestarted where the server does not know this process any more:
// its locks have gone with a crash.
func (s *Store) stillPresent(ctx context.Context) error {
	var there bool
	if err := s.control.QueryRow(ctx, "SELECT "+isPresentSQL("$1"), s.holder).Scan(&there); err != nil {
		return fmt.Errorf("look whether the server was restarted: %w", err)
	}
	if !there {
		return errRestarted
	}
	return nil
}

// staleSQL selects the databases of processes that have ended, and which no other process will
// adopt: used, not finished, made before the server began, or cloned from a template
// that has been built anew.
const staleSQL = `(state IN ('used', 'making') OR state = 'held'
		AND (since <= ` + serverStartSQL + ` OR origin NOT IN (SELECT oid FROM pg_database)))
	AND coalesce(holder, 0) NOT IN (SELECT holder FROM seedbed.presence)`

// sweep drops stale databases, and forgets those that are gone.
func (s *Store) sweep(ctx context.Context) error {
	var stale bool
	err := s.control.QueryRow(ctx, "SELECT EXISTS (SELECT FROM seedbed.clone WHERE "+staleSQL+" OR name NOT IN (SELECT datname FROM pg_database))").Scan(&stale)
	if err != nil || !stale {
		return err
	}
	if err := s.endSessions(ctx); err != nil {
		return err
	}
	// A drop that was interrupted leaves a record without a database.
	_, err = s.control.Exec(ctx, `DELETE FROM seedbed.clone WHERE name NOT IN (SELECT datname FROM pg_database)
		AND (holder IS NULL OR holder NOT IN (SELECT holder FROM seedbed.presence))`)
	if err != nil {
		return err
	}
	for {
		// One at a time, so that several processes share the work.
		var name string
		err := s.control.QueryRow(ctx, `
			UPDATE seedbed.clone SET holder = $1, state = 'used' WHERE name = (
				SELECT name FROM seedbed.clone
				WHERE `+staleSQL+`
				LIMIT 1 FOR UPDATE SKIP LOCKED)
			RETURNING name`, s.holder).Scan(&name)
		if err != nil {
			return err // no more rows, mostly
		}
		roles, err := s.rolesOf(ctx, name)
		if err == nil {
			err = s.dropClone(ctx, name)
		}
		if err == nil {
			err = s.dropRoles(ctx, roles)
		}
		if err != nil {
			return err
		}
	}
}

// endSessions ends the sessions of processes that have ended: one of them may still be
// making a database, and would finish it when its record has been taken for that of a
// database which is gone.
func (s *Store) endSessions(ctx context.Context) error {
	_, err := s.control.Exec(ctx, `
		SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name ~ ('^' || $1 || '[0-9]+$')
			AND application_name NOT IN (SELECT $1 || holder FROM seedbed.presence)`, sessionName)
	return err
}
