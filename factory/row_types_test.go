package factory_test

import (
	"strings"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testkit"
)

type pointerRow struct{ Name string }

func (*pointerRow) TableName() string { return "organizations" }

type textRow string

func (textRow) TableName() string { return "organizations" }

type hiddenRow struct{ name string }

func (hiddenRow) TableName() string { return "organizations" }

// A type that no row can be read from is an error that says what would do.
func TestRowTypesThatHaveNoColumns(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	_ = hiddenRow{}.name
	for want, create := range map[string]func(testing.TB){
		"it is a pointer: write factory_test.pointerRow": func(t testing.TB) { factory.New(factory.Definition[*pointerRow]{}).Create(t, db) },
		"it is no struct":          func(t testing.TB) { factory.New(factory.Definition[textRow]{}).Create(t, db) },
		"it has no exported field": func(t testing.TB) { factory.New(factory.Definition[hiddenRow]{}).Create(t, db) },
	} {
		if fake := testkit.Record(t, create); !strings.Contains(fake.Text(), want) {
			t.Errorf("want %q in: %s", want, fake.Text())
		}
	}
}
