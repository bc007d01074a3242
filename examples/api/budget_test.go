package desk

import (
	"fmt"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest/check"
)

// A page costs three statements however much is on it: enter the space, the rows,
// what belongs to them. And the connection goes back as it came.
func TestAPageCostsThreeStatements(t *testing.T) {
	for _, n := range []int{1, 50} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for range n {
				author := members.With(factory.In(w.mine)).Create(t, w)
				comments.With(factory.On(w.dataset), factory.By(author)).Create(t, w)
			}
			datasets.With(factory.On(w.provider)).CreateN(t, w, n)
			check.Hygiene(t, w.app)
			for _, path := range [][]string{
				{"spaces", w.mine.ID.String(), "datasets", w.dataset.ID.String(), "comments"},
				{"spaces", w.mine.ID.String(), "providers"},
			} {
				scope := check.Queries(t, w.app, check.Budget{Max: 3})
				decode[[]any](t, w.get(t, path...))
				scope.Done()
			}
		})
	}
}
