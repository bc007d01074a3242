package dev

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/internal/sqltext"
)

// Security says what row-level security means for who works in a database.
type Security struct {
	Tables  int      // that have it
	Roles   []string // that policies name: what applications connect as
	Setting string   // that policies read the innermost tenant from; "" where none is known
	Tenant  string   // the level of that tenant, such as "space"
	Example string   // one tenant's key; "" where there is none
}

// Security reads what row-level security the database has; model says what its tables
// mean.
func (s *Server) Security(ctx context.Context, database string, model func(context.Context, seedbed.DB) (*seedbed.Discovery, error)) (*Security, error) {
	pool, err := s.connect(ctx, database, server.Superuser)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	cat, err := catalog.Load(ctx, pool, catalog.Options{})
	if err != nil {
		return nil, err
	}
	found := &Security{}
	roles := map[string]bool{}
	for _, t := range cat.Tables() {
		if t.RLS {
			found.Tables++
		}
		for _, p := range t.Policies {
			for _, role := range p.Roles {
				roles[role] = role != "public"
			}
		}
	}
	for role, named := range roles {
		if named {
			found.Roles = append(found.Roles, role)
		}
	}
	slices.Sort(found.Roles)
	if found.Tables == 0 {
		return found, nil
	}
	means, err := model(ctx, pool)
	if err != nil {
		return nil, err
	}
	return found, found.tenant(ctx, pool, cat, means.Model)
}

// Hidden counts the tables whose row-level security holds for the owner, too.
func (s *Server) Hidden(ctx context.Context, database string) (tables int, err error) {
	err = s.withPool(ctx, database, func(pool *pgxpool.Pool) error {
		return pool.QueryRow(ctx, `SELECT count(*) FROM pg_class c WHERE c.relrowsecurity AND row_security_active(c.oid)`).Scan(&tables)
	})
	return tables, err
}

// Restricts reports whether row-level security holds for a role; not for one that does not
// exist.
func (s *Server) Restricts(ctx context.Context, role string) (restricts bool, err error) {
	err = s.admin.QueryRow(ctx, "SELECT coalesce((SELECT NOT rolsuper AND NOT rolbypassrls FROM pg_roles WHERE rolname = $1), false)", role).Scan(&restricts)
	return restricts, err
}

// tenant finds the innermost level that has a setting, and one of its tenants.
func (f *Security) tenant(ctx context.Context, db seedbed.DB, cat *catalog.Catalog, m seedbed.Model) error {
	depth := -1
	var level seedbed.Tenant
	for _, t := range m.Tenants {
		if t.Setting != "" && !sqltext.IsRoleSetting(t.Setting) && len(m.Above(t.Name)) > depth {
			level, depth = t, len(m.Above(t.Name))
		}
	}
	f.Setting, f.Tenant = level.Setting, level.Name
	table := cat.Table(level.Table)
	if table == nil || len(level.Key) != 1 {
		return nil
	}
	key := quote(level.Key[0])
	err := db.QueryRow(ctx, fmt.Sprintf("SELECT coalesce((SELECT %s::text FROM %s ORDER BY %s LIMIT 1), '')", key, table.Ident(), key)).Scan(&f.Example)
	return err
}

// As is how to connect to a database as a role, with settings in force. A role that
// may not log in is taken by one that holds nothing by itself, so that RESET ROLE
// comes back to no more.
func (s *Server) As(ctx context.Context, database, role string, settings map[string]string) (string, error) {
	if err := server.CheckSettings(ctx, s.admin, settings); err != nil {
		return "", err
	}
	user, options, err := s.server.LoginFor(ctx, s.admin, role)
	if err != nil {
		return "", err
	}
	if options == nil {
		options = map[string]string{}
	}
	maps.Copy(options, settings)
	at := s.server.URL(database, user)
	if len(options) == 0 {
		return at, nil
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(options)) {
		// The server splits at blanks and takes a backslash for what follows it.
		words = append(words, "-c "+name+"="+strings.NewReplacer(`\`, `\\`, " ", `\ `).Replace(options[name]))
	}
	return at + "&options=" + strings.ReplaceAll(url.QueryEscape(strings.Join(words, " ")), "+", "%20"), nil
}
