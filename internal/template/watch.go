package template

import (
	"bytes"
	"context"
	"net"

	"github.com/jackc/pgx/v5"
)

// watched exposes the clone as soon as somebody speaks of what its reset relies on: a
// superuser may tell the server not to count what he does.
func (c *Clone) watched(cfg *pgx.ConnConfig) *pgx.ConnConfig {
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &watchedConn{conn, c}, nil
	}
	return cfg
}

type watchedConn struct {
	net.Conn
	clone *Clone
}

var counting = [][]byte{[]byte("track_counts"), []byte("TRACK_COUNTS")}

func (w *watchedConn) Write(b []byte) (int, error) {
	for _, word := range counting {
		if bytes.Contains(b, word) {
			w.clone.Expose()
		}
	}
	return w.Conn.Write(b)
}
