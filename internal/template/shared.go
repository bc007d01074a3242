package template

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// sharedObjects are roles, their memberships and settings, databases and the server's
// configuration: tests that run at the same time see each other's. The base
// is what was there when the template was finished.
//
// A role that a test made goes with that test's database. Anything else that differs
// from the base cannot be attributed to a test, or not be undone: the server is retired.
type sharedObjects struct {
	store *Store
	base  map[sharedItem]string

	mu       sync.Mutex
	inUse    map[*Database]bool            // by tests
	suspects map[string]map[*Database]bool // by role: the tests that may have made it and still run
}

// A sharedItem is something that all databases share, such as {"role", "app", ""} or
// {"member", "app", "readers"}.
type sharedItem struct{ kind, name, of string }

func (i sharedItem) String() string {
	switch i.kind {
	case "member":
		return fmt.Sprintf("the membership of role %s in %s", i.name, i.of)
	case "settings":
		return "the settings of role " + i.name
	}
	return strings.TrimSpace(i.kind + " " + i.name)
}

// sharedSQL lists all items with a text that differs when they do. What Seedbed makes
// itself is left out.
const sharedSQL = `
SELECT kind, name, coalesce(of, ''), coalesce(md5(state), '') FROM (
SELECT 'role', rolname::text, '', a::text FROM pg_authid a WHERE rolname !~ '^(pg_|seedbed_as_|seedbed_kept_)'
UNION ALL SELECT 'member', u.rolname, r.rolname, (to_jsonb(m) - 'oid')::text FROM pg_auth_members m JOIN pg_authid u ON u.oid = m.member JOIN pg_authid r ON r.oid = m.roleid WHERE u.rolname !~ '^seedbed_(as|kept)_' AND NOT (u.rolname ~ '^pg_' AND r.rolname ~ '^pg_')
UNION ALL SELECT 'settings', coalesce(rolname, ''), '', setconfig::text FROM pg_db_role_setting s LEFT JOIN pg_authid r ON r.oid = s.setrole WHERE setdatabase = 0 AND coalesce(rolname, '') !~ '^seedbed_kept_'
UNION ALL SELECT 'database', datname, '', (to_jsonb(d) - '{oid,datfrozenxid,datminmxid}'::text[])::text FROM pg_database d WHERE datname !~ '^(sb_|seedbed_review_)'
UNION ALL SELECT 'tablespace', spcname, '', spcacl::text FROM pg_tablespace
UNION ALL SELECT 'replication origin', roname, '', '' FROM pg_replication_origin WHERE roname NOT IN (SELECT 'pg_' || oid FROM pg_subscription)
UNION ALL SELECT 'replication slot', slot_name, '', '' FROM pg_replication_slots WHERE datoid IS NULL
UNION ALL SELECT 'ALTER SYSTEM', '', '', pg_read_file('postgresql.auto.conf', 0, 1000000, true)`

// parametersSQL is what Postgres 15 has beside that. The toolkit makes one itself.
const parametersSQL = `
UNION ALL SELECT 'parameter', parname, '', paracl::text FROM pg_parameter_acl WHERE parname <> 'session_replication_role'`

// readShared costs 2 ms.
func (s *Store) readShared(ctx context.Context) (map[sharedItem]string, error) {
	sql := sharedSQL
	if s.server.Major() >= 15 {
		sql += parametersSQL
	}
	rows, err := s.control.Query(ctx, sql+") x(kind, name, of, state)")
	if err != nil {
		return nil, err
	}
	all := map[sharedItem]string{}
	var item sharedItem
	var state string
	_, err = pgx.ForEachRow(rows, []any{&item.kind, &item.name, &item.of, &state}, func() error {
		all[item] = state
		return nil
	})
	return all, err
}

// openShared reads the base, or records it: the first process does, before any test.
func (s *Store) openShared(ctx context.Context) (*sharedObjects, error) {
	o := &sharedObjects{store: s, inUse: map[*Database]bool{}, suspects: map[string]map[*Database]bool{}}
	now, err := s.readShared(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what databases share: %w", err)
	}
	var rows [][4]string
	for item, state := range now {
		rows = append(rows, [4]string{item.kind, item.name, item.of, state})
	}
	_, err = s.control.Exec(ctx, "INSERT INTO seedbed.shared (base) VALUES ($1::jsonb) ON CONFLICT DO NOTHING", rows)
	if err == nil {
		// A statement of its own: its snapshot has the row that another process was faster with.
		err = s.control.QueryRow(ctx, "SELECT base FROM seedbed.shared").Scan(&rows)
	}
	if err != nil {
		return nil, fmt.Errorf("record what databases share: %w", err)
	}
	o.base = make(map[sharedItem]string, len(rows))
	for _, r := range rows {
		o.base[sharedItem{r[0], r[1], r[2]}] = r[3]
	}
	return o, nil
}

// difference is what is there beside the base, and what is not as the base.
func (o *sharedObjects) difference(now map[sharedItem]string) (roles []string, changed []sharedItem) {
	made := map[string]bool{}
	for item := range now {
		if _, known := o.base[item]; item.kind == "role" && !known {
			made[item.name] = true
		}
	}
	for item, state := range now {
		was, known := o.base[item]
		if (!known || was != state) && !made[item.name] && !made[item.of] {
			changed = append(changed, item)
		}
	}
	for item := range o.base {
		if _, there := now[item]; !there {
			changed = append(changed, item)
		}
	}
	return slices.Sorted(maps.Keys(made)), changed
}

