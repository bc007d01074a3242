package pgtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/server"
)

// external returns the server that a URL names, in source. What the Server asks for and
// such a server cannot be given is an error, unless it has it already.
func (s *Server) external(ctx context.Context, url, source string, logf func(string, ...any)) (*server.Server, error) {
	on, err := server.External(ctx, url)
	if err == nil {
		err = s.checkVersion(on, source)
	}
	if err == nil {
		err = s.checkSettings(ctx, on)
	}
	if err != nil {
		return on, fmt.Errorf("%s: %w", source, err)
	}
	var unused []string
	if s.Binaries != "" {
		unused = append(unused, "Server.Binaries")
	}
	if s.Idle != 0 {
		unused = append(unused, "Server.Idle")
	}
	if len(unused) > 0 {
		logf("pgtest: %s does nothing here: the server is the one of %s", strings.Join(unused, " and "), source)
	}
	return on, nil
}

// checkSettings returns an error where a server that others share has another value of a
// setting than Server.Settings asks for.
func (s *Server) checkSettings(ctx context.Context, on *server.Server) error {
	if len(s.Settings) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, on.AdminConfig(server.ControlDatabase))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		var shown, same []string
		err := conn.QueryRow(ctx, `SELECT array_agg(current_setting(name)), array_agg(setting) FROM pg_settings WHERE lower(name) = lower($1)`, name).Scan(&shown, &same)
		if err != nil {
			return err
		}
		wanted := s.Settings[name]
		if len(shown) == 0 {
			all, err := settingNames(ctx, conn)
			if err != nil {
				return err
			}
			return fmt.Errorf("Server.Settings: there is no setting %q%s", name, catalog.Suggestion(name, all))
		}
		if !sameSetting(wanted, shown[0]) && !sameSetting(wanted, same[0]) {
			return fmt.Errorf("Server.Settings: %s is %s on this server, and not %s; tests change no server that others share: set it there, or leave it out", name, shown[0], wanted)
		}
	}
	return nil
}

func settingNames(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, "SELECT name FROM pg_settings")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// sameSetting compares two values of a setting as Postgres writes them, and its booleans
// as people do.
func sameSetting(a, b string) bool {
	plain := func(value string) string {
		value = strings.ToLower(strings.ReplaceAll(value, " ", ""))
		switch value {
		case "true", "yes", "1":
			return "on"
		case "false", "no", "0":
			return "off"
		}
		return value
	}
	return plain(a) == plain(b)
}
