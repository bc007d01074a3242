package catalog

import "github.com/jackc/pgx/v5"

// Sequence, free or behind a column.
type Sequence struct {
	OID       uint32
	Schema    string
	Name      string
	Owner     string
	Extension string
	Column    *Column   // that owns it (serial, identity), or nil
	Identity  bool      // it belongs to an identity column
	DrawnBy   []*Column // whose defaults call nextval of it, and the identity column
	Type      string    // smallint, integer or bigint
	Start     int64
	Increment int64
	Min, Max  int64
	Cycle     bool
	Readable  bool   // the role may read Last
	Last      *int64 // last value handed out; nil where none was, or where it is not Readable
	Grants    []Grant
}

// pg_sequence_last_value raises without the privilege on older servers.
var sequencesSQL = `
select c.oid, n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text, coalesce(ext.name, ''),
       coalesce(d.refobjid, 0), coalesce(d.refobjsubid, 0)::int2, coalesce(d.deptype = 'i', false),
       format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle, g.ok,
       case when g.ok then pg_sequence_last_value(c.oid) end,
       coalesce(c.relacl, acldefault('s', c.relowner))::text[], u.tables, u.columns
from pg_sequence s
join pg_class c on c.oid = s.seqrelid
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (select has_sequence_privilege(c.oid, 'USAGE') or has_sequence_privilege(c.oid, 'SELECT') as ok) g
left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
 and d.deptype in ('a', 'i') and d.refobjsubid > 0
cross join lateral (select coalesce(array_agg(ad.adrelid order by ad.adrelid, ad.adnum), '{}') as tables,
  coalesce(array_agg(ad.adnum order by ad.adrelid, ad.adnum), '{}') as columns
 from pg_depend u join pg_attrdef ad on ad.oid = u.objid
 where u.classid = 'pg_attrdef'::regclass and u.refclassid = 'pg_class'::regclass and u.refobjid = c.oid) u
` + joinExtension("pg_class", "c.oid") + `
where ` + notSystem + `
order by n.nspname, c.relname`

func (l *loader) readSequences(rows pgx.Rows) error {
	var s Sequence
	var table uint32
	var column int16
	var acl []string
	var tables []uint32
	var columns []int16
	_, err := pgx.ForEachRow(rows, []any{&s.OID, &s.Schema, &s.Name, &s.Owner, &s.Extension, &table, &column, &s.Identity,
		&s.Type, &s.Start, &s.Increment, &s.Min, &s.Max, &s.Cycle, &s.Readable, &s.Last, &acl, &tables, &columns}, func() error {
		seq := s
		s.Last = nil
		seq.Grants = ParseACL(acl)
		if r := l.cat.relations[table]; r != nil {
			seq.Column = r.byNum[column]
		}
		if seq.Identity && seq.Column != nil {
			seq.DrawnBy = []*Column{seq.Column}
		}
		for i, oid := range tables {
			if r := l.cat.relations[oid]; r != nil {
				seq.DrawnBy = append(seq.DrawnBy, r.byNum[columns[i]])
			}
		}
		l.seqs = append(l.seqs, &seq)
		return nil
	})
	return err
}