// begin notes that a test has got d.
func (o *sharedObjects) begin(d *Database) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inUse[d] = true
}

// leftBy compares with the base at the end of d's test. It returns the roles that the test
// has made and that nothing needs once its database is gone, and notes for the test's log
// about what stays.
func (o *sharedObjects) leftBy(ctx context.Context, d *Database) (roles, notes []string, err error) {
	now, err := o.store.readShared(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.inUse, d)
	if err != nil {
		return nil, nil, err
	}
	made, changed := o.difference(now)
	if o.store.server.External() {
		changed = nil // its other users may change what they like
	}
	for _, item := range changed {
		notes = append(notes, o.retire(ctx, fmt.Sprintf("%s was changed by a test, perhaps this one, and cannot be put back", item)))
	}
	for _, role := range made {
		maker, err := o.makerOf(ctx, role, d)
		switch {
		case err != nil:
			return roles, notes, err
		case maker == thisTest:
			roles = append(roles, role)
		case maker == aRunningTest:
			notes = append(notes, fmt.Sprintf("role %s was made by this test or by one that runs at the same time; it goes with the last of them", role))
		case maker == anyTest:
			notes = append(notes, o.retire(ctx, fmt.Sprintf("role %s was made by a test of this or of another process", role)))
		}
	}
	return roles, notes, nil
}

// A maker is the test, or the tests, that may have made a role.
type maker int

const (
	thisTest     maker = iota
	anotherTest        // which drops it
	aRunningTest       // it cannot be told which; the last of them drops it
	anyTest            // of any process: none may drop it
)

// makerOf tells which test made a role: that whose database has something that
// belongs or is granted to it. Where there is no such thing, all tests that ran when it
// was first seen are suspects.
func (o *sharedObjects) makerOf(ctx context.Context, role string, d *Database) (maker, error) {
	var databases []string
	var alone bool
	err := o.store.control.QueryRow(ctx, `SELECT
		coalesce((SELECT array_agg(DISTINCT datname::text) FROM pg_shdepend s
			JOIN pg_database b ON b.oid = s.dbid OR s.classid = 'pg_database'::regclass AND b.oid = s.objid JOIN pg_authid r ON r.oid = s.refobjid
			WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = $1), '{}'),
		(SELECT count(DISTINCT holder) <= 1 FROM seedbed.presence)`, role).Scan(&databases, &alone)
	switch {
	case err != nil:
		return anyTest, err
	case len(databases) == 1 && databases[0] == d.Name:
		return thisTest, nil
	case len(databases) > 0:
		return anotherTest, nil
	case !alone:
		return anyTest, nil
	}
	suspects, seen := o.suspects[role]
	if !seen {
		suspects = maps.Clone(o.inUse)
		o.suspects[role] = suspects
	}
	delete(suspects, d)
	if len(suspects) > 0 {
		return aRunningTest, nil
	}
	delete(o.suspects, role)
	return thisTest, nil
}

// retire has the server take no more tests, and says so.
func (o *sharedObjects) retire(ctx context.Context, why string) string {
	if o.store.server.External() {
		return why + ": later tests see it"
	}
	if err := o.store.server.Retire(ctx, why); err != nil {
		return fmt.Sprintf("%s: later tests see it (%v)", why, err)
	}
	return why + ": the next test gets a new server"
}

// rolesOf lists the roles that tests made and that only a database needs.
func (s *Store) rolesOf(ctx context.Context, database string) ([]string, error) {
	if !s.server.Super() {
		return nil, nil
	}
	return s.names(ctx, `SELECT rolname::text FROM pg_authid r JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid JOIN pg_database b ON b.oid = d.dbid OR d.classid = 'pg_database'::regclass AND b.oid = d.objid
		WHERE EXISTS (SELECT FROM seedbed.shared)
			AND NOT EXISTS (SELECT FROM seedbed.shared s, jsonb_array_elements(s.base) i WHERE i ->> 0 = 'role' AND i ->> 1 = rolname)
		GROUP BY rolname HAVING bool_and(datname = $1)`, database)
}

// dropRoles drops roles whose database is gone.
func (s *Store) dropRoles(ctx context.Context, roles []string) error {
	for _, role := range roles {
		if _, err := s.control.Exec(ctx, "DROP ROLE IF EXISTS "+quote(role)); err != nil {
			return fmt.Errorf("drop role %s: %w", role, err)
		}
	}
	return nil
}

// keptRole is the name of a role that belongs to the database of a failed test.
func keptRole(database, role string) string {
	name := "seedbed_kept_" + database + "_" + role
	return name[:min(len(name), 63)]
}

// keepRoles gives roles that belong to the database of a failed test other names, so
// that the tests that follow can make theirs.
func (s *Store) keepRoles(ctx context.Context, database string, roles []string) error {
	for _, role := range roles {
		if _, err := s.control.Exec(ctx, "ALTER ROLE "+quote(role)+" RENAME TO "+quote(keptRole(database, role))); err != nil {
			return fmt.Errorf("rename role %s: %w", role, err)
		}
	}
	return nil
}
