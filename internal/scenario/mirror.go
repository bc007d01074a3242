package scenario

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
)

const (
	// CanaryLeft is in the free texts of one of the two tenants, CanaryRight in those of the
	// other: a reader who belongs to one and finds the other's word has found a leak.
	CanaryLeft  = "canary-left"
	CanaryRight = "canary-right"
)

// sides are the two tenants: the name of their organization, and their canary.
var sides = []struct{ name, canary string }{{"left", CanaryLeft}, {"right", CanaryRight}}

// twoTenants makes the rows of one tenant in a savepoint, reads them, rolls them back, and
// writes them twice: with other keys and another canary. All else is the same, moments too.
func twoTenants(ctx context.Context, db seedbed.DB, o Options) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		cat, err := catalog.Load(ctx, tx, catalog.Options{})
		if err != nil {
			return err
		}
		before, err := count(ctx, tx, cat)
		if err != nil {
			return err
		}
		if before > 0 {
			return fmt.Errorf("scenario two-tenants: the database has %d rows; it wants an empty one, so that the two are all there is", before)
		}
		writer, err := capture(ctx, tx, cat, o)
		if err != nil {
			return fmt.Errorf("scenario two-tenants: %w", err)
		}
		for i, side := range sides {
			o.say(side.name, i+1, len(sides))
			if err := writer.replay(ctx, tx, side.name, side.canary); err != nil {
				return fmt.Errorf("scenario two-tenants: write the %s one: %w", side.name, err)
			}
		}
		return nil
	})
}

// captured holds the rows of each table in JSON, parents first.
type captured []struct {
	table *catalog.Relation
	rows  []map[string]any
}

// capture makes the rows of one tenant, reads them, and rolls them back.
func capture(ctx context.Context, tx pgx.Tx, cat *catalog.Catalog, o Options) (all captured, err error) {
	err = rollingBack(ctx, tx, func(tx pgx.Tx) error {
		w := &writer{ctx: ctx, db: tx, seed: factory.Seed(o.Seed), now: factory.Now(o.Now)}
		org := w.organization("left", "Left")
		people := w.people(org, 4)
		w.space(org, spaceSpec{"main", "Main", 6}, people, 0)
		if w.err != nil {
			return w.err
		}
		all, err = read(ctx, tx, cat)
		return err
	})
	return all, err
}

// asSeeder takes the role from which row-level security hides no row, where the session
// may, until the transaction ends.
const asSeeder = `SELECT set_config('role', rolname, true) FROM pg_roles WHERE rolname = 'seedbed_seeder'
	AND pg_has_role(session_user, oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)`

// count returns how many rows the database has.
func count(ctx context.Context, tx pgx.Tx, cat *catalog.Catalog) (n int, err error) {
	err = rollingBack(ctx, tx, func(tx pgx.Tx) error {
		all, err := read(ctx, tx, cat)
		for _, t := range all {
			n += len(t.rows)
		}
		return err
	})
	return n, err
}

// rollingBack runs do in a savepoint and rolls it back.
func rollingBack(ctx context.Context, tx pgx.Tx, do func(pgx.Tx) error) error {
	sp, err := tx.Begin(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(sp), sp.Rollback(context.WithoutCancel(ctx)))
}

// read reads all rows of the database.
func read(ctx context.Context, tx pgx.Tx, cat *catalog.Catalog) (captured, error) {
	if _, err := tx.Exec(ctx, asSeeder); err != nil {
		return nil, err
	}
	var all captured
	for _, group := range graph.Order(graph.New(cat, seedbed.Model{}).Tables) {
		for _, t := range graph.ImmediateFirst(group) {
			r := t.Relation
			if r.Bookkeeping() {
				continue
			}
			rows, err := tx.Query(ctx, fmt.Sprintf("SELECT to_jsonb(t) FROM %s t ORDER BY t::text", r.Ident()))
			if err != nil {
				return nil, err
			}
			found, err := pgx.CollectRows(rows, pgx.RowTo[map[string]any])
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", cat.Name(r), err)
			}
			all = append(all, struct {
				table *catalog.Relation
				rows  []map[string]any
			}{r, found})
		}
	}
	return all, nil
}

// replay writes the captured rows for one side.
func (c captured) replay(ctx context.Context, tx pgx.Tx, side, canary string) error {
	return pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, asSeeder); err != nil {
			return err
		}
		for _, t := range c {
			if len(t.rows) == 0 {
				continue
			}
			var columns []string
			for _, c := range t.table.Columns {
				if c.Writable() {
					columns = append(columns, c.Name)
				}
			}
			rows := make([]map[string]any, len(t.rows))
			for i, row := range t.rows {
				rows[i] = mirror(t.table, row, side, canary)
			}
			text, err := json.Marshal(rows)
			if err != nil {
				return err
			}
			names := catalog.Idents(columns)
			_, err = tx.Exec(ctx, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM jsonb_populate_recordset(NULL::%[1]s, $1::jsonb)",
				t.table.Ident(), names, names), string(text))
			if err != nil {
				return fmt.Errorf("%s: %w", t.table.Name, err)
			}
		}
		return nil
	})
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// mirror returns a captured row as a side has it: with the side's keys, and with its canary
// in free texts.
func mirror(table *catalog.Relation, row map[string]any, side, canary string) map[string]any {
	out := map[string]any{}
	for name, value := range row {
		text, isText := value.(string)
		switch {
		case isText && slices.Contains(canaries[table.Name], name):
			out[name] = text + " " + canary
		case isText && name == "content":
			out[name] = text + hex.EncodeToString([]byte(" "+canary))
		case isText:
			out[name] = distinct(table.Name, name, uuids.ReplaceAllStringFunc(text, func(id string) string { return mirrored(id, side) }), side)
		case name == "details" || name == "metadata":
			out[name] = withCanary(value, canary)
		default:
			out[name] = value
		}
	}
	return out
}

// canaries are the columns of free text, by table.
var canaries = map[string][]string{
	"organizations":  {"name"},
	"spaces":         {"name"},
	"users":          {"name"},
	"source_systems": {"name"},
	"datasets":       {"name", "description"},
	"quality_checks": {"name", "expression"},
	"check_runs":     {"error"},
	"check_results":  {"expected"},
	"alerts":         {"title"},
	"comments":       {"body"},
	"attachments":    {"filename"},
}

// distinct makes values differ between the sides that are unique among all tenants.
func distinct(table, column, value, side string) string {
	switch {
	case table == "organizations" && column == "slug":
		return side
	case table == "users" && column == "email":
		return strings.Replace(value, "@", "@"+side+".", 1)
	}
	return value
}

// withCanary adds the canary to a JSON object.
func withCanary(value any, canary string) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	out := map[string]any{"canary": canary}
	for k, v := range object {
		out[k] = v
	}
	return out
}

// mirrored returns the key that a side has for a captured key.
func mirrored(id, side string) string {
	sum := sha256.Sum256([]byte(side + id))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // version 8: made by the application
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
