package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/rows"
)

// perHundred is how many rows scale makes for a hundred spaces of the reference schema.
var perHundred = []Rows{
	{"organizations", 10}, {"spaces", 100}, {"users", 500}, {"organization_memberships", 500}, {"space_memberships", 800},
	{"source_systems", 600}, {"datasets", 2_000}, {"quality_checks", 4_000}, {"check_runs", 20_000}, {"check_results", 30_000},
	{"alerts", 2_000}, {"comments", 15_000}, {"attachments", 500}, {"annotations", 3_000}, {"audit_logs", 15_000},
}

// scale makes rows of every table in proportion to the spaces; of tables that Rows names,
// as many as it says.
func scale(ctx context.Context, db seedbed.DB, o Options) error {
	_, err := Volumes(ctx, db, o.volumes(), o)
	return err
}

// volumes returns these numbers of rows.
func (o Options) volumes() []Rows {
	spaces := o.Spaces
	if spaces == 0 {
		spaces = 100
	}
	all := make([]Rows, len(perHundred))
	for i, r := range perHundred {
		all[i] = Rows{r.Table, max(1, r.N*spaces/100)}
	}
	for _, wanted := range o.Rows {
		i := slices.IndexFunc(all, func(r Rows) bool { return r.Table == wanted.Table })
		if i < 0 {
			all = append(all, wanted)
		} else {
			all[i].N = wanted.N
		}
	}
	return all
}

// rowsOfEach is how many rows for each tenant scale makes of a scoped table, in schemas
// other than the reference schema.
const rowsOfEach = 20

// autoScale makes the rows asked for, or rows of every table in proportion to the tenants.
// A table that cannot hold as many gets as many as it can, and a sentence in left.
func autoScale(ctx context.Context, db seedbed.DB, o Options) (left []string, err error) {
	if len(o.Rows) > 0 {
		_, err := Volumes(ctx, db, o.Rows, o)
		return nil, err
	}
	volumes, err := proportions(ctx, db, o)
	for range volumes {
		if err != nil {
			return nil, err
		}
		_, err = Volumes(ctx, db, volumes, o)
		table, most, why := noRoom(err)
		i := slices.IndexFunc(volumes, func(r Rows) bool { return r.Table == table })
		if i < 0 || most >= volumes[i].N {
			return left, err
		}
		left = append(left, fmt.Sprintf("%s has room for %d rows only: %s", table, most, why))
		if volumes[i].N = most; most == 0 {
			volumes = slices.Delete(volumes, i, i+1)
		}
		err = nil
	}
	return left, err
}

// noRoom reads from an error which table cannot have as many rows as a plan asks for, how
// many it can have, and why. table is empty for any other error.
func noRoom(err error) (table string, most int64, why string) {
	if full, ok := errors.AsType[*factory.KeySpaceError](err); ok {
		return full.Table, full.Most - full.There, strings.Join(full.Definitions, ", ")
	}
	if few, ok := errors.AsType[*rows.RoomError](err); ok {
		return few.Table, few.Most, "each of " + strings.Join(few.Parents, ", ") + " has few"
	}
	return "", 0, ""
}

// proportions returns how many rows of each table go with the tenants.
func proportions(ctx context.Context, db seedbed.DB, o Options) ([]Rows, error) {
	tenants := o.Spaces
	if tenants == 0 {
		tenants = 100
	}
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return nil, err
	}
	model := o.Model
	if model == nil {
		found, err := seedbed.Discover(ctx, rows.WithCatalog(db, cat))
		if err != nil {
			return nil, err
		}
		model = &found.Model
	}
	var all []Rows
	wanted := map[*graph.Table]int64{}
	for _, group := range graph.Order(graph.New(cat, *model).Tables) {
		for _, t := range group {
			if t.Relation.Bookkeeping() {
				continue
			}
			n := proportion(*model, t.Name, tenants)
			for _, fk := range t.ForeignKeys {
				if most, ok := wanted[fk.To]; ok && fk.OneToOne() {
					n = min(n, most)
				}
			}
			wanted[t] = n
			all = append(all, Rows{t.Name, n})
		}
	}
	return all, nil
}

