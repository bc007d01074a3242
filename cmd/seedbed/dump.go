package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/fixtures"
	"github.com/qarion/seedbed/internal/catalog"
)

type dumpFlags struct {
	target
	output   string
	space    string
	tenant   string
	test     string
	tables   []string
	where    []string
	mask     []string
	unmasked bool
	maxRows  int
}

func (a *app) dumpCommand() *cobra.Command {
	var f dumpFlags
	cmd := &cobra.Command{
		Use:   "dump",
		Short: "Write it, or one tenant of it, as a fixture file",
		Long: `Dump writes rows as fixtures: labels instead of keys, references by label, no generated
columns. Loaded into an empty database of the same schema they give the same rows. Whatever a
dumped row references is dumped too.

What is secret or personal by its column's name is masked, and e-mail addresses wherever they
stand: the same value always the same way. --mask TABLE.COLUMN=KIND says otherwise; KIND is
scramble (letters and digits, in the same form), hash, redact or keep, and TABLE or COLUMN may
be *. The file is written whole, or stays what it was.`,
		Example: `  seedbed dump > everything.yaml                       # this project's development database
  seedbed dump --space growth -o testdata/growth.yaml  # one space, by slug or key
  seedbed dump --tables datasets,comments --mask users.name=keep
  seedbed dump --where "datasets=t.name = 'orders'"     # some rows, and what they reference
  seedbed dump --test TestCheckout/refund              # what a failed test left
  seedbed dump --url "$STAGING" --tenant accounts=42 --mask leads.notes=redact`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.dump(cmd.Context(), f) },
	}
	f.define(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "write to this `file` (default: stdout)")
	flags.StringVar(&f.space, "space", "", "only the space with this `key` or slug, and what it references")
	flags.StringVar(&f.tenant, "tenant", "", "only one tenant, as `TABLE=KEY`")
	flags.StringVar(&f.test, "test", "", "the database that a failed `test` left, instead of --url")
	flags.StringSliceVar(&f.tables, "tables", nil, "only these `tables`, and what they reference")
	flags.StringArrayVar(&f.where, "where", nil, "begin with some rows: `TABLE=CONDITION`, where the row is t; may be repeated")
	flags.StringSliceVar(&f.mask, "mask", nil, "how a column is masked: `TABLE.COLUMN=KIND`; may be repeated")
	flags.BoolVar(&f.unmasked, "unmasked", false, "show what is private, but for what --mask and seedbed.yaml say")
	flags.IntVar(&f.maxRows, "max-rows", 0, "refuse to dump more `rows` (default 10000)")
	cmd.MarkFlagsMutuallyExclusive("space", "tenant")
	cmd.MarkFlagsMutuallyExclusive("url", "test")
	return cmd
}

func (a *app) dump(ctx context.Context, f dumpFlags) error {
	c, err := a.loadConfig()
	if err != nil {
		return err
	}
	o := fixtures.DumpOptions{Tables: f.tables, MaxRows: f.maxRows, Private: !f.unmasked}
	if o.Mask, err = parseMasks(f.mask, c.Mask); err != nil {
		return err
	}
	if o.Where, err = parseWhere(f.where); err != nil {
		return err
	}
	if f.space != "" {
		f.tenant = "spaces=" + f.space
	}
	if f.tenant != "" && !strings.Contains(f.tenant, "=") {
		return usagef("--tenant %s: write TABLE=KEY, as in accounts=42", f.tenant)
	}
	if err := checkOutput(f.output); err != nil {
		return err
	}
	if f.test != "" {
		kept, err := findKept(ctx, f.test, "seedbed dump --test")
		if err != nil {
			return err
		}
		f.url = kept.URL
	}
	var text []byte
	say := a.progress()
	defer say.stop()
	err = a.with(ctx, f.target, func(ctx context.Context, db *pgxpool.Pool) error {
		say.Begin("dump", "reading the rows")
		if f.space != "" {
			if err := a.refuseSpace(ctx, db, f.space); err != nil {
				return err
			}
		}
		if o.TenantTable, o.Tenant, err = findTenant(ctx, db, f.tenant); err != nil {
			return err
		}
		if o.Model, err = a.corrected(ctx, db); err != nil {
			return err
		}
		text, err = fixtures.Dump(ctx, db, o)
		if errors.Is(err, fixtures.ErrTooMany) {
			err = fmt.Errorf("%w (here: --max-rows)", err)
		}
		if err != nil {
			return err
		}
		return noteLeftOut(ctx, db, say)
	})
	say.stop()
	if err != nil {
		return err
	}
	return a.deliverDump(f.output, string(text))
}

