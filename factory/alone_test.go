package factory_test

import (
	"context"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/rows"
)

// Fixtures take values from here that must not depend on what was made before: a
// call that counts alone makes row 0 again and again, and leaves nothing counted.
func TestRowsThatCountForThemselves(t *testing.T) {
	db := pg.DB(t)
	print, err := rows.Fingerprint(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	insert := func(options ...factory.Option) (factory.Dataset, factory.Record) {
		tx, err := db.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(context.Background())
		d, err := factory.Datasets.CreateContext(t.Context(), tx, options...)
		if err != nil {
			t.Fatal(err)
		}
		space, err := factory.Auto("spaces").CreateContext(t.Context(), tx, options...)
		if err != nil {
			t.Fatal(err)
		}
		return d, space
	}
	before := factory.Counters()
	alone := rows.Isolated(print)
	first, firstSpace := insert(alone)
	if again, space := insert(alone); again.ID != first.ID || again.Name != first.Name || space.Get("slug") != firstSpace.Get("slug") {
		t.Errorf("made %v, %v, then %v, %v", first, firstSpace, again, space)
	}
	if after := factory.Counters(); after != before {
		t.Errorf("%d counters were left behind", after-before)
	}
	if counted, _ := insert(); counted.ID != first.ID {
		t.Error("a call that counts does not begin where the others were")
	}
	if counted, _ := insert(); counted.ID == first.ID {
		t.Error("a call that counts does not go on")
	}
}
