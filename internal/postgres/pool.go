package postgres

import (
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ours outweighs every variable that pgx reads from the environment: none of it
// is meant for a server of ours.
const ours = "host=127.0.0.1 port=5432 user=postgres password=x dbname=postgres passfile='' sslmode=disable connect_timeout=20 " +
	"sslkey='' sslcert='' sslcertmode=disable sslrootcert='' sslpassword='' sslnegotiation=postgres target_session_attrs=any " +
	"channel_binding=disable application_name='' timezone='' options='' min_protocol_version=3.0 max_protocol_version=3.0 require_auth=''"

// PoolConfig returns a pool's configuration with pgx's defaults, whatever PG*
// variables there are. The address, the user and the password are for the caller
// to set.
func PoolConfig() (*pgxpool.Config, error) {
	text := ours
	// A service cannot be outweighed but by another one.
	if os.Getenv("PGSERVICE") != "" {
		f, err := os.CreateTemp("", "seedbed-service-*")
		if err != nil {
			return nil, err
		}
		defer os.Remove(f.Name())
		_, err = f.WriteString("[seedbed]\n")
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
		text += " service=seedbed servicefile='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(f.Name()) + "'"
	}
	cfg, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, fmt.Errorf("configure a connection: %w", err)
	}
	clear(cfg.ConnConfig.RuntimeParams)
	cfg.ConnConfig.Fallbacks = nil
	cfg.ConnConfig.Password = ""
	return cfg, nil
}
