package template

import "context"

// serverBegan is when the server started, or recovered from a crash, which makes it
// begin its statistics anew.
const serverBegan = "greatest(pg_postmaster_start_time(), (SELECT stats_reset FROM pg_stat_bgwriter))"

// sweep drops the clones that processes which are gone have used or had not
// finished, or had made before the server began or from a template that has been
// built anew. Others are left: claim takes them.
func (s *Store) sweep(ctx context.Context) error {
	// A drop that was interrupted leaves a record without a database.
	_, err := s.control.Exec(ctx, `DELETE FROM seedbed.clone WHERE name NOT IN (SELECT datname FROM pg_database)
		AND (holder IS NULL OR holder NOT IN (SELECT holder FROM seedbed.presence))`)
	if err != nil {
		return err
	}
	for {
		// Claiming one at a time lets several processes share the work.
		var name string
		err := s.control.QueryRow(ctx, `
			UPDATE seedbed.clone SET holder = $1, state = 'used' WHERE name = (
				SELECT name FROM seedbed.clone
				WHERE (state IN ('used', 'making') OR state = 'held'
						AND (since <= `+serverBegan+` OR origin NOT IN (SELECT oid FROM pg_database)))
					AND coalesce(holder, 0) NOT IN (SELECT holder FROM seedbed.presence)
				LIMIT 1 FOR UPDATE SKIP LOCKED)
			RETURNING name`, s.holder).Scan(&name)
		if err != nil {
			return err // no more rows, mostly
		}
		if err := s.dropClone(ctx, name); err != nil {
			return err
		}
	}
}