// scopeOf returns the tenant columns of a table; none for a table that belongs to no
// tenant.
func scopeOf(m seedbed.Model, table string) (columns []string, scoped bool) {
	for _, s := range m.Scoped {
		if s.Table == table {
			return s.Columns, true
		}
	}
	for _, a := range m.Aggregates {
		if a.Table == table {
			return a.Columns, true
		}
	}
	return nil, false
}

// proportion returns how many rows of a table go with a number of innermost tenants. Each
// outer level has a tenth of the tenants of the level below it.
func proportion(m seedbed.Model, table string, tenants int64) int64 {
	if level, ok := m.TenantTable(table); ok {
		for name := level.Name; ; {
			i := slices.IndexFunc(m.Tenants, func(t seedbed.Tenant) bool { return t.Parent == name })
			if i < 0 {
				return tenants
			}
			name, tenants = m.Tenants[i].Name, max(1, tenants/10)
		}
	}
	if _, scoped := scopeOf(m, table); scoped {
		return tenants * rowsOfEach
	}
	return tenants
}

// Rows is a number of rows of a table.
type Rows struct {
	Table string
	N     int64
}

// Volumes makes rows of the tables named, in one transaction: those of the built-in
// factories in the reference schema, and those of factory.Auto in other tables.
func Volumes(ctx context.Context, db seedbed.DB, rows []Rows, o Options) (factory.Report, error) {
	reference, err := isReference(ctx, db)
	if err != nil {
		return factory.Report{}, err
	}
	plan := factory.Plan{Options: []factory.Option{factory.Seed(o.Seed), factory.Now(o.Now)}, Progress: o.Filling, Triggers: o.triggers}
	if o.Model != nil {
		plan.Options = append(plan.Options, factory.WithModel(*o.Model))
	}
	for _, r := range rows {
		if slices.Contains(catalog.Bookkeeping, r.Table[strings.LastIndex(r.Table, ".")+1:]) {
			return factory.Report{}, catalog.Unknownf("fill: %s is the migrations' own table, which is not filled", r.Table)
		}
		volume := func(n int64) factory.Volume { return factory.Auto(r.Table).N(n) }
		if known := builtin[r.Table]; known != nil && reference {
			volume = known
		}
		plan.Rows = append(plan.Rows, volume(r.N))
	}
	return plan.Run(ctx, db)
}

// builtin returns volumes of the built-in factories, by table of the reference schema.
var builtin = map[string]func(int64) factory.Volume{
	"organizations":            func(n int64) factory.Volume { return factory.Organizations.N(n) },
	"spaces":                   func(n int64) factory.Volume { return factory.Spaces.N(n) },
	"users":                    func(n int64) factory.Volume { return factory.Users.N(n) },
	"organization_memberships": func(n int64) factory.Volume { return factory.OrganizationMemberships.N(n) },
	"space_memberships":        func(n int64) factory.Volume { return factory.SpaceMemberships.N(n) },
	"datasets":                 func(n int64) factory.Volume { return factory.Datasets.N(n) },
	"quality_checks":           func(n int64) factory.Volume { return factory.QualityChecks.N(n) },
	"check_runs":               func(n int64) factory.Volume { return factory.CheckRuns.N(n) },
	"check_results":            func(n int64) factory.Volume { return factory.CheckResults.N(n) },
	"source_systems":           func(n int64) factory.Volume { return factory.SourceSystems.N(n) },
	"comments":                 func(n int64) factory.Volume { return factory.Comments.N(n) },
	"attachments":              func(n int64) factory.Volume { return factory.Attachments.N(n) },
	"annotations":              func(n int64) factory.Volume { return factory.Annotations.N(n) },
	"alerts":                   func(n int64) factory.Volume { return factory.Alerts.N(n) },
	"audit_logs":               func(n int64) factory.Volume { return factory.AuditLogs.N(n) },
}
