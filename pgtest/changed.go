package pgtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/template"
)

// tableRows are the rows of a table that a test has written or changed.
type tableRows struct {
	Table   string // as fixtures name it
	Columns []string
	Rows    [][]*string // as Postgres writes them; nil is NULL
	All     bool        // the template's rows may be among them
	More    bool        // there are more

	json []bool // by column
}

// changedLimit is how many rows of a table are kept.
const changedLimit = 1000

// changedRows reads the rows that are not the template's. What it could not read it says
// in the error, beside the rest.
func changedRows(ctx context.Context, admin *pgx.Conn, tables []template.Table) (changed []tableRows, err error) {
	if len(tables) == 0 {
		if tables, err = tablesOf(ctx, admin); err != nil {
			return nil, err
		}
	}
	if _, err := admin.Exec(ctx, "SET lock_timeout = '200ms'"); err != nil {
		return nil, err
	}
	for _, table := range tables {
		if table.Columns == "" {
			continue
		}
		rows, rerr := readRows(ctx, admin, table)
		if rerr != nil {
			err = errors.Join(err, fmt.Errorf("read %s: %w", table.Name, rerr))
		} else if len(rows.Rows) > 0 {
			changed = append(changed, rows)
		}
	}
	slices.SortStableFunc(changed, func(a, b tableRows) int { return strings.Compare(a.Table, b.Table) }) // partitions together
	return changed, err
}

// tablesOf lists the tables of a database about whose template nothing is known.
func tablesOf(ctx context.Context, admin *pgx.Conn) ([]template.Table, error) {
	rows, err := admin.Query(ctx, `SELECT format('%I.%I', nspname, relname), coalesce((SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
			FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''), '')
		FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE relkind = 'r' AND c.oid >= 16384 AND nspname !~ '^pg_' AND nspname <> 'information_schema' AND relname NOT IN ('goose_db_version')
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY c.oid`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t template.Table, err error) {
		return t, row.Scan(&t.Name, &t.Columns)
	})
}

// A partition's rows are its partitioned table's.
const columnsSQL = `SELECT (SELECT CASE WHEN pg_table_is_visible(r.oid) THEN r.relname::text ELSE concat(nspname, '.', r.relname) END
		FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace WHERE r.oid = coalesce(pg_partition_root(c.oid), c.oid)),
	array_agg(a.attname::text ORDER BY attnum),
	array_agg(coalesce(nullif(y.typbasetype, 0), y.oid) IN ('json'::regtype, 'jsonb'::regtype) ORDER BY attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type y ON y.oid = a.atttypid
WHERE c.oid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' GROUP BY c.oid`

// readRows reads a table's rows without those of the template.
func readRows(ctx context.Context, admin *pgx.Conn, table template.Table) (r tableRows, err error) {
	var text bytes.Buffer
	sql := fmt.Sprintf("COPY (SELECT %s FROM ONLY %s LIMIT %d) TO STDOUT", table.Columns, table.Name, changedLimit+bytes.Count(table.Rows, []byte("\n"))+1)
	if _, err := admin.PgConn().CopyTo(ctx, &text, sql); err != nil {
		return r, err
	}
	before := map[string]int{}
	for line := range strings.Lines(string(table.Rows)) {
		before[line]++
	}
	for line := range strings.Lines(text.String()) {
		if before[line] > 0 {
			before[line]--
			continue
		}
		if r.More = len(r.Rows) == changedLimit; r.More {
			break
		}
		r.Rows = append(r.Rows, copied(strings.TrimSuffix(line, "\n")))
	}
	if len(r.Rows) == 0 {
		return r, nil
	}
	r.All = !table.RowsComplete
	err = admin.QueryRow(ctx, columnsSQL, table.Name).Scan(&r.Table, &r.Columns, &r.json)
	return r, err
}

// copied reads a line of COPY's text format.
func copied(line string) (values []*string) {
	for _, field := range strings.Split(line, "\t") {
		if field == `\N` {
			values = append(values, nil)
			continue
		}
		value := copyEscapes.Replace(field)
		values = append(values, &value)
	}
	return values
}

var copyEscapes = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r", `\b`, "\b", `\f`, "\f", `\v`, "\v")

// fixtures writes rows as a file of package fixtures. That package is not imported here:
// it would double the size of a test binary.
func fixtures(changed []tableRows) []byte {
	var b bytes.Buffer
	for i, table := range changed {
		if table.All {
			b.WriteString("# every row: which of them the test began with is not known\n")
		}
		if i == 0 || changed[i-1].Table != table.Table {
			fmt.Fprintf(&b, "%s:\n", yamlText(table.Table))
		}
		for _, row := range table.Rows {
			for i, column := range table.Columns {
				indent := "    "
				if i == 0 {
					indent = "  - "
				}
				fmt.Fprintf(&b, "%s%s: %s\n", indent, yamlText(column), yamlValue(row[i], table.json[i]))
			}
		}
		if table.More {
			fmt.Fprintf(&b, "  # … and more: %d rows of a table are kept\n", changedLimit)
		}
	}
	return b.Bytes()
}

// plainName needs no quotes as a key.
var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

func yamlText(s string) string {
	if plainName.MatchString(s) {
		return s
	}
	return jsonText(s)
}

// yamlValue writes a value so that it comes back as it is: JSON's strings are YAML's.
func yamlValue(value *string, document bool) string {
	switch {
	case value == nil:
		return "null"
	case document:
		return "!json " + jsonText(*value)
	}
	return jsonText(*value)
}

func jsonText(s string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string always can be
	return strings.TrimSuffix(b.String(), "\n")
}
