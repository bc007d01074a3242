package rows

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/sqltext"
)

// StructError says where a struct does not match its table.
type StructError struct {
	Struct   string // the Go type
	Table    string
	Problems []string // one a field, with the column that was probably meant
}

func (e *StructError) Error() string {
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
	refs := "references nothing"
	if len(e.Known) > 0 {
		refs = "references " + strings.Join(e.Known, ", ")
	}
	if e.Tenant {
		refs += "; the Model takes it for their tenant: place them with In"
	}
	return fmt.Sprintf("%s has no place in %s, which %s", e.Trait, e.Table, refs)
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
		more += "\n  the role may not write here: let it SET ROLE to " + SeederRole +
			", or declare the tenant's Setting in the Model"
	case "23502":
		more += fmt.Sprintf("\n  %s.%s is NOT NULL: ", pg.TableName, pg.ColumnName) + s.whyNull(pg, table)
	case "23514":
		if pg.ConstraintName == "" && strings.Contains(pg.Message, "partition") {
			more += "\n  create the partition that the row belongs to, or a DEFAULT one, or say with Set what its partition key holds"
		}
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
		return "give it a value with Set"
	}
	for _, trigger := range t.relation.Triggers {
		if f := trigger.Function; f != nil && trigger.Insert && strings.Contains(pg.Where, f.Name+"(") {
			return fmt.Sprintf("trigger %s of %s, which runs %s, has written NULL: %s", trigger.Name, table, f.Name, reads)
		}
	}
	for _, trigger := range t.relation.Triggers {
		if f := trigger.Function; f != nil && trigger.Insert && trigger.Before && trigger.Row && t.relation.Name == pg.TableName {
			return fmt.Sprintf("give it a value with Set or, if trigger %s, which runs %s, has made it NULL, %s", trigger.Name, f.Name, reads)
		}
	}
	return "give it a value with Set"
}

// unreadableParameter finds the number of the parameter that the server could not read.
var unreadableParameter = regexp.MustCompile(`portal parameter \$(\d+)`)

// nameParameter adds to an error about a parameter of an INSERT the name of its column.
func nameParameter(err error, table, insert string) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.ColumnName != "" {
		return err
	}
	found := unreadableParameter.FindStringSubmatch(pg.Where)
	_, columns, ok := strings.Cut(insert, " (")
	if found == nil || !ok {
		return err
	}
	n, _ := strconv.Atoi(found[1])
	for _, t := range sqltext.Tokens(columns) {
		if t.Is(")") {
			break
		}
		if t.Name() {
			n--
		}
		if n == 0 {
			return fmt.Errorf("%s.%s: %w", table, t.Text, err)
		}
	}
	return err
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
	return "another row has this key: leave its columns out and free values are made, or give others with Set"
}
