package desk

import (
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest/check"
)

// A warehouse is a row in providers and one in warehouse_providers. The database
// wants both, so the caller that makes the first gets the second.
func warehouse(p *Provider) { p.Type, p.Config = "warehouse", nil }

func TestBothSortsOfProvidersAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	snow := providers.With(factory.In(w.mine)).Create(t, w, warehouse)
	check.Integrity(t, w)
	got := map[string]bool{}
	for _, p := range decode[[]struct{ Name, Type string }](t, w.get(t, "spaces", w.mine.ID.String(), "providers")) {
		got[p.Type+" "+p.Name] = true
	}
	if !got["warehouse "+snow.Name] || !got["webhook "+w.provider.Name] {
		t.Errorf("listed: %v", got)
	}
}
