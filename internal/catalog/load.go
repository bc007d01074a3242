package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrTooOld is returned for servers before Postgres 15.
var ErrTooOld = errors.New("server is older than Postgres 15")

// loader gathers rows in the order of its queries: each may rely on what the
// ones before it found.
type loader struct {
	cat         *Catalog
	constraints map[uint32]*Constraint
	indexes     map[uint32]*Index
	opClasses   map[uint32]string
	// order of arrival, so that what is listed does not depend on map order
	all     []*Relation
	schemas []*Schema
	types   []*Type
	seqs    []*Sequence
	funcs   []*Function
}

type query struct {
	name string
	sql  string
	read func(*loader, pgx.Rows) error
}

var queries = []query{
	{"server", serverSQL, (*loader).readServer},
	{"schemas", schemasSQL, (*loader).readSchemas},
	{"types", typesSQL, (*loader).readTypes},
	{"relations", relationsSQL, (*loader).readRelations},
	{"columns", columnsSQL, (*loader).readColumns},
	{"constraints", constraintsSQL, (*loader).readConstraints},
	{"operator classes", opClassesSQL, (*loader).readOpClasses},
	{"indexes", indexesSQL, (*loader).readIndexes},
	{"functions", functionsSQL, (*loader).readFunctions},
	{"triggers", triggersSQL, (*loader).readTriggers},
	{"policies", policiesSQL, (*loader).readPolicies},
	{"views", viewsSQL, (*loader).readViews},
	{"sequences", sequencesSQL, (*loader).readSequences},
	{"roles", rolesSQL, (*loader).readRoles},
	{"memberships", membershipsSQL, (*loader).readMemberships},
}

func newLoader() *loader {
	return &loader{
		cat: &Catalog{
			relations: map[uint32]*Relation{},
			types:     map[uint32]*Type{},
			roles:     map[string]*Role{},
			functions: map[uint32]*Function{},
		},
		constraints: map[uint32]*Constraint{},
		indexes:     map[uint32]*Index{},
		opClasses:   map[uint32]string{},
	}
}

func (l *loader) run(ctx context.Context, q Querier) (err error) {
	var batch pgx.Batch
	for _, query := range queries {
		batch.Queue(query.sql)
	}
	results := q.SendBatch(ctx, &batch)
	defer func() {
		if cerr := results.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("read catalog: %w", cerr)
		}
	}()
	for _, query := range queries {
		rows, err := results.Query()
		if err == nil {
			err = query.read(l, rows)
		}
		if err != nil {
			return l.explain(query.name, err)
		}
	}
	return nil
}

// explain turns the missing-column errors of an old server into one that says so.
func (l *loader) explain(what string, err error) error {
	var pgErr *pgconn.PgError
	if v := l.cat.Version; v > 0 && v < 150000 && errors.As(err, &pgErr) {
		return fmt.Errorf("read catalog: %w (it is %d.%d)", ErrTooOld, v/10000, v%10000)
	}
	return fmt.Errorf("read catalog: %s: %w", what, err)
}

const serverSQL = `
select current_setting('server_version_num')::int, current_database()::text,
       current_user::text, session_user::text, current_schemas(false)::text[]`

func (l *loader) readServer(rows pgx.Rows) error {
	c := l.cat
	_, err := pgx.ForEachRow(rows, []any{&c.Version, &c.Database, &c.User, &c.Session, &c.SearchPath},
		func() error { return nil })
	return err
}

