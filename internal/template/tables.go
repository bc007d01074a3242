package template

// Table is a table of a template, and the rows that all its databases begin with.
type Table struct {
	Name    string // quoted, with its schema
	Columns string // quoted, without generated ones: what COPY takes
	Rows    []byte // in COPY's text format
	Known   bool   // Rows are all that the template has
}

// Tables lists the template's tables; none where its databases are never reset, for then
// nothing is known of their rows.
func (t *Template) Tables() []Table {
	tables := make([]Table, len(t.plan.Tables))
	for i, p := range t.plan.Tables {
		tables[i] = Table{p.Name, p.Columns, p.Rows, !p.Filled || p.Fixed == ""}
	}
	return tables
}
