package main

import (
	"os"
	"strings"
	"testing"

	"github.com/qarion/seedbed/fixtures"
	"github.com/qarion/seedbed/pgtest"
)

// Tests start from the fixtures that one develops with.
var pg = &pgtest.Server{
	Migrations: os.DirFS("migrations"),
	Fixtures:   fixtures.Files{FS: os.DirFS("fixtures")},
}

const open = "Groceries: Olives\nMoving: Forty boxes\n"

func TestListOpenTasks(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := list(t.Context(), pg.DB(t), &out); err != nil || out.String() != open {
		t.Errorf("got %q, %v; want %q", out.String(), err, open)
	}
}
