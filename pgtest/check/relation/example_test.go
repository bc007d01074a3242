package relation_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/qarion/seedbed/pgtest/check/relation"
)

// An empty struct names a relation and what loads it.
type datasetOwner struct{}

func (datasetOwner) Relation() (name, loader string) { return "Dataset.Owner", "LoadOwners" }

type owner struct {
	ID   int    `json:"-"`
	Name string `json:"name"`
}

type dataset struct {
	Name    string                            `json:"name"`
	OwnerID int                               `json:"-"` // 0: nobody's
	Owner   relation.One[owner, datasetOwner] `json:"owner" db:"-"`
}

// loadOwners loads the owners of all datasets with one query.
func loadOwners(ctx context.Context, datasets []dataset) error {
	return relation.LoadOne(ctx, datasets,
		func(d *dataset) (int, *relation.One[owner, datasetOwner]) { return d.OwnerID, &d.Owner },
		func(o owner) int { return o.ID },
		func(_ context.Context, ids []int) ([]owner, error) {
			fmt.Println("SELECT id, name FROM owners WHERE id = ANY", ids)
			return []owner{{1, "Ada"}}, nil
		})
}

// One query for any number of rows, and none for those that have no owner.
func ExampleLoadOne() {
	datasets := []dataset{{Name: "orders", OwnerID: 1}, {Name: "refunds", OwnerID: 1}, {Name: "scratch"}}
	if err := loadOwners(context.Background(), datasets); err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.Marshal(datasets)
	fmt.Println(string(text), err)
	// Output:
	// SELECT id, name FROM owners WHERE id = ANY [1]
	// [{"name":"orders","owner":{"name":"Ada"}},{"name":"refunds","owner":{"name":"Ada"}},{"name":"scratch","owner":null}] <nil>
}

// What was not loaded is an error that says what to call, not an empty value.
func ExampleOne_Get() {
	_, err := dataset{Name: "orders", OwnerID: 1}.Owner.Get()
	fmt.Println(err)
	// Output:
	// relation Dataset.Owner is not loaded: call LoadOwners first
}
