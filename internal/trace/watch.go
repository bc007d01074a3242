package trace

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Watch looks at each connection that is given back to a pool.
type Watch struct {
	// Found is told what a connection still has, and which line had acquired it.
	Found func(site string, dirt []string)
}

// origin is where a connection was acquired, and how it was then.
type origin struct {
	calls   stack
	role    string
	watched bool // there was a Watch
}

// inspectTime bounds the look at a connection.
const inspectTime = 5 * time.Second

// Watch has the pool's connections looked at on release, until Unwatch. That costs
// one round trip each.
func (t *Tracer) Watch(w *Watch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watches = append(t.watches, w)
}

// Unwatch ends Watch. It returns the lines whose connections, acquired while there was any
// Watch, are still out after up to 127 ms. A release that began before may still call Found.
func (t *Tracer) Unwatch(w *Watch) (unreleased []string) {
	for wait := time.Millisecond; wait < 128*time.Millisecond && len(t.acquired()) > 0; wait *= 2 {
		time.Sleep(wait)
	}
	unreleased = t.acquired()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watches = slices.DeleteFunc(t.watches, func(x *Watch) bool { return x == w })
	return unreleased
}

// Acquired are the connections that are out of their pools, by the process id of their
// server, and the lines that acquired them. Others may be at work with them.
func (t *Tracer) Acquired() map[uint32]string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	sites := map[uint32]string{}
	for conn, o := range t.origins {
		sites[conn.PgConn().PID()] = o.calls.site()
	}
	return sites
}

// acquired are the lines that acquired, while there was any Watch, what is out and open.
// Nobody may be at work with it.
func (t *Tracer) acquired() (sites []string) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for conn, o := range t.origins {
		if o.watched && !conn.IsClosed() {
			sites = append(sites, o.calls.site())
		}
	}
	slices.Sort(sites)
	return sites
}

func (t *Tracer) watching() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.watches) > 0
}

// TraceAcquireStart implements pgxpool.AcquireTracer.
func (t *Tracer) TraceAcquireStart(ctx context.Context, pool *pgxpool.Pool, data pgxpool.TraceAcquireStartData) context.Context {
	if next, ok := t.next.(pgxpool.AcquireTracer); ok {
		return next.TraceAcquireStart(ctx, pool, data)
	}
	return ctx
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (t *Tracer) TraceAcquireEnd(ctx context.Context, pool *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	if data.Err == nil && data.Conn != nil {
		o := origin{calls: here(), role: data.Conn.Config().RuntimeParams["role"]}
		t.mu.Lock()
		o.watched = len(t.watches) > 0
		t.origins[data.Conn] = o
		t.mu.Unlock()
	}
	if next, ok := t.next.(pgxpool.AcquireTracer); ok {
		next.TraceAcquireEnd(ctx, pool, data)
	}
}

// TraceRelease implements pgxpool.ReleaseTracer.
func (t *Tracer) TraceRelease(pool *pgxpool.Pool, data pgxpool.TraceReleaseData) {
	t.mu.Lock()
	o, known := t.origins[data.Conn]
	delete(t.origins, data.Conn)
	watches := slices.Clone(t.watches)
	t.mu.Unlock()
	if known && len(watches) > 0 && !data.Conn.IsClosed() {
		if dirt := t.inspect(data.Conn, o.role); len(dirt) > 0 {
			for _, w := range watches {
				w.Found(o.calls.site(), dirt)
			}
		}
	}
	if next, ok := t.next.(pgxpool.ReleaseTracer); ok {
		next.TraceRelease(pool, data)
	}
}

// Inspect lists what an idle connection of database/sql would carry over to its next
// user.
func (t *Tracer) Inspect(conn *pgx.Conn) []string {
	return t.inspect(conn, conn.Config().RuntimeParams["role"])
}

// named finds the custom settings, with a dot, that a statement may set: pg_settings omits
// those, and they are what tenants are set by.
var named = regexp.MustCompile(`(?i)(?:\bset\s+(?:session\s+)?|set_config\s*\(\s*')([a-z_]\w*\.[a-z_]\w*)`)

var custom = regexp.MustCompile(`(?i)^[a-z_]\w*\.[a-z_]\w*$`)

func (t *Tracer) noteSettings(sql string, args []any) {
	lower := strings.ToLower(sql)
	if !strings.Contains(lower, "set") {
		return
	}
	var names []string
	for _, m := range named.FindAllStringSubmatch(sql, -1) {
		names = append(names, m[1])
	}
	for _, a := range args {
		if s, ok := a.(string); ok && custom.MatchString(s) && strings.Contains(lower, "set_config") {
			names = append(names, s)
		}
	}
	if len(names) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range names {
		t.settings[strings.ToLower(n)] = true
	}
}

// inspectSQL asks for role and session_authorization by themselves: pg_settings omits them.
const inspectSQL = `
SELECT 'role ' || current_setting('role') || ', set by SET ROLE' WHERE current_setting('role') <> %s
UNION ALL SELECT 'session authorization ' || session_user WHERE session_user <> %s
UNION ALL SELECT 'setting ' || name || ' = ' || quote_literal(setting) FROM pg_settings WHERE source = 'session' AND setting IS DISTINCT FROM reset_val
UNION ALL SELECT 'LISTEN ' || quote_ident(c) FROM pg_listening_channels() c
UNION ALL SELECT 'advisory lock ' || ((classid::bigint << 32) | objid::bigint) || CASE objsubid WHEN 2 THEN ' (two keys)' ELSE '' END
	FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
UNION ALL SELECT 'temporary ' || CASE relkind WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' ELSE 'table ' END || relname
	FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind IN ('r', 'p', 'v', 'S')
UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE is_holdable
UNION ALL SELECT 'prepared statement ' || name FROM pg_prepared_statements WHERE from_sql`

// inspect lists what a connection would carry over to its next user.
func (t *Tracer) inspect(conn *pgx.Conn, role string) []string {
	if conn.PgConn().TxStatus() != 'I' {
		return []string{"an open transaction"}
	}
	if role == "" {
		role = "none"
	}
	t.mu.RLock()
	settings := slices.Sorted(maps.Keys(t.settings))
	t.mu.RUnlock()
	ctx, cancel := context.WithTimeout(context.Background(), inspectTime)
	defer cancel()
	sql := fmt.Sprintf(inspectSQL, literal(role), literal(conn.Config().User))
	given := map[string]string{} // when the session was opened
	for name, value := range conn.Config().RuntimeParams {
		given[strings.ToLower(name)] = value
	}
	for _, name := range settings {
		sql += fmt.Sprintf("\nUNION ALL SELECT 'setting %[1]s = ' || quote_literal(current_setting('%[1]s', true)) WHERE current_setting('%[1]s', true) NOT IN ('', %[2]s)",
			name, literal(given[name]))
	}
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return []string{"a session that cannot be looked at: " + err.Error()}
	}
	var out []string
	for _, row := range results[0].Rows {
		out = append(out, string(row[0]))
	}
	return out
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
