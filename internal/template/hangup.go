package template

import (
	"context"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
)

// hangUp closes a connection and waits until the server's side of it is gone.
//
// DROP DATABASE and CREATE DATABASE … TEMPLATE sleep 100 ms when a session is
// still in the database, and pgx's Close returns before it is not: after it 10
// of 60 drops stalled here, after reading to the end of the stream none.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	socket := conn.PgConn().Conn()
	if conn.PgConn().IsBusy() || conn.PgConn().TxStatus() == 0 {
		conn.Close(ctx)
		return
	}
	// Terminate, by hand: Close would close the socket with it.
	if _, err := socket.Write([]byte{'X', 0, 0, 0, 4}); err == nil {
		socket.SetReadDeadline(time.Now().Add(2 * time.Second))
		io.Copy(io.Discard, socket)
	}
	conn.Close(ctx)
}
