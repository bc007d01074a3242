package catalog

import (
	"github.com/jackc/pgx/v5"
)

// TypeKind is pg_type.typtype.
type TypeKind string

// Kinds of types.
const (
	BaseType       TypeKind = "b"
	CompositeType  TypeKind = "c"
	DomainType     TypeKind = "d"
	EnumType       TypeKind = "e"
	PseudoType     TypeKind = "p"
	RangeType      TypeKind = "r"
	MultirangeType TypeKind = "m"
)

// Type is a data type.
type Type struct {
	OID       uint32
	Schema    string
	Name      string // as in pg_type: "int4", "_text"
	SQL       string // as one writes it: "integer", "text[]", "app.mood"
	Kind      TypeKind
	Category  string // pg_type.typcategory: "N" numeric, "S" string, "D" date/time, …
	Collated  bool   // values of the type have a collation
	Extension string

	Elem       *Type         // of an array; nil otherwise
	Base       *Type         // what a domain is over (possibly another domain); nil otherwise
	Mod        int32         // the domain's type modifier, -1 none
	Dims       int           // dimensions a domain over an array declares
	NotNull    bool          // the domain says NOT NULL
	Default    string        // the domain's default expression
	Checks     []*Constraint // of a domain, its own only: see Domains
	Labels     []string      // of an enum, in their order
	Subtype    *Type         // of a range or multirange
	Attributes []*Column     // of a composite type

	elem, base, subtype uint32
	relation            uint32
}

// System reports whether the type is Postgres's own.
func (t *Type) System() bool { return t.Schema == "pg_catalog" }

// Underlying is the type below all domains; t itself where it is no domain.
func (t *Type) Underlying() *Type {
	for t.Kind == DomainType && t.Base != nil {
		t = t.Base
	}
	return t
}

// Domains lists the domains from t down to, not including, its underlying type.
func (t *Type) Domains() []*Type {
	var out []*Type
	for ; t != nil && t.Kind == DomainType; t = t.Base {
		out = append(out, t)
	}
	return out
}

// Array types are those subscripted like true arrays: int2vector, name and
// point have a typelem too, and are none.
var typesSQL = `
select t.oid, n.nspname::text, t.typname::text, format_type(t.oid, null), t.typtype::text, t.typcategory::text,
       t.typcollation <> 0, coalesce(ext.name, ''),
       case when t.typcategory = 'A' and t.typelem <> 0 then t.typelem else 0 end,
       t.typbasetype, t.typtypmod, t.typndims, t.typnotnull, coalesce(t.typdefault, ''), t.typrelid,
       case when t.typtype = 'e' then array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder)
         else '{}' end,
       coalesce(r.rngsubtype, 0)
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
left join pg_class c on c.oid = t.typrelid
left join pg_range r on t.typtype in ('r', 'm') and t.oid in (r.rngtypid, r.rngmultitypid)
` + joinExtension("pg_type", "t.oid") + `
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_(toast|temp)'
  and (c.oid is null or ` + notSystem + `)
order by t.oid`

func (l *loader) readTypes(rows pgx.Rows) error {
	var t Type
	_, err := pgx.ForEachRow(rows, []any{&t.OID, &t.Schema, &t.Name, &t.SQL, &t.Kind, &t.Category,
		&t.Collated, &t.Extension, &t.elem, &t.base, &t.Mod, &t.Dims, &t.NotNull, &t.Default, &t.relation,
		&t.Labels, &t.subtype}, func() error {
		typ := t
		t.Labels = nil
		l.cat.types[t.OID] = &typ
		l.types = append(l.types, &typ)
		return nil
	})
	return err
}

// linkTypes resolves what types say of one another.
func (l *loader) linkTypes() {
	for _, t := range l.types {
		t.Elem, t.Base, t.Subtype = l.cat.types[t.elem], l.cat.types[t.base], l.cat.types[t.subtype]
	}
}
