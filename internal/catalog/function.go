package catalog

import "github.com/jackc/pgx/v5"

// Function or procedure.
type Function struct {
	OID             uint32
	Schema          string
	Name            string
	Args            string // identity arguments, as DROP FUNCTION wants them
	Defaults        int    // arguments, the last ones, that a call may leave out
	Returns         string
	Owner           string
	Language        string
	Extension       string
	SecurityDefiner bool
	Leakproof       bool
	Volatility      string            // "i" immutable, "s" stable, "v" volatile
	Config          map[string]string // SET clauses: search_path, row_security, …
	Body            string
	Grants          []Grant
}

var functionsSQL = `
select p.oid, n.nspname::text, p.proname::text, pg_get_function_identity_arguments(p.oid), p.pronargdefaults,
       coalesce(pg_get_function_result(p.oid), ''), pg_get_userbyid(p.proowner)::text, la.lanname::text,
       coalesce(ext.name, ''), p.prosecdef, p.proleakproof, p.provolatile::text,
       coalesce(p.proconfig, '{}'), coalesce(pg_get_function_sqlbody(p.oid), p.prosrc),
       coalesce(p.proacl, acldefault('f', p.proowner))::text[]
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language la on la.oid = p.prolang
` + joinExtension("pg_proc", "p.oid") + `
where ` + notSystem + `
order by n.nspname, p.proname, p.oid`

func (l *loader) readFunctions(rows pgx.Rows) error {
	var f Function
	var config, acl []string
	_, err := pgx.ForEachRow(rows, []any{&f.OID, &f.Schema, &f.Name, &f.Args, &f.Defaults, &f.Returns, &f.Owner, &f.Language,
		&f.Extension, &f.SecurityDefiner, &f.Leakproof, &f.Volatility, &config, &f.Body, &acl}, func() error {
		function := f
		function.Config = parseOptions(config)
		function.Grants = ParseACL(acl)
		l.cat.functions[f.OID] = &function
		l.funcs = append(l.funcs, &function)
		return nil
	})
	return err
}
