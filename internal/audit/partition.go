package audit

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// partitionMaker is a function that makes partitions, or nil.
func (a *audit) partitionMaker() *catalog.Function {
	for _, f := range a.cat.Functions {
		if body := strings.ToLower(f.Body); strings.Contains(body, "partition of") || strings.Contains(body, "attach partition") {
			return f
		}
	}
	return nil
}

func (a *audit) partitions() error {
	if err := a.detaching(); err != nil {
		return err
	}
	for _, r := range a.cat.Relations {
		if r.Kind == catalog.PartitionedTable && len(r.Children) == 0 && !r.Partition {
			f := report.Finding{Rule: "partition-broken", Cause: "no partitions", Object: a.name(r),
				Message: fmt.Sprintf("%s is partitioned and has no partition: no row can be written", a.name(r)),
				Fix:     fmt.Sprintf("CREATE TABLE … PARTITION OF %s …", r.Ident())}
			if maker := a.partitionMaker(); maker != nil {
				f.Severity, f.Fix = report.Advice, fmt.Sprintf("nothing, where %s makes them before rows come; otherwise %s", maker.Name, f.Fix)
			}
			a.find(f)
		}
		if !r.Partition || r.Kind != catalog.Table {
			continue
		}
		if err := a.misplaced(r); err != nil {
			return err
		}
	}
	return nil
}

// misplaced evaluates a partition's bound on its rows: a partition key whose
// function has changed leaves rows where no query looks for them.
func (a *audit) misplaced(r *catalog.Relation) error {
	var bound string
	if err := a.scalar(fmt.Sprintf("SELECT coalesce(pg_get_partition_constraintdef(%d), '')", r.OID), &bound); err != nil {
		return a.hidden(r, err)
	}
	if bound == "" {
		return nil
	}
	n, rows, err := a.offenders(r, "NOT ("+bound+")", r.Root().PartitionBy)
	if err != nil {
		return a.hidden(r, err)
	}
	if n > 0 {
		a.find(report.Finding{Rule: "partition-wrong", Object: a.name(r), Rows: n, Sample: rows, Evidence: []string{bound},
			Message: fmt.Sprintf("%s of partition %s belonging in another partition of %s", plural(n, "row"), a.name(r), a.name(r.Root())),
			Fix:     "delete them from the partition and insert them through the parent"})
	}
	return nil
}

// detaching looks for DETACH … CONCURRENTLY that was interrupted.
func (a *audit) detaching() error {
	rows, err := a.bypass.tx.Query(a.ctx, "SELECT inhrelid FROM pg_inherits WHERE inhdetachpending")
	if err != nil {
		return err
	}
	oids, err := pgx.CollectRows(rows, pgx.RowTo[uint32])
	if err != nil {
		return err
	}
	for _, oid := range oids {
		r := a.cat.Relation(oid)
		if r == nil || len(r.Parents) == 0 {
			continue
		}
		a.find(report.Finding{Rule: "partition-broken", Object: a.name(r),
			Message: fmt.Sprintf("partition %s is half detached from %s: some queries see its rows, some do not", a.name(r), a.name(r.Parents[0])),
			Fix:     fmt.Sprintf("ALTER TABLE %s DETACH PARTITION %s FINALIZE", r.Parents[0].Ident(), r.Ident())})
	}
	return nil
}
