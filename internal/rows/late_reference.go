package rows

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// lateReference is a nullable reference that is NULL while rows are written, and set by an
// UPDATE when the rows that it leads to are there: of two tables that reference each other,
// neither can be written after the other.
type lateReference struct {
	*reference
	back *reference // by which the parent leads to the row; nil: none
}

// pointerName matches names of references to one of the rows that lead back: the latest
// payment of an invoice, the current version of a document.
var pointerName = regexp.MustCompile(`(?i)latest|last|current|default|primary|active|live|main|head|selected|accepted|best|first|home|cover|published|draft`)

// isLate reports whether a nullable reference has to be set after the rows are written: its
// parents need rows of the table, or are planned because of them.
func (load *bulkLoad) isLate(tb *tableBatch, ref *reference, parents []*tableBatch, chain []*tableBatch) bool {
	if !ref.optional || ref.pair != nil || ref.parent == tb.table || len(parents) == 0 {
		return false
	}
	back := ref.parent.leadsTo(tb.table, ref)
	return ref.parent.requiresRowsOf(tb.table) || slices.Contains(chain, parents[0]) ||
		back != nil && (back.toTenant || pointerName.MatchString(ref.String()))
}

// leadsTo returns the reference by which the rows of t lead to those of other, beside a
// reference from there; nil where there is none.
func (t *table) leadsTo(other *table, ref *reference) *reference {
	i := slices.IndexFunc(t.references, func(back *reference) bool {
		return back.parent == other && back.pair == nil && !back.assumed && back.discriminators == nil && back != ref
	})
	if i < 0 {
		return nil
	}
	return t.references[i]
}

// addLate notes a late reference, unless nothing could set it: the rows would have to be
// updated by a role that may not do that, or past triggers of the user's.
func (load *bulkLoad) addLate(tb *tableBatch, ref *reference) {
	late := lateReference{ref, ref.parent.leadsTo(tb.table, ref)}
	notNull := slices.ContainsFunc(ref.ownColumns, func(col int) bool { return tb.table.columns[col].Required() || !tb.table.columns[col].Writable() })
	if notNull || late.back == nil && ref.exclusive || tb.table.hasUpdateTrigger() && !load.mayDisableTriggers || tb.table.relation.RLS && !load.mayCopy || tb.existing || tb.baseBatch != nil {
		return
	}
	tb.lateReferences = append(tb.lateReferences, late)
}

// hasUpdateTrigger reports whether a trigger of the user's sees updates of the table.
func (t *table) hasUpdateTrigger() bool {
	return slices.ContainsFunc(t.relation.Triggers, func(g *catalog.Trigger) bool {
		return g.Function != nil && g.Update && g.Enabled != "D"
	})
}

// setLateReferences updates the rows of this transaction, when all are written.
func (load *bulkLoad) setLateReferences(ctx context.Context) error {
	for _, tb := range load.order {
		for _, late := range tb.lateReferences {
			parents := load.batches[late.parent]
			if tb.size == 0 || parents == nil || parents.size == 0 {
				continue
			}
			load.at = tb.table
			var may bool
			if err := load.tx.QueryRow(ctx, "select has_table_privilege($1, 'UPDATE')", tb.table.relation.Ident()).Scan(&may); err != nil {
				return err
			}
			if !may {
				load.report.Notes = append(load.report.Notes, fmt.Sprintf("%s: %s is NULL: the role may not update rows, and the rows that it leads to were written later", tb.table.name, late.reference))
				continue
			}
			if _, err := load.tx.Exec(ctx, load.lateSQL(tb, late)); err != nil {
				return load.schema.explain("update", tb.table.name, err)
			}
		}
	}
	load.at = nil
	return nil
}

