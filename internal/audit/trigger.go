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
			a.find(report.Finding{Rule: "trigger-off", Object: a.name(r) + "." + t.Name, Evidence: []string{t.Definition},
				Message: fmt.Sprintf("trigger %s of %s is %s", t.Name, a.name(r), state),
				Fix:     fmt.Sprintf("ALTER TABLE %s ENABLE TRIGGER %s", r.Ident(), catalog.Ident(t.Name))})
		}
	}
}

// asleep are the foreign keys whose triggers fire for replication only: nothing
// checks them in an ordinary session.
func (a *audit) asleep() (map[uint32]bool, error) {
	rows, err := a.eyes.tx.Query(a.ctx, "SELECT DISTINCT tgconstraint FROM pg_trigger WHERE tgisinternal AND tgenabled = 'R' AND tgconstraint <> 0")
	if err != nil {
		return nil, err
	}
	oids, err := pgx.CollectRows(rows, pgx.RowTo[uint32])
	out := map[uint32]bool{}
	for _, oid := range oids {
		out[oid] = true
	}
	return out, err
}

// replicas finds settings of roles and of the database that switch foreign keys and
// triggers off in every session.
func (a *audit) replicas() error {
	rows, err := a.eyes.tx.Query(a.ctx, `SELECT coalesce(r.rolname::text, ''), coalesce(d.datname::text, '') FROM pg_db_role_setting s
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
