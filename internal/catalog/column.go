package catalog

import "github.com/jackc/pgx/v5"

// Column of a relation, or attribute of a composite type.
type Column struct {
	Table     *Relation // nil for an attribute of a composite type
	Num       int16     // attnum: gaps where columns were dropped
	Index     int       // position in Table.Columns
	Name      string
	Type      *Type  // as declared; Type.Underlying() looks through domains
	SQLType   string // as one writes it, with its modifier: "numeric(10,2)", "citext"
	Mod       int32  // the type modifier in force, also a domain's; -1 none
	Length    int    // n of varchar(n), char(n), bit(n), varbit(n), also through domains and arrays; 0 none
	Precision int    // of numeric(p,s); 0 none
	Scale     int    // of numeric(p,s), may be negative
	Dims      int    // dimensions an array declares; Postgres does not enforce them
	NotNull   bool   // of the column itself; see Required
	Default   string // default expression, "" none
	Identity  string // "a" GENERATED ALWAYS, "d" BY DEFAULT, "" none
	Generated string // "s" STORED, "v" VIRTUAL, "" none
	Expr      string // of a generated column
	Collation string // where it differs from the type's
	Comment   string
	Grants    []Grant // column privileges; the table's own are in its Grants

	typ uint32
}

// Required reports whether NULL is refused, by the column or by a domain below it.
func (c *Column) Required() bool {
	if c.NotNull {
		return true
	}
	for _, d := range c.Type.Domains() {
		if d.NotNull {
			return true
		}
	}
	return false
}

// Filled reports whether Postgres gives the column a value when an INSERT names
// none: generated, identity, default of its own or of its domain.
func (c *Column) Filled() bool {
	if c.Generated != "" || c.Identity != "" || c.Default != "" {
		return true
	}
	for _, d := range c.Type.Domains() {
		if d.Default != "" {
			return true
		}
	}
	return false
}

// Writable reports whether an INSERT may name the column without OVERRIDING.
func (c *Column) Writable() bool { return c.Generated == "" && c.Identity != "a" }

var columnsSQL = `
select a.attrelid, a.attnum, a.attname::text, a.atttypid, format_type(a.atttypid, a.atttypmod), a.atttypmod, a.attndims,
       a.attnotnull, coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attidentity::text, a.attgenerated::text,
       case when a.attcollation in (0, t.typcollation) then ''
         else coalesce((select co.collname::text from pg_collation co where co.oid = a.attcollation), '') end,
       ` + commentOn("pg_class", "a.attrelid", "a.attnum") + `, coalesce(a.attacl, '{}')::text[], coalesce(c.reltype, 0)
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and ` + notSystem + `
order by a.attrelid, a.attnum`

func (l *loader) readColumns(rows pgx.Rows) error {
	var c Column
	var table, rowType uint32
	var acl []string
	_, err := pgx.ForEachRow(rows, []any{&table, &c.Num, &c.Name, &c.typ, &c.SQLType, &c.Mod, &c.Dims, &c.NotNull,
		&c.Default, &c.Identity, &c.Generated, &c.Collation, &c.Comment, &acl, &rowType}, func() error {
		col := c
		col.Grants = ParseACL(acl)
		if col.Generated != "" {
			col.Expr, col.Default = col.Default, ""
		}
		l.place(&col, table, rowType)
		return nil
	})
	return err
}

func (l *loader) place(c *Column, table, rowType uint32) {
	if t := l.cat.types[rowType]; t != nil {
		t.Attributes = append(t.Attributes, c)
	}
	c.Type = l.cat.types[c.typ]
	if c.Type == nil {
		// The row type of a system table, say, in a view.
		c.Type = &Type{OID: c.typ, Name: c.SQLType, SQL: c.SQLType, Kind: BaseType, Mod: -1}
		l.cat.types[c.typ] = c.Type
	}
	if r := l.cat.relations[table]; r != nil {
		c.Table, c.Index = r, len(r.Columns)
		r.Columns = append(r.Columns, c)
		r.columns[c.Name], r.byNum[c.Num] = c, c
	}
}

// Built-in types whose modifiers matter to code that makes values.
const (
	bpcharOID  = 1042
	varcharOID = 1043
	bitOID     = 1560
	varbitOID  = 1562
	numericOID = 1700
)

// measure works the modifier out: the innermost domain's where there is one.
func (c *Column) measure() {
	t := c.Type
	for t.Kind == DomainType && t.Base != nil {
		if c.Mod < 0 {
			c.Mod = t.Mod
		}
		if c.Dims == 0 {
			c.Dims = t.Dims
		}
		t = t.Base
	}
	if t.Elem != nil {
		t = t.Elem
	}
	if c.Mod < 0 {
		return
	}
	switch t.Underlying().OID {
	case bpcharOID, varcharOID:
		c.Length = int(c.Mod) - 4
	case bitOID, varbitOID:
		c.Length = int(c.Mod)
	case numericOID:
		c.Precision = int((c.Mod-4)>>16) & 0xffff
		// Eleven bits, signed: numeric.c, numeric_typmod_scale.
		c.Scale = int((((c.Mod - 4) & 0x7ff) ^ 1024) - 1024)
	}
}
