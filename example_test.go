package seedbed_test

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
)

// A Model written by hand says what the catalog cannot, and prints as it reads.
func ExampleModel() {
	m := seedbed.Model{
		Tenants: []seedbed.Tenant{{Name: "shop", Table: "shops", Key: []string{"id"}, Setting: "app.shop_id"}},
		Scoped: []seedbed.Scoped{
			{Table: "orders", Tenant: "shop", Columns: []string{"shop_id"}},
			{Table: "order_lines", Tenant: "shop", Via: seedbed.Ref{Columns: []string{"order_id"}, Table: "orders", Key: []string{"id"}}},
		},
		Global: []string{"currencies"},
	}
	fmt.Print(m)
	fmt.Println(len(m.Scopes("orders")), m.IsGlobal("currencies"))
	// Output:
	// tenant shop: shops(id), setting app.shop_id
	// scoped order_lines: shop via (order_id) -> orders(id)
	// scoped orders: shop by (shop_id)
	// global currencies
	// 1 true
}

// Start from what can be read, look at the doubts, keep the rest.
func ExampleDiscover() {
	ctx := context.Background()
	db, err := pgxpool.New(ctx, "postgres://localhost/app_dev")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	found, err := seedbed.Discover(ctx, db)
	if err != nil {
		log.Fatal(err)
	}
	for _, doubt := range found.Doubts {
		fmt.Println("to settle:", doubt)
	}
	model := found.Model
	model.Global = append(model.Global, "countries")
	if err := model.Validate(ctx, db); err != nil {
		log.Fatal(err)
	}
}
