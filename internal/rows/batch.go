package rows

import (
	"slices"
	"time"

	"github.com/qarion/seedbed/internal/fake"
)

// batch holds the rows of one call: those that the caller asked for, and the parents and
// children that those need.
type batch struct {
	schema           *schema
	scope            numberScope
	now              time.Time // what generated moments lie before
	rowMakers        map[rowMakerKey]*rowMaker
	cellsByTable     map[string]*fake.Cells
	syntheticTenants syntheticTenants
	rows             []*row // all rows of the call; later rows may share them as parents
	toWrite          []*row // parents first
	// fillOptional also fills the nullable columns of tables without a definition.
	fillOptional bool
	vocabularies map[*table]vocabulary // the words in rows that are there; nil: not read

	// queryAsWriter queries a table in the role, and with the tenant settings, with which r
	// will be written. nil: the batch has no database to query.
	queryAsWriter      func(r *row, from *table, sql string, args []any, read func(values []any)) error
	lookedUpParents    []*parentRow               // found by queryAsWriter
	tenantsByReference map[referenceValue][][]any // found by queryAsWriter
}

func newBatch(s *schema, scope numberScope, now time.Time) *batch {
	return &batch{schema: s, scope: scope, now: now, rowMakers: map[rowMakerKey]*rowMaker{}, cellsByTable: map[string]*fake.Cells{}, syntheticTenants: syntheticTenants{}}
}

// cells returns the value source of a table.
func (b *batch) cells(table string) *fake.Cells {
	c := b.cellsByTable[table]
	if c == nil {
		c = fake.New(b.scope.seed, table, b.now)
		b.cellsByTable[table] = c
	}
	return c
}

// request asks for a row: of the caller, or as the parent or child of another row.
type request struct {
	definition     *Definition
	table          *table
	options        *callOptions // nil: none
	associations   []association
	discriminators map[int]string // values of discriminator columns, for the base of a subtype

	// For a parent: the row that needs it, and the reference from that row.
	child     *row
	reference *reference

	// chain leads from the row that the caller asked for to this one, over the rows that
	// are being made at this moment.
	chain []*row
}

// add makes a row, its parents and its children.
func (b *batch) add(req request) (*row, error) {
	r, err := b.newRow(req.definition, req.table, b.scope.next(req.table), req.discriminators)
	if err != nil {
		return nil, err
	}
	r.associations = req.associations
	if req.options != nil {
		if err := b.applyOptions(r, req.options); err != nil {
			return nil, err
		}
	}
	if err := r.readFields(); err != nil {
		return nil, err
	}
	for col, v := range req.discriminators {
		r.values[col], r.isSet[col] = v, true
	}
	if req.child != nil {
		if err := r.takeFromChild(req.child, req.reference); err != nil {
			return nil, err
		}
	}
	b.rows = append(b.rows, r)
	if err := b.resolveParents(r, append(slices.Clip(req.chain), r)); err != nil {
		return nil, err
	}
	return r, nil
}

// applyOptions applies Hostile and Set to a row, and notes the options that resolveParents
// and addChildren read.
func (b *batch) applyOptions(r *row, options *callOptions) error {
	if options.hostile {
		if err := r.fillHostile(b.cells(r.table.name)); err != nil {
			return err
		}
	}
	if err := r.maker.override(r.structValue, options.overrides); err != nil {
		return err
	}
	r.associations, r.children = append(slices.Clip(r.associations), options.associations...), options.children
	return nil
}

// takeFromChild gives r, a parent made for child, the child's tenant and the key columns
// that are set in the child.
func (r *row) takeFromChild(child *row, ref *reference) error {
	via := "its child " + child.table.name
	r.mayExist = r.table.keyConsistsOfReferences()
	r.hasRowIn[child.table] = ref.discriminators != nil
	for i, col := range ref.childColumns {
		if child.isSet[col] {
			if err := r.setValue(ref.parentColumns[i], child.values[col], via); err != nil {
				return err
			}
		}
	}
	for _, l := range r.table.levels {
		if err := r.setTenant(l.tenant.Name, child.tenantKeyOf(l.tenant.Name), via); err != nil {
			return err
		}
	}
	return nil
}

