package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Statement is the place of a finding in a folder of migrations.
type Statement struct {
	File    string
	Version int64
	// Line from 1; 0 where no line is to blame.
	Line int
	// Number of the statement as the migration tool splits the file, from 0; -1: the
	// file as a whole.
	Number int
	// SQL of the statement.
	SQL string
	// Lock is the mode that was held on the finding's Object. Empty: none, or the finding
	// is not about one.
	Lock string
	// SQLState of a statement that failed.
	SQLState string
	// Majors are the Postgres versions on which it was found, where several were asked and
	// not all agreed.
	Majors []int
}

// At is file:line, and the file alone where no line is to blame.
func (s *Statement) At() string {
	if s.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// line is Line as a text. Empty: no line is to blame, or there is no statement.
func (s *Statement) line() string {
	if s == nil || s.Line == 0 {
		return ""
	}
	return strconv.Itoa(s.Line)
}

// Digest is the first 16 digits of a sha256 of the statement's text.
func (s *Statement) Digest() string {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(s.SQL), " ")))
	return hex.EncodeToString(sum[:8])
}

// observed is what the servers showed of the statement, a line each.
func (s *Statement) observed() (out []string) {
	if s == nil {
		return nil
	}
	if s.Lock != "" {
		out = append(out, "holds "+s.Lock)
	}
	if len(s.Majors) > 0 {
		out = append(out, "only on Postgres "+majors(s.Majors))
	}
	return out
}

func majors(all []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ", "), "[]")
}
