package catalog

import "github.com/jackc/pgx/v5"

// Trigger that someone wrote; those that enforce foreign keys are not listed.
type Trigger struct {
	Name       string
	Table      *Relation
	Function   *Function // nil where it belongs to the system
	Row        bool      // FOR EACH ROW; otherwise FOR EACH STATEMENT
	Before     bool
	Instead    bool
	Insert     bool
	Update     bool
	Delete     bool
	Truncate   bool
	Enabled    string // "O" origin, "D" disabled, "R" replica, "A" always
	Constraint bool   // CREATE CONSTRAINT TRIGGER
	Deferrable bool
	Deferred   bool
	Inherited  bool // from a partitioned table
	Definition string
}

// Bits of pg_trigger.tgtype.
const (
	triggerRow = 1 << iota
	triggerBefore
	triggerInsert
	triggerDelete
	triggerUpdate
	triggerTruncate
	triggerInstead
)

// Internal triggers come only where someone disabled them: a foreign key that is
// switched off looks whole in pg_constraint.
const triggersSQL = `
select t.tgrelid, t.tgname::text, t.tgtype, t.tgenabled::text, t.tgisinternal, t.tgconstraint, t.tgfoid,
       t.tgdeferrable, t.tginitdeferred, t.tgparentid <> 0,
       case when t.tgisinternal then '' else pg_get_triggerdef(t.oid) end
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_namespace n on n.oid = c.relnamespace
where (not t.tgisinternal or t.tgenabled = 'D') and ` + notSystem + `
order by t.tgrelid, t.tgname`

func (l *loader) readTriggers(rows pgx.Rows) error {
	var t Trigger
	var table, constraint, function uint32
	var bits int16
	var internal bool
	_, err := pgx.ForEachRow(rows, []any{&table, &t.Name, &bits, &t.Enabled, &internal, &constraint, &function,
		&t.Deferrable, &t.Deferred, &t.Inherited, &t.Definition}, func() error {
		if internal {
			if k := l.constraints[constraint]; k != nil {
				k.TriggersOff = true
			}
			return nil
		}
		trigger := t
		trigger.Constraint = constraint != 0
		trigger.decode(bits)
		trigger.Function = l.cat.functions[function]
		if trigger.Table = l.cat.relations[table]; trigger.Table != nil {
			trigger.Table.Triggers = append(trigger.Table.Triggers, &trigger)
		}
		return nil
	})
	return err
}

func (t *Trigger) decode(bits int16) {
	t.Row = bits&triggerRow != 0
	t.Before = bits&triggerBefore != 0
	t.Insert = bits&triggerInsert != 0
	t.Delete = bits&triggerDelete != 0
	t.Update = bits&triggerUpdate != 0
	t.Truncate = bits&triggerTruncate != 0
	t.Instead = bits&triggerInstead != 0
}
