package report

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Finding is one thing that is wrong: in a database that is checked, or at a statement
// of a migration that is reviewed.
type Finding struct {
	// Rule that is broken: a Name in DatabaseRules or, with a Statement, in MigrationRules.
	Rule string
	// Severity of the rule, a milder one where it hurts less here, or that of the worst of
	// Follows. Empty: the rule's.
	Severity Severity
	// Object that breaks it: a table, table.column, table.constraint, or another
	// object's name.
	Object string
	// Table that the object is, or lies in. Empty: none.
	Table string
	// Statement of a migration that breaks it. Nil: it is about a database.
	Statement *Statement
	// Role that tried, or whose rights are too many. Empty: it is about no role.
	Role string
	// Through are tables that the policies of Table look into: a fault of theirs shows here.
	Through []string
	// Commands that it is about, such as SELECT. Empty: it is about none in particular.
	Commands []string
	// Message says what is wrong with it, in a sentence.
	Message string
	// Rows that are wrong; 0 where the finding is not about rows.
	Rows int64
	// Sample is some of those rows, as name=value.
	Sample []string
	// Evidence is what the catalog or an attempt says.
	Evidence []string
	// Fix says what to do about it, usually as SQL.
	Fix string
	// Declare says that it is meant. Nil: that is no way out.
	Declare *Declaration
	// Cause that findings have in common: one fix mends them all. Empty: its own.
	Cause string
	// Follows are the findings that go with this one: the same fault in other objects,
	// and what it leads to.
	Follows []Finding
	// Excused is the reason for which it is set aside.
	Excused string
}

// All are a finding and those that follow from it.
func (f Finding) All() []Finding {
	self := f
	self.Follows = nil
	out := []Finding{self}
	for _, x := range f.Follows {
		out = append(out, x.All()...)
	}
	return out
}

// rules are those that the finding's rule is one of.
func (f Finding) rules() RuleSet {
	if f.Statement != nil {
		return MigrationRules
	}
	return DatabaseRules
}

// fingerprint tells a finding from others, in every run: that of a statement by the
// statement's text, so that it survives edits elsewhere in the file.
func (f Finding) fingerprint() string {
	if f.Statement != nil {
		return strings.Join([]string{f.Rule, f.Statement.File, f.Object, f.Statement.Digest()}, "/")
	}
	sum := sha256.Sum256([]byte(f.Rule + "\x00" + f.Object))
	return hex.EncodeToString(sum[:16])
}
