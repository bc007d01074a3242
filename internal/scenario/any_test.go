package scenario_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed/internal/scenario"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// own is a schema of somebody's: other names, other keys.
var own = &pgtest.Server{Migrations: fstest.MapFS{"1_own.sql": {Data: []byte(`-- +goose Up
CREATE TABLE companies (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE teams (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, company_id bigint NOT NULL REFERENCES companies, name text NOT NULL);
CREATE TABLE invoices (company_id bigint NOT NULL REFERENCES companies, id bigint GENERATED ALWAYS AS IDENTITY, total int NOT NULL, PRIMARY KEY (company_id, id));
CREATE TABLE projects (team_id bigint NOT NULL REFERENCES teams, id bigint GENERATED ALWAYS AS IDENTITY, title text NOT NULL, PRIMARY KEY (team_id, id));
CREATE TABLE tasks (team_id bigint NOT NULL REFERENCES teams, id bigint GENERATED ALWAYS AS IDENTITY, project_id bigint NOT NULL,
	note text NOT NULL, extra jsonb NOT NULL, raw bytea, PRIMARY KEY (team_id, id), FOREIGN KEY (team_id, project_id) REFERENCES projects (team_id, id));
CREATE INDEX ON tasks (team_id, project_id);
`)}}}

func TestAnySchema(t *testing.T) {
	for _, s := range scenario.All {
		if !s.AnySchema() {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			db := own.DB(t)
			fill(t, db, s.Name, scenario.Options{Rows: []scenario.Rows{{Table: "tasks", N: 50}}})
			check.Integrity(t, db)
			var tasks int
			if err := db.QueryRow(t.Context(), "SELECT count(*) FROM tasks").Scan(&tasks); err != nil || tasks == 0 {
				t.Errorf("%d tasks: %v", tasks, err)
			}
		})
	}
}

func TestEmptyStatesOfAnySchema(t *testing.T) {
	db := own.DB(t)
	fill(t, db, "empty-states", scenario.Options{})
	var childless, nothing, one int
	err := db.QueryRow(t.Context(), `SELECT
		(SELECT count(*) FROM companies c WHERE NOT EXISTS (SELECT FROM teams WHERE company_id = c.id)),
		(SELECT count(*) FROM teams t WHERE NOT EXISTS (SELECT FROM projects WHERE team_id = t.id)),
		(SELECT count(*) FROM teams t WHERE (SELECT count(*) FROM projects WHERE team_id = t.id) = 1 AND (SELECT count(*) FROM tasks WHERE team_id = t.id) = 1)`).
		Scan(&childless, &nothing, &one)
	if err != nil || childless != 1 || nothing != 1 || one != 1 {
		t.Errorf("%d companies without teams, %d teams with nothing, %d with one of each: want 1 each; %v", childless, nothing, one, err)
	}
}

// What cannot be done on another schema says so, with the way out.
func TestOtherSchemaIsRefused(t *testing.T) {
	db := own.DB(t)
	s, _ := scenario.Named("two-tenants")
	if _, err := s.Fill(t.Context(), db, scenario.Options{}); !errors.Is(err, scenario.ErrReferenceOnly) {
		t.Errorf("two-tenants: %v", err)
	}
	s, _ = scenario.Named("scale")
	if _, err := s.Fill(t.Context(), db, scenario.Options{}); err == nil || !strings.Contains(err.Error(), "--rows TABLE=N") {
		t.Errorf("scale: %v", err)
	}
}
