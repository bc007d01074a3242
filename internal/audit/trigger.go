package audit

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

func (a *audit) triggers(r *catalog.Relation) {
	for _, t := range r.Triggers {
		state := map[string]string{"D": "disabled", "R": "enabled for replication only"}[t.Enabled]
		if state != "" {
			a.find(report.Finding{Rule: "trigger-off", Cause: triggersOf(a.name(r)), Object: a.name(r) + "." + t.Name, Evidence: []string{t.Definition},
				Message: fmt.Sprintf("trigger %s of %s is %s", t.Name, a.name(r), state),
				Fix:     fmt.Sprintf("ALTER TABLE %s ENABLE TRIGGER %s", r.Ident(), catalog.Ident(t.Name))})
		}
	}
}

// triggersOff is where someone switched triggers of foreign keys off, so that nothing checks
// them in an ordinary session: at the key's own table or, else, at the one that it leads to.
func (a *audit) triggersOff() (map[uint32]*catalog.Relation, error) {
	rows, err := a.bypass.tx.Query(a.ctx, `SELECT t.tgconstraint, t.tgrelid FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint
		WHERE t.tgisinternal AND t.tgenabled IN ('D', 'R') ORDER BY t.tgrelid = k.conrelid`)
	if err != nil {
		return nil, err
	}
	off := map[uint32]*catalog.Relation{}
	var constraint, table uint32
	_, err = pgx.ForEachRow(rows, []any{&constraint, &table}, func() error {
		off[constraint] = a.cat.Relation(table)
		return nil
	})
	return off, err
}

// tablesWithoutTriggers finds the tables at which the triggers of several foreign keys are off: one
// statement switched them off, and one switches them on.
func (a *audit) tablesWithoutTriggers(off map[uint32]*catalog.Relation) {
	count := map[*catalog.Relation]int{}
	for _, r := range a.cat.Relations {
		for _, k := range r.Constraints {
			if at := off[k.OID]; at != nil {
				count[at]++
			}
		}
	}
	for _, r := range a.cat.Relations {
		if n := count[r]; n > 1 {
			a.find(report.Finding{Rule: "constraint-off", Cause: triggersOf(a.name(r)), Object: a.name(r),
				Message: fmt.Sprintf("triggers of %s are disabled: those that enforce %d foreign keys from it and to it", a.name(r), n),
				Fix:     fmt.Sprintf("ALTER TABLE %s ENABLE TRIGGER ALL", r.Ident())})
		}
	}
}

// triggersOf is the cause that all that one ALTER TABLE … DISABLE TRIGGER does has in common.
func triggersOf(table string) string { return "triggers of " + table }

// replicas finds settings of roles and of the database that switch foreign keys and
// triggers off in every session.
func (a *audit) replicas() error {
	rows, err := a.bypass.tx.Query(a.ctx, `SELECT coalesce(r.rolname::text, ''), coalesce(d.datname::text, '') FROM pg_db_role_setting s
		LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
		WHERE (s.setdatabase = 0 OR d.datname = current_database()) AND 'session_replication_role=replica' = ANY (s.setconfig) ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	var role, database string
	_, err = pgx.ForEachRow(rows, []any{&role, &database}, func() error {
		object, alter := role, "ROLE "+catalog.Ident(role)
		switch {
		case role == "":
			object, alter = "database "+database, "DATABASE "+catalog.Ident(database)
		case database != "":
			alter += " IN DATABASE " + catalog.Ident(database)
		}
		a.find(report.Finding{Rule: "constraint-off", Object: object,
			Message:  fmt.Sprintf("every session of %s has session_replication_role = replica: no foreign key is checked, and no trigger fires", object),
			Evidence: []string{"ALTER " + alter + " SET session_replication_role = replica"},
			Fix:      "ALTER " + alter + " RESET session_replication_role"})
		return nil
	})
	return err
}
