package embedded

// WithoutPGEnv runs parse while the PG* environment of the process is hidden.
// pgx, like every client of Postgres, reads it when it parses a connection
// string, and none of it is meant for a server of ours.
func WithoutPGEnv(parse func() error) error {
	only.Lock()
	defer only.Unlock()
	defer hidePG("PGAPPNAME", "seedbed")()
	return parse()
}
