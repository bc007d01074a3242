// Package review runs migrations on a scratch database, statement by statement,
// and tells which of them would hurt a database that is in use.
//
// Nothing is guessed from text that running can tell: after each statement its
// locks are read from pg_locks, what changed from the catalog, rewrites, scans and
// index builds from the server's own DEBUG1 messages, row-by-row work from the
// plans that auto_explain hands over, also inside DO blocks and functions. Text
// decides only what leaves no trace: transaction control, settings.
//
// It knows no goose and no testing: migrations come in as statements already
// split.
package review
