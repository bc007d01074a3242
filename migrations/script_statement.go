package migrations

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/sqltext"
)

// writeStatement writes one statement unchanged, below the locks that the review saw.
func (w *scriptWriter) writeStatement(src source, n int, text string) {
	for _, l := range w.locks(src.Version, n) {
		w.line("-- locks: %s", l)
	}
	w.WriteString(withSemicolon(text))
}

// locks returns the locks that a statement takes on relations that existed before.
func (w *scriptWriter) locks(version int64, n int) []string {
	if w.options.Review == nil || w.options.Down {
		return nil
	}
	var all []string
	for _, m := range w.options.Review.Migrations {
		if m.Version != version {
			continue
		}
		for _, c := range m.Locks {
			if c.From == n {
				all = append(all, c.Lock+" on "+c.Relation)
			}
		}
	}
	return all
}

// withSemicolon ends a statement with a semicolon and a new line, also if it ends in a
// comment.
func withSemicolon(text string) string {
	text = strings.TrimSpace(text)
	tokens := sqltext.Tokens(text)
	if len(tokens) > 0 && tokens[len(tokens)-1].Is(";") {
		return text + "\n"
	}
	if len(tokens) == 0 {
		return text + "\n"
	}
	if strings.Contains(text[tokens[len(tokens)-1].Pos:], "--") {
		return text + "\n;\n"
	}
	return text + ";\n"
}

// withArguments returns the statement with its arguments as literals.
func (e event) withArguments() (string, error) {
	if len(e.args) == 0 {
		return e.sql, nil
	}
	var b strings.Builder
	last := 0
	for _, t := range sqltext.Tokens(e.sql) {
		if t.Kind != sqltext.Parameter {
			continue
		}
		n, err := strconv.Atoi(t.Text[1:])
		if err != nil || n < 1 || n > len(e.args) {
			return "", fmt.Errorf("statement %q has no argument %s", excerpt(e.sql), t.Text)
		}
		value, err := sqlValue(e.args[n-1].Value)
		if err != nil {
			return "", err
		}
		b.WriteString(e.sql[last:t.Pos] + value)
		last = t.End
	}
	return b.String() + e.sql[last:], nil
}

// sqlValue returns an argument as an SQL literal.
func sqlValue(v driver.Value) (string, error) {
	switch v := v.(type) {
	case nil:
		return "NULL", nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return "'" + strconv.FormatFloat(v, 'g', -1, 64) + "'::float8", nil
	case string:
		return "'" + escapeLiteral(v) + "'", nil
	case []byte:
		return `'\x` + hex.EncodeToString(v) + "'::bytea", nil
	case time.Time:
		return "'" + v.Format(time.RFC3339Nano) + "'::timestamptz", nil
	}
	return "", fmt.Errorf("an argument of type %T cannot be written down", v)
}
