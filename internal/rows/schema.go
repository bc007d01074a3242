package rows

import (
	"cmp"
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

// schema is a database's structure and meaning, prepared for writing rows. It is
// immutable and shared by all databases that look the same.
type schema struct {
	fingerprint string // by which it is remembered
	cat         *catalog.Catalog
	model       seedbed.Model
	graph       *graph.Graph
	tables      map[*catalog.Relation]*table
	codecs      *codecs
	// What was searched for: values, and whether a reference
	// that may be NULL is wanted.
	solved           map[columnKey]*solvedValues
	wantedReferences map[columnKey]bool
	checkedTables    *sync.Map // tables whose CHECKs solveAhead has tried

	declared struct {
		sync.Mutex
		schemas []*schema
	}
}

// columnKey names a column, or a constraint, of a table.
type columnKey struct{ table, column string }

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
	// hasInsertTrigger says that a trigger may change what is inserted.
	hasInsertTrigger bool
}

type column struct {
	*catalog.Column
	name    string
	index   int
	baseOID uint32 // OID of the underlying type
	// constantDefault is the default, where that is a literal; constOK tells "" from none.
	constantDefault    string
	hasConstantDefault bool
	inPrimaryKey       bool // of the primary key
	inReference        bool // some reference decides it, or the tenant does
	mayLackReference   bool // … unless the row does without: it is required, the reference is not
	mustDiffer         bool // made values must differ from row to row
	alwaysInferred     bool // it is made although Postgres would take none
	solved             *solvedValues
	isDiscriminator    bool     // which subtype a row is
	avoidedValues      []string // values that rows stay out of a partial unique key by
}

// level is a tenancy that the rows of a table belong to.
type level struct {
	tenant  seedbed.Tenant
	columns []int // in the order of the tenant's key; nil: through a parent
}

func newSchema(cat *catalog.Catalog, model seedbed.Model, fingerprint string) *schema {
	return (&schema{cat: cat, fingerprint: fingerprint}).derive(model, nil, nil)
}

// derive is the same structure with another meaning, or more that is known of it.
func (s *schema) derive(model seedbed.Model, solved map[columnKey]*solvedValues, wanted map[columnKey]bool) *schema {
	checked := s.checkedTables
	if checked == nil {
		checked = &sync.Map{}
	}
	out := &schema{checkedTables: checked, fingerprint: s.fingerprint, solved: solved, wantedReferences: wanted, cat: s.cat, model: model, graph: s.graph, tables: map[*catalog.Relation]*table{}, codecs: newCodecs()}
	if out.graph == nil {
		out.graph = graph.New(s.cat, model)
	}
	for _, rel := range out.cat.Tables() {
		out.tables[rel] = out.newTable(rel)
	}
	for _, rel := range out.cat.Tables() {
		out.tables[rel].addReferences()
		out.tables[rel].chooseUniqueColumns()
	}
	return out
}

// withModel is the structure with the meaning that a call declares instead of the
// discovered one. The last few are kept: calls of a test tend to declare the same.
func (s *schema) withModel(model seedbed.Model) *schema {
	s.declared.Lock()
	defer s.declared.Unlock()
	for _, d := range s.declared.schemas {
		if reflect.DeepEqual(d.model, model) {
			return d
		}
	}
	d := (&schema{fingerprint: s.fingerprint, cat: s.cat, checkedTables: s.checkedTables}).derive(model, s.solved, s.wantedReferences)
	const most = 4
	s.declared.schemas = append(s.declared.schemas[:min(len(s.declared.schemas), most-1)], d)
	return d
}

// table finds a table by the name a factory gives.
func (s *schema) table(name string) (*table, error) {
	if rel := s.cat.Table(name); rel != nil {
		if t := s.tables[rel.Root()]; t != nil {
			return t, nil
		}
	}
	var names []string
	for _, t := range s.tables {
		names = append(names, t.name)
	}
	hint := "the schema has " + fmt.Sprint(len(names)) + " tables: were its migrations applied? factory.Auto makes rows of any table that is there"
	if near := catalog.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return nil, fmt.Errorf("%w %s: %s", ErrNoTable, name, hint)
}

func (s *schema) newTable(rel *catalog.Relation) *table {
	t := &table{schema: s, relation: rel, graphTable: s.graph.Of(rel), name: s.cat.Name(rel), columnsByName: map[string]*column{}}
	for i, c := range rel.Columns {
		col := &column{Column: c, name: c.Name, index: i, baseOID: c.Type.Underlying().OID}
		col.constantDefault, col.hasConstantDefault = parseConstantDefault(c.Default)
		col.solved = s.solved[columnKey{t.name, c.Name}]
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
	for _, sub := range t.graphTable.Subtypes {
		t.columns[sub.Discriminator.Index].isDiscriminator = true
	}
	for _, sc := range t.graphTable.Scopes {
		t.levels = append(t.levels, level{tenant: sc.Level, columns: columnIndexes(sc.Columns)})
	}
	return t
}

// level of that name, or false.
func (t *table) level(name string) (level, bool) {
	for _, l := range t.levels {
		if l.tenant.Name == name {
			return l, true
		}
	}
	return level{}, false
}

// hasVolatileDefault says that only Postgres knows what the default will be.
func (c *column) hasVolatileDefault() bool { return c.Filled() && !c.hasConstantDefault }

// leftToPostgres says that a zero field leaves the column to Postgres.
func (c *column) leftToPostgres() bool {
	return !c.Writable() || c.Identity != "" || c.hasVolatileDefault()
}

// isInferred says that the engine makes a value where the definition has none: what is
// required and has no default, and random keys, which must be replayable.
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

// parseConstantDefault reads a default expression that is a constant.
func parseConstantDefault(expr string) (text string, ok bool) {
	m := literalPattern.FindStringSubmatch(expr)
	if m == nil {
		return "", false
	}
	if m[1] != "" || strings.HasPrefix(expr, "''") {
		// 'now'::timestamptz is a constant only in the syntax tree
		return strings.ReplaceAll(m[1], "''", "'"), !strings.HasPrefix(m[1], "now") && !strings.Contains(expr, "regclass")
	}
	return strings.Trim(cmp.Or(m[2], m[3], m[4]), "'"), true
}
