package rows

import "reflect"

// parentRow is a row that other rows may reference: one that the caller gave, one that such
// a row references, one found in the database, or one of this call.
type parentRow struct {
	table       *table
	made        *row        // the row of this call; nil: a row of the database
	known       map[int]any // of a row of the database: the values that are known, by column
	description string      // how errors name it: "On(datasets 0195…)"
}

// value returns the value of a column, a pending where Postgres will choose it; false where
// it is not known.
func (p *parentRow) value(col int) (any, bool) {
	if p.made == nil {
		v, ok := p.known[col]
		return v, ok
	}
	r := p.made
	if r.isSet[col] {
		return canonical(p.table.columns[col], r.values[col]), true
	}
	c := p.table.columns[col]
	if c.Generated != "" || c.Filled() {
		return pending{r, col}, true
	}
	return nil, false
}

// values returns the values of columns; nil where one is NULL or not known.
func (p *parentRow) values(cols []int) []any {
	out := make([]any, 0, len(cols))
	for _, c := range cols {
		v, ok := p.value(c)
		if !ok || v == nil {
			return nil
		}
		out = append(out, v)
	}
	return out
}

// givenRow reads a row that the caller gave to an option.
func (s *schema) givenRow(option string, row Row) (*parentRow, error) {
	if row.TableName() == "" {
		return nil, NoTableName(reflect.TypeOf(row))
	}
	t, err := s.table(row.TableName())
	if err != nil {
		return nil, err
	}
	p := &parentRow{table: t, known: map[int]any{}}
	if rec, ok := asRecord(row); ok {
		for name, v := range rec.Values {
			if c := t.columnsByName[name]; c != nil {
				p.known[c.index] = canonical(c, v)
			}
		}
	} else if err := p.readStruct(row); err != nil {
		return nil, err
	}
	p.description = option + "(" + t.name + p.keyText() + ")"
	return p, nil
}

// readStruct reads what a struct of the caller says of the row's columns.
func (p *parentRow) readStruct(row Row) error {
	v := reflect.ValueOf(row)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	b, err := bind(layoutOf(v.Type()), p.table)
	if err != nil {
		return err
	}
	for _, f := range b.fields {
		field := v.FieldByIndex(f.index)
		if field.IsZero() && b.zeroMeansUnknown(f.column, field) {
			continue
		}
		p.known[f.column.index] = canonical(f.column, field.Interface())
	}
	return nil
}

// keyText returns the row's key for people, without tenant columns and with a space before
// each value.
func (p *parentRow) keyText() string {
	pk := p.table.relation.PrimaryKey()
	if pk == nil {
		return ""
	}
	out := ""
	for _, name := range pk.Columns {
		c := p.table.columnsByName[name]
		if v, ok := p.value(c.index); ok && !p.table.isTenantColumn(c.index) {
			out += " " + display(v)
		}
	}
	return out
}

// impliedParents returns the rows that this row references. Their known columns are the
// referenced ones and those of the tenant.
func (p *parentRow) impliedParents() []*parentRow {
	var out []*parentRow
	for _, ref := range p.table.references {
		if ref.assumed {
			continue
		}
		if ref.pair != nil {
			typ, _ := p.value(ref.pairTypeColumn)
			if typ != ref.pairType {
				continue
			}
		}
		keys := p.values(ref.childColumns)
		if len(keys) < len(ref.childColumns) || len(keys) == 0 {
			continue
		}
		parent := &parentRow{table: ref.parent, known: map[int]any{}}
		for i, column := range ref.parentColumns {
			parent.known[column] = keys[i]
		}
		for _, l := range ref.parent.levels {
			for i, v := range p.tenantKeyOf(l.tenant.Name) {
				if i < len(l.columns) {
					parent.known[l.columns[i]] = v
				}
			}
		}
		parent.description = ref.parent.name + parent.keyText() + " of " + p.description
		out = append(out, parent)
	}
	return out
}
