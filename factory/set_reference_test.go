package factory_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testpg"
)

const billingSchema = `
create table accounts (id uuid primary key default gen_random_uuid(), name text not null);
create table users (account_id uuid not null references accounts, id uuid not null default gen_random_uuid(), primary key (account_id, id));
create table invoices (account_id uuid not null references accounts, id uuid not null default gen_random_uuid(), created_by uuid not null,
  primary key (account_id, id), foreign key (account_id, created_by) references users (account_id, id));
create table projects (id bigint generated always as identity primary key, account_id uuid not null references accounts, name text not null);
create table tasks (id bigint generated always as identity primary key, account_id uuid not null references accounts, project_id bigint not null references projects);
create table steps (id bigint generated always as identity primary key, task_id bigint not null references tasks, project_id bigint not null references projects)`

type user struct{ AccountID, ID factory.UUID }

func (user) TableName() string { return "users" }

type invoice struct{ AccountID, ID, CreatedBy factory.UUID }

func (invoice) TableName() string { return "invoices" }

type task struct {
	ID        int64
	AccountID factory.UUID
	ProjectID int64
}

func (task) TableName() string { return "tasks" }

// A row whose references the caller sets is put in the tenant of the rows they lead to.
func TestSetReferenceGivesTenant(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(billingSchema).DB(t)
	u := factory.New(factory.Definition[user]{}).Create(t, db)
	i := factory.New(factory.Definition[invoice]{}).Create(t, db, func(i *invoice) { i.CreatedBy = u.ID })
	if i.AccountID != u.AccountID {
		t.Errorf("one column of a composite key: an invoice of account %s by a user of %s", i.AccountID, u.AccountID)
	}
	project := factory.Auto("projects").Create(t, db)
	tasks := factory.New(factory.Definition[task]{})
	made := tasks.Create(t, db, func(k *task) { k.ProjectID = project.Get("id").(int64) })
	if want := testpg.One[string](t, db, "select account_id::text from projects where id = $1", project.Get("id")); made.AccountID.String() != want {
		t.Errorf("a plain key: a task of account %s in a project of %s", made.AccountID, want)
	}
	step := factory.Auto("steps").Create(t, db, func(r *factory.Record) { r.Set("task_id", made.ID) })
	if n := testpg.One[int](t, db, "select count(*) from projects where id = $1 and account_id = $2", step.Get("project_id"), made.AccountID); n != 1 {
		t.Errorf("a row without a tenant's column: project %v is of another account", step.Get("project_id"))
	}
	if n := testpg.One[int](t, db, "select count(*) from accounts"); n != 2 {
		t.Errorf("%d accounts, want 2: the user's and the project's", n)
	}
}

// A reference to a row of another tenant is refused, also where no foreign key would
// refuse it.
func TestSetReferenceOfAnotherTenant(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(billingSchema).DB(t)
	project := factory.Auto("projects").Create(t, db)
	other := factory.Auto("accounts").Create(t, db)
	tasks := factory.New(factory.Definition[task]{})
	_, err := tasks.CreateContext(t.Context(), db, factory.In(other), func(k *task) { k.ProjectID = project.Get("id").(int64) })
	var disagree *factory.DisagreeError
	if !errors.As(err, &disagree) || !strings.Contains(err.Error(), "account_id") || !strings.Contains(err.Error(), "In(accounts") {
		t.Errorf("got %v", err)
	}
	if n := testpg.One[int](t, db, "select count(*) from tasks"); n != 0 {
		t.Errorf("%d rows are written", n)
	}
}