// noteLeftOut says which tables no dump has: those in which migration tools keep what they
// have applied.
func noteLeftOut(ctx context.Context, db *pgxpool.Pool, say *progress) error {
	var names []string
	err := db.QueryRow(ctx, `select coalesce(array_agg(oid::regclass::text order by oid::regclass::text), '{}') from pg_class where relkind in ('r', 'p') and relname = any($1)`,
		catalog.Bookkeeping).Scan(&names)
	if len(names) > 0 {
		say.Note("left out, as migration tools keep their own record there: " + strings.Join(names, ", "))
	}
	return err
}

func (a *app) deliverDump(output, text string) error {
	if output == "" || output == "-" {
		_, err := io.WriteString(a.out, text)
		return err
	}
	if err := writeAtomically(output, text); err != nil {
		return fmt.Errorf("write the fixtures: %w", err)
	}
	fmt.Fprintf(a.err, "%s: %s\n", output, plural(strings.Count(text, "\n"), "line"))
	return nil
}

// findTenant finds the tenant that TABLE=KEY means: by key, or by slug.
func findTenant(ctx context.Context, db *pgxpool.Pool, wanted string) (table, key string, err error) {
	table, value, _ := strings.Cut(wanted, "=")
	if table == "" {
		return "", "", nil
	}
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return "", "", err
	}
	rel := cat.Table(table)
	if rel == nil {
		var names []string
		for _, t := range cat.Tables() {
			names = append(names, cat.Name(t))
		}
		return "", "", usagef("there is no table %q%s", table, catalog.Suggestion(table, names))
	}
	pk := rel.PrimaryKey()
	if pk == nil || len(pk.Columns) != 1 {
		return "", "", usagef("table %s has no key of one column to find a tenant by", table)
	}
	where := catalog.Ident(pk.Columns[0]) + "::text = $1"
	if rel.Column("slug") != nil {
		where += " OR slug::text = $1"
	}
	key = catalog.Ident(pk.Columns[0]) + "::text"
	keys, err := asSeeder(ctx, db, fmt.Sprintf("SELECT %s FROM %s WHERE %s LIMIT 9", key, rel.Ident(), where), value)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("look for the tenant: %w", err)
	case len(keys) == 0:
		if rel.Column("slug") != nil {
			key = "coalesce(slug::text, " + key + ")"
		}
		known, err := asSeeder(ctx, db, fmt.Sprintf("SELECT %s FROM %s ORDER BY 1 LIMIT %d", key, rel.Ident(), mostKeys+1))
		if err != nil {
			return "", "", fmt.Errorf("look for the tenant: %w", err)
		}
		return "", "", usagef("there is no row %q in %s%s", value, table, someKeys(known))
	case len(keys) > 1:
		slices.Sort(keys)
		return "", "", usagef("%q means several rows of %s; give one's key: %s", value, table, strings.Join(keys, ", "))
	}
	return table, keys[0], nil
}

// mostKeys limits the keys in an error.
const mostKeys = 6

// someKeys ends an error about a key that is none: those that there are, or some.
func someKeys(keys []string) string {
	switch {
	case len(keys) == 0:
		return ", which is empty"
	case len(keys) > mostKeys:
		return "; there are " + strings.Join(keys[:mostKeys], ", ") + ", …"
	}
	return "; there are " + strings.Join(keys, ", ")
}

// asSeeder asks for texts as the role that row-level security hides nothing from,
// where the session may take it.
func asSeeder(ctx context.Context, db seedbed.DB, sql string, args ...any) (out []string, err error) {
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT set_config('role', rolname, true) FROM pg_roles WHERE rolname = 'seedbed_seeder'
			AND pg_has_role(session_user, oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)`)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return out, err
}
