package rows

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
)

// schema is a database's catalog and Model, prepared for writing rows. It is immutable,
// except that solved CHECKs make a new one, and shared by all databases with the same
// fingerprint.
type schema struct {
	fingerprint   string // of the catalog: the cache's key
	cat           *catalog.Catalog
	model         seedbed.Model
	graph         *graph.Graph
	tables        map[*catalog.Relation]*table
	codecs        *codecs
	solved        solutions // what searches have found for CHECKs
	checkedTables *sync.Map // table names whose CHECKs solveChecksAhead has tried

	declared struct {
		sync.Mutex
		schemas []*schema
	}
}

// columnKey identifies a column, or a constraint, by the names of its table and itself.
type columnKey struct{ table, column string }

// table is a table of the catalog, with what the rows of a call have to know of it.
type table struct {
	schema           *schema
	relation         *catalog.Relation
	graphTable       *graph.Table
	name             string
	columns          []*column
	columnsByName    map[string]*column
	levels           []level // of tenancy, innermost first
	references       []*reference
	uniqueIndexCache []*catalog.Index // see uniqueIndexes
	hasInsertTrigger bool             // a BEFORE INSERT trigger may change the row
}

// column is a column of the catalog, with how its values are made.
type column struct {
	*catalog.Column
	name               string
	index              int
	baseOID            uint32 // of the type, or of the type beneath a domain
	constantDefault    string // the default, where that is a literal
	hasConstantDefault bool   // the default is a literal, which may be ""
	inPrimaryKey       bool
	inReference        bool          // a reference or a tenant decides the value
	mayLackReference   bool          // required, but its references are optional: it may get a value of its own
	mustDiffer         bool          // made-up values must differ from row to row
	alwaysInferred     bool          // a value is made up although the column may be NULL or has a default
	solved             *solvedValues // nil: no search was needed
	isDiscriminator    bool          // it says which subtype a row is
	avoidedValues      []string      // values that would put a row into a partial unique index
	childChoices       []string      // the values that CHECKs allow in the columns of other tables that reference it
	subtypes           []string      // of a discriminator: its values
	ofTenants          bool          // the table's rows are tenants
	leftNull           bool          // half of a pair of which nothing says where it leads: no value is made up
}

// level is a tenancy of the Model that the rows of a table belong to.
type level struct {
	tenant  seedbed.Tenant
	columns []int // in the order of the tenant's key; nil: known through a parent only
}

func newSchema(cat *catalog.Catalog, model seedbed.Model, fingerprint string) *schema {
	return (&schema{cat: cat, fingerprint: fingerprint}).derive(model, solutions{})
}

// derive returns the schema of the same catalog with another Model, or with more that
// searches have found.
func (s *schema) derive(model seedbed.Model, solved solutions) *schema {
	checked := s.checkedTables
	if checked == nil {
		checked = &sync.Map{}
	}
	out := &schema{checkedTables: checked, fingerprint: s.fingerprint, solved: solved, cat: s.cat, model: model, graph: s.graph, tables: map[*catalog.Relation]*table{}, codecs: newCodecs()}
	if out.graph == nil {
		out.graph = graph.New(s.cat, model)
	}
	for _, rel := range out.cat.Tables() {
		out.tables[rel] = out.newTable(rel)
	}
	for _, rel := range out.cat.Tables() {
		out.tables[rel].addReferences()
		out.tables[rel].passChoicesOn()
		out.tables[rel].chooseUniqueColumns()
	}
	return out
}

// withModel returns the schema with the Model that a call declares, instead of the
// discovered one; an error where that does not fit the database. The last four are kept: the
// calls of a test tend to declare the same.
func (s *schema) withModel(ctx context.Context, db seedbed.DB, model seedbed.Model) (*schema, error) {
	s.declared.Lock()
	defer s.declared.Unlock()
	for _, d := range s.declared.schemas {
		if reflect.DeepEqual(d.model, model) {
			return d, nil
		}
	}
	if err := model.Validate(ctx, db); err != nil {
		return nil, err
	}
	d := (&schema{fingerprint: s.fingerprint, cat: s.cat, checkedTables: s.checkedTables}).derive(model, s.solved)
	const most = 4
	s.declared.schemas = append(s.declared.schemas[:min(len(s.declared.schemas), most-1)], d)
	return d, nil
}

// table finds a table by name: qualified, or found on the search path.
func (s *schema) table(name string) (*table, error) {
	if rel := s.cat.Table(name); rel != nil {
		if t := s.tables[rel.Root()]; t != nil {
			return t, nil
		}
	}
	if rel := s.cat.Table(name); rel != nil && !rel.IsTable() {
		return nil, fmt.Errorf("%w %s: it is %s", ErrNoTable, name, s.whatItIs(rel))
	}
	var names []string
	for _, t := range s.tables {
		names = append(names, t.name)
	}
	wayOut := cmp.Or(catalog.Suggestion(name, names),
		fmt.Sprintf("; the schema has %d tables: were its migrations applied? %s", len(names), outOfNoTable.inGo))
	return nil, fmt.Errorf("%w %s%s", ErrNoTable, name, wayOut)
}

