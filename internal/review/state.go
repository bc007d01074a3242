package review

import (
	"encoding/json"
	"fmt"
	"slices"
)

// state is the structure of the scratch database as far as rules look at it.
type state struct {
	rels    map[uint32]*relation
	enums   map[uint32]enumLabel
	schemas map[uint32]string
	domains map[uint32]domain
	checks  map[uint32]constraint // of domains
}

// relation is a table, partition, view or materialized view with what hangs on it.
type relation struct {
	OID         uint32   `json:"oid"`
	Schema      string   `json:"schema"`
	Name        string   `json:"name"`
	Kind        string   `json:"kind"`
	File        uint32   `json:"file"`
	Persistence string   `json:"persistence"`
	Partition   bool     `json:"partition"`
	Parents     []uint32 `json:"parents"`
	Default     bool     `json:"default"` // the default partition
	Extension   bool     `json:"ext"`
	Detail      bool     `json:"detail"`
	Scans       int64    `json:"scans"`

	columns     map[int16]column
	constraints map[uint32]constraint
	indexes     map[uint32]index
	triggers    map[uint32]trigger
}

// table reports whether it holds rows, of its own or through partitions.
func (r *relation) table() bool { return r.Kind == "r" || r.Kind == "p" }

func (r *relation) String() string { return r.Schema + "." + r.Name }

type column struct {
	Rel       uint32  `json:"rel"`
	Num       int16   `json:"num"`
	Name      string  `json:"name"`
	Type      string  `json:"type"`
	TypeID    uint32  `json:"typid"`
	Typmod    int32   `json:"typmod"`
	Collation uint32  `json:"coll"`
	NotNull   bool    `json:"notnull"` // and proved: an invalid NOT NULL of Postgres 18 is none
	Default   *string `json:"default"`
	Identity  string  `json:"identity"`
	Generated string  `json:"generated"`
	Inherited bool    `json:"inherited"`
}