// resolveParents finds or makes the parents of r. What the caller gave decides first: the
// rows of In, On and By, then the columns that are set, then the tenant of any given row.
// Only then is a parent found or made for each required reference that is still unset.
func (b *batch) resolveParents(r *row, chain []*row) error {
	if err := b.resolveAssociations(r, chain); err != nil {
		return err
	}
	if err := b.inferTenantFromReferences(r); err != nil {
		return err
	}
	if err := r.inheritTenant(); err != nil {
		return err
	}
	if err := b.assignMissingTenant(r); err != nil {
		return err
	}
	for _, ref := range r.table.references {
		if ref.pair == nil && !r.isUnset(ref) {
			if err := b.checkAgreement(r, ref, chain); err != nil {
				return err
			}
		}
		if ref.optional || !r.isUnset(ref) {
			continue
		}
		if ref.pair != nil {
			if ref = b.choosePairTarget(r, ref); ref == nil {
				continue
			}
		}
		if err := b.resolveReference(r, ref, r.associations, chain); err != nil {
			return err
		}
	}
	r.inferMissing(b.cells(r.table.name))
	r.resolved = true
	if r.isExample {
		return nil
	}
	b.toWrite = append(b.toWrite, r)
	return b.addChildren(r, chain)
}

// inferMissing makes values up for the required columns that are still unset.
func (r *row) inferMissing(cells *fake.Cells) {
	cells.At(r.number)
	for _, c := range r.table.columns {
		if r.isSet[c.index] {
			continue
		}
		if infer := r.maker.inferrerOf(c); infer != nil {
			r.values[c.index], r.isSet[c.index] = infer(cells.Of(c.name)), true
		}
	}
}

// resolveReference finds the parent on a reference, in the call or in the database, or makes
// it.
func (b *batch) resolveReference(r *row, ref *reference, associations []association, chain []*row) error {
	parent := b.findParent(r, ref, associations, chain)
	if parent == nil {
		var err error
		if parent, err = b.lookupParent(r, ref); err != nil {
			return err
		}
	}
	if parent == nil {
		made, err := b.addParent(request{definition: r.definition.definitionFor(b.schema, ref.parent), table: ref.parent, associations: associations,
			discriminators: ref.discriminators, child: r, reference: ref, chain: chain})
		if err != nil {
			return err
		}
		parent = made.asParent()
		if requested := chain[0]; ref.toTenant && requested.table.isInnermostScopedBy(ref.parent) {
			requested.tenantsMade = append(requested.tenantsMade, made)
		}
	}
	return r.setParent(ref, parent)
}

// addParent makes a parent, with the options of its definition.
func (b *batch) addParent(req request) (*row, error) {
	if len(req.definition.Options) > 0 {
		var err error
		if req.options, err = readOptions(b.schema, req.definition.Options); err != nil {
			return nil, err
		}
	}
	return b.add(req)
}

// findParent looks for an existing parent of r: among the rows that the caller gave, the
// rows that those reference, and the rows of this call. Rows whose own parents are not
// resolved come last: they serve where references run in a circle.
func (b *batch) findParent(r *row, ref *reference, associations []association, chain []*row) *parentRow {
	for _, a := range associations {
		if r.canHaveParent(ref, a.row) && (!ref.exclusive || a.kind != recycled) && !(ref.assumed && a.kind == aboutRow) {
			*a.used = true
			return a.row
		}
	}
	if ref.exclusive {
		return nil
	}
	for _, a := range associations {
		for _, p := range a.row.impliedParents() {
			if r.canHaveParent(ref, p) {
				a.useImplied()
				return p
			}
		}
	}
	for _, other := range b.rows {
		if other.table == ref.parent && other != r && other.resolved && r.canHaveParent(ref, other.asParent()) {
			return other.asParent()
		}
	}
	for _, other := range chain {
		if other.table == ref.parent && r.canHaveParent(ref, other.asParent()) {
			return other.asParent()
		}
	}
	return nil
}

// choosePairTarget chooses the table that an unset polymorphic pair points at: that of a row
// which the caller gave, or else one drawn from the cell of the pair's type column. nil: the
// caller has set a type that none of the assumed tables has.
func (b *batch) choosePairTarget(r *row, ref *reference) *reference {
	var targets []*reference
	for _, other := range r.table.references {
		if other.pair == ref.pair && (!r.isSet[ref.pairTypeColumn] || keyText(r.table.columns[ref.pairTypeColumn], r.values[ref.pairTypeColumn]) == other.pairType) {
			targets = append(targets, other)
		}
	}
	for _, a := range r.associations {
		for _, target := range targets {
			if r.canHaveParent(target, a.row) && !(target.assumed && a.kind == aboutRow) {
				return target
			}
		}
	}
	if len(targets) == 0 && ref.assumed {
		return nil
	}
	if len(targets) == 0 {
		return ref
	}
	cells := b.cells(r.table.name)
	cells.At(r.number)
	return targets[cells.Of(r.table.columns[ref.pairTypeColumn].name).Index(len(targets))]
}
