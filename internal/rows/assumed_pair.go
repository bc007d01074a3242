package rows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/infer"
)

// mostAssumedTargets is how many tables a pair points at of which nothing says where it
// leads.
const mostAssumedTargets = 3

// assumePairTargets gives each pair of which nothing says where it leads the tables that it
// most likely leads to, so that its rows point at rows that are there. Where both columns may
// be NULL, they stay NULL instead.
//
// The assumption is for made-up rows only: On does not follow it, no tenant is concluded from
// it, and no row of the caller's is held to it.
func (t *table) assumePairTargets() {
	for _, pair := range t.unknownPairs() {
		typ, id := t.columns[pair.TypeColumn.Index], t.columns[pair.IDColumn.Index]
		if !typ.Required() && !id.Required() {
			typ.leftNull, id.leftNull = true, true
			continue
		}
		targets := t.likelyTargets(id)
		for i, word := range t.typeWords(pair, typ, targets) {
			to := targets[i%len(targets)]
			key := to.relation.PrimaryKey().Columns[0]
			ref := t.newReference(&graph.Reference{Kind: graph.PairTarget, From: t.graphTable, To: to.graphTable, Pair: pair, Type: word,
				Columns: []*catalog.Column{pair.IDColumn}, Key: []*catalog.Column{to.columnsByName[key].Column}, Own: []*catalog.Column{pair.IDColumn}})
			ref.assumed = true
			t.references = append(t.references, ref)
		}
	}
}

// unknownPairs returns the pairs without targets: those of the Model, and columns that are
// named like a pair, as payer_type and payer_id where no table is called payers.
func (t *table) unknownPairs() []*graph.Pair {
	var out []*graph.Pair
	known := map[string]bool{}
	for _, p := range t.graphTable.Pairs {
		known[p.Type], known[p.ID] = true, true
		if len(p.Targets) == 0 && t.isFreeTypeColumn(t.columns[p.TypeColumn.Index]) {
			out = append(out, p)
		}
	}
	for _, typ := range t.columns {
		subject, named := strings.CutSuffix(typ.name, "_type")
		id := t.columnsByName[subject+"_id"]
		if !named || id == nil || known[typ.name] || known[id.name] || id.baseOID == textOID || !id.Writable() || !t.isFreeTypeColumn(typ) ||
			t.graphTable.InForeignKey(id.name) || id.inPrimaryKey || t.isTenantColumn(id.index) || t.schema.hasTableOf(subject) {
			continue
		}
		out = append(out, &graph.Pair{Polymorphic: seedbed.Polymorphic{Table: t.name, Type: typ.name, ID: id.name}, Name: subject,
			Table: t.graphTable, TypeColumn: typ.Column, IDColumn: id.Column})
	}
	return out
}

// isFreeTypeColumn reports whether a column may hold the type of a pair that is made up: a
// text or an enum that nothing else decides.
func (t *table) isFreeTypeColumn(c *column) bool {
	typ := c.Type.Underlying()
	return c.Writable() && (typ.Kind == catalog.EnumType || typ.Category == "S") && !t.graphTable.InForeignKey(c.name) && !c.inPrimaryKey
}

// hasTableOf reports whether a table is called as the subject of a column: payers for payer.
func (s *schema) hasTableOf(subject string) bool {
	want := strings.Join(infer.SingularName(subject), "_")
	for rel := range s.tables {
		if strings.Join(infer.SingularName(rel.Name), "_") == want {
			return true
		}
	}
	return false
}

