package migrations

import (
	"context"
	"database/sql/driver"
	"errors"
)

// recorder is a database that accepts everything and keeps what it was told. Run
// on it, goose itself says which statements a migration consists of and where its
// transaction begins, so that its parser needs no copy here.
type recorder struct {
	events []event
}

// event is one thing a driver is asked for: "begin", "commit", "rollback", or a
// statement.
type event struct {
	verb string // "exec" where sql is set
	sql  string
	args []driver.NamedValue
}

var errNoRows = errors.New("a recording has no rows: this migration reads from the database")

func (r *recorder) Connect(context.Context) (driver.Conn, error) { return r, nil }
func (r *recorder) Driver() driver.Driver                        { return r }
func (r *recorder) Open(string) (driver.Conn, error)             { return r, nil }
func (r *recorder) Close() error                                 { return nil }

func (r *recorder) Begin() (driver.Tx, error) {
	r.events = append(r.events, event{verb: "begin"})
	return r, nil
}

func (r *recorder) Commit() error {
	r.events = append(r.events, event{verb: "commit"})
	return nil
}

func (r *recorder) Rollback() error {
	r.events = append(r.events, event{verb: "rollback"})
	return nil
}

func (r *recorder) Prepare(string) (driver.Stmt, error) { return nil, errNoRows }

func (r *recorder) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	r.events = append(r.events, event{verb: "exec", sql: query, args: args})
	return driver.ResultNoRows, nil
}

func (r *recorder) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return nil, errNoRows
}
