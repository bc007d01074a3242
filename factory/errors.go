package factory

import (
	"errors"
	"fmt"

	"github.com/qarion/seedbed/internal/rows"
)

// StructError says where a struct does not match its table.
type StructError struct {
	Struct   string // the Go type; "" for a Record
	Table    string
	Problems []string // one a field, with the column that was probably meant
}

func (e *StructError) Error() string { return (*rows.StructError)(e).Error() }

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
	return (&rows.DisagreeError{Table: e.Table, Column: e.Column, First: rows.Path(e.First), Second: rows.Path(e.Second)}).Error()
}

// UnusedError says that In, On or By has no effect: the table references no such row.
type UnusedError struct {
	Trait string // the option, such as "On(datasets 0195…)"
	Table string
	Known []string // what the table references
	// Tenant says that the row is the tenant of the table's rows: In takes those.
	Tenant bool
}

func (e *UnusedError) Error() string { return (*rows.UnusedError)(e).Error() }

// OptionError says that a factory cannot take an option.
type OptionError struct {
	Option string // what was given, such as "a func(*Invoice)"
	Struct string // of the factory's rows
	Hint   string // what was probably meant; may be empty
}

func (e *OptionError) Error() string {
	if e.Hint != "" {
		return fmt.Sprintf("%s is no option for rows of %s: %s", e.Option, e.Struct, e.Hint)
	}
	return fmt.Sprintf("%s is no option for rows of %s: pass In, On, By, Has, Recycle, Set, or a func(*%s)", e.Option, e.Struct, e.Struct)
}

// ErrNoTable is wrapped where a factory's table does not exist.
var ErrNoTable = rows.ErrNoTable

// KeySpaceError says that a table cannot have as many rows as were asked for: its
// unique keys and CHECKs leave too few values.
type KeySpaceError struct {
	Table       string
	Rows, Most  int64
	There       int64 // rows that the table has already
	Column      string
	Definitions []string // of the key, and of what limits the column
}

func (e *KeySpaceError) Error() string { return (*rows.KeySpaceError)(e).Error() }

// UnfillableError says which constraint no value was found for.
type UnfillableError struct {
	Table      string
	Constraint string
	Definition string
	Columns    []string
}

func (e *UnfillableError) Error() string { return (*rows.UnfillableError)(e).Error() }

// ProofError says which constraint the rows of a Plan would have broken. Nothing of
// the plan is kept.
type ProofError struct {
	Table      string
	Constraint string // the name, or what the Model calls it
	Definition string
	Rows       int64    // that break it
	Sample     []string // a few of them
}

func (e *ProofError) Error() string { return (*rows.ProofError)(e).Error() }

// publicError returns an error that errors.As finds to be of this package's types instead
// of those of internal/rows.
func publicError(err error) error {
	if err == nil {
		return nil
	}
	return &engineError{err}
}

// engineError wraps an error of internal/rows. errors.As finds this package's types in it.
type engineError struct{ err error }

func (e *engineError) Error() string { return e.err.Error() }

func (e *engineError) Unwrap() error { return e.err }

// As converts errors of internal/rows to those of this package.
func (e *engineError) As(target any) bool {
	switch target := target.(type) {
	case **StructError:
		return as(e.err, target, func(e *rows.StructError) *StructError { return (*StructError)(e) })
	case **UnusedError:
		return as(e.err, target, func(e *rows.UnusedError) *UnusedError { return (*UnusedError)(e) })
	case **KeySpaceError:
		return as(e.err, target, func(e *rows.KeySpaceError) *KeySpaceError { return (*KeySpaceError)(e) })
	case **UnfillableError:
		return as(e.err, target, func(e *rows.UnfillableError) *UnfillableError { return (*UnfillableError)(e) })
	case **ProofError:
		return as(e.err, target, func(e *rows.ProofError) *ProofError { return (*ProofError)(e) })
	case **DisagreeError:
		return as(e.err, target, func(e *rows.DisagreeError) *DisagreeError {
			return &DisagreeError{Table: e.Table, Column: e.Column, First: Path(e.First), Second: Path(e.Second)}
		})
	}
	return false
}

// as finds a From in the error and converts it.
func as[From error, To any](err error, target *To, convert func(From) To) bool {
	var from From
	if !errors.As(err, &from) {
		return false
	}
	*target = convert(from)
	return true
}
