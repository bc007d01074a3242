package migrations_test

import (
	"fmt"
	"strings"
	"testing/fstest"

	"github.com/qarion/seedbed/migrations"
)

// A script is rendered without a database. Here only what comes from the file is
// shown; around it are goose's bookkeeping and the guards.
func ExampleScript() {
	fsys := fstest.MapFS{"00042_orders_note.sql": {Data: []byte(
		"-- +goose Up\nalter table orders add column note text;\n-- +goose Down\nalter table orders drop column note;\n")}}
	up, err := migrations.Script(fsys, migrations.ScriptOptions{From: 42})
	if err != nil {
		fmt.Println(err)
		return
	}
	down, err := migrations.Script(fsys, migrations.ScriptOptions{From: 42, Down: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range strings.Split(up+down, "\n") {
		if strings.HasPrefix(line, "alter table") {
			fmt.Println(line)
		}
	}
	// Output:
	// alter table orders add column note text;
	// alter table orders drop column note;
}
