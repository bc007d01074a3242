package review

import (
	"slices"
	"time"

	"github.com/qarion/seedbed/internal/report"
)

// note keeps what is known of a migration beyond its findings.
func (e *engine) note(m *Migration, r *run, began time.Time) {
	e.result.Migrations = append(e.result.Migrations, report.Migration{
		Version: m.Version, File: m.File, Locks: r.timeline(), Took: time.Since(began).Milliseconds(),
	})
}

// timeline lists the locks that others would wait for, on relations that were there
// before.
func (r *run) timeline() []report.LockSpan {
	all := []report.LockSpan{}
	open := map[uint32]int{} // relation to index in all
	for _, s := range r.steps {
		if len(s.locksBefore) == 0 {
			clear(open)
		}
		taken := s.locksTaken
		if s.outsideTransaction && len(taken) == 0 {
			taken = locks{}
			for _, p := range s.diff.same {
				if !p.differs() && !s.names(p.new.Name) {
					continue
				}
				taken[p.new.OID] = directLock(s)
			}
		}
		for _, oid := range taken.sorted() {
			rel, mode := s.stateBefore.rels[oid], taken[oid]
			if rel == nil || !r.old(oid) || !mode.BlocksDDL() || s.viaParent(rel) {
				continue
			}
			all = append(all, report.LockSpan{Relation: r.start.rels[oid].String(), Lock: mode.String(), From: s.chunk, To: s.chunk,
				Reads: mode.BlocksReads(), Writes: mode.BlocksWrites(), DDL: true})
			if !s.outsideTransaction {
				open[oid] = len(all) - 1
			}
		}
		for _, i := range open {
			all[i].To = s.chunk
		}
	}
	slices.SortStableFunc(all, func(a, b report.LockSpan) int { return a.From - b.From })
	return all
}
