package rows

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// StructError says where a struct does not match its table.
type StructError struct {
	Struct   string // the Go type; "" for a Record, which has no fields
	Table    string
	Problems []string // one a field, with the column that was probably meant
}

func (e *StructError) Error() string {
	if e.Struct == "" {
		return strings.Join(e.Problems, "\n  ")
	}
	return fmt.Sprintf("struct %s does not match table %s:\n  %s", e.Struct, e.Table, strings.Join(e.Problems, "\n  "))
}

// DisagreeError says that a row would get one value on one path and another on
// the other: two tenants, as a rule. Nothing is written.
type DisagreeError struct {
	Table  string // of the row
	Column string // or the tenant level, where the row carries no such column
	First  Path
	Second Path
}

// Path is how a value comes to a row.
type Path struct {
	Via   string // such as "author_id → users 0195…, given by By"
	Value string
}

func (e *DisagreeError) Error() string {
	return fmt.Sprintf("parents of %s disagree on %s:\n  %s by %s\n  %s by %s\n"+
		"  pass parents that belong together, or leave one out and it is made to fit",
		e.Table, e.Column, e.First.Value, e.First.Via, e.Second.Value, e.Second.Via)
}

// UnusedError says that an option has no place in the table it was given for.
type UnusedError struct {
	Trait string // such as "On(datasets 0195…)"
	Table string
	Known []string // what the table references
	// Tenant says that the row is the tenant of the table's rows: In takes those.
	Tenant bool
}

func (e *UnusedError) Error() string {
	refs := "references nothing: leave it out"
	if len(e.Known) > 0 {
		refs = "references " + strings.Join(e.Known, ", ")
	}
	if e.Tenant {
		refs += "; the Model takes it for their tenant: place them with In"
	}
	return fmt.Sprintf("%s has no place in %s, which %s", e.Trait, e.Table, refs)
}

// TableError says at which table a Plan has failed. Its text is that of Err.
type TableError struct {
	Table string
	Err   error
}

func (e *TableError) Error() string { return e.Err.Error() }

func (e *TableError) Unwrap() error { return e.Err }

// NoTableName says that rows of a type do not tell their table.
func NoTableName(row reflect.Type) error {
	return fmt.Errorf("TableName of %s is empty: it returns the name of the table that the rows are of", row)
}

// ErrNoTable is wrapped where a factory's table does not exist.
var ErrNoTable = errors.New("no such table")

// explain adds to a server's error its detail, the constraint's definition and the way out.
func (s *schema) explain(verb, table string, err error) error {
	var pg *pgconn.PgError
	if err == nil {
		return nil
	}
	if !errors.As(err, &pg) {
		return fmt.Errorf("%s %s: %w", verb, table, err)
	}
	var more string
	if pg.Detail != "" {
		more += "\n  " + pg.Detail
	}
	more += s.definitionOf(pg)
	switch pg.Code {
	case "42501":
		if strings.Contains(pg.Message, "row-level security") {
			more += "\n  its policies refuse the row: declare the tenant's Setting in the Model, and it is set"
		}
	case "23502":
		more += fmt.Sprintf("\n  %s.%s is NOT NULL: ", pg.TableName, pg.ColumnName) + s.whyNull(pg, table)
	case "23514":
		if pg.ConstraintName == "" && strings.Contains(pg.Message, "partition") {
			more += "\n  create the partition that the row belongs to, or a DEFAULT one, " + outOfPartition.inGo
		}
	case "23503":
		more += s.whyNoParent(pg)
	case "23505":
		more += "\n  " + s.whyTaken(pg)
	}
	return fmt.Errorf("%s %s: %w%s", verb, table, err, more)
}

// whyNull says who has written NULL, and what helps: a value in the row itself, or what the
// function of a trigger reads.
func (s *schema) whyNull(pg *pgconn.PgError, table string) string {
	const reads = "set what that function reads, such as a setting of the session or other columns"
	t, err := s.table(table)
	if err != nil {
		return outOfNull.inGo
	}
	for _, trigger := range t.relation.Triggers {
		if f := trigger.Function; f != nil && trigger.Insert && strings.Contains(pg.Where, f.Name+"(") {
			return fmt.Sprintf("trigger %s of %s, which runs %s, has written NULL: %s", trigger.Name, table, f.Name, reads)
		}
	}
	for _, trigger := range t.relation.Triggers {
		if f := trigger.Function; f != nil && trigger.Insert && trigger.Before && trigger.Row && t.relation.Name == pg.TableName && assigns(f, pg.ColumnName) {
			return fmt.Sprintf("%s or, if trigger %s, which runs %s, has made it NULL, %s", outOfNull.inGo, trigger.Name, f.Name, reads)
		}
	}
	return outOfNull.inGo
}

