package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/rows"
)

const (
	demoTenants = 3  // tenants of the outermost level, and below each tenant of another one
	demoRows    = 5  // rows of a table for each innermost tenant
	demoShared  = 12 // rows of a table that belongs to no tenant
)

// autoDemo makes three tenants of each level and some rows of every table, with one plan: a
// few tenants and parents have much, many have little.
func autoDemo(ctx context.Context, db seedbed.DB, o Options) ([]string, error) {
	return withFiller(ctx, db, o, func(f *filler) error {
		volumes, tenants, err := f.demoVolumes()
		if err != nil {
			return err
		}
		f.options.triggers = true
		report, err := f.fillWhatCanBe(volumes)
		if err != nil {
			return err
		}
		made := int64(0)
		for _, t := range report.Tables {
			if !slices.Contains(tenants, t.Table) {
				made += t.Rows
			}
		}
		f.left = append(f.left, report.Notes...)
		if made > 0 || f.there == 0 && report.Rows > 0 {
			return nil
		}
		return f.nothingWritten()
	})
}

// demoVolumes returns how many rows to make of each table, and the tables of tenants. Tables
// that have rows, of a migration, get no more, unless they are tenants.
func (f *filler) demoVolumes() (volumes []Rows, tenants []string, err error) {
	innermost := int64(0)
	byTable := map[*graph.Table]int64{}
	for _, group := range graph.Order(f.graph.Tables) {
		for _, t := range group {
			if t.Relation.Bookkeeping() {
				continue
			}
			if level, ok := f.model.TenantTable(t.Name); ok {
				n := int64(demoTenants)
				for range f.model.Above(level.Name) {
					n *= demoTenants
				}
				innermost = max(innermost, n)
				byTable[t] = n
				volumes, tenants = append(volumes, Rows{t.Name, n}), append(tenants, t.Name)
			}
		}
	}
	for _, group := range graph.Order(f.graph.Tables) {
		for _, t := range group {
			if _, isTenant := byTable[t]; isTenant || t.Relation.Bookkeeping() {
				continue
			}
			has, err := f.hasRows(f.tx, t)
			if err != nil {
				return nil, nil, err
			}
			if has {
				f.there++
				continue
			}
			n := int64(demoShared)
			if _, scoped := scopeOf(f.model, t.Name); scoped {
				n = max(innermost, 1) * demoRows
			}
			for _, fk := range t.ForeignKeys {
				if most, ok := byTable[fk.To]; ok && fk.OneToOne() {
					n = min(n, most)
				}
			}
			byTable[t] = n
			volumes = append(volumes, Rows{t.Name, n})
		}
	}
	return volumes, tenants, nil
}

// fillWhatCanBe fills the tables with one plan. A table that cannot hold as many rows gets as
// many as it can. One that cannot be filled is left out, with those whose rows need a row of
// it, and the plan begins again; each has a sentence in left.
func (f *filler) fillWhatCanBe(volumes []Rows) (factory.Report, error) {
	for len(volumes) > 0 {
		report, err := Volumes(f.ctx, f.tx, volumes, f.options)
		if err == nil || f.ctx.Err() != nil {
			return report, err
		}
		if table, most, _ := noRoom(err); table != "" && most > 0 {
			if i := indexOf(volumes, table); i >= 0 && most < volumes[i].N {
				volumes[i].N = most
				continue
			}
		}
		table := tableOfError(err)
		i := indexOf(volumes, table)
		if i < 0 {
			return report, err
		}
		f.left = append(f.left, fmt.Sprintf("%s is empty: %s", table, rows.AtShell(err)))
		volumes = slices.Delete(volumes, i, i+1)
		volumes = slices.DeleteFunc(volumes, func(r Rows) bool {
			needs := f.graph.Table(r.Table).Requires(f.graph.Table(table))
			if needs {
				f.left = append(f.left, fmt.Sprintf("%s is empty: its rows need a row of %s", r.Table, table))
			}
			return needs
		})
	}
	return factory.Report{}, nil
}

func indexOf(volumes []Rows, table string) int {
	return slices.IndexFunc(volumes, func(r Rows) bool { return r.Table == table })
}

// tableOfError returns the table that a plan could not fill; "" where the error is of no
// table.
func tableOfError(err error) string {
	if unfillable, ok := errors.AsType[*factory.UnfillableError](err); ok {
		return unfillable.Table
	}
	if at, ok := errors.AsType[*rows.TableError](err); ok {
		return at.Table
	}
	return ""
}

// withFiller runs do with a filler, in one transaction.
func withFiller(ctx context.Context, db seedbed.DB, o Options, do func(*filler) error) (left []string, err error) {
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		f, err := newFiller(ctx, tx, o)
		if err != nil {
			return err
		}
		err = do(f)
		left = f.left
		return err
	})
	return left, err
}
