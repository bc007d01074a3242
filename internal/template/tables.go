package template

// Table is a table of a template, and the rows that all its databases begin with.
type Table struct {
	Name         string // quoted, with its schema
	Columns      string // quoted, without generated ones: what COPY takes
	Rows         []byte // in COPY's text format
	RowsComplete bool   // Rows holds every row of the table; false where they were not copied
}

// Tables lists the template's tables. It is empty when databases of this template are
// never reset: their rows are not read then.
func (t *Template) Tables() []Table {
	tables := make([]Table, len(t.plan.Tables))
	for i, p := range t.plan.Tables {
		// An empty table's rows are known even where they could not be put back.
		tables[i] = Table{p.Name, p.Columns, p.Rows, !p.Filled || p.Obstacle == ""}
	}
	return tables
}