// lateSQL is the UPDATE of a late reference: to the last of the rows that lead back or,
// where none can, to the parents one after the other, each within its tenant.
func (load *bulkLoad) lateSQL(tb *tableBatch, late lateReference) string {
	child, parent := tb.table, late.parent
	written := load.writtenHereSQL("%s")
	var set, agree, wanted []string // SET items, conditions, and the parent's columns
	for i, col := range late.childColumns {
		c, p := catalog.Ident(child.columns[col].name), catalog.Ident(parent.columns[late.parentColumns[i]].name)
		wanted = append(wanted, "t."+p)
		if slices.Contains(late.ownColumns, col) {
			set = append(set, fmt.Sprintf("%s = p.%s", c, p))
			agree = append(agree, fmt.Sprintf("c.%s is null", c))
		} else {
			agree = append(agree, fmt.Sprintf("c.%s = p.%s", c, p))
		}
	}
	order := parent.orderSQL("t", "t.ctid")
	if back := late.back; back != nil {
		var distinct []string
		for i, col := range back.childColumns {
			name := catalog.Ident(parent.columns[col].name)
			distinct = append(distinct, "t."+name)
			wanted = append(wanted, "t."+name)
			agree = append(agree, fmt.Sprintf("c.%s = p.%s", catalog.Ident(child.columns[back.parentColumns[i]].name), name))
		}
		slices.Sort(wanted)
		return fmt.Sprintf("update %s c set %s from (select distinct on (%s) %s from %s t where %s order by %s, %s desc) p where %s and %s",
			child.relation.Ident(), strings.Join(set, ", "), strings.Join(distinct, ", "), strings.Join(slices.Compact(wanted), ", "), parent.relation.Ident(),
			fmt.Sprintf(written, "t"), strings.Join(distinct, ", "), strings.Join(order, " desc, "), strings.Join(agree, " and "), fmt.Sprintf(written, "c"))
	}
	return load.roundRobinSQL(tb, late, set, written, order)
}

// roundRobinSQL is the UPDATE of a late reference to which nothing leads back.
func (load *bulkLoad) roundRobinSQL(tb *tableBatch, late lateReference, set []string, written string, order []string) string {
	child, parent := tb.table, late.parent
	mine, theirs := commonTenant(child, parent)
	own := child.orderSQL("t", "t.tableoid", "t.ctid")
	number := func(table *table, tenant, order []string) string {
		partition, texts := "", ""
		if len(tenant) > 0 {
			partition = "partition by " + strings.Join(tenant, ", ") + " "
			texts = strings.Join(tenant, "::text, ") + "::text"
		}
		return fmt.Sprintf("select t.*, t.tableoid seedbed_table, t.ctid seedbed_row, array[%s]::text[] seedbed_tenant, row_number() over (%sorder by %s) - 1 seedbed_n, count(*) over (%s) seedbed_all from %s t where %s",
			texts, partition, strings.Join(order, ", "), partition, table.relation.Ident(), fmt.Sprintf(written, "t"))
	}
	return fmt.Sprintf("update %s c set %s from (%s) x join (%s) p on x.seedbed_tenant = p.seedbed_tenant and x.seedbed_n %% p.seedbed_all = p.seedbed_n where c.tableoid = x.seedbed_table and c.ctid = x.seedbed_row and c.%s is null",
		child.relation.Ident(), strings.Join(set, ", "), number(child, mine, own), number(parent, theirs, order), catalog.Ident(child.columns[late.ownColumns[0]].name))
}

// orderSQL are expressions that put the rows of a table in an order: its primary key, or
// those given where it has none.
func (t *table) orderSQL(alias string, orElse ...string) []string {
	pk := t.relation.PrimaryKey()
	if pk == nil {
		return orElse
	}
	var key []string
	for _, name := range pk.Columns {
		key = append(key, alias+"."+catalog.Ident(name))
	}
	return key
}

// commonTenant are expressions for the tenants of a row of each table, with the alias t, at the
// innermost level at which both have one; none where there is none.
func commonTenant(child, parent *table) (mine, theirs []string) {
	for _, level := range levelsInside(child.schema.graph) {
		mine, theirs = child.tenantSQL("t", level, nil), parent.tenantSQL("t", level, nil)
		if len(mine) > 0 && len(mine) == len(theirs) {
			return mine, theirs
		}
	}
	return nil, nil
}