// whatItIs says what a relation is that rows cannot be written to, and where its rows come
// from.
func (s *schema) whatItIs(rel *catalog.Relation) string {
	what := map[catalog.Kind]string{catalog.View: "a view", catalog.MaterializedView: "a materialized view", catalog.ForeignTable: "a foreign table"}[rel.Kind]
	var reads []string
	for _, r := range rel.ReadsDeep() {
		if t := s.tables[r.Root()]; t != nil {
			reads = append(reads, t.name)
		}
	}
	slices.Sort(reads)
	if reads = slices.Compact(reads); len(reads) > 0 {
		what += ", which shows rows of " + strings.Join(reads, ", ") + ": make rows of those"
	}
	if rel.Kind == catalog.MaterializedView {
		what += ", then refresh it"
	}
	return cmp.Or(what, "no table")
}

// tableMadeBy returns the table whose rows a definition makes.
func (s *schema) tableMadeBy(d *Definition) (*table, error) {
	if d.Err != nil {
		return nil, d.Err
	}
	t, err := s.table(d.Table)
	if err != nil && d.Type != nil && d.Type.PkgPath() == factoryPackage {
		return nil, fmt.Errorf("%w %s: this factory is of Seedbed's reference schema; make one of your own with factory.New or factory.Auto", ErrNoTable, d.Table)
	}
	return t, err
}

// factoryPackage has the structs of the reference schema.
const factoryPackage = "github.com/qarion/seedbed/factory"

// newTable prepares a table, except for its references.
func (s *schema) newTable(rel *catalog.Relation) *table {
	t := &table{schema: s, relation: rel, graphTable: s.graph.Of(rel), name: s.cat.Name(rel), columnsByName: map[string]*column{}}
	for i, c := range rel.Columns {
		col := &column{Column: c, name: c.Name, index: i, baseOID: c.Type.Underlying().OID}
		col.constantDefault, col.hasConstantDefault = parseConstantDefault(c.Default)
		col.solved = s.solved.values[columnKey{t.name, c.Name}]
		t.columns = append(t.columns, col)
		t.columnsByName[c.Name] = col
	}
	t.hasInsertTrigger = slices.ContainsFunc(rel.Triggers, func(g *catalog.Trigger) bool {
		return g.Row && g.Before && g.Insert && (g.Enabled == "O" || g.Enabled == "A")
	})
	if pk := rel.PrimaryKey(); pk != nil {
		for _, name := range pk.Columns {
			t.columnsByName[name].inPrimaryKey = true
		}
	}
	for _, c := range t.columns {
		_, c.ofTenants = s.model.TenantTable(t.name)
		if c.name == "type" && c.isTextual() && s.namesClasses() && !t.graphTable.InForeignKey(c.name) {
			c.subtypes = []string{className(rel.Name)} // single-table inheritance: the base class itself
		}
	}
	for _, sub := range t.graphTable.Subtypes {
		c := t.columns[sub.Discriminator.Index]
		if !c.isDiscriminator {
			c.isDiscriminator, c.subtypes = true, nil
		}
		c.subtypes = append(c.subtypes, sub.Value)
	}
	for _, sc := range t.graphTable.Scopes {
		t.levels = append(t.levels, level{tenant: sc.Level, columns: columnIndexes(sc.Columns)})
	}
	return t
}

// level returns the level of that name.
func (t *table) level(name string) (level, bool) {
	for _, l := range t.levels {
		if l.tenant.Name == name {
			return l, true
		}
	}
	return level{}, false
}

// hasVolatileDefault reports whether Postgres computes the default for each row.
func (c *column) hasVolatileDefault() bool { return c.Filled() && !c.hasConstantDefault }

// leftToPostgres reports whether a zero field leaves the column to Postgres.
func (c *column) leftToPostgres() bool {
	return !c.Writable() || c.Identity != "" || c.hasVolatileDefault()
}

// isInferred reports whether a value is made up where the definition sets none: in required
// columns without a default and, since they must be the same in every run, in UUID keys.
func (c *column) isInferred() bool {
	if !c.Writable() || c.inReference && !c.mayLackReference {
		return false
	}
	if c.inPrimaryKey && c.baseOID == uuidOID {
		return true
	}
	return c.alwaysInferred || c.Required() && !c.Filled()
}

var literalPattern = regexp.MustCompile(`^(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|\(('?-\d+(?:\.\d+)?'?)\)|(true|false))(?:::[\w\s".\[\]]+(?:\([\d,]+\))?)?$`)

// parseConstantDefault reads a default expression that is a literal.
func parseConstantDefault(expr string) (text string, ok bool) {
	m := literalPattern.FindStringSubmatch(expr)
	if m == nil {
		return "", false
	}
	if m[1] != "" || strings.HasPrefix(expr, "''") {
		// 'now'::timestamptz looks like a constant, and regclass depends on the database.
		return strings.ReplaceAll(m[1], "''", "'"), !strings.HasPrefix(m[1], "now") && !strings.Contains(expr, "regclass")
	}
	return strings.Trim(cmp.Or(m[2], m[3], m[4]), "'"), true
}
