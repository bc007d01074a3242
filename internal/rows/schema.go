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
	print  string // by which it is remembered
	cat    *catalog.Catalog
	model  seedbed.Model
	graph  *graph.Graph
	tables map[*catalog.Relation]*table
	types  *codecs
	// What was searched for: values, and whether a reference
	// that may be NULL is wanted.
	candidates       map[columnKey]*candidates
	wantedReferences map[columnKey]bool
	checked          *sync.Map // tables whose CHECKs solveAhead has tried

	declared struct {
		sync.Mutex
		schemas []*schema
	}
}

// columnKey names a column, or a constraint, of a table.
type columnKey struct{ table, column string }

type table struct {
	schema     *schema
	rel        *catalog.Relation
	node       *graph.Table
	name       string
	columns    []*column
	byName     map[string]*column
	levels     []level // of tenancy, innermost first
	references []*reference
	uniques    []*catalog.Index // see uniqueIndexes
	// triggered says that a trigger may change what is inserted.
	triggered bool
}

type column struct {
	*catalog.Column
	name  string
	index int
	base  uint32 // OID of the underlying type
	// constant is the default, where that is a literal; constOK tells "" from none.
	constant         string
	constOK          bool
	inKey            bool // of the primary key
	inReference      bool // some reference decides it, or the tenant does
	withoutReference bool // … unless the row does without: it is required, the reference is not
	unique           bool // made values must differ from row to row
	alwaysMade       bool // it is made although Postgres would take none
	candidates       *candidates
	discriminates    bool     // which subtype a row is
	avoidedValues    []string // values that rows stay out of a partial unique key by
}

// level is a tenancy that the rows of a table belong to.
type level struct {
	tenant seedbed.Tenant
	cols   []int // in the order of the tenant's key; nil: through a parent
}

func newSchema(cat *catalog.Catalog, model seedbed.Model, print string) *schema {
	return (&schema{cat: cat, print: print}).derive(model, nil, nil)
}

// derive is the same structure with another meaning, or more that is known of it.
func (s *schema) derive(model seedbed.Model, pools map[columnKey]*candidates, wanted map[columnKey]bool) *schema {
	checked := s.checked
	if checked == nil {
		checked = &sync.Map{}
	}
	out := &schema{checked: checked, print: s.print, candidates: pools, wantedReferences: wanted, cat: s.cat, model: model, graph: s.graph, tables: map[*catalog.Relation]*table{}, types: newCodecs()}
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
	d := (&schema{print: s.print, cat: s.cat, checked: s.checked}).derive(model, s.candidates, s.wantedReferences)
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
	t := &table{schema: s, rel: rel, node: s.graph.Of(rel), name: s.cat.Name(rel), byName: map[string]*column{}}
	for i, c := range rel.Columns {
		col := &column{Column: c, name: c.Name, index: i, base: c.Type.Underlying().OID}
		col.constant, col.constOK = literal(c.Default)
		col.candidates = s.candidates[columnKey{t.name, c.Name}]
		t.columns = append(t.columns, col)
		t.byName[c.Name] = col
	}
	t.triggered = slices.ContainsFunc(rel.Triggers, func(g *catalog.Trigger) bool {
		return g.Row && g.Before && g.Insert && (g.Enabled == "O" || g.Enabled == "A")
	})
	if pk := rel.PrimaryKey(); pk != nil {
		for _, name := range pk.Columns {
			t.byName[name].inKey = true
		}
	}
	for _, sub := range t.node.Subtypes {
		t.columns[sub.Discriminator.Index].discriminates = true
	}
	for _, sc := range t.node.Scopes {
		t.levels = append(t.levels, level{tenant: sc.Level, cols: indexes(sc.Columns)})
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

// volatileDefault says that only Postgres knows what the default will be.
func (c *column) volatileDefault() bool { return c.Filled() && !c.constOK }

// leftToPostgres says that a zero field leaves the column to Postgres.
func (c *column) leftToPostgres() bool {
	return !c.Writable() || c.Identity != "" || c.volatileDefault()
}

// isMade says that the engine makes a value where the definition has none: what is
// required and has no default, and random keys, which must be replayable.
func (c *column) isMade() bool {
	if !c.Writable() || c.inReference && !c.withoutReference {
		return false
	}
	if c.inKey && c.base == uuidOID {
		return true
	}
	return c.alwaysMade || c.Required() && !c.Filled()
}

var literalPattern = regexp.MustCompile(`^(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|\(('?-\d+(?:\.\d+)?'?)\)|(true|false))(?:::[\w\s".\[\]]+(?:\([\d,]+\))?)?$`)

// literal reads a default expression that is a constant.
func literal(expr string) (text string, ok bool) {
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
