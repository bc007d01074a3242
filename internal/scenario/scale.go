package scenario

import (
	"context"
	"errors"
	"slices"

	"github.com/qarion/seedbed"
)

// perHundred is how many rows scale makes for a hundred spaces.
var perHundred = []Rows{
	{"organizations", 10}, {"spaces", 100}, {"users", 500}, {"organization_memberships", 500}, {"space_memberships", 800},
	{"source_systems", 600}, {"datasets", 2_000}, {"quality_checks", 4_000}, {"check_runs", 20_000}, {"check_results", 30_000},
	{"alerts", 2_000}, {"comments", 15_000}, {"attachments", 500}, {"annotations", 3_000}, {"audit_logs", 15_000},
}

// scale makes volumes of every table, in proportion to the spaces; rows that are
// asked for by table are as many as asked.
func scale(ctx context.Context, db seedbed.DB, o Options) error {
	_, err := Volumes(ctx, db, o.volumes(), o)
	return err
}

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

// errNoRows is what scale says of a schema whose proportions nobody knows.
var errNoRows = errors.New("scenario scale: on a schema that is not the reference one, say how many rows of which tables: --rows TABLE=N")

func autoScale(ctx context.Context, db seedbed.DB, o Options) ([]string, error) {
	if len(o.Rows) == 0 {
		return nil, errNoRows
	}
	_, err := Volumes(ctx, db, o.Rows, o)
	return nil, err
}
