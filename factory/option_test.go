package factory_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testkit"
)

// Built-in and own factories take the same options, in calls of tests and of programs.
func TestOptions(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	space := factory.Spaces.Create(t, db)
	own := factory.New(factory.Definition[ownDataset]{Parents: []factory.Maker{factory.Spaces}})
	d := own.Create(t, db, factory.In(space), func(d *ownDataset) { d.Name = "a" }, factory.Set(func(d *ownDataset) { d.Name += "b" }))
	if d.SpaceID != space.ID || d.Name != "ab" {
		t.Errorf("got %+v", d)
	}
	if _, err := factory.Comments.CreateContext(t.Context(), db, factory.On(d), factory.By(factory.Users.Create(t, db))); err != nil {
		t.Error(err)
	}
	if report, err := own.FillContext(t.Context(), db, 5, factory.In(space)); err != nil || report.Rows != 5 {
		t.Errorf("%d rows, %v", report.Rows, err)
	}
	if built, err := own.Build(0, func(d *ownDataset) { d.Name = "c" }); err != nil || built.Name != "c" {
		t.Errorf("built %+v, %v", built, err)
	}
}

type ownDataset struct {
	SpaceID, ID factory.UUID
	Name        string
}

func (ownDataset) TableName() string { return "datasets" }

// An option that a factory cannot take is an error that names the option and the struct.
func TestWrongOption(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	space := factory.Spaces.Create(t, db)
	for want, option := range map[string]factory.Option{
		"func(*factory.Space) is no option for rows of factory.Dataset":                                                                   func(*factory.Space) {},
		"Set(func(*factory.Space)) is no option for rows of factory.Dataset":                                                              factory.Set(func(*factory.Space) {}),
		"Failing() is no option for rows of factory.Dataset":                                                                              factory.Failing(),
		"a factory.Space is no option for rows of factory.Dataset: say what":                                                              space,
		"a factory.Dataset is no option for rows of factory.Dataset: to set what rows hold, pass func(r *factory.Dataset) { r.Name = … }": factory.Dataset{Name: "orders"},
		"a *factory.Dataset is no option for rows of factory.Dataset: to set what rows hold, pass func(r *factory.Dataset) { r.FIELD":     &factory.Dataset{},
		"a *factory.Dataset is no option for rows of factory.Dataset: it is nil":                                                          (*factory.Dataset)(nil),
		"a string is no option for rows of factory.Dataset: pass In, On, By":                                                              "orders",
		"a func() is no option for rows of factory.Dataset: pass In, On, By":                                                              func() {},
		"In: the row is nil": factory.In(nil),
	} {
		_, err := factory.Datasets.CreateContext(t.Context(), db, option)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	_, err := factory.Auto("users").CreateContext(t.Context(), db, factory.Record{Table: "users"})
	mention(t, err, `pass func(r *factory.Record) { r.Set("COLUMN", …) }; if they reference this row, say how: In, On`)
	var wrong *factory.OptionError
	_, err = factory.Datasets.With(factory.Failing()).Build(0)
	if !errors.As(err, &wrong) || wrong.Struct != "factory.Dataset" {
		t.Errorf("With, then Build: %v", err)
	}
	_, err = factory.Plan{Rows: []factory.Volume{factory.Users.N(1)}, Options: []factory.Option{factory.Failing()}}.Run(t.Context(), db)
	if !errors.As(err, &wrong) {
		t.Errorf("Plan: %v", err)
	}
	if _, err = factory.Users.CreateContext(t.Context(), db, factory.In(space)); err == nil || !strings.Contains(err.Error(), "users") || !strings.Contains(err.Error(), "spaces") {
		t.Errorf("In on a table without a tenant: %v", err)
	}
}

// A test that names no tenant has one line in its log: a tenant was made.
func TestTenantMadeIsLogged(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	r := testkit.Record(t, func(tb testing.TB) {
		factory.Datasets.CreateN(tb, db, 2)
		factory.Datasets.Create(tb, db)
	})
	if n := strings.Count(r.Logged(), "one was made"); n != 1 {
		t.Errorf("said %d times: %s", n, r.Logged())
	}
	testkit.Mention(t, r.Logged(), "spaces", "datasets", "factory.In")
	space := factory.Spaces.Create(t, db)
	r = testkit.Record(t, func(tb testing.TB) { factory.Datasets.Create(tb, db, factory.In(space)) })
	if strings.Contains(r.Logged(), "one was made") {
		t.Errorf("a tenant was given, and yet: %s", r.Logged())
	}
}
