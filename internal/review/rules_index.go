package review

import (
	"fmt"

	"github.com/qarion/seedbed/internal/sqltext"
)

// indexRules: builds and drops of indexes outside of constraints.
func (j *evaluator) indexRules(s *step) {
	for _, p := range s.diff.same {
		if !j.old(p.new.OID) || p.new.Kind == "v" {
			continue
		}
		j.builtIndexes(s, p)
		j.droppedIndexes(s, p)
		j.lostIndexes(s, p)
		j.reindexed(s, p)
	}
}

func (j *evaluator) builtIndexes(s *step, p pair) {
	if s.outsideTransaction && s.concurrently() || p.retyped() || j.attached(s, p) {
		return
	}
	for _, i := range p.newIndexes() {
		if p.new.backs(i.OID) || i.Parent != 0 && j.parentBuilt(s, i.Parent) {
			continue
		}
		if p.new.Kind == "p" && (!i.Valid || sqltext.Index(s.words, "only") >= 0) {
			continue // ON ONLY builds nothing: the partitions' indexes are built and attached one by one
		}
		fix := s.with("index", "CONCURRENTLY", "CREATE INDEX CONCURRENTLY … ON "+p.new.sql()+" (…);") + " /* " + j.mig.Tool.Alone + " */"
		if p.new.Kind == "p" {
			fix = fmt.Sprintf("CREATE INDEX %s ON ONLY %s (…); then on each partition CREATE INDEX CONCURRENTLY and ALTER INDEX %s ATTACH PARTITION", quote(i.Name), p.new.sql(), quote(i.Name))
		}
		j.on(s, "index-not-concurrent", p.new, fmt.Sprintf("building %s blocks every write to %s until it is done", i.Name, j.name(p.new)), fix)
	}
}

func (j *evaluator) parentBuilt(s *step, parent uint32) bool {
	for _, q := range s.diff.same {
		for _, i := range q.newIndexes() {
			if i.OID == parent {
				return true
			}
		}
	}
	return false
}

func (j *evaluator) droppedIndexes(s *step, p pair) {
	if s.outsideTransaction && s.concurrently() || p.retyped() {
		return
	}
	for _, i := range p.goneIndexes() {
		first, existed := j.start.rels[p.old.OID].indexes[i.OID]
		if !existed || p.old.backs(i.OID) || i.Parent != 0 || p.lost(first.Key) || p.detached() {
			continue
		}
		fix := fmt.Sprintf("DROP INDEX CONCURRENTLY IF EXISTS %s.%s; /* %s */", quote(p.new.Schema), quote(i.Name), j.mig.Tool.Alone)
		if p.new.Kind == "p" {
			fix = "SET LOCAL lock_timeout = '3s'; /* before it, alone in its migration; and retry: an index of a partitioned table has no concurrent drop */"
		}
		j.on(s, "drop-index-not-concurrent", p.new,
			fmt.Sprintf("dropping %s takes ACCESS EXCLUSIVE on %s: queries queue behind it, and it queues behind the longest of them", i.Name, j.name(p.new)), fix)
	}
}

// lost reports whether one of the columns is gone: its indexes went with it.
func (p pair) lost(key []int16) bool {
	for _, k := range key {
		if _, still := p.new.columns[k]; !still && k > 0 {
			return true
		}
	}
	return false
}

func (p pair) detached() bool { return len(p.new.Parents) < len(p.old.Parents) }

func (p pair) retyped() bool {
	for _, c := range p.columns() {
		if c.retyped() {
			return true
		}
	}
	return false
}

func (j *evaluator) reindexed(s *step, p pair) {
	if !s.has("reindex") || s.outsideTransaction && s.concurrently() || p.old.File != p.new.File {
		return
	}
	for _, i := range p.rebuilt() {
		j.on(s, "reindex-not-concurrent", p.new,
			fmt.Sprintf("rebuilding %s blocks every write to %s, and every read whose planner looks at the index", i.Name, j.name(p.new)),
			fmt.Sprintf("REINDEX INDEX CONCURRENTLY %s.%s; /* %s */", quote(p.new.Schema), quote(i.Name), j.mig.Tool.Alone))
		return
	}
}