type constraint struct {
	OID    uint32 `json:"oid"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Rel    uint32 `json:"rel"`
	Domain uint32 `json:"domain"`
	FRel   uint32 `json:"frel"`
	Valid  bool   `json:"valid"`
	Index  uint32 `json:"index"`
	Parent uint32 `json:"parent"`
	Local  bool   `json:"local"`
	// Of Postgres 18: Enforced is false for NOT ENFORCED, Period true for a temporal key.
	Enforced bool    `json:"enforced"`
	Period   bool    `json:"period"`
	Key      []int16 `json:"key"`
	// Definition of a CHECK or a FOREIGN KEY, as pg_get_constraintdef writes it.
	Definition string `json:"def"`
}

type index struct {
	OID     uint32  `json:"oid"`
	Rel     uint32  `json:"rel"`
	Name    string  `json:"name"`
	File    uint32  `json:"file"`
	Valid   bool    `json:"valid"`
	Unique  bool    `json:"unique"`
	Primary bool    `json:"primary"`
	Parent  uint32  `json:"parent"`
	Key     []int16 `json:"key"`
	Keys    int     `json:"keys"`

	Method     string   `json:"am"`
	Classes    []uint32 `json:"class"`
	Collations []uint32 `json:"coll"`
	Order      []int16  `json:"opt"`
	Predicate  *string  `json:"pred"`
	Expression *string  `json:"expr"`
}

type trigger struct {
	OID  uint32 `json:"oid"`
	Rel  uint32 `json:"rel"`
	Name string `json:"name"`
	Def  string `json:"def"`
}

type enumLabel struct {
	OID   uint32  `json:"oid"`
	Type  uint32  `json:"type"`
	Label string  `json:"label"`
	Name  string  `json:"name"` // of the type
	Order float64 `json:"order"`
}

type domain struct {
	OID     uint32 `json:"oid"`
	Name    string `json:"name"`
	NotNull bool   `json:"notnull"`
	Base    uint32 `json:"base"`
	Default bool   `json:"default"`
}

// snapshot is what seedbed_review.snapshot returns.
type snapshot struct {
	Locks            []heldLock   `json:"locks"`
	LockTimeout      string       `json:"lock_timeout"`
	StatementTimeout string       `json:"statement_timeout"`
	All              []uint32     `json:"all"` // relations that there are, where they were asked for
	Rels             []*relation  `json:"rels"`
	Cols             []column     `json:"cols"`
	Cons             []constraint `json:"cons"`
	Idx              []index      `json:"idx"`
	Trg              []trigger    `json:"trg"`
	Enums            []enumLabel  `json:"enums"`
	Schemas          []schemaName `json:"schemas"`
	Domains          []domain     `json:"domains"`
}

type heldLock struct {
	OID   uint32
	Modes []string
}

// UnmarshalJSON reads [oid, [modes]].
func (h *heldLock) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&h.OID, &h.Modes})
}

type schemaName struct {
	OID  uint32
	Name string
}

// UnmarshalJSON reads [oid, name].
func (s *schemaName) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&s.OID, &s.Name})
}

func parseSnapshot(text string) (*snapshot, error) {
	s := &snapshot{}
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, fmt.Errorf("read the state of the scratch database: %w", err)
	}
	byOID := map[uint32]*relation{}
	for _, r := range s.Rels {
		byOID[r.OID] = r
		r.columns, r.constraints = map[int16]column{}, map[uint32]constraint{}
		r.indexes, r.triggers = map[uint32]index{}, map[uint32]trigger{}
	}
	for _, c := range s.Cols {
		if r := byOID[c.Rel]; r != nil {
			r.columns[c.Num] = c
		}
	}
	for _, c := range s.Cons {
		if r := byOID[c.Rel]; r != nil {
			r.constraints[c.OID] = c
		}
	}
	for _, i := range s.Idx {
		if r := byOID[i.Rel]; r != nil {
			r.indexes[i.OID] = i
		}
	}
	for _, t := range s.Trg {
		if r := byOID[t.Rel]; r != nil {
			r.triggers[t.OID] = t
		}
	}
	return s, nil
}

func newState() *state {
	return &state{rels: map[uint32]*relation{}}
}

// apply makes the next state of st and a snapshot. whole says that the snapshot
// lists everything, so that what it lacks is gone; otherwise what was there when
// the migration began, is locked as a drop locks, and is not listed is gone.
func (st *state) apply(s *snapshot, whole bool) *state {
	next := &state{
		rels: map[uint32]*relation{}, enums: map[uint32]enumLabel{}, schemas: map[uint32]string{},
		domains: map[uint32]domain{}, checks: map[uint32]constraint{},
	}
	if !whole {
		for oid, r := range st.rels {
			next.rels[oid] = r
		}
		for _, l := range s.Locks {
			if strongest(l.Modes) == AccessExclusive {
				delete(next.rels, l.OID)
			}
		}
	}
	for _, r := range s.Rels {
		next.rels[r.OID] = r
	}
	for _, e := range s.Enums {
		next.enums[e.OID] = e
	}
	for _, n := range s.Schemas {
		next.schemas[n.OID] = n.Name
	}
	for _, d := range s.Domains {
		next.domains[d.OID] = d
	}
	for _, c := range s.Cons {
		if c.Domain != 0 {
			next.checks[c.OID] = c
		}
	}
	return next
}

// update makes the next state of st and a snapshot of what has changed since.
func (st *state) update(s *snapshot) *state {
	next := newState().apply(s, true)
	told := next.rels
	next.rels = make(map[uint32]*relation, len(s.All))
	for _, oid := range s.All {
		switch {
		case told[oid] != nil:
			next.rels[oid] = told[oid]
		case st.rels[oid] != nil:
			next.rels[oid] = st.rels[oid]
		}
	}
	return next
}

// maxOID is the highest of any relation.
func (st *state) maxOID() uint32 {
	top := uint32(0)
	for oid := range st.rels {
		top = max(top, oid)
	}
	return top
}

// ancestors are the partitioned tables, or the inheritance parents, above r.
func (st *state) ancestors(r *relation) []*relation {
	var all []*relation
	for _, p := range r.Parents {
		if parent := st.rels[p]; parent != nil && !slices.Contains(all, parent) {
			all = append(append(all, parent), st.ancestors(parent)...)
		}
	}
	return all
}

// find looks a relation up by name; schema may be empty.
func (st *state) find(schema, name string) *relation {
	var found *relation
	for _, r := range st.rels {
		if r.Name == name && (schema == "" || r.Schema == schema) && (found == nil || r.OID < found.OID) {
			found = r
		}
	}
	return found
}