// notSystem is the namespace filter of every query; pg_ is reserved, so it also
// covers temporary and toast schemas. seedbed_clock is what pgtest.Server.Clock installs.
const notSystem = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'seedbed_clock')`

// joinExtension joins ext, the extension that an object of a class belongs to: one at most.
func joinExtension(class, oid string) string {
	return `left join (select x.objid, e.extname::text as name from pg_depend x join pg_extension e on e.oid = x.refobjid
  where x.refclassid = 'pg_extension'::regclass and x.classid = '` + class + `'::regclass and x.deptype = 'e') ext on ext.objid = ` + oid
}

// commentOn is the comment on an object of a class; on a column where subid is not 0. It is
// a third of what obj_description and col_description cost.
func commentOn(class, oid, subid string) string {
	return `coalesce((select m.description from pg_description m
	  where m.objoid = ` + oid + ` and m.classoid = '` + class + `'::regclass and m.objsubid = ` + subid + `), '')`
}

var schemasSQL = `
select n.oid, n.nspname::text, pg_get_userbyid(n.nspowner)::text,
       ` + commentOn("pg_namespace", "n.oid", "0") + `, coalesce(ext.name, ''),
       coalesce(n.nspacl, acldefault('n', n.nspowner))::text[]
from pg_namespace n
` + joinExtension("pg_namespace", "n.oid") + `
where ` + notSystem + `
order by n.nspname`

func (l *loader) readSchemas(rows pgx.Rows) error {
	var s Schema
	var acl []string
	_, err := pgx.ForEachRow(rows, []any{&s.OID, &s.Name, &s.Owner, &s.Comment, &s.Extension, &acl}, func() error {
		schema := s
		schema.Grants = ParseACL(acl)
		l.schemas = append(l.schemas, &schema)
		return nil
	})
	return err
}

// catalog lists what opt asks for.
func (l *loader) catalog(opt Options) *Catalog {
	c := new(*l.cat)
	c.loader, c.names = l, map[string][]*Relation{}
	wanted := func(schema, extension string) bool {
		return (opt.Extensions || extension == "") && (opt.Schemas == nil || slices.Contains(opt.Schemas, schema))
	}
	for _, s := range l.schemas {
		if wanted(s.Name, s.Extension) {
			c.Schemas = append(c.Schemas, s)
		}
	}
	for _, r := range l.all {
		if wanted(r.Schema, r.Extension) {
			c.Relations = append(c.Relations, r)
			c.names[r.Name] = append(c.names[r.Name], r)
		}
	}
	for _, t := range l.types {
		if !t.System() && wanted(t.Schema, t.Extension) && t.Elem == nil && t.Kind != MultirangeType {
			c.Types = append(c.Types, t)
		}
	}
	for _, s := range l.seqs {
		if wanted(s.Schema, s.Extension) {
			c.Sequences = append(c.Sequences, s)
		}
	}
	for _, f := range l.funcs {
		if wanted(f.Schema, f.Extension) {
			c.Functions = append(c.Functions, f)
		}
	}
	slices.SortFunc(c.Relations, byName)
	return c
}

// byName orders by bytes, not by the database's collation: the same on every server.
func byName(a, b *Relation) int {
	if d := strings.Compare(a.Schema, b.Schema); d != 0 {
		return d
	}
	return strings.Compare(a.Name, b.Name)
}

// link resolves what objects say of one another, once everything is read.
func (l *loader) link() {
	l.linkTypes()
	for _, r := range l.all {
		for _, c := range r.Columns {
			c.measure()
		}
		l.linkParents(r)
		r.PartitionBy = r.names(r.partAttrs)
	}
	l.markTemplates()
	for _, t := range l.types {
		for _, c := range t.Attributes {
			c.measure()
		}
	}
	for _, r := range l.all {
		slices.SortFunc(r.Children, byName)
		for _, k := range r.Constraints {
			l.linkConstraint(k)
		}
	}
}

func (l *loader) linkParents(r *Relation) {
	for _, oid := range r.parents {
		if p := l.cat.relations[oid]; p != nil {
			r.Parents = append(r.Parents, p)
			p.Children = append(p.Children, r)
		}
	}
}

func (l *loader) linkConstraint(k *Constraint) {
	k.Parent = l.constraints[k.parent]
	if ix := l.indexes[k.index]; ix != nil {
		k.Index = ix
		if k.Kind != ForeignKey {
			ix.Constraint = k
			k.NullsNotDistinct = ix.NullsNotDistinct
		}
	}
}