// assigns reports whether the function of a trigger may set a column of the row: it names
// NEW.column before an assignment or after INTO, or it sets the whole row.
func assigns(f *catalog.Function, column string) bool {
	if f.Language != "plpgsql" && f.Language != "sql" {
		return true
	}
	field := `\bnew\."?` + regexp.QuoteMeta(column) + `"?`
	return regexp.MustCompile(`(?is)` + field + `\s*:?=|\binto\b[^;]*` + field + `|\binto\s+(strict\s+)?new\b[^.]|\bnew\s*:?=`).MatchString(f.Body)
}

// madeUpBeside says of a violated CHECK which of its columns were given and which were made
// up without regard to those; "" where all were one of both.
func (b *batch) madeUpBeside(r *row, err error) string {
	var pg *pgconn.PgError
	if r == nil || !errors.As(err, &pg) || pg.Code != "23514" {
		return ""
	}
	k := r.table.relation.Constraint(pg.ConstraintName)
	if k == nil {
		return ""
	}
	cells := b.cells(r.table.name)
	cells.At(r.number)
	var given, madeUp []string
	for _, name := range k.Columns {
		c := r.table.columnsByName[name]
		i := slices.IndexFunc(r.maker.inferred, func(made inferrer) bool { return made.column == c })
		switch {
		case c == nil || c.inReference || !r.isSet[c.index] || r.values[c.index] == nil:
		case i >= 0 && display(canonical(c, r.maker.inferred[i].infer(cells.Of(name)))) == display(canonical(c, r.values[c.index])):
			madeUp = append(madeUp, name)
		default:
			given = append(given, name)
		}
	}
	if len(given) == 0 || len(madeUp) == 0 {
		return ""
	}
	return fmt.Sprintf("%s %s given, and %s made up without regard to that: give %s, too", strings.Join(given, " and "), wasOrWere(given),
		strings.Join(madeUp, " and "), strings.Join(madeUp, " and "))
}

func wasOrWere(names []string) string {
	if len(names) == 1 {
		return "was"
	}
	return "were"
}

// unreadableParameter finds the number of the parameter that the server could not read.
var unreadableParameter = regexp.MustCompile(`portal parameter \$(\d+)`)

// nameParameter adds to an error about a parameter of an INSERT the name of its column.
func (s *schema) nameParameter(err error, table, insert string) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.ColumnName != "" {
		return err
	}
	found := unreadableParameter.FindStringSubmatch(pg.Where)
	if found == nil {
		return err
	}
	n, _ := strconv.Atoi(found[1])
	columns := insertColumns(insert)
	if n < 1 || n > len(columns) {
		return err
	}
	err = fmt.Errorf("%s.%s: %w", table, columns[n-1], err)
	if t, _ := s.table(table); t != nil && pg.Code == "22P02" {
		if c := t.columnsByName[columns[n-1]]; c != nil && len(c.Type.Underlying().Labels) > 0 {
			err = fmt.Errorf("%w; it is one of %s", err, strings.Join(c.Type.Underlying().Labels, ", "))
		}
	}
	return err
}

// nameTooLong adds to an error about a text that is longer than its column the column and
// the text, which Postgres does not name.
func (t *table) nameTooLong(err error, insert string, args []any) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "22001" {
		return err
	}
	for i, name := range insertColumns(insert) {
		c := t.columnsByName[name]
		if c == nil || i >= len(args) {
			continue
		}
		v := reflect.Indirect(reflect.ValueOf(args[i]))
		if v.Kind() != reflect.String || c.Length == 0 || utf8.RuneCountInString(v.String()) <= c.Length {
			continue
		}
		return fmt.Errorf("%s.%s takes %d characters, and %q has %d: %w", t.name, name, c.Length, v.String(), utf8.RuneCountInString(v.String()), err)
	}
	return err
}

// insertColumns are the columns of an INSERT of ours, in the order of its parameters.
func insertColumns(insert string) (names []string) {
	_, columns, _ := strings.Cut(insert, " (")
	for _, t := range sqltext.Tokens(columns) {
		if t.Is(")") {
			break
		}
		if t.IsIdentifier() {
			names = append(names, t.Text)
		}
	}
	return names
}