// likelyTargets returns the tables whose keys an id column can hold: those of the same
// tenancy first, then those that most foreign keys lead to. Tables whose rows need a row of
// t are left out.
func (t *table) likelyTargets(id *column) []*table {
	var out []*table
	for rel, other := range t.schema.tables {
		pk := rel.PrimaryKey()
		_, isTenant := t.schema.model.TenantTable(other.name)
		if other == t || isTenant || pk == nil || len(pk.Columns) != 1 || rel.Extension != "" || rel.Bookkeeping() || len(rel.Leaves()) == 0 {
			continue
		}
		key := other.columnsByName[pk.Columns[0]]
		if holdsKey(id, key) && !other.graphTable.InForeignKey(key.name) && !other.graphTable.Requires(t.graphTable) {
			out = append(out, other)
		}
	}
	slices.SortFunc(out, func(a, b *table) int {
		return cmp.Or(t.strangeness(a)-t.strangeness(b), b.referrers()-a.referrers(), strings.Compare(a.name, b.name))
	})
	return out[:min(len(out), mostAssumedTargets)]
}

// holdsKey reports whether an id column can hold the values of a key.
func holdsKey(id, key *column) bool {
	integer := func(c *column) bool {
		return strings.HasPrefix(c.Type.Underlying().Name, "int") && c.Type.Underlying().Category == "N"
	}
	return id.baseOID == key.baseOID || integer(id) && integer(key)
}

// strangeness is 0 for a table in the tenancy of t, otherwise 1.
func (t *table) strangeness(other *table) int {
	if len(t.levels) == len(other.levels) && (len(t.levels) == 0 || t.levels[0].tenant.Name == other.levels[0].tenant.Name) {
		return 0
	}
	return 1
}

// referrers returns how many foreign keys lead to the table.
func (t *table) referrers() (n int) {
	for _, fk := range t.schema.graph.ForeignKeys {
		if fk.To == t.graphTable {
			n++
		}
	}
	return n
}

// typeWords returns the types of a pair: the values that its type column may have, or else a
// name of each target, in the spelling that frameworks use for such a pair.
func (t *table) typeWords(pair *graph.Pair, typ *column, targets []*table) []string {
	if len(targets) == 0 {
		return nil
	}
	r := typ.rule()
	if len(r.choices) > 0 {
		return r.choices
	}
	var out []string
	for _, to := range targets {
		word := strings.Join(infer.SingularName(to.relation.Name), "_")
		if t.schema.namesClasses() || strings.HasSuffix(pair.Name, "able") {
			word = className(to.relation.Name)
		}
		if r.maxLen == 0 || len(word) <= r.maxLen {
			out = append(out, word)
		}
	}
	if len(r.patterns) > 0 || r.letterCase != "" {
		return nil
	}
	return out
}

// namesClasses reports whether the types of other pairs are names of classes, or the schema
// is one of Rails.
func (s *schema) namesClasses() bool {
	for _, p := range s.model.Polymorphic {
		for _, target := range p.Targets {
			return target.Type != "" && strings.ToUpper(target.Type[:1]) == target.Type[:1]
		}
	}
	return s.cat.Table("ar_internal_metadata") != nil
}

// className returns the class that a framework makes of a table: LineItem of line_items.
func className(table string) string {
	var b strings.Builder
	for _, word := range infer.SingularName(table) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// isAssumedPairColumn reports whether a column belongs to a pair whose targets are assumed.
func (t *table) isAssumedPairColumn(c *column) bool {
	return slices.ContainsFunc(t.references, func(ref *reference) bool {
		return ref.assumed && (ref.pairTypeColumn == c.index || ref.childColumns[0] == c.index)
	})
}

// assumptions returns a sentence for each pair of the table whose targets are assumed.
func (t *table) assumptions() []string {
	var out []string
	for i, ref := range t.references {
		if !ref.assumed || slices.ContainsFunc(t.references[:i], func(o *reference) bool { return o.pair == ref.pair }) {
			continue
		}
		var targets []string
		for _, o := range t.references {
			if o.pair == ref.pair {
				targets = append(targets, fmt.Sprintf("%s as %q", o.parent.name, o.pairType))
			}
		}
		out = append(out, fmt.Sprintf("%s: nothing says where the pair %s, %s leads: its rows point at %s; the Model's Polymorphic says otherwise",
			t.name, ref.pair.Type, ref.pair.ID, strings.Join(targets, ", ")))
	}
	return out
}
