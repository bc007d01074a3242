package migrations_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/qarion/seedbed/migrations"
)

// The text of a long history has one line with a count for a rule that most migrations
// break, each statement once, and findings with the same fix together.
func TestReviewText(t *testing.T) {
	t.Parallel()
	pairs := []string{"00001_t.sql", "-- +goose Up\ncreate table t (id bigint primary key, a int);\ncreate table u (id bigint primary key);\n-- +goose Down\ndrop table u;\ndrop table t;\n"}
	for v := 2; v <= 13; v++ {
		pairs = append(pairs, fmt.Sprintf("%05d_c.sql", v), fmt.Sprintf("-- +goose Up\nalter table t add column c%d int;\n-- +goose Down\nalter table t drop column c%[1]d;\n", v))
	}
	pairs = append(pairs, "00014_two.sql", "-- +goose Up\nalter table u add column a int;\nalter table t add column b int;\ncreate index t_a on t (a);\ncreate index t_b on t (b);\n"+
		"-- +goose Down\nalter table u drop column a;\nalter table t drop column b;\ndrop index t_a;\n")
	report := reviewed(t, files(pairs...), migrations.ReviewOptions{})
	var b bytes.Buffer
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.HasPrefix(text, "14 migrations reviewed on Postgres ") {
		t.Errorf("the summary is not first:\n%s", text)
	}
	for says, times := range map[string]int{
		"lock-timeout-missing": 2, // in the table, and its fix
		"00002_c.sql":          0, // nothing else was found of it
		"00014_two.sql:4: create index t_a on t (a)\n  index-not-concurrent: public.t (hazard)": 1,
		"work-while-holding-lock: public.t (hazard)\n":                                          1,
		"    +    the same of public.u\n    +    the same at line 5\n":                          1,
		"work-while-holding-lock":                                           2,
		"  policy  lock-timeout-missing                       14":           1,
		"    fix  SET LOCAL lock_timeout = '3s'; /* as the first statement": 1,
	} {
		if n := strings.Count(text, says); n != times {
			t.Errorf("%q stands there %d times, not %d:\n%s", says, n, times, text)
		}
	}
	only := reviewed(t, files(pairs...), migrations.ReviewOptions{Only: []int64{3}})
	if len(only.Migrations) != 1 || only.Migrations[0].Version != 3 || len(only.Findings) != 1 {
		t.Errorf("Only: %+v", only)
	}
	b.Reset()
	if err := only.WriteText(&b); err != nil || !strings.HasPrefix(b.String(), "1 of 14 migrations reviewed") {
		t.Errorf("%v\n%s", err, b.String())
	}
}