// definitionOf returns a line with the constraint or the unique index that an error names.
func (s *schema) definitionOf(pg *pgconn.PgError) string {
	if pg.ConstraintName == "" {
		return ""
	}
	definition := ""
	if rel := s.cat.Table(pg.SchemaName + "." + pg.TableName); rel != nil {
		if k := rel.Constraint(pg.ConstraintName); k != nil {
			definition = ": " + k.Definition
		}
		for _, ix := range rel.Indexes {
			if definition == "" && ix.Name == pg.ConstraintName {
				definition = ": " + ix.Definition
			}
		}
	}
	return "\n  constraint " + pg.ConstraintName + " of " + pg.TableName + definition
}

// fewValues is how many values a unique column may have for its error to say that there are
// no more.
const fewValues = 100

// whyTaken explains a unique violation.
func (s *schema) whyTaken(pg *pgconn.PgError) string {
	t, err := s.table(pg.SchemaName + "." + pg.TableName)
	if err == nil {
		k := t.relation.Constraint(pg.ConstraintName)
		for _, ref := range t.references {
			if k == nil || ref.discriminators == nil || !slices.Contains(k.Columns, t.columns[ref.ownColumns[0]].name) {
				continue
			}
			base, value := ref.parent.name, ""
			for _, v := range ref.discriminators {
				value = v
			}
			return fmt.Sprintf("a row of %s that is %s was made together with its row of %s: change that one, or leave the %s out and both are made",
				base, value, t.name, base)
		}
	}
	if err == nil {
		if note := t.whyFew(pg.ConstraintName); note != "" {
			return "another row has this key, and " + note + ": ask for fewer rows, " + outOfFewValues.inGo
		}
	}
	return "another row has this key: " + outOfKey.inGo
}

// whyFew says that a unique key or index leaves room for few rows: in the table or, where
// references decide some of its columns, for each of those. "": there is room, or an
// expression or a condition decides.
func (t *table) whyFew(index string) string {
	i := slices.IndexFunc(t.relation.Indexes, func(ix *catalog.Index) bool { return ix.Name == index })
	if i < 0 || t.relation.Indexes[i].Predicate != "" {
		return ""
	}
	room := int64(1)
	var each, free []string
	for _, k := range t.relation.Indexes[i].Keys {
		c := t.columnsByName[k.Column]
		switch {
		case c == nil:
			return ""
		case c.inReference:
			each = append(each, c.name)
			continue
		case c.distinctValues() > fewValues:
			return ""
		}
		room *= c.distinctValues()
		free = append(free, fmt.Sprintf("%s has %d values", c.name, c.distinctValues()))
	}
	if len(free) == 0 || room > fewValues {
		return ""
	}
	note := fmt.Sprintf("%s, so that no more than %d rows have room", strings.Join(free, " and "), room)
	if len(each) > 0 {
		note += " for each " + strings.Join(each, ", ")
	}
	return note
}

// whyNoParent explains a foreign key violation: no row has the key, or none could have been the
// first, because the key is one of a cycle of required ones.
func (s *schema) whyNoParent(pg *pgconn.PgError) string {
	t, err := s.table(pg.SchemaName + "." + pg.TableName)
	if err != nil {
		return ""
	}
	for _, ref := range t.references {
		if ref.Declared == nil || ref.Declared.Name != pg.ConstraintName {
			continue
		}
		if cycle := ref.requiredPathTo(t, map[*table]bool{}); cycle != nil {
			return "\n  these keys run in a cycle and each is NOT NULL, so no row can be the first: " + strings.Join(cycle, ", ") +
				"\n  let the columns of one be NULL, or make one DEFERRABLE INITIALLY DEFERRED and write both rows in a transaction, with keys of your own"
		}
		return fmt.Sprintf("\n  %s has no row with this key: %s", ref.parent.name, outOfParent.inGo)
	}
	return ""
}

// requiredPathTo returns the references from ref on that lead to a table and that every row
// has; nil where there are none.
func (ref *reference) requiredPathTo(end *table, seen map[*table]bool) []string {
	if ref.optional || ref.Declared == nil || seen[ref.parent] {
		return nil
	}
	seen[ref.parent] = true
	var names []string
	for _, i := range ref.childColumns {
		names = append(names, ref.child.columns[i].name)
	}
	step := fmt.Sprintf("%s(%s) → %s", ref.child.name, strings.Join(names, ", "), ref.parent.name)
	if ref.parent == end {
		return []string{step}
	}
	for _, next := range ref.parent.references {
		if rest := next.requiredPathTo(end, seen); rest != nil {
			return append([]string{step}, rest...)
		}
	}
	return nil
}
